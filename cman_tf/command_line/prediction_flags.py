"""The flags that say how texts are read and which entities and relations are found in them."""

from __future__ import annotations

from typing import Any

from absl import flags

from cman_tf.command_line import number_flags
from cman_tf.command_line.flag_help import flag_group
from cman_tf.inference.tuned import CHOICES, DEFAULT, THRESHOLDS_HELP

FLAGS = flags.FLAGS
_OPTIONS = ("all_scores", "on_long", "batch_tokens", "given_entities")


def define_text_flags(split_help: str) -> None:
    """Define the flags `tokenizer`, `split_sentences` and `on_long`.

    Args:
      split_help: what the help says of `split_sentences`.
    """
    with flag_group("Data"):
        flags.DEFINE_string(
            "tokenizer", None, "`Name` of the tokenizer that cuts raw text, such as whitespace; none: the model's."
        )
        flags.DEFINE_boolean("split_sentences", None, split_help)
        flags.DEFINE_enum(
            "on_long",
            "window",
            ("window", "error"),
            "Sentences of over 400 tokens: read in overlapping windows, or refused.",
        )


def define_relation_flags() -> None:
    """Define the thresholds and `all_scores`."""
    with flag_group("Relations"):
        number_flags.define_thresholds()
        flags.DEFINE_enum("thresholds", DEFAULT, CHOICES, THRESHOLDS_HELP)
        flags.DEFINE_boolean(
            "all_scores", False, "Also write, as candidates, relations that are not above the threshold."
        )


def extraction_options(split_sentences: bool = False) -> dict[str, Any]:
    """Return the options of `Extractor.extract` that the flags give.

    Args:
      split_sentences: whether texts are split if no flag says so.
    """
    options = {name: FLAGS[name].value for name in _OPTIONS}
    for name in number_flags.THRESHOLDS:
        options[name] = FLAGS[name].value if FLAGS[name].present else None
    options["split_sentences"] = split_sentences if FLAGS.split_sentences is None else FLAGS.split_sentences
    return options
