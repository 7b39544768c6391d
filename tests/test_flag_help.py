"""The help of the commands: quick, in groups, with exit code 0."""

import importlib
import re

import pytest
from absl import flags
from helpers import run_command

from cman_tf.__main__ import COMMANDS, find_module
from cman_tf.command_line import flag_help

GROUPS = {
    "train": ["Run", "Data", "Reading", "Contextual encoder", "Retrieval", "Model", "Ablations", "Training"],
    "evaluate": ["Model", "Data", "Reading", "Relations", "Contextual encoder", "Retrieval", "Output"],
    "predict": ["Model", "Data", "Relations", "Contextual encoder", "Retrieval", "Output"],
    "score": ["Data", "Reading", "Output"],
}


HEAVY = {"tensorflow", "h5py", "scipy", "matplotlib", "transformers", "jinja2", "fastapi", "spacy", "optuna"}


@pytest.mark.e2e
@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command(command):
    """It comes at once, because it imports nothing that takes long."""
    process = run_command("cman_tf", command, "--help", env={"COLUMNS": "100", "PYTHONPROFILEIMPORTTIME": "1"})
    assert process.returncode == 0
    assert all(line.startswith("import time:") for line in process.stderr.splitlines())
    imported = set(re.findall(r"\| +(\S+)$", process.stderr, re.M))
    assert "cman_tf.command_line.flag_help" in imported
    assert not imported & HEAVY
    assert process.stdout.startswith(f"usage: cman-tf {command}")
    assert max(map(len, process.stdout.splitlines())) <= 120
    titles = re.findall(r"^(\w[\w ]*):$", process.stdout, re.M)
    assert titles == GROUPS.get(command, titles)
    assert len(titles) >= 1
    assert "logtostderr" not in process.stdout


@pytest.mark.e2e
def test_short_help_and_full_help():
    short = run_command("cman_tf", "score", "-h")
    assert short.returncode == 0 and short.stdout.startswith("usage: cman-tf score")
    full = run_command("cman_tf.score", "--helpfull")
    assert full.returncode == 0
    assert "[no]logtostderr" in full.stdout.partition("Flags of absl-py:")[2]


@pytest.mark.e2e
def test_all_commands_can_be_imported_together():
    names = [find_module(command) for command in COMMANDS]
    code = f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\n"
    code += "assert 'tensorflow' not in sys.modules"
    process = run_command("timeit", "-n1", "-r1", code)
    assert process.returncode == 0, process.stderr


def test_every_command_is_described():
    for command in COMMANDS:
        module = importlib.import_module(find_module(command))
        assert module.COMMAND.name == command
        first, _, rest = module.COMMAND.description.partition("\n")
        assert first.endswith(".") and first[0].isupper()
        assert f"\n    cman-tf {command}" in rest or f" | cman-tf {command}" in rest  # an example


@pytest.fixture
def values():
    values = flags.FlagValues()
    with flag_help.flag_group("Data", values):
        flags.DEFINE_string("gold", None, "The `file` to read.", flag_values=values, required=True)
        flags.DEFINE_enum("format", "auto", ["auto", "spert"], "Its format.", flag_values=values)
    with flag_help.flag_group("Model", values):
        flags.DEFINE_bool("xla", True, "Compile it. " + "Very " * 20 + "long.", flag_values=values)
        flags.DEFINE_float("rate", 0.5, "Rate.", flag_values=values)
    with flag_help.flag_group("Data", values):
        flags.DEFINE_list("seeds", ["1", "2"], "Seeds.", flag_values=values)
    return values


def test_groups_keep_the_order_of_definition(values):
    names = {title: [flag.name for flag in group] for title, group in flag_help.groups(values).items()}
    assert names == {"Data": ["gold", "format", "seeds"], "Model": ["xla", "rate"]}
    assert flag_help.required_flags(values) == ["gold"]


def test_a_flag_is_described_with_its_value_and_default(values):
    lines = {name: flag_help.describe_flag(values[name], 80) for name in values}
    assert lines["gold"] == "  --gold=FILE                 The file to read."
    assert lines["format"] == "  --format=auto|spert         Its format. [auto]"
    assert lines["rate"] == "  --rate=NUMBER               Rate. [0.5]"
    assert lines["seeds"] == "  --seeds=A,B,...             Seeds. [1,2]"
    first, *others = lines["xla"].splitlines()
    assert first.startswith("  --[no]xla                   Compile it. Very")
    assert others[-1].endswith("long. [yes]")
    assert all(line.startswith(" " * 30) and len(line) <= 80 for line in others)


def test_examples_are_not_wrapped():
    text = (
        "Does a thing.\n\n    cman-tf thing --flag=" + "x" * 100 + "\n    cman-tf thing\n\nMore words. " + "word " * 30
    )
    lines = flag_help.command_help("thing", text, width=60).splitlines()
    assert "    cman-tf thing --flag=" + "x" * 100 in lines
    assert "    cman-tf thing" in lines
    assert all(len(line) <= 60 for line in lines if "word" in line)
