"""The flags that say where passages are retrieved from."""

from __future__ import annotations

from absl import flags

from cman_tf.command_line.flag_help import flag_group
from cman_tf.errors import DataError
from cman_tf.retrieving.names import RETRIEVAL_FLAGS, TEXT

FLAGS = flags.FLAGS


def define_flags(images: bool = True) -> None:
    """Define the flags of `RETRIEVAL_FLAGS`; only `retrieve` without `images`."""
    with flag_group("Retrieval"):
        flags.DEFINE_string(
            "retrieve",
            None,
            "`Index` of cman-tf index, whose passages follow each sentence; a model remembers it; none: no passages. "
            "For a mixture several, between commas.",
        )
        if not images:
            return
        flags.DEFINE_string(
            "image_index",
            None,
            "`FEATURES.npy,TEXTS.jsonl`: passages are the texts of the images nearest to a sentence's query vector.",
        )
        flags.DEFINE_string(
            "image_queries",
            None,
            "With --image_index: .npy `files` between commas, one for each file of data in the order train, dev, test, "
            "with a query vector for each sentence.",
        )


def given() -> dict[str, str]:
    """Return the flags among `RETRIEVAL_FLAGS` that were given.

    Raises:
      DataError: if one is empty, as where a variable of the shell is not set.
    """
    values = {name: FLAGS[name].value for name in RETRIEVAL_FLAGS if name in FLAGS}
    for name, value in values.items():
        if value == "":
            raise DataError(f"--{name} is empty, expected a place{', or none' if name == TEXT else ''}")
    return {name: value for name, value in values.items() if value}
