"""Flags whose values are numbers, and the thresholds that several commands have."""

from __future__ import annotations

import math
from typing import Any

from absl import flags

from cman_tf.config import RELATION_THRESHOLD

THRESHOLDS = ("relation_threshold", "entity_threshold")


def define_number(
    name: str, default: float, help: str, lower: float | None = None, upper: float | None = None, **options: Any
) -> None:
    """Define a flag for a number. absl alone takes NaN, which lies within all bounds for it, and infinity.

    Args:
      name: of the flag.
      default: its default.
      help: what `--help` says of it.
      lower: the least number that it takes; None for any.
      upper: the largest.
      **options: those of `flags.DEFINE_float`, such as `flag_values`.
    """
    flags.DEFINE_float(name, default, help, lower, upper, **options)
    absl_flags: Any = flags  # whose validators have no types
    absl_flags.register_validator(name, math.isfinite, message=_expect(lower, upper), **options)


def _expect(lower: float | None, upper: float | None) -> str:
    if lower is None or upper is None:
        return "expected a finite number" + (f" of at least {lower:g}" if lower is not None else "")
    return f"expected a number from {lower:g} to {upper:g}"


def define_thresholds() -> None:
    """The flags `relation_threshold` and `entity_threshold`."""
    define_number("relation_threshold", RELATION_THRESHOLD, "Relations above this score are found.", 0.0, 1.0)
    define_number("entity_threshold", 0.0, "Entities of at least this score are found.", 0.0, 1.0)
