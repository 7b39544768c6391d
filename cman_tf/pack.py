"""Make a small copy of a trained model, to pass it on.

    cman-tf pack --model_dir=runs/conll04 --output=my_model

The copy holds what prediction needs, in half precision: no optimizer, no metrics, no paths of this machine but those of
a contextual encoder and of an index of passages. Every command reads it like the model itself, but training cannot
resume from it.
"""

from __future__ import annotations

from absl import flags

from cman_tf.command_line import model_place_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.model_flags import define_checkpoint
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.inference.description import read_description
from cman_tf.runs.files import validate_new_directory

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the flags of this command."""
    with flag_group("Model"):
        flags.DEFINE_string("model_dir", None, "`Directory` of a run of cman-tf train.", required=True)
        define_checkpoint()
    model_place_flags.define_flags()
    with flag_group("Output"):
        flags.DEFINE_string("output", None, "`Directory` to write; it must not exist.", required=True)


def main(arguments: list[str]) -> None:
    """Pack the model."""
    del arguments
    validate_new_directory(FLAGS.output)
    description = read_description(FLAGS.model_dir, FLAGS.checkpoint, model_place_flags.given())
    import_tensorflow()
    from cman_tf.inference.packing import pack_model

    size = pack_model(description, FLAGS.output)
    place = description.retrieval
    needs = f"; needs {place.value}, which is not in it: pass it on, too" if place else ""
    print(f"{FLAGS.output}: {size / 1e6:.1f} MB{needs}")


COMMAND = Command("pack", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
