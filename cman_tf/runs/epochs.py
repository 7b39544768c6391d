"""How far a run has come: its epochs, and whether any is left to train."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

from cman_tf.config import Config
from cman_tf.errors import DataError

STAGE_ONE = "stage_one"  # first stage of --protocol=two_stage: the name of its folder and of its part of the result


def is_finished(epoch: int, best_epoch: int, config: Config) -> bool:
    """Return whether a run has reached its last epoch or used up its patience.

    Args:
      epoch: the last epoch that the run finished.
      best_epoch: the epoch with the best dev score.
      config: the run's configuration.
    """
    if config.protocol == "fixed_epochs":
        return epoch >= config.epochs
    return epoch >= config.epochs or bool(config.patience) and epoch - best_epoch >= config.patience


def count_epochs(result: Mapping[str, Any]) -> tuple[int, int]:
    """Return a result's number of epochs and its best epoch.

    Of a run in two stages they are those of the first stage, which decides when training ends.
    """
    counted = result.get(STAGE_ONE, result)
    return counted["epochs"], counted["best_epoch"]


def is_complete(result: Mapping[str, Any], config: Config) -> bool:
    """Return whether a result has the number of epochs that the configuration asks for."""
    return is_finished(*count_epochs(result), config)


def validate_epochs(where: str | pathlib.Path, epoch: int, best_epoch: int, config: Config) -> None:
    """Check that the result of a run lies within the epochs that are asked for.

    Args:
      where: the run's directory or result file, for the message.
      epoch: the last epoch that the run finished.
      best_epoch: the epoch with the best dev score.
      config: the configuration that is asked for.

    Raises:
      DataError: if the run's result comes from a later epoch than the configuration allows.
    """
    last = epoch if config.protocol == "fixed_epochs" else best_epoch
    if last > config.epochs:
        what = "the last epoch is" if config.protocol == "fixed_epochs" else "the best epoch is"
        raise DataError(
            f"{where}: {what} {last}, expected at most --epochs={config.epochs}; raise --epochs, or choose another "
            "--model_dir"
        )
