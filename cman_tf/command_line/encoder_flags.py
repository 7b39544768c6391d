"""The flags that name a contextual encoder."""

from __future__ import annotations

from absl import flags

from cman_tf.command_line.flag_help import flag_group
from cman_tf.encoders.names import ENCODER_FLAGS
from cman_tf.encoders.source import PRECISIONS

FLAGS = flags.FLAGS


def define_flags() -> None:
    """The flags of `ENCODER_FLAGS`."""
    with flag_group("Contextual encoder"):
        flags.DEFINE_string(
            "encoder", None, "A transformer: a `directory`, a name on the Hugging Face hub, minilm or mpnet."
        )
        flags.DEFINE_string("elmo", None, "ELMo from TensorFlow Hub: a handle or a `directory` (TF1 format).")
        flags.DEFINE_string("elmo_options", None, "ELMo from AllenNLP's files: the `file` options.json.")
        flags.DEFINE_string("elmo_weights", None, "ELMo from AllenNLP's files: the `file` weights.hdf5.")
        flags.DEFINE_enum(
            "encoder_precision",
            None,
            PRECISIONS,
            "Precision in which the encoder's features are kept; float16 takes half the disk; unset: float32.",
        )


def given() -> dict[str, str]:
    """The flags among `ENCODER_FLAGS` that were given."""
    values = {name: FLAGS[name].value for name in ENCODER_FLAGS}
    return {name: value for name, value in values.items() if value}
