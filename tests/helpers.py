"""What the tests share beside fixtures: paths, a small configuration, and running a command."""

import os
import pathlib
import subprocess
import sys
import zlib

import numpy as np

from cman_tf.config import Config

ROOT = pathlib.Path(__file__).resolve().parent.parent
SMALL = Config(
    hidden_size=4,
    label_size=3,
    attention_heads=2,
    relation_size=5,
    word_size=6,
    char_size=4,
    char_hidden_size=3,
    embedding_dropout=0.0,
    bilstm_dropout=0.0,
    unknown_word_rate=0.0,
)


TINY_FLAGS = (
    "--hidden_size=32",
    "--char_size=16",
    "--char_hidden_size=16",
    "--relation_size=32",
    "--attention_heads=4",
    "--embedding_dropout=0",
    "--bilstm_dropout=0",
    "--unknown_word_rate=0",
    "--learning_rate=0.005",
    "--batch_size=8",
)


TRAINED_EPOCHS = 130  # enough for both models to fit them


def run_command(*arguments, cwd=ROOT, timeout=500, **options):
    """Run a command of the package, or a script, as a user would; returns the finished process."""
    environment = {k: v for k, v in os.environ.items() if k != "CMAN_DATA_DIR"}
    # The scripts are to use this environment, not to make another.
    environment.update({"CMAN_VENV": sys.prefix, "PYTHONPATH": str(ROOT), **options.pop("env", {})})
    command = list(arguments) if arguments[0] == "bash" else [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False, **options
    )


def fails_with(process, *parts):
    """The process failed, and its last lines say why, without a traceback."""
    assert process.returncode != 0
    assert "Traceback" not in process.stderr
    for part in parts:
        assert part in process.stderr + process.stdout
    return True


def write_file(folder, text, name="train.txt"):
    """Write text, or bytes, into a file of the folder; returns its path."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def elmo_flags(folder):
    """The flags that name AllenNLP's files in a folder."""
    return [f"--elmo_options={folder / 'options.json'}", f"--elmo_weights={folder / 'lm_weights.hdf5'}"]


class StubEncoder:
    """A contextual encoder whose vectors depend on the token alone."""

    name = "stub"

    def __init__(self, layers, size):
        self.layers, self.size = layers, size

    def encode(self, sentences):
        """float32 [L, layers, size] for each sentence."""
        return [np.stack([self._vector(token) for token in sentence]) for sentence in sentences]

    def _vector(self, token):
        seed = zlib.crc32(token.encode("utf-8"))
        return np.random.default_rng(seed).normal(size=(self.layers, self.size)).astype(np.float32)


def count_parameters(model):
    """How many numbers training changes, those of a layer that is used twice once."""
    return sum(int(variable.shape.num_elements()) for variable in model.trainable_variables)
