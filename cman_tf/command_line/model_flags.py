"""The flag that chooses among a model's weights, which every command that reads a trained model has."""

from __future__ import annotations

from absl import flags


def define_checkpoint() -> None:
    """Define the flag `checkpoint`."""
    flags.DEFINE_enum(
        "checkpoint",
        "best",
        ("best", "last"),
        "Weights of the best dev epoch or of the last, the latter not averaged.",
    )
