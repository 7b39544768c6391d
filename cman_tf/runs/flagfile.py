"""absl flags from `Config`, and settings from flags and from flagfiles."""

from __future__ import annotations

import dataclasses
import math
import pathlib
from collections.abc import Sequence
from typing import Any

from absl import flags

from cman_tf.config import Config
from cman_tf.errors import DataError

FIELDS = dataclasses.fields(Config)


def define_config_flags(flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Define one flag for every field of `Config`."""
    for field in FIELDS:
        limits, options = field.metadata, {"flag_values": flag_values}
        bounds = limits.get("minimum"), limits.get("maximum")
        if limits.get("choices"):
            flags.DEFINE_enum(field.name, field.default, list(limits["choices"]), limits["help"], **options)
        elif "bool" in str(field.type):
            flags.DEFINE_boolean(field.name, field.default, limits["help"], **options)
        elif field.type == "str":
            flags.DEFINE_string(field.name, field.default, limits["help"], **options)
        elif field.type == "int":
            flags.DEFINE_integer(field.name, field.default, limits["help"], *bounds, **options)
        else:
            flags.DEFINE_float(field.name, field.default, limits["help"], *bounds, **options)
            below = limits.get("below", math.inf)
            flags.register_validator(
                field.name,
                lambda value, below=below: value < below,  # false of NaN, too
                message=f"expected less than {below}" if math.isfinite(below) else "expected a finite number",
                **options,
            )


def config_from_flags(flag_values: flags.FlagValues = flags.FLAGS) -> Config:
    """The effective settings of this command.

    Raises:
      DataError: for settings that do not go together.
    """
    try:
        return Config(**{field.name: flag_values[field.name].value for field in FIELDS}).resolved()
    except ValueError as error:
        raise DataError(str(error)) from None


def flagfile_of(values: dict[str, Any]) -> str:
    """A flagfile that sets these values; absl reads it back with --flagfile."""
    lines = []
    for name, value in values.items():
        if isinstance(value, bool):
            lines.append(f"--{'' if value else 'no'}{name}")
        elif value is not None:
            lines.append(f"--{name}={value}")
    return "\n".join(lines) + "\n"


def config_from_flagfile(path: str | pathlib.Path, more: Sequence[str] = ()) -> Config:
    """The settings that a flagfile holds; flags of other kinds in it are passed over.

    Args:
      path: the flagfile.
      more: flags after those of the file.

    Raises:
      DataError: if the file is missing or does not parse.
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
