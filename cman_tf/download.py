"""Download a corpus, an encoder or word vectors.

    cman-tf download conll04 --data_dir=data
    cman-tf download minilm
    cman-tf download mpnet
    cman-tf download glove

conll04: the corpus, into --data_dir. minilm: a small transformer for --encoder=minilm. mpnet: all-mpnet-base-v2, of
BERT-base's size, for --encoder=mpnet. glove: the 400,000 words of GloVe 6B with 50 numbers each, for
--word_vectors=glove. Each file is checked against its known sha256. mpnet and glove go to $CMAN_CACHE_DIR, or to
~/.cache/cman_tf.
"""

from __future__ import annotations

import os
import pathlib

from absl import flags

from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.downloads.corpora import CONLL04, download_corpus, explain_by_hand
from cman_tf.downloads.glove import download_glove
from cman_tf.downloads.minilm import install_minilm
from cman_tf.downloads.mpnet import download_mpnet
from cman_tf.errors import DataError

FLAGS = flags.FLAGS
NAMES = ("conll04", "minilm", "mpnet", "glove")


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Data"):
        flags.DEFINE_string(
            "data_dir",
            os.environ.get("CMAN_DATA_DIR") or "data",
            "`Directory` that the corpus' own folder goes to; unset: $CMAN_DATA_DIR, or data.",
        )
        flags.DEFINE_enum(
            "format",
            "spert",
            tuple(CONLL04),
            "spert: the Gupta et al. split as JSON; multihead: Bekoulis et al., columns.",
        )


def main(arguments: list[str]) -> None:
    if len(arguments) != 2 or arguments[1] not in NAMES:
        raise DataError(f"{' '.join(arguments[1:]) or 'nothing'}: expected one of {', '.join(NAMES)}")
    name = arguments[1]
    if name == "conll04":
        _download_conll04(pathlib.Path(FLAGS.data_dir) / f"conll04_{FLAGS.format}")
    elif name == "minilm":
        install_minilm()
        print("minilm: installed; use it with --encoder=minilm")
    elif name == "mpnet":
        print(f"mpnet: in {download_mpnet()}; use it with --encoder=mpnet")
    else:
        print(f"glove: in {download_glove()}; use it with --word_vectors=glove")


def _download_conll04(folder: pathlib.Path) -> None:
    try:
        written = download_corpus(CONLL04[FLAGS.format], folder)
    except DataError as error:
        raise DataError(f"{error}\n{explain_by_hand(FLAGS.format, folder)}") from None
    print(f"{folder}: {', '.join(written) + ' downloaded' if written else 'all files were there'}")


COMMAND = Command("download", __doc__, define_flags, main, "|".join(NAMES))

if __name__ == "__main__":
    COMMAND.run()
