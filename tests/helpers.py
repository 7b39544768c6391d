"""What the tests share beside fixtures: paths, a small configuration, and running a command."""

import contextlib
import importlib
import io
import os
import pathlib
import subprocess
import sys
import traceback
import zlib
from unittest import mock

import absl.logging
import numpy as np
import pytest
from absl import app
from absl.flags import FLAGS

from cman_tf.config import Config

ROOT = pathlib.Path(__file__).resolve().parent.parent
# A package of each extra: where it is missing, tests marked with the extra are skipped. A new extra is one more line.
EXTRAS = {
    "transformers": "transformers",
    "minilm": "transformers",
    "mpnet": "transformers",
    "spacy": "spacy",
    "glove": "pyarrow",
    "plots": "matplotlib",
    "report": "matplotlib",
    "serve": "fastapi",
    "search": "optuna",
    "ray": "ray",
    "retrieval": "bm25s",
    "docs": "mkdocs",
}
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
    "--bsa_units=1",
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


TRAINED_EPOCHS = 40  # enough for CMAN and dynamic CMAN to fit eight_sentences

# The baseline without characters is trained in a quarter of the time, where it does not matter which model it is.
BASELINE = (
    "--model=multihead",
    "--bilstm_layers=1",
    "--hidden_size=8",
    "--char_size=4",
    "--char_hidden_size=4",
    "--relation_size=8",
    "--nouse_characters",
    "--embedding_dropout=0",
    "--bilstm_dropout=0",
    "--unknown_word_rate=0",
    "--adversarial_alpha=0",
    "--batch_size=8",
    "--noxla",
)


def needs_extra(extra):
    """What a test says that is skipped for want of an extra; tests/reliability/extras.py looks for it."""
    return f"needs pip install 'cman-tf[{extra}]'"


def import_extra(extra):
    """Import the package of an extra at the top of a test module; without it the module is skipped.

    The module marks its tests, too, so that the environment of the extra runs them:
    `pytestmark = pytest.mark.extra(name="search")`.
    """
    return pytest.importorskip(EXTRAS[extra], reason=needs_extra(extra))


def run_command(*arguments, cwd=ROOT, timeout=500, **options):
    """Run a command of the package, or a script, as a user would; returns the finished process."""
    environment = {k: v for k, v in os.environ.items() if k != "CMAN_DATA_DIR"}
    # The scripts are to use this environment, not to make another.
    environment.update({"CMAN_VENV": sys.prefix, "PYTHONPATH": str(ROOT), **options.pop("env", {})})
    command = list(arguments) if arguments[0] == "bash" else [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False, **options
    )


def call_command(command, *arguments, cwd=ROOT, input=""):
    """Run a command within this process, as `run_command` does in one of its own.

    It takes seconds less, as TensorFlow is imported already. What concerns the start of a process is not tested so.

    Args:
      command: such as "cman_tf.train".
      arguments: as a user gives them.
      cwd: the working directory.
      input: what standard input holds.
    """
    module, argv = importlib.import_module(command), [command, *arguments]
    streams = {name: io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for name in ("stdout", "stderr")}
    streams["stdin"] = io.TextIOWrapper(io.BytesIO(input.encode()), "utf-8")
    log = absl.logging.get_absl_handler().python_handler
    here = os.getcwd()
    os.chdir(cwd)
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(_no_flags())
            for name, stream in streams.items():
                stack.enter_context(mock.patch.object(sys, name, stream))
            stack.enter_context(mock.patch.object(log, "stream", streams["stderr"]))
            stack.enter_context(mock.patch.object(sys, "argv", argv))
            # absl does this for the first command of a process only.
            absl.logging.set_verbosity(absl.logging.INFO)
            code = _exit_code(lambda: module.COMMAND.run(argv))
    finally:
        os.chdir(here)
    output = {name: streams[name].buffer.getvalue().decode() for name in ("stdout", "stderr")}
    return subprocess.CompletedProcess(argv, code, output["stdout"], output["stderr"])


@contextlib.contextmanager
def _no_flags():
    """Within this no flags but absl's are defined; afterwards those from before are."""
    app.define_help_flags()

    def take():
        modules = {name: FLAGS.find_module_defining_flag(name, "cman_tf.") for name in FLAGS}  # none: put back below
        names = [name for name, module in modules.items() if module.startswith("cman_tf.")]
        found = {name: FLAGS[name] for name in names if name not in ("help", "helpshort", "helpfull", "?")}
        for name in found:
            delattr(FLAGS, name)
        return found

    before, was_parsed = take(), FLAGS.is_parsed()
    try:
        yield
    finally:
        take()
        for name, flag in before.items():
            FLAGS[name] = flag
        (FLAGS.mark_as_parsed if was_parsed else FLAGS.unparse_flags)()


def _exit_code(run):
    """What the interpreter would end with, having said why on standard error."""
    try:
        run()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def write_entry_points(folder):
    """Write what an installation tells other packages about this one into a folder, to be put on Python's path."""
    command = [sys.executable, "setup.py", "--quiet", "egg_info", f"--egg-base={folder}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


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
