"""CoNLL04 from the places where its two forms are published."""

from __future__ import annotations

import hashlib
import http.client
import pathlib
import urllib.error
import urllib.request
from typing import NamedTuple

from cman_tf.errors import DataError
from cman_tf.runs.files import sha256_of, write_atomically

_LIMIT = 50_000_000  # bytes; the corpus has less than one million
_TIMEOUT = 30  # seconds


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


def validate_known(path: pathlib.Path, sha256: str) -> None:
    """Raise DataError if a file that is there already is not the one that would be downloaded."""
    found = sha256_of(path)
    if found != sha256:
        raise DataError(
            f"{path}: is there with sha256 {found[:12]}..., expected {sha256[:12]}...; it was changed or cut short, "
            "move it away to have it downloaded again"
        )


def fetch(address: str, sha256: str) -> bytes:
    """Return a file's bytes. Of an address that begins with http://, https:// is tried first.

    Args:
      address: of the file.
      sha256: its hash.

    Raises:
      DataError: if it cannot be had, or is another file than the one known.
    """
    places = [address]
    if address.startswith("http://"):
        places.insert(0, f"https://{address.removeprefix('http://')}")  # not every server has it
    content, reason = b"", ""
    for place in places:
        try:
            with urllib.request.urlopen(place, timeout=_TIMEOUT) as answer:
                content = answer.read(_LIMIT + 1)
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            reason = f"{getattr(error, 'reason', error)}"
            continue
        reason = ""
        if hashlib.sha256(content).hexdigest() == sha256:
            return content
    if reason:
        raise DataError(f"{address}: {reason}, expected to download it")
    found = hashlib.sha256(content).hexdigest()
    raise DataError(f"{address}: {len(content)} bytes of sha256 {found}, expected {sha256}; nothing was written")


def download_corpus(source: Source, folder: pathlib.Path) -> list[str]:
    """Write the files that a folder lacks, whole or not at all.

    Args:
      source: where the files are.
      folder: made if it is not there.

    Returns:
      The names of the files that were written.

    Raises:
      DataError: if a file cannot be had, or if one that is there is another one. Nothing is overwritten.
    """
    missing = [name for name in source.files if not (folder / name).exists()]
    for name, sha256 in source.files.items():
        if name not in missing:
            validate_known(folder / name, sha256)
    contents = {name: fetch(source.address + name, source.files[name]) for name in missing}
    for name, content in contents.items():
        write_atomically(folder / name, content)
    return missing


def explain_by_hand(form: str, folder: pathlib.Path) -> str:
    """What to do where there is no network."""
    source = CONLL04[form]
    names = ", ".join(source.files)
    other = next(name for name in CONLL04 if name != form)
    names_too = ", ".join(CONLL04[other].files)
    return (
        f"put {names} from {source.address} into {folder}/ , or {names_too} from {CONLL04[other].address} "
        f"into {folder.parent}/conll04_{other}/ ; `bash run_conll04.sh --sample` works without them"
    )
