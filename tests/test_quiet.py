"""TensorFlow's own messages: none unless they are asked for."""

import os

import pytest
from helpers import ROOT, run_command

from cman_tf.command_line import quiet

GOLDEN = ROOT / "tests" / "golden" / "dynamic_cman"
PREDICT = ("cman_tf", "predict", f"--model_dir={GOLDEN}")
TEXT = "Ann Lee of Rome works for Fox.\n"


@pytest.mark.e2e
def test_a_command_prints_nothing_of_tensorflow():
    """A warning of ours is shown, plainly, and nothing else."""
    process = run_command(*PREDICT, input=TEXT + "shot " * 401 + "\n")
    assert process.returncode == 0 and len(process.stdout.splitlines()) == 2
    (line,) = process.stderr.splitlines()
    assert line.startswith(
        "1 text of more than 400 tokens in a sentence: standard input, line 2 (401 tokens, read in 2"
    )


@pytest.mark.e2e
@pytest.mark.parametrize(("flags", "env"), [(["--verbosity=1"], {}), ([], {"TF_CPP_MIN_LOG_LEVEL": "0"})])
def test_its_messages_are_shown_when_asked_for(flags, env):
    process = run_command(*PREDICT, *flags, input=TEXT, env=env)
    assert process.returncode == 0
    assert "This TensorFlow binary is optimized" in process.stderr


@pytest.mark.e2e
def test_the_python_interface_is_quiet_and_leaves_the_environment():
    code = (
        "import os, cman_tf\n"
        "for use in (cman_tf.load, cman_tf.Extractor):\n"
        f"    assert use({str(GOLDEN)!r}).extract({TEXT!r})['tokens']\n"
        "    assert 'TF_CPP_MIN_LOG_LEVEL' not in os.environ\n"
    )
    process = run_command("timeit", "-n1", "-r1", code)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""


def test_a_tensorflow_that_is_imported_is_left_alone(monkeypatch):
    import tensorflow as tf

    level = tf.get_logger().level
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    with quiet.quiet_import():
        assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ
    assert tf.get_logger().level == level


def test_a_gpu_that_tensorflow_cannot_use_is_warned_of(monkeypatch, tmp_path):
    import tensorflow as tf

    said = []
    monkeypatch.setattr(quiet.absl_logging, "warning", said.append)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    monkeypatch.setattr(quiet, "_NVIDIA", tmp_path / "none")
    quiet.import_tensorflow()
    assert said == []
    monkeypatch.setattr(quiet, "_NVIDIA", tmp_path)
    quiet.import_tensorflow()
    assert said == ["TensorFlow cannot use this machine's GPU and runs on the CPU; --verbosity=1 says why"]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a GPU"])
    quiet.import_tensorflow()
    assert len(said) == 1
