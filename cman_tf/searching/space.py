"""The space of a search: a JSON file that gives settings of `cman-tf train` a range or a list of values.

{"adversarial_alpha": {"low": 0.01, "high": 0.3, "log": true},
 "hidden_size": {"low": 64, "high": 192, "step": 32},
 "weight_average": [0, 0.99, 0.995]}
"""

from __future__ import annotations

import dataclasses
import math
import pathlib
from collections.abc import Mapping
from typing import Any, Protocol, Union

from cman_tf.config import Config
from cman_tf.errors import DataError
from cman_tf.runs.files import read_json
from cman_tf.runs.json_values import as_list, as_object

Value = Union[bool, int, float, str]
_EXPECTED = 'an object such as {"batch_size": [8, 16], "learning_rate": {"low": 1e-4, "high": 1e-2, "log": true}}'
_OWN = {"seed": "--seeds", "epochs": "--epochs", "protocol": "no other protocol than best_dev"}  # not searched over


class Suggester(Protocol):
    """What a trial of Optuna offers."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """Return a whole number from a range."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """Return a number from a range."""
        ...

    def suggest_categorical(self, name: str, choices: list[Any]) -> Any:
        """Return one of the values."""
        ...


@dataclasses.dataclass(frozen=True)
class Choices:
    """A setting that takes one of some values."""

    values: tuple[Value, ...]

    def suggest(self, name: str, trial: Suggester) -> Value:
        """Let a trial choose."""
        return trial.suggest_categorical(name, list(self.values))


@dataclasses.dataclass(frozen=True)
class Range:
    """A setting that takes a number from `low` to `high`, both included.

    Attributes:
      low: the smallest number.
      high: the largest number.
      step: the distance of neighbouring numbers; None: any number, for a whole number 1.
      log: whether each power of ten in the range is as likely as any other.
      is_whole: whether the setting takes whole numbers.
    """

    low: float
    high: float
    step: float | None
    log: bool
    is_whole: bool

    def suggest(self, name: str, trial: Suggester) -> Value:
        """Let a trial choose."""
        if self.is_whole:
            return trial.suggest_int(name, int(self.low), int(self.high), step=int(self.step or 1), log=self.log)
        return trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)


Space = Mapping[str, Union[Choices, Range]]


def read_space(path: str | pathlib.Path, base: Config) -> Space:
    """Read the space of a search.

    Args:
      path: a JSON file: an object from the names of settings to a list of values, or to an object with `low` and
        `high` and, if need be, `step` or `log`.
      base: the settings that the search starts from.

    Returns:
      For each setting what it may be, in the order of the names.

    Raises:
      DataError: if the file cannot be read, a setting does not exist, or one of its values is outside of its limits.
    """
    content = as_object(read_json(path, _EXPECTED))
    if not content:
        raise DataError(f"{path}: no settings, expected {_EXPECTED}")
    fields = {field.name: field for field in dataclasses.fields(Config)}
    space: dict[str, Choices | Range] = {}
    for name, given in sorted(content.items()):
        where = f"{path}: {name[:40]}"
        if name in _OWN:
            raise DataError(f"{where}: not searched over, expected {_OWN[name]}")
        if name not in fields:
            raise DataError(f"{where}: no such setting, expected one that `cman-tf train --help` lists as a flag")
        space[name] = _read_range(where, str(fields[name].type), given)
        for value in _extremes(space[name]):
            try:
                dataclasses.replace(base, **{name: value}).validate_limits()
            except ValueError as error:
                raise DataError(f"{where}: {error}") from None
    return space


def _read_range(where: str, kind: str, given: object) -> Choices | Range:
    values = as_list(given)
    if values is not None:
        if len(values) < 2 or len({repr(value) for value in values}) < len(values):
            raise DataError(f"{where}: {str(given)[:60]}, expected two or more different values")
        return Choices(tuple(_read_value(where, kind, value) for value in values))
    parts = as_object(given)
    if parts is None or not {"low", "high"} <= parts.keys() <= {"low", "high", "step", "log"}:
        raise DataError(f"{where}: {str(given)[:60]}, expected a list of values, or low and high, with step or log")
    if not kind.startswith(("int", "float")):
        raise DataError(f"{where}: low and high for a setting that is no number, expected a list of values")
    low, high, step = (
        _read_value(where, kind, parts[part]) if part in parts else None for part in ("low", "high", "step")
    )
    log = parts.get("log", False)
    assert not isinstance(low, (str, type(None))) and not isinstance(high, (str, type(None)))
    if not low < high:
        raise DataError(f"{where}: low {low} and high {high}, expected low below high")
    if not isinstance(log, bool) or (log and (low <= 0 or step is not None)):
        raise DataError(f"{where}: log {str(log)[:20]}, expected true or false; true with low above 0 and without step")
    if step is not None and (isinstance(step, str) or step <= 0):
        raise DataError(f"{where}: step {step}, expected a number above 0")
    return Range(low, high, step, log, kind.startswith("int"))


def _read_value(where: str, kind: str, value: object) -> Any:
    """Return a value of the setting's type."""
    if "bool" in kind and isinstance(value, bool):
        return value
    if kind.startswith("int") and type(value) is int:
        return value
    if kind.startswith("float") and type(value) in (int, float) and math.isfinite(float(value)):  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]
    if kind.startswith("str") and isinstance(value, str):
        return value
    expected = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "a text"}
    name = next(name for name in expected if name in kind)
    raise DataError(f"{where}: {str(value)[:40]!r}, expected {expected[name]}")


def format_value(value: Value) -> str:
    """Format a setting's value for the screen: a number with four digits.

    >>> format_value(0.00037823645), format_value(True), format_value(20000)
    ('0.0003782', 'True', '20000')
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def first_settings(space: Space) -> dict[str, Value]:
    """Return a value for every setting of the space: the first or the lowest one."""
    return {name: _extremes(allowed)[0] for name, allowed in space.items()}


def _extremes(allowed: Choices | Range) -> tuple[Value, ...]:
    if isinstance(allowed, Choices):
        return allowed.values
    return (int(allowed.low), int(allowed.high)) if allowed.is_whole else (allowed.low, allowed.high)


def suggest_settings(space: Space, trial: Suggester) -> dict[str, Value]:
    """Let a trial choose a value for every setting of the space."""
    return {name: allowed.suggest(name, trial) for name, allowed in space.items()}
