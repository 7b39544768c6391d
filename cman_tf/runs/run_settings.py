"""The settings in a run's run.json: their types, those of older versions, and which of them two runs may not share."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from cman_tf.config import OLDER_SETTINGS, Config
from cman_tf.runs.schema import Check, nullable, number, text, truth, whole


def _setting_schema(field: dataclasses.Field[Any]) -> Check:
    """Return what a setting in run.json may be: the type of the field of `Config`."""
    kinds = {"bool": truth(), "int": whole(), "float": number(), "str": text()}
    kind = kinds[str(field.type).partition(" ")[0]]
    return nullable(kind) if "None" in str(field.type) else kind


SETTINGS = {field.name: _setting_schema(field) for field in dataclasses.fields(Config)}


def list_changeable(config: Mapping[str, Any]) -> tuple[str, ...]:
    """List the settings that may change when a run is resumed, because they only say when it ends.

    The number of epochs is among them unless the learning rate depends on it.
    """
    return ("epochs", "patience") if config["learning_rate_schedule"] == "constant" else ("patience",)


def fill_defaults(old: Mapping[str, Any]) -> dict[str, Any]:
    """Return an older run's settings with those that its version did not have, as it behaved.

    They are the defaults, except for `OLDER_SETTINGS`.
    """
    older = OLDER_SETTINGS if old.get("cell") == "mlp" else {}
    return {**dataclasses.asdict(Config(model=old["model"]).resolved()), **older, **old}


def list_differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """List the settings in which two runs differ, apart from those that may change.

    Args:
      old: the earlier run's settings; `fill_defaults` fills in those that are missing.
      new: the other run's settings.
    """
    was = fill_defaults(old)
    return [name for name in new if name not in list_changeable(new) and was[name] != new[name]]
