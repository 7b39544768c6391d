"""Flags for the fields of `Config`, and configurations from flags and flagfiles."""

from __future__ import annotations

import dataclasses
import math
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import flags

from cman_tf.config import OLDER_SETTINGS, Config
from cman_tf.errors import DataError

FIELDS = dataclasses.fields(Config)


def define_config_flags(flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Define one flag for every field of `Config`."""
    for field in FIELDS:
        limits: Mapping[str, Any] = field.metadata
        options: dict[str, Any] = {"flag_values": flag_values}
        default: Any = field.default
        bounds = limits.get("minimum"), limits.get("maximum")
        if limits.get("choices"):
            flags.DEFINE_enum(field.name, default, list(limits["choices"]), limits["help"], **options)
        elif "bool" in str(field.type):
            flags.DEFINE_boolean(field.name, default, limits["help"], **options)
        elif field.type == "str":
            flags.DEFINE_string(field.name, default, limits["help"], **options)
        elif field.type == "int":
            flags.DEFINE_integer(field.name, default, limits["help"], *bounds, **options)
        else:
            flags.DEFINE_float(field.name, default, limits["help"], *bounds, **options)
            below = limits.get("below", math.inf)
            absl_flags: Any = flags  # whose validators have no types
            absl_flags.register_validator(
                field.name,
                _is_below(below),
                message=f"expected less than {below}" if math.isfinite(below) else "expected a finite number",
                **options,
            )


def _is_below(bound: float) -> Callable[[float], bool]:
    """Return a test whether a value is below a bound; it is false for NaN, too."""
    return lambda value: value < bound


def config_from_flags(flag_values: flags.FlagValues = flags.FLAGS) -> Config:
    """Return the resolved configuration that the flags give.

    Raises:
      DataError: if some of the settings contradict each other.
    """
    try:
        given: Any = flag_values
        values: dict[str, Any] = {field.name: given[field.name].value for field in FIELDS}
        return Config(**values).resolved()
    except ValueError as error:
        raise DataError(str(error)) from None


def format_flagfile(values: dict[str, Any]) -> str:
    """Return the text of a flagfile that sets these values. absl reads it with --flagfile."""
    lines: list[str] = []
    for name, value in values.items():
        if isinstance(value, bool):
            lines.append(f"--{'' if value else 'no'}{name}")
        elif value is not None:
            lines.append(f"--{name}={value}")
    return "\n".join(lines) + "\n"


def config_of_run(path: str | pathlib.Path) -> Config:
    """Read a run's flags.txt, which names every setting that its version had.

    Args:
      path: the file.

    Raises:
      DataError: if the file is missing or cannot be parsed.
    """
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}, expected the flags of a trained model") from None
    older = [f"--{name}={value}" for name, value in OLDER_SETTINGS.items() if f"--{name}=" not in text]
    return config_from_flagfile(path, older)


def config_from_flagfile(path: str | pathlib.Path, more: Sequence[str] = ()) -> Config:
    """Read a configuration from a flagfile. Flags that are not fields of `Config` are ignored.

    Args:
      path: the flagfile.
      more: flags that follow those of the file and override them.

    Raises:
      DataError: if the file is missing or cannot be parsed.
    """
    values = flags.FlagValues()
    define_config_flags(values)
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
        names = {field.name for field in FIELDS}
        names |= {f"no{name}" for name in names}
        values([str(path), *(line for line in (*lines, *more) if line.lstrip("-").partition("=")[0] in names)])
        return config_from_flags(values)
    except (OSError, UnicodeDecodeError, flags.Error, DataError) as error:
        raise DataError(f"{path}: {error}, expected the flags of a trained model") from None
