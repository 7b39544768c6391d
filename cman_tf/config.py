"""Every setting of a run, once: name, default, the papers' symbol and meaning.

Where a default is the papers' value the help says so; where the papers are
silent, docs/fidelity.md says why ours is what it is.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from cman_tf.errors import DataError

RELATION_THRESHOLD = 0.5  # a relation is predicted if its probability is above this


def _option(group: str, default: Any, help: str, **limits: Any) -> Any:
    """A field with what its flag says of it; `group` is where --help lists it."""
    return dataclasses.field(default=default, metadata={"group": group, "help": help, **limits})


_data = functools.partial(_option, "Data")
_encoder = functools.partial(_option, "Contextual encoder")
_model = functools.partial(_option, "Model")
_ablation = functools.partial(_option, "Ablations")
_training = functools.partial(_option, "Training")


@dataclasses.dataclass(frozen=True)
class Config:
    """Hyperparameters and switches of one run; each field is a flag of `cman-tf train` too.

    The fields' meanings and the papers' symbols stand in their metadata ("help"), which `cman-tf train --help` shows.

    >>> config = Config(model="cman", hidden_size=64).resolved()
    >>> config.loss_weighting, config.label_gate
    ('sum', False)
    """

    # The model
    model: str = _model(
        "dynamic_cman",
        "cman: IJCAI 2020, one CRF; dynamic_cman: TNNLS 2021, two-phase prediction; "
        "multihead: the papers' baseline (Bekoulis et al. 2018), see flags/conll04_multihead.flags.",
        choices=("dynamic_cman", "cman", "multihead"),
    )
    hidden_size: int = _model(128, "d: LSTM units per direction (papers: 128).", minimum=1)
    label_size: int = _model(
        25, "d_l: size of the label embeddings (papers: 25); 0: none, of multihead only.", minimum=0
    )
    bsa_units: int = _model(2, "m: BSA units in a row (papers: 2).", minimum=1)
    bilstm_layers: int = _model(3, "BiLSTM layers of multihead (Bekoulis et al.: 3).", minimum=1)
    attention_heads: int = _model(8, "z: heads of each attention; must divide 2d (papers: not given).", minimum=1)
    relation_size: int = _model(
        128,
        "d~: intermediate size of the relation scorer, and of multihead's layer before its CRF (papers: not given).",
        minimum=1,
    )
    word_size: int = _model(
        50, "Size of trainable word vectors; those of --word_vectors bring theirs (papers: 50, CoNLL04).", minimum=1
    )
    char_size: int = _model(128, "Size of the character embeddings (papers: 128).", minimum=1)
    char_hidden_size: int = _model(
        64, "Character LSTM units per direction (papers: not given; 64 makes the output 128 wide).", minimum=1
    )
    use_characters: bool = _model(True, "Character BiLSTM beside the word vectors (TNNLS on DREC: word vectors only).")
    relation_scorer: str = _model(
        "per_relation",
        "per_relation: U_k, W_k, V_k, b_k of its own for each relation, as the papers' equations; "
        "shared: one U, W, b for all, as Bekoulis et al.",
        choices=("per_relation", "shared"),
    )
    relation_prior: float = _model(
        0.001,
        "Probability of a relation before training, by the relation scorer's initial values; "
        "0.5: all of them random (papers: not given).",
        minimum=1e-9,
        below=1,
    )
    initial_values: str = _model(
        "keras",
        "keras: Keras' own, the relation scorer's by --relation_prior; tensorflow1: Glorot uniform for all, "
        "biases too, as Bekoulis et al.'s code has them.",
        choices=("keras", "tensorflow1"),
    )
    mixed_layers: str = _encoder(
        "all", "Layers of the contextual encoder that are mixed, by number, 0 its embeddings, as 0,2,3; or all."
    )
    mix_scale: float = _encoder(
        1.0,
        "gamma before training, by which the mix of these layers is multiplied (Peters et al. 2018: 1).",
        minimum=1e-9,
    )
    # Ablations
    cell: str = _ablation(
        "bilstm",
        "Encoder inside the units (TNNLS table VI; mlp: table VII).",
        choices=("bilstm", "lstm", "gru", "bigru", "mlp"),
    )
    self_attention: bool = _ablation(True, "Self-attention in the BSA units (table 4/VII).")
    label_attention: bool = _ablation(True, "BLA units; without them relations are scored on X^m (table 4/VII).")
    label_gate: bool | None = _ablation(
        None, "Label gate, equation 10; unset: on for dynamic_cman, off for cman (TNNLS table IV)."
    )
    share: bool = _ablation(True, "NER and RE share the BSA units (TNNLS figure 8).")
    # Training
    loss_weighting: str | None = _training(
        None,
        "uncertainty: TNNLS equations 24-26; sum: equation 13/21; unset: uncertainty for dynamic_cman, sum for cman.",
        choices=("uncertainty", "sum"),
    )
    adversarial_alpha: float = _training(
        0.01, "alpha: size of the perturbation eta_adv; 0: no adversarial training (Bekoulis et al.: 0.01).", minimum=0
    )
    learning_rate: float = _training(5e-4, "Adam's learning rate (papers: 0.0005).", minimum=0)
    learning_rate_schedule: str = _training(
        "constant",
        "constant, or linear: from --learning_rate in the first epoch towards zero after the last of --epochs "
        "(papers: not given).",
        choices=("constant", "linear"),
    )
    adam_epsilon: float = _training(1e-7, "Adam's epsilon (papers: not given; Keras: 1e-7, TF1: 1e-8).", minimum=1e-30)
    weight_average: float = _training(
        0.0,
        "Decay of the moving average of the weights that is evaluated and kept in their stead; 0: none "
        "(not in the papers).",
        minimum=0,
        below=1,
    )
    protocol: str = _training(
        "best_dev",
        "best_dev: trained on train, the best epoch on dev is kept; fixed_epochs: trained on train and dev for "
        "--epochs; two_stage: as best_dev until --patience runs out, then anew on train and dev for as many epochs "
        "(Bekoulis et al.'s code).",
        choices=("best_dev", "fixed_epochs", "two_stage"),
    )
    train_fraction: float = _data(
        1.0, "Share of the training sentences used, at random (TNNLS figure 7).", minimum=0.01, maximum=1
    )
    hold_out: float = _data(
        0.0,
        "Without dev data: this share of the training sentences is held out as dev, by a fixed seed (ADE's folds).",
        minimum=0,
        below=1,
    )
    epochs: int = _training(180, "Epochs (papers: 180).", minimum=1)
    patience: int = _training(0, "Stop after this many epochs without a better dev score; 0: never.", minimum=0)
    batch_size: int = _training(16, "Sentences a batch (papers: not given).", minimum=1)
    batch_order: str = _training(
        "length",
        "length: batches of sentences of like length, shuffled; file: the file's order in every epoch, as Bekoulis "
        "et al.'s code.",
        choices=("length", "file"),
    )
    embedding_dropout: float = _training(0.2, "Dropout on the token representation (papers: 0.2).", minimum=0, below=1)
    bilstm_dropout: float = _training(
        0.1,
        "Dropout on the output of every BiLSTM but the characters' (papers: 0.1 CoNLL04, 0.3 ADE and DREC).",
        minimum=0,
        below=1,
    )
    attention_dropout: float = _training(
        0.0, "Dropout on the output of every attention, before the residual (papers: none given).", minimum=0, below=1
    )
    relation_dropout: float = _training(
        0.0, "Dropout on the relation scorer's input (papers: none given).", minimum=0, below=1
    )
    unknown_word_rate: float = _training(
        0.1,
        "Share of tokens trained as unknown words, so that unknown words mean something; "
        "only where word vectors are trained, not read.",
        minimum=0,
        below=1,
    )
    tune_word_vectors: bool = _training(False, "Train the vectors of --word_vectors, too; else they stay as they are.")
    tune_encoder: bool = _encoder(False, "Train the layers of --encoder, too, with a rate of their own; else frozen.")
    encoder_learning_rate: float = _encoder(
        5e-5, "Adam's learning rate of the encoder, only with --tune_encoder (not in the papers).", minimum=0
    )
    xla: bool = _training(True, "Compile the LSTMs (on a CPU) and the relation scorer with XLA.")
    seed: int = _training(1, "Seed of weights, dropout and the order of batches.", minimum=0, maximum=2**32 - 1)

    def rate_at(self, epoch: int) -> float:
        """Adam's learning rate in an epoch, counted from 1."""
        left = 1.0 - (epoch - 1) / self.epochs
        return self.learning_rate * (left if self.learning_rate_schedule == "linear" else 1.0)

    def chosen_layers(self) -> list[int] | None:
        """`mixed_layers` as numbers, or None for all of them.

        Raises:
          ValueError: for anything but numbers, each once.
        """
        if self.mixed_layers == "all":
            return None
        parts = self.mixed_layers.split(",")
        if not all(part.isascii() and part.isdecimal() for part in parts) or len({*map(int, parts)}) < len(parts):
            raise ValueError(f"--mixed_layers={self.mixed_layers}: expected all, or numbers of layers, as 0,2,3")
        return sorted(map(int, parts))

    def validate_mixed_layers(self, count: int) -> None:
        """Raises DataError for layers that an encoder of `count` layers lacks."""
        if max(self.chosen_layers() or [0]) >= count:
            raise DataError(f"--mixed_layers={self.mixed_layers}: expected numbers below {count}, the encoder's layers")

    def resolved(self) -> Config:
        """These settings with what is unset filled in by the model's own paper.

        Raises:
          ValueError: for settings that do not go together.
        """
        dynamic = self.model == "dynamic_cman"
        config = dataclasses.replace(
            self,
            label_gate=dynamic if self.label_gate is None else self.label_gate,
            relation_scorer="shared" if self.model == "multihead" else self.relation_scorer,
            loss_weighting=self.loss_weighting or ("uncertainty" if dynamic else "sum"),
        )
        if chosen := config.chosen_layers():  # 2,0 is 0,2
            config = dataclasses.replace(config, mixed_layers=",".join(map(str, chosen)))
        if config.tune_encoder and not config.learning_rate:
            raise ValueError("--tune_encoder and --learning_rate=0: expected a rate above 0")
        if not config.label_size and config.model != "multihead" and config.label_attention:
            raise ValueError("--label_size=0: expected 1 or more with label attention")
        if config.model != "multihead" and 2 * config.hidden_size % config.attention_heads:
            raise ValueError(
                f"--attention_heads={config.attention_heads}: expected a divisor of 2d = {2 * config.hidden_size}"
            )
        return config

    def validate_supported(self) -> None:
        """Raises DataError for settings that this model, or protocol, does not heed; older runs may have some."""
        if self.protocol == "two_stage" and self.learning_rate_schedule == "linear":
            raise DataError(
                "--protocol=two_stage and --learning_rate_schedule=linear: expected a constant rate, as the second "
                "stage has another number of epochs"
            )
        if self.model == "multihead":
            given = {"noself_attention": not self.self_attention, "nolabel_attention": not self.label_attention}
            given |= {"noshare": not self.share, "label_gate": self.label_gate}
            given |= {name: getattr(self, name) for name in ("attention_dropout", "relation_dropout")}
            for name in (name for name, is_given in given.items() if is_given):
                raise DataError(f"--model=multihead and --{name}: expected another model, as it has no such units")
