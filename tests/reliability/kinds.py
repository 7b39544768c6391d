"""The kinds of small runs that `kills.py` kills."""

from __future__ import annotations

import dataclasses
import pathlib

from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.spert_json import dump_json
from cman_tf.sample import DIRECTORY

_SMALL = (
    *("--hidden_size=4", "--label_size=3", "--attention_heads=2", "--relation_size=5", "--word_size=6"),
    *("--char_size=4", "--char_hidden_size=3", "--bsa_units=1", "--bilstm_layers=1", "--batch_size=8"),
    *("--embedding_dropout=0.3", "--bilstm_dropout=0.2", "--unknown_word_rate=0.2", "--learning_rate=0.02"),
)
_BASELINE = ("--model=multihead", "--adversarial_alpha=0", "--noxla")


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of run.

    Attributes:
      flags: the flags that make the kind.
      module: the command's module.
      arguments: what comes before the flags of training; DATA stands for the folder of the corpus.
    """

    flags: tuple[str, ...]
    module: str = "cman_tf.train"
    arguments: tuple[str, ...] = ("--data_dir=DATA", "--model_dir=run")

    def command(self, data: pathlib.Path) -> tuple[str, list[str]]:
        """Return the module and its arguments."""
        arguments = [argument.replace("DATA", str(data)) for argument in self.arguments]
        return self.module, [*arguments, *_SMALL, *self.flags]

    @property
    def shown(self) -> str:
        """The kind, in the record."""
        return " ".join((self.module, *self.arguments, *self.flags))


KINDS = {
    "baseline": Kind((*_BASELINE, "--epochs=6")),
    "cman": Kind(("--model=cman", "--noxla", "--epochs=4", "--checkpoint_steps=2")),
    "dynamic_cman": Kind(
        ("--model=dynamic_cman", "--noxla", "--epochs=3", "--checkpoint_steps=1", "--weight_average=0.9")
    ),
    "patience": Kind((*_BASELINE, "--epochs=40", "--patience=3", "--checkpoint_steps=3", "--weight_average=0.95")),
    "schedule": Kind(
        (*_BASELINE, "--epochs=5", "--learning_rate_schedule=linear", "--warmup_epochs=2", "--checkpoint_steps=1")
    ),
    "two_stage": Kind((*_BASELINE, "--protocol=two_stage", "--epochs=8", "--patience=2", "--checkpoint_steps=2")),
    "folds": Kind(
        (*_BASELINE, "--epochs=2", "--checkpoint_steps=2"),
        arguments=("--data=DATA/all.json", "--folds=3", "--model_dir=run"),
    ),
    "experiment": Kind(
        (*_BASELINE[1:], "--epochs=3"),
        "cman_tf.experiment",
        ("conll04", "--rows=multihead", "--data_dir=DATA", "--results_dir=results", "--"),
    ),
    "compiled": Kind(("--model=dynamic_cman", "--epochs=3", "--checkpoint_steps=2", "--relation_dropout=0.2")),
    "deterministic": Kind((*_BASELINE, "--epochs=4", "--deterministic", "--checkpoint_steps=2")),
}


def write_corpus(folder: pathlib.Path, sentences: int = 40) -> None:
    """Write a small corpus of sentences of the sample: train, dev, test, and all in one file."""
    folder.mkdir(parents=True)
    related = [s for s in read_corpus(DIRECTORY / "train.json").sentences if s.relations][:sentences]
    parts = {"train": related, "dev": related[:12], "test": related[8:20], "all": related[:21]}
    for name, part in parts.items():
        (folder / f"{name}.json").write_text(dump_json(part))
