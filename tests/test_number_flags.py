"""Flags for numbers: NaN and infinity are refused, like what is out of bounds."""

import pytest
from absl import flags
from helpers import call_command, fails_with

from cman_tf.command_line import number_flags


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-inf", "1.5", "-0.1"])
def test_only_numbers_within_the_bounds_are_taken(value):
    values = flags.FlagValues()
    number_flags.define_number("rate", 0.5, "Rate.", 0.0, 1.0, flag_values=values)
    number_flags.define_number("bias", 0.5, "Bias.", flag_values=values)
    assert values(["x", "--rate=0", "--bias=-1"]) == ["x"] and values.rate == 0 and values.bias == -1
    for name in ("rate", "bias") if not value[-1].isdigit() else ("rate",):
        with pytest.raises(flags.IllegalFlagValueError):
            values(["x", f"--{name}={value}"])


@pytest.mark.parametrize(
    "command, flag",
    [
        ("serve", "timeout"),
        ("serve", "batch_wait"),
        *[(name, flag) for name in ("serve", "predict", "export") for flag in number_flags.THRESHOLDS],
        ("benchmark.__main__", "seconds"),
    ],
)
def test_commands_refuse_nan_at_once(command, flag):
    more = ["--export_dir=/absent"] if command == "export" else ["serve"] if command.startswith("benchmark") else []
    process = call_command(f"cman_tf.{command}", *more, f"--{flag}=nan")
    fails_with(process, f"flag --{flag}=nan: expected a", "--help lists the flags")
    assert len(process.stderr.splitlines()) == 1
