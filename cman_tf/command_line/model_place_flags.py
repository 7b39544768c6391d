"""The flags that say where what a trained model needs is now: its contextual encoder, and its passages."""

from __future__ import annotations

from cman_tf.command_line import encoder_flags, retrieval_flags


def define_flags(images: bool = False) -> None:
    """Define the flags of both; those of images only for commands that read data with query vectors."""
    encoder_flags.define_flags()
    retrieval_flags.define_flags(images)


def given() -> dict[str, str]:
    """Return those that were given, as `cman_tf.inference.description.read_description` takes them."""
    return {**encoder_flags.given(), **retrieval_flags.given()}
