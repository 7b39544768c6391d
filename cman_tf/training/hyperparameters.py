"""Which settings of a run TensorBoard's dashboard HParams shows, and under which name it shows the run."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from typing import Any, Union

from cman_tf.config import Config
from cman_tf.errors import DataError
from cman_tf.flagfiles import find_flagfile, names
from cman_tf.runs.flagfile import config_from_flagfile

Value = Union[bool, int, float, str]
_ALWAYS = ("model", "seed")


def list_hyperparameters(config: Config, inputs: str) -> dict[str, Value]:
    """List the settings that differ from the nearest shipped flagfile of the model, and those that tell all runs apart.

    Args:
      config: the resolved configuration.
      inputs: the description of a token's inputs.

    Returns:
      `flagfile` (its name, or `defaults`), `inputs`, `model`, `seed`, and each setting that differs, by name.
    """
    name, base = find_nearest(config)
    values: dict[str, Any] = dataclasses.asdict(config)
    before = dataclasses.asdict(base)
    shown = {key: value for key, value in values.items() if key in _ALWAYS or value != before[key]}
    return {"flagfile": name, "inputs": inputs, **{key: "" if v is None else v for key, v in shown.items()}}


def find_nearest(config: Config) -> tuple[str, Config]:
    """Find the shipped flagfile of the same model from which the fewest settings differ.

    Args:
      config: the resolved configuration.

    Returns:
      Its name and its configuration; `defaults` and the default configuration of the model if there is none.
    """
    values = dataclasses.asdict(config)
    best: tuple[int, str, Config] | None = None
    for name in names():
        try:
            base = config_from_flagfile(find_flagfile(name))
        except DataError:  # a file that someone changed is no reason to stop a training
            continue
        differing = sum(values[key] != value for key, value in dataclasses.asdict(base).items())
        if base.model == config.model and (best is None or differing < best[0]):
            best = differing, name, base
    return (best[1], best[2]) if best else ("defaults", Config(model=config.model).resolved())


def name_trial(directory: str | pathlib.Path) -> str:
    """Return a run's name: the last two parts of its path.

    >>> name_trial("runs/conll04")
    'runs/conll04'
    """
    return "/".join(pathlib.Path(os.path.abspath(directory)).parts[-2:])
