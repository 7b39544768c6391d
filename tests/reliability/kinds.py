"""The kinds of small runs that `kills.py` kills."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import sys

from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.spert_json import dump_json
from cman_tf.sample import DIRECTORY

_SMALL = (
    *("--hidden_size=4", "--label_size=3", "--attention_heads=2", "--relation_size=5", "--word_size=6"),
    *("--char_size=4", "--char_hidden_size=3", "--bsa_units=1", "--bilstm_layers=1", "--batch_size=8"),
    *("--embedding_dropout=0.3", "--bilstm_dropout=0.2", "--unknown_word_rate=0.2", "--learning_rate=0.02"),
    "--tokenizer=default",  # choosing one takes a second
)
_BASELINE = ("--model=multihead", "--adversarial_alpha=0", "--noxla")


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of run.

    Attributes:
      flags: the flags that make the kind; DATA stands for the folder of the corpus.
      module: the command's module.
      arguments: what comes before the flags of training.
    """

    flags: tuple[str, ...]
    module: str = "cman_tf.train"
    arguments: tuple[str, ...] = ("--data_dir=DATA", "--model_dir=run")

    def command(self, data: pathlib.Path) -> tuple[str, list[str]]:
        """Return the module and its arguments."""
        arguments = (*self.arguments, *_SMALL, *self.flags)
        return self.module, [argument.replace("DATA", str(data)) for argument in arguments]

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
    "patience": Kind((*_BASELINE, "--epochs=12", "--patience=2", "--checkpoint_steps=3", "--weight_average=0.95")),
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
    "frozen_encoder": Kind((*_BASELINE, "--epochs=3", "--encoder=DATA/bert", "--mixed_layers=0,2")),
    "tuned_encoder": Kind((*_BASELINE, "--epochs=3", "--encoder=DATA/bert", "--tune_encoder", "--checkpoint_steps=3")),
    "deterministic": Kind((*_BASELINE, "--epochs=4", "--deterministic", "--checkpoint_steps=2")),
}


# For the test suite.
QUICK = Kind(
    (*_BASELINE, "--nouse_characters", "--epochs=3", "--checkpoint_steps=1", "--weight_average=0.9", "--seed=2")
)


def write_corpus(folder: pathlib.Path, sentences: int = 40) -> None:
    """Write a small corpus of sentences of the sample: train, dev, test, and all in one file.

    Args:
      folder: the folder, which is made.
      sentences: the number of sentences to train on.
    """
    folder.mkdir(parents=True)
    related = [s for s in read_corpus(DIRECTORY / "train.json").sentences if s.relations][:sentences]
    parts = {"train": related, "dev": related[:12], "test": related[8:20], "all": related[:21]}
    for name, part in parts.items():
        (folder / f"{name}.json").write_text(dump_json(part))


def write_encoder(folder: pathlib.Path) -> None:
    """Write a tiny BERT with random weights, in a process of its own, as it needs TensorFlow."""
    folder.mkdir()
    code = "import pathlib, sys; from tiny_bert import *; write_bert(pathlib.Path(sys.argv[1]), SPELLING)"
    tests = str(pathlib.Path(__file__).resolve().parents[1])
    path = os.pathsep.join([tests, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env=environment, capture_output=True)
