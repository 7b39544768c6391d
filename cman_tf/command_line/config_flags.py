"""One flag for every field of `Config`, in the groups of the help."""

from __future__ import annotations

from collections.abc import Sequence

from absl import flags

from cman_tf.command_line.flag_help import set_group
from cman_tf.runs import flagfile
from cman_tf.runs.flagfile import FIELDS, config_from_flags

__all__ = ["FIELDS", "config_from_flags", "define_config_flags", "whole_numbers"]


def define_config_flags(flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Define the flags; `config_from_flags` makes a `Config` of their values."""
    flagfile.define_config_flags(flag_values)
    for field in FIELDS:
        set_group(flag_values[field.name], field.metadata["group"])


def whole_numbers(texts: Sequence[str]) -> bool:
    """Whether a flag's list is one of whole numbers, for a validator."""
    return bool(texts) and all(text.isdecimal() for text in texts)
