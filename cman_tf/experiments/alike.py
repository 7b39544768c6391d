"""Which results are of like runs, and may be averaged."""

from __future__ import annotations

import dataclasses
from typing import Any

from cman_tf.experiments.runs import FLAGS_DIRECTORY
from cman_tf.flags import settings_from_flagfile
from cman_tf.settings import Settings

_FREE = ("seed", "epochs", "patience", "xla")  # in which like runs may differ


def usual_settings(model: str) -> dict[str, Any]:
    """The model's own settings: the baseline's recipe is its flagfile's."""
    if model == "multihead":
        return dataclasses.asdict(settings_from_flagfile(FLAGS_DIRECTORY / "conll04_multihead.flags"))
    return dataclasses.asdict(Settings(model=model).resolved())


def settings_of(result: dict[str, Any]) -> dict[str, Any]:
    """A result's settings that make another run, those that came after it at their usual values."""
    usual = usual_settings(result["flags"]["model"])
    # An older file holds some that its model does not heed, too.
    known = {name: value for name, value in result["flags"].items() if name in usual}
    settings = dataclasses.asdict(Settings(**{**usual, **known}).resolved())
    return {name: value for name, value in settings.items() if name not in _FREE}


def likeness(result: dict[str, Any]) -> dict[str, Any]:
    """What two results have in common if their runs are alike: corpus, inputs, protocol, settings."""
    where = {"corpus": result["corpus"]["name"], "inputs": result["inputs"]}
    return {**where, **settings_of(result), "protocol": result["protocol"]}  # in words, not the flag's value


def grouped(results: list[dict[str, Any]]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Like results together: what they have in common, and they."""
    groups: dict[tuple, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
    for result in results:
        common = likeness(result)
        groups.setdefault(tuple(common.items()), (common, []))[1].append(result)
    return list(groups.values())


def differing(groups: list[dict[str, Any]]) -> list[str]:
    """Names of what is not the same in all of some groups."""
    return [name for name in (groups[0] if groups else ()) if len({group.get(name) for group in groups}) > 1]
