"""Compute an encoder's features of a corpus once, into a file that training reads.

    python -m cman_tf.embed --data_dir=data/conll04_spert --encoder=minilm
    python -m cman_tf.train --data_dir=data/conll04_spert --encoder=minilm ...

Training does this itself where it was not done. Killed, it goes on where it was.
"""

from __future__ import annotations

from absl import flags

from cman_tf.command_line.config_flags import run
from cman_tf.data.corpus import SPLITS, find_split
from cman_tf.encoders import source
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.registry import FORMATS

FLAGS = flags.FLAGS


def main(arguments: list[str]) -> None:
    del arguments
    encoder = source.find_source(source.given())
    if encoder is None:
        raise DataError("no encoder, expected --encoder, --elmo, or --elmo_options and --elmo_weights")
    if FLAGS.data and FLAGS.data_dir:
        raise DataError("--data and --data_dir, expected one of them")
    paths = FLAGS.data or [find_split(FLAGS.data_dir, split) for split in SPLITS if FLAGS.data_dir]
    if not paths:
        raise DataError("no data, expected --data_dir or --data")
    corpora = [read_corpus(path, FLAGS.format) for path in paths]
    if FLAGS.data and not FLAGS.features:
        raise DataError("--data without --features, expected the file that the features go to")

    from cman_tf.encoders.feature_cache import load_features

    features, path = load_features(corpora, encoder, FLAGS.features)
    count = sum(len(corpus.sentences) for corpus in corpora)
    print(f"{path}: {count} sentences, {features.layers} layers of {features.size}")


if __name__ == "__main__":
    flags.DEFINE_string("data_dir", None, "Directory with train, dev and test files.")
    flags.DEFINE_multi_string("data", None, "A file, instead of --data_dir; may be given more than once.")
    flags.DEFINE_enum("format", "auto", FORMATS, "Format of the files; auto: by content.")
    flags.DEFINE_string("features", None, "HDF5 file to make or to go on with; none: features/CORPUS-ENCODER-HASH.h5.")
    source.define_flags()
    flags.adopt_module_key_flags(source)
    run(main)
