"""Flags for the fields of `Config`, and configurations from flags and flagfiles."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import flags

from cman_tf.config import OLDER_SETTINGS, Config
from cman_tf.errors import QUOTED, DataError, quote
from cman_tf.runs.plain_files import read_text

FIELDS = dataclasses.fields(Config)
RECORDED_FLAGS = (  # beside the configuration, in flags.txt and the result file of a run
    *("data", "data_dir", "train_data", "dev_data", "test_data", "all_data", "folds", "fold"),
    *("format", "ends", "offsets", "events", "join_sentences", "annotator", "tag_column"),
    *("word_vectors", "kept_word_vectors", "tokenizer", "init_from"),
    *("retrieve", "image_index", "image_queries"),
    *("elmo", "elmo_options", "elmo_weights", "encoder", "encoder_precision", "features"),
    *("model_dir", "results_dir", "result_name", "checkpoint_steps", "deterministic"),
)
_SETTINGS = frozenset(field.name for field in FIELDS)
_NAMES = _SETTINGS.union(RECORDED_FLAGS)
_SWITCHES = frozenset(
    (*(field.name for field in FIELDS if "bool" in str(field.type)), "join_sentences", "deterministic")
)
_EXPECTED = "expected the flags of a trained model"
_LINE = re.compile(r"--(\w+)(?:=(.*))?")
_LONGEST_VALUE = 500  # characters of the value of a setting


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
    given = read_flags(path)
    older = [f"--{name}={value}" for name, value in OLDER_SETTINGS.items() if name not in given]
    return config_from_flagfile(path, older)


def read_flags(path: str | pathlib.Path) -> dict[str, str]:
    """Read a run's flags.txt without looking at the values.

    Args:
      path: the file.

    Returns:
      The value of each flag by its name; that of a switch is `true` or `false`.

    Raises:
      DataError: if the file is missing, or if a line is not a flag that training writes, once. `--flagfile` is none.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(read_text(path, _EXPECTED).split("\n"), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.rstrip("\r"))
        if match is None:
            raise DataError(f"{path}, line {number}: {quote(line)}, expected a flag such as --seed=1")
        name, value = match[1], match[2]
        if value is None:
            name, value = (match[1], "true") if match[1] in _SWITCHES else (match[1][2:], "false")
            if name not in _SWITCHES or not match[1].endswith(name):
                raise DataError(f"{path}, line {number}: {quote(line)}, expected a flag with its value")
        if name not in _NAMES:
            raise DataError(
                f"{path}, line {number}: --{quote(name)[1:-1]} is no flag that training writes, {_EXPECTED}"
            )
        if name in found:
            raise DataError(f"{path}, line {number}: --{name} a second time, expected it once")
        if name in _SETTINGS and len(value) > _LONGEST_VALUE:
            raise DataError(f"{path}, line {number}: --{name} has {len(value)} characters, {_EXPECTED}")
        found[name] = value
    return found


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
    lines = read_text(path, _EXPECTED).splitlines()
    try:
        names = {*_SETTINGS}
        names |= {f"no{name}" for name in names}
        values([str(path), *(line for line in (*lines, *more) if line.lstrip("-").partition("=")[0] in names)])
        return config_from_flags(values)
    except (flags.Error, DataError) as error:
        raise DataError(f"{path}: {_shorten_values(str(error), lines)}, {_EXPECTED}") from None


def _shorten_values(message: str, lines: Sequence[str]) -> str:
    """Shorten the values of flags that a message of absl's repeats."""
    for line in lines:
        value = line.partition("=")[2]
        if len(value) > QUOTED:
            message = message.replace(value, f"{value[:QUOTED]}...")
    return message
