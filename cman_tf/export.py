"""Write a trained model as a SavedModel that needs only TensorFlow.

    cman-tf export --model_dir=runs/sample --export_dir=exported/sample
    cman-tf export --model_dir=runs/sample --export_dir=exported/sample --tokenizer=whitespace --overwrite

The SavedModel has a signature for texts, each of them one sentence, and one for tokens. It finds what cman-tf predict
finds. README.md and export.json in its directory say how it is called.
"""

from __future__ import annotations

import json
import pathlib

from absl import flags

from cman_tf.command_line import constraint_flags, model_place_flags, number_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.model_flags import define_checkpoint
from cman_tf.command_line.output_flags import define_overwrite
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.exporting.directory import CARD, validate_export_directory
from cman_tf.exporting.text_tokenizer import validate_tokenizer
from cman_tf.inference.description import read_description

FLAGS = flags.FLAGS


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Model"):
        flags.DEFINE_string("model_dir", None, "`Directory` of a run of cman-tf train.", required=True)
        define_checkpoint()
        flags.DEFINE_string(
            "tokenizer", None, "`Name` of the built-in tokenizer that cuts texts; none: the model's own."
        )
    with flag_group("Relations"):
        number_flags.define_thresholds()
    constraint_flags.define_flags()
    model_place_flags.define_flags()
    with flag_group("Output"):
        flags.DEFINE_string("export_dir", None, "`Directory` to write.", required=True)
        define_overwrite("Replace an exported model that is there.")


def main(arguments: list[str]) -> None:
    """Export the model."""
    del arguments
    validate_export_directory(FLAGS.export_dir, FLAGS.overwrite)
    description = read_description(FLAGS.model_dir, FLAGS.checkpoint, model_place_flags.given())
    constraint_flags.given(description)
    validate_tokenizer(FLAGS.tokenizer, description)

    import_tensorflow()
    from cman_tf.exporting.export_model import export_model

    made = export_model(
        description,
        FLAGS.export_dir,
        tokenizer=FLAGS.tokenizer,
        relation_threshold=FLAGS.relation_threshold,
        entity_threshold=FLAGS.entity_threshold,
        constrain_types=FLAGS.constrain_types,
        symmetric_relations=FLAGS.symmetric_relations,
        overwrite=FLAGS.overwrite,
    )
    note = json.loads((pathlib.Path(made.directory) / CARD).read_text(encoding="utf-8"))["note"]
    print(f"{made.directory}: {made.size / 1e6:.1f} MB, signatures: {', '.join(made.signatures)}")
    print(note or f"Texts are cut by the tokenizer {made.tokenizer}.")


COMMAND = Command("export", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
