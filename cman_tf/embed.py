"""Compute a contextual encoder's features of a corpus once, for many trainings.

    cman-tf embed --data_dir=data/conll04_spert --encoder=minilm
    cman-tf train --data_dir=data/conll04_spert --encoder=minilm ...

Training computes missing features itself. Re-running the command resumes an interrupted one.
"""

from __future__ import annotations

from absl import flags

from cman_tf.command_line import encoder_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.data.corpus import SPLITS, find_split
from cman_tf.encoders import source
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.registry import FORMATS

FLAGS = flags.FLAGS


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Data"):
        flags.DEFINE_string(
            "data_dir",
            None,
            "`Directory` with train, dev and test files; sample: the corpus that ships with the package.",
        )
        flags.DEFINE_multi_string("data", None, "A `file`, instead of --data_dir; may be given more than once.")
        flags.DEFINE_enum("format", "auto", FORMATS, "Format of the files; auto: by content.")
    encoder_flags.define_flags()
    with flag_group("Output"):
        flags.DEFINE_string(
            "features", None, "HDF5 `file` to make or to go on with; none: features/CORPUS-ENCODER-HASH.h5."
        )


def main(arguments: list[str]) -> None:
    del arguments
    encoder = source.find_source(encoder_flags.given())
    if encoder is None:
        raise DataError("no encoder, expected --encoder, --elmo, or --elmo_options and --elmo_weights")
    if FLAGS.data and FLAGS.data_dir:
        raise DataError("--data and --data_dir, expected one of them")
    folder = FLAGS.data_dir and find_sample(FLAGS.data_dir)
    paths = FLAGS.data or [find_split(folder, split) for split in SPLITS if folder]
    if not paths:
        raise DataError("no data, expected --data_dir or --data")
    corpora = [read_corpus(path, FLAGS.format) for path in paths]
    if FLAGS.data and not FLAGS.features:
        raise DataError("--data without --features, expected the file that the features go to")

    import_tensorflow()
    from cman_tf.encoders.feature_cache import load_features

    features, path = load_features(corpora, encoder, FLAGS.features)
    count = sum(len(corpus.sentences) for corpus in corpora)
    print(f"{path}: {count} sentences, {features.layers} layers of {features.size}")


COMMAND = Command("embed", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
