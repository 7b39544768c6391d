"""Every setting of a run, defined once: its name, default, meaning and symbol in the papers.

A help text says where a default is the papers' value. Where the papers give none, docs/fidelity.md gives the reason for
ours.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

from cman_tf.errors import DataError, quote

# The tasks whose losses a model adds.
TASKS = {
    "dynamic_cman": ("re", "first_ner", "second_ner"),
    "cman": ("re", "first_ner"),
    "multihead": ("re", "first_ner"),
}
# What runs of versions without these settings did, where it is not the default.
OLDER_SETTINGS: dict[str, Any] = {"mlp_layers": 1}
_LARGEST = 1e15  # of a setting; infinity is larger
MIXTURE_DECODINGS = ("viterbi", "argmax")  # how a mixture of experts turns probabilities into tags
RELATION_THRESHOLD = 0.5  # a relation is predicted if its probability is above this


def _option(group: str, default: Any, help: str, **limits: Any) -> Any:
    """Make a field of `Config` with the properties of its flag.

    Args:
      group: the group in which --help lists the flag.
      default: the default value.
      help: the flag's description.
      **limits: `choices`, the allowed values; or `minimum` and `maximum`, the smallest and the largest allowed value,
        and `below`, which the value must stay under.
    """
    return dataclasses.field(default=default, metadata={"group": group, "help": help, **limits})


_data = functools.partial(_option, "Data")
_encoder = functools.partial(_option, "Contextual encoder")
_model = functools.partial(_option, "Model")
_ablation = functools.partial(_option, "Ablations")
_training = functools.partial(_option, "Training")
_retrieval = functools.partial(_option, "Retrieval")


@dataclasses.dataclass(frozen=True)
class Config:
    """The hyperparameters and switches of one run. Each field is also a flag of `cman-tf train`.

    The meaning of each field and its symbol in the papers are in its metadata ("help"), which `cman-tf train --help`
    shows.

    >>> config = Config(model="cman", hidden_size=64).resolved()
    >>> config.loss_weighting, config.label_gate
    ('sum', False)
    """

    # The model
    model: str = _model(
        "dynamic_cman",
        "dynamic_cman: TNNLS 2021, two-phase prediction. cman: IJCAI 2020, one CRF. multihead: the papers' baseline "
        "(Bekoulis et al. 2018); see --flagfile=conll04_multihead.",
        choices=("dynamic_cman", "cman", "multihead"),
    )
    hidden_size: int = _model(128, "d: LSTM units per direction (papers: 128).", minimum=1)
    label_size: int = _model(
        25, "d_l: size of the label embeddings (papers: 25). 0, only with multihead: no label embeddings.", minimum=0
    )
    bsa_units: int = _model(2, "m: number of BSA units, one after another (papers: 2).", minimum=1, maximum=100)
    bilstm_layers: int = _model(3, "Number of BiLSTM layers of multihead (Bekoulis et al.: 3).", minimum=1, maximum=100)
    attention_heads: int = _model(
        8, "z: number of heads of each attention, a divisor of 2d (papers: not given).", minimum=1
    )
    relation_size: int = _model(
        128,
        "d~: hidden size of the relation scorer, and of multihead's layer before its CRF (papers: not given).",
        minimum=1,
    )
    word_size: int = _model(
        50,
        "Size of the word vectors if they are trained from scratch (papers on CoNLL04: 50). Vectors from "
        "--word_vectors keep their own size.",
        minimum=1,
    )
    char_size: int = _model(128, "Size of the character embeddings (papers: 128).", minimum=1)
    char_hidden_size: int = _model(
        64, "Units per direction of the character LSTM (papers: not given; 64 makes the output 128 wide).", minimum=1
    )
    use_characters: bool = _model(
        True, "Use a character BiLSTM beside the word vectors (TNNLS on DREC: word vectors only)."
    )
    relation_scorer: str = _model(
        "per_relation",
        "per_relation: each relation has its own U_k, W_k, V_k and b_k, as in the papers' equations. shared: all "
        "relations share one U, W and b, as in Bekoulis et al.",
        choices=("per_relation", "shared"),
    )
    relation_prior: float = _model(
        0.001,
        "Probability that the relation scorer's initial values give to every relation before training. 0.5: all "
        "initial values are random (papers: not given).",
        minimum=1e-9,
        below=1,
    )
    initial_values: str = _model(
        "keras",
        "keras: the initial values of Keras, and those of --relation_prior for the relation scorer. tensorflow1: "
        "Glorot uniform for all weights and biases, as in the code of Bekoulis et al.",
        choices=("keras", "tensorflow1"),
    )
    mixed_layers: str = _encoder(
        "all",
        "all: mix all layers of the contextual encoder. Or the numbers of the layers to mix, such as 0,2,3, where 0 is "
        "the embeddings.",
    )
    mix_scale: float = _encoder(
        1.0,
        "gamma: initial factor by which the mix of the encoder's layers is multiplied (Peters et al. 2018: 1).",
        minimum=1e-9,
    )
    # Retrieval (MoRe)
    retrieved_passages: int = _retrieval(
        0,
        "Number of passages of --retrieve or --image_index that follow a sentence (MoRe: 10, which is taken if one of "
        "both is given and this flag is not).",
        minimum=0,
        maximum=1000,
    )
    retrieved_tokens: int = _retrieval(
        100, "Number of tokens of these passages, at most; the last passage is cut off.", minimum=1, maximum=100_000
    )
    context_units: int = _retrieval(
        1,
        "Number of BSA units that see the passages. After them only the sentence goes on: label attention, CRF and "
        "relation scores see it alone.",
        minimum=1,
    )
    cooperative_weight: float = _retrieval(
        0.0,
        "Weight of the divergence between the predictions without and with passages. Above 0, training reads each "
        "sentence with and without them.",
        minimum=0,
    )
    # Ablations
    cell: str = _ablation(
        "bilstm",
        "Sequence encoder inside the units (TNNLS table VI; mlp: table VII).",
        choices=("bilstm", "lstm", "gru", "bigru", "mlp"),
    )
    mlp_layers: int = _ablation(
        2, "Number of layers of each MLP, with --cell=mlp (papers: not given).", minimum=1, maximum=100
    )
    replaced_bilstms: str = _ablation(
        "all",
        "Which BiLSTMs --cell replaces. all: those of the BSA units, of the BLA units and the one between them. bsa: "
        "those of the BSA units only (papers: not given). The character BiLSTM always stays.",
        choices=("all", "bsa"),
    )
    self_attention: bool = _ablation(True, "Use self-attention in the BSA units (table 4/VII).")
    label_attention: bool = _ablation(
        True, "Use the BLA units. Without them, relations are scored on X^m (table 4/VII)."
    )
    label_gate: bool | None = _ablation(
        None,
        "Use the label gate, TNNLS equation 10 (TNNLS table IV). If the flag is not given, dynamic_cman has the gate "
        "and cman does not.",
    )
    share: bool = _ablation(True, "Share the BSA units between NER and RE (TNNLS figure 8).")
    separate_models: bool = _ablation(
        False,
        "Train two models without a common parameter: one for NER, and one for RE that reads the labels that the first "
        "predicts (another reading of TNNLS figure 8).",
    )
    relation_candidates: str = _model(
        "entities",
        "Between which tokens cman and dynamic_cman predict relations. entities: the last tokens of two predicted "
        "entities. tokens: any two tokens, as multihead does.",
        choices=("entities", "tokens"),
    )
    # Training
    loss_weighting: str | None = _training(
        None,
        "uncertainty: weight the tasks' losses by TNNLS equations 24-26. sum: add them, equation 13/21. manual: weight "
        "them by --loss_weights, TNNLS equation 23. If the flag is not given, dynamic_cman uses uncertainty and cman "
        "uses sum.",
        choices=("uncertainty", "sum", "manual"),
    )
    loss_weights: str = _training(
        "",
        "With --loss_weighting=manual: the weight of each task's loss, such as re:1,first_ner:0.5,second_ner:0.5 "
        "(papers: not given). A task that is not named has the weight 1.",
    )
    adversarial_alpha: float = _training(
        0.01, "alpha: size of the perturbation eta_adv (Bekoulis et al.: 0.01). 0: no adversarial training.", minimum=0
    )
    learning_rate: float = _training(5e-4, "Adam's learning rate (papers: 0.0005).", minimum=0)
    learning_rate_schedule: str = _training(
        "constant",
        "constant: --learning_rate in all epochs. linear: the rate falls from --learning_rate in the first epoch to "
        "zero after the last of --epochs (papers: not given).",
        choices=("constant", "linear"),
    )
    warmup_epochs: int = _training(
        0, "Number of first epochs in which the learning rate rises step by step (papers: none).", minimum=0
    )
    adam_epsilon: float = _training(
        1e-7, "Adam's epsilon (papers: not given; Keras: 1e-7, TensorFlow 1: 1e-8).", minimum=1e-30
    )
    weight_average: float = _training(
        0.0,
        "Decay of the moving average of the weights, which is evaluated and saved instead of the weights. 0: no "
        "average (papers: none).",
        minimum=0,
        below=1,
    )
    protocol: str = _training(
        "best_dev",
        "best_dev: train on the training data and keep the best epoch on dev. fixed_epochs: train on training and dev "
        "data for --epochs. two_stage: train as best_dev until --patience runs out, then train anew on training and "
        "dev data for as many epochs (the code of Bekoulis et al.).",
        choices=("best_dev", "fixed_epochs", "two_stage"),
    )
    train_fraction: float = _data(
        1.0, "Share of the training sentences to use, chosen at random (TNNLS figure 7).", minimum=0.01, maximum=1
    )
    hold_out: float = _data(
        0.0,
        "Share of the training sentences to hold out as dev data, if there are none (ADE's folds). The choice does not "
        "depend on --seed.",
        minimum=0,
        below=1,
    )
    epochs: int = _training(180, "Number of epochs (papers: 180).", minimum=1)
    patience: int = _training(
        0, "Stop after this many epochs without a better dev score. 0: train for all --epochs.", minimum=0
    )
    batch_size: int = _training(16, "Number of sentences in a batch (papers: not given).", minimum=1)
    batch_order: str = _training(
        "length",
        "length: batches of sentences of similar length, shuffled. file: the order of the file in every epoch, as in "
        "the code of Bekoulis et al.",
        choices=("length", "file"),
    )
    embedding_dropout: float = _training(0.2, "Dropout on the token representation (papers: 0.2).", minimum=0, below=1)
    bilstm_dropout: float = _training(
        0.1,
        "Dropout on the output of every BiLSTM except the character BiLSTM (papers: 0.1 on CoNLL04, 0.3 on ADE and "
        "DREC).",
        minimum=0,
        below=1,
    )
    attention_dropout: float = _training(
        0.0,
        "Dropout on the output of every attention, before the residual connection (papers: not given).",
        minimum=0,
        below=1,
    )
    relation_dropout: float = _training(
        0.0, "Dropout on the input of the relation scorer (papers: not given).", minimum=0, below=1
    )
    unknown_word_rate: float = _training(
        0.1,
        "Share of the training tokens that are read as unknown words, so that the vector of unknown words is trained. "
        "Only without --word_vectors.",
        minimum=0,
        below=1,
    )
    tune_word_vectors: bool = _training(False, "Train the vectors of --word_vectors instead of keeping them frozen.")
    tune_encoder: bool = _encoder(False, "Train the layers of --encoder instead of keeping them frozen.")
    encoder_learning_rate: float = _encoder(
        5e-5, "Adam's learning rate for the layers of --encoder, with --tune_encoder (not in the papers).", minimum=0
    )
    xla: bool = _training(True, "Compile the LSTMs (on a CPU) and the relation scorer with XLA.")
    seed: int = _training(
        1, "Seed of the initial weights, dropout and the order of batches.", minimum=0, maximum=2**32 - 1
    )

    def rate_at(self, epoch: int) -> float:
        """Return Adam's learning rate in an epoch, counted from 1.

        >>> [Config(learning_rate=0.4, warmup_epochs=3).rate_at(epoch) for epoch in (1, 2, 4)]
        [0.1, 0.2, 0.4]
        """
        left = 1.0 - (epoch - 1) / self.epochs if self.learning_rate_schedule == "linear" else 1.0
        return self.learning_rate * left * min(1.0, epoch / (self.warmup_epochs + 1))

    def chosen_layers(self) -> list[int] | None:
        """Return the numbers of `mixed_layers` in ascending order, or None for all layers.

        Raises:
          ValueError: if `mixed_layers` is neither `all` nor a list of different numbers.
        """
        if self.mixed_layers == "all":
            return None
        parts = self.mixed_layers.split(",")
        are_numbers = all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts)
        if not are_numbers or len({*map(int, parts)}) < len(parts):
            raise ValueError(
                f"--mixed_layers={_show(self.mixed_layers)}: expected all, or different numbers of layers, such as "
                "0,2,3"
            )
        return sorted(map(int, parts))

    def validate_mixed_layers(self, count: int) -> None:
        """Raise DataError if `mixed_layers` names a layer that an encoder with `count` layers does not have."""
        if max(self.chosen_layers() or [0]) >= count:
            raise DataError(f"--mixed_layers={self.mixed_layers}: expected numbers below {count}, the encoder's layers")

    def validate_limits(self) -> None:
        """Raise ValueError for a setting that its flag would refuse: no choice of it, or outside of its limits."""
        for field in dataclasses.fields(self):
            value, limits = getattr(self, field.name), field.metadata
            if value is None and field.default is None:
                continue
            choices = limits.get("choices")
            if choices and value not in choices:
                raise ValueError(f"--{field.name}={_show(value)}: expected one of {', '.join(choices)}")
            if "bool" in str(field.type) and not isinstance(value, bool):
                raise ValueError(f"--{field.name}={quote(value)}: expected True or False")
            if field.type == "str" and not isinstance(value, str):
                raise ValueError(f"--{field.name}={quote(value)}: expected text")
            if field.type not in ("int", "float"):
                continue
            low, high, below = (limits.get(name) for name in ("minimum", "maximum", "below"))
            if not isinstance(value, (int, float)) or isinstance(value, bool) or value != value:
                raise ValueError(f"--{field.name}={quote(value)}: expected a number")
            if field.type == "int" and type(value) is not int:
                raise ValueError(f"--{field.name}={quote(value)}: expected a whole number")
            if abs(value) > _LARGEST:
                raise ValueError(f"--{field.name}={quote(value)}: expected at most {_LARGEST:.0e}")
            if (low is not None and value < low) or (high is not None and value > high):
                raise ValueError(
                    f"--{field.name}={value}: expected at least {low}" + ("" if high is None else f", at most {high}")
                )
            if below is not None and value >= below:
                raise ValueError(f"--{field.name}={value}: expected at least {low} and below {below}")

    def task_weights(self) -> dict[str, float] | None:
        """Return the weight of each task's loss by the task's name, or None unless they are chosen by hand.

        Raises:
          ValueError: if `loss_weights` is not a list of this model's tasks with positive weights.
        """
        if self.loss_weighting != "manual":
            return None
        weights, given = dict.fromkeys(TASKS[self.model], 1.0), set[str]()
        for part in self.loss_weights.split(",") if self.loss_weights else ():
            task, colon, number = part.strip().partition(":")
            if task in given:
                raise ValueError(f"--loss_weights={self.loss_weights[:60]}: {task} is given twice, expected it once")
            given.add(task)
            try:
                weight = float(number)
            except ValueError:
                weight = math.nan
            if task not in weights or not colon or not 1e-6 <= weight <= 1e6:
                raise ValueError(
                    f"--loss_weights={self.loss_weights[:60]}: {part[:30]!r}, expected "
                    f"TASK:WEIGHT with one of {', '.join(weights)} and a weight from 1e-6 to 1e6"
                )
            weights[task] = weight
        return weights

    def resolved(self) -> Config:
        """Fill in the settings that are not set with the choices of the model's paper.

        Raises:
          ValueError: if a setting is outside of its limits, or if some of the settings contradict each other.
        """
        self.validate_limits()
        dynamic = self.model == "dynamic_cman"
        config = dataclasses.replace(
            self,
            # What has no effect has its default, so that it does not tell runs apart.
            mlp_layers=self.mlp_layers if self.cell == "mlp" else Config.mlp_layers,
            replaced_bilstms="all" if self.cell == "bilstm" else self.replaced_bilstms,
            label_gate=dynamic if self.label_gate is None else self.label_gate,
            relation_scorer="shared" if self.model == "multihead" else self.relation_scorer,
            loss_weighting=self.loss_weighting or ("uncertainty" if dynamic else "sum"),
        )
        if config.loss_weights and config.loss_weighting != "manual":
            raise ValueError("--loss_weights without --loss_weighting=manual: expected both or none")
        if weights := config.task_weights():  # written out, so that equal weights are the same run
            written = ",".join(f"{task}:{weight!r}".removesuffix(".0") for task, weight in weights.items())
            config = dataclasses.replace(config, loss_weights=written)
        if config.separate_models and (config.share is False or config.tune_encoder):
            raise ValueError("--separate_models with --noshare or --tune_encoder: expected it alone")
        if chosen := config.chosen_layers():  # 2,0 and 0,2 are the same run
            config = dataclasses.replace(config, mixed_layers=",".join(map(str, chosen)))
        if config.tune_encoder and not config.learning_rate:
            raise ValueError("--tune_encoder with --learning_rate=0: expected a learning rate above 0")
        if not config.label_size and config.model != "multihead" and config.label_attention:
            raise ValueError("--label_size=0: expected at least 1; to leave out the labels, use --nolabel_attention")
        if config.model != "multihead" and 2 * config.hidden_size % config.attention_heads:
            raise ValueError(
                f"--attention_heads={config.attention_heads}: expected a divisor of 2d = {2 * config.hidden_size}"
            )
        return config

    def without_passages(self) -> Config:
        """Return the configuration of the same model for sentences alone."""
        names = ("retrieved_passages", "retrieved_tokens", "context_units", "cooperative_weight")
        defaults = {field.name: field.default for field in dataclasses.fields(self) if field.name in names}
        return dataclasses.replace(self, **defaults)

    def validate_supported(self) -> None:
        """Check that the model and the protocol use all settings that are given. Runs of older versions may fail it.

        Raises:
          DataError: for a setting that would have no effect, or that the protocol cannot follow.
        """
        if self.protocol == "two_stage" and self.learning_rate_schedule == "linear":
            raise DataError(
                "--protocol=two_stage with --learning_rate_schedule=linear: expected a constant rate, because the "
                "number of epochs of the second stage is not known in advance"
            )
        alone = self.without_passages()
        for name in ("retrieved_tokens", "context_units", "cooperative_weight"):
            value = getattr(self, name)
            if not self.retrieved_passages and value != getattr(alone, name):
                raise DataError(f"--{name}={value} without passages, expected --retrieve=INDEX or --image_index, too")
        if self.retrieved_passages and self.context_units > self.bsa_units:
            raise DataError(
                f"--context_units={self.context_units}: expected at most --bsa_units={self.bsa_units}, as the passages "
                "are cut off after one of these units"
            )
        if self.model == "multihead":
            given = {"noself_attention": not self.self_attention, "nolabel_attention": not self.label_attention}
            given |= {"replaced_bilstms": self.replaced_bilstms != "all"}
            given |= {"noshare": not self.share, "label_gate": self.label_gate}
            given |= {
                "separate_models": self.separate_models,
                "relation_candidates": self.relation_candidates == "tokens",
            }
            names = ("attention_dropout", "relation_dropout", "retrieved_passages")
            given |= {name: getattr(self, name) for name in names}
            for name in (name for name, is_given in given.items() if is_given):
                raise DataError(
                    f"--model=multihead with --{name}: expected --model=cman or dynamic_cman, because multihead has no "
                    "such units"
                )


def _show(value: object) -> str:
    """Return a setting for a message: as it is on the command line, and cut if it is long."""
    return quote(value)[1:-1] if isinstance(value, str) else quote(value)
