"""What was retrieved for a corpus, kept in a file, so that a second training asks nothing.

The file has JSON lines. The first one says what was asked; each other one lists the passages of a sentence.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from cman_tf.errors import DataError
from cman_tf.formats import bounds
from cman_tf.retrieving.corpus_reading import printable_name
from cman_tf.retrieving.leakage import GUARD_VERSION, REASONS, Retrieved, find_unleaked
from cman_tf.retrieving.passages import Passage, PassageSource, Tokens
from cman_tf.runs.durable import name_errors
from cman_tf.runs.files import file_lock, write_atomically
from cman_tf.runs.json_values import parse_json
from cman_tf.runs.schema import Check, find_mismatch, list_of, number, object_of, one_of, record, text, whole

_KIND, _VERSION = "passages retrieved by cman_tf", 1
_FOLDER = "retrieved"
_EXPECTED = "expected what was retrieved; remove the file, and it is retrieved again"
_PART = 256  # sentences that are asked together
_PASSAGE = record({"number": whole(), "text": text(), "tokens": list_of(text()), "score": number()})


def find_cached(
    source: PassageSource,
    sentences: Sequence[Tokens],
    k: int,
    corpus: str = "corpus",
    folder: str | pathlib.Path = _FOLDER,
    rows: Sequence[int] | None = None,
    advance: Callable[[int], object] = lambda count: None,
) -> tuple[Retrieved, pathlib.Path]:
    """Return the passages of a corpus from its file, or ask the source and write the file.

    Args:
      source: what is asked if there is no file. Sentences, `k`, the source's key and the guard's version name the file.
      sentences: the tokens of the S sentences of the corpus.
      k: the number of passages for each sentence.
      corpus: the name of the corpus, with which the file's name begins.
      folder: the folder of the files.
      rows: for each sentence its place in the corpus, for a source of images; None: 0 to S - 1.
      advance: called with the number of sentences that were asked for since the last call.

    Returns:
      The passages, and the file.

    Raises:
      DataError: if the file is damaged, or if the source is one of another corpus.
      OSError: naming the file, if it cannot be written.
    """
    if rows is None:
        source.validate_corpus(len(sentences))
    key = hash_request(source, sentences, k, rows)
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in corpus)[:80]
    path = pathlib.Path(folder) / f"{name}-{key[:16]}.jsonl"
    if path.exists():
        return _read(path, key, len(sentences)), path
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    with name_errors(path):
        lock.touch()
    with file_lock(lock, lambda: None):
        if path.exists():
            return _read(path, key, len(sentences)), path
        source.validate_content()
        retrieved = _ask(source, sentences, k, rows, advance)
        name = printable_name(source.name)
        head = {"kind": _KIND, "version": _VERSION, "key": key, "source": name, "left_out": retrieved.left_out}
        write_atomically(path, lambda file: _write(file, head, retrieved))
    lock.unlink(missing_ok=True)
    return retrieved, path


def hash_request(source: PassageSource, sentences: Sequence[Tokens], k: int, rows: Sequence[int] | None = None) -> str:
    """Return a hash of all that the passages of a corpus depend on, in hexadecimal."""
    digest = hashlib.sha256(json.dumps([_VERSION, GUARD_VERSION, source.key, k, rows and list(rows)]).encode())
    for tokens in sentences:
        digest.update(json.dumps(list(tokens)).encode() + b"\n")
    return digest.hexdigest()


def _ask(
    source: PassageSource,
    sentences: Sequence[Tokens],
    k: int,
    rows: Sequence[int] | None,
    advance: Callable[[int], object],
) -> Retrieved:
    """Ask the source, part after part."""
    passages: list[list[Passage]] = []
    left_out = dict.fromkeys(REASONS, 0)
    places = range(len(sentences)) if rows is None else rows
    for first in range(0, len(sentences), _PART):
        part = slice(first, first + _PART)
        found = find_unleaked(source, sentences[part], k, places[part])
        passages += found.passages
        for reason, count in found.left_out.items():
            left_out[reason] += count
        advance(len(found.passages))
    return Retrieved(passages, left_out)


def _write(file: BinaryIO, head: dict[str, Any], retrieved: Retrieved) -> None:
    """Write the lines of a file."""
    file.write(json.dumps(head).encode() + b"\n")
    for passages in retrieved.passages:
        listed = [{"number": p.number, "text": p.text, "tokens": p.tokens, "score": p.score} for p in passages]
        file.write(json.dumps(listed, ensure_ascii=False).encode("utf-8") + b"\n")


def _read(path: pathlib.Path, key: str, count: int) -> Retrieved:
    """Read a file.

    Raises:
      DataError: if it is damaged.
    """
    head_schema = record(
        {
            "kind": one_of(_KIND),
            "version": one_of(_VERSION),
            "key": one_of(key),
            "source": text(),
            "left_out": object_of(whole(), one_of(*REASONS)),
        }
    )
    lines = _read_lines(path)
    _, head = next(lines, ("", {}))
    _check(head, head_schema, f"{path}, line 1")
    passages: list[list[Passage]] = []
    for where, found in lines:
        _check(found, list_of(_PASSAGE), where)
        passages.append([Passage(p["number"], p["text"], tuple(p["tokens"]), float(p["score"])) for p in found])
    if len(passages) != count:
        raise DataError(f"{path}: passages of {len(passages)} sentences, not {count}, {_EXPECTED}")
    return Retrieved(passages, head["left_out"])


def _check(value: Any, schema: Check, where: str) -> None:
    mismatch = find_mismatch(value, schema)
    if mismatch:
        raise DataError(f"{where}: {mismatch}, {_EXPECTED}")


def _read_lines(path: pathlib.Path) -> Iterator[tuple[str, Any]]:
    """Yield each line's value, with its place."""
    with open(path, "rb") as file:
        for place, line in enumerate(bounds.read_lines(file, str(path)), start=1):
            where = f"{path}, line {place}"
            try:
                yield where, parse_json(line.decode("utf-8"))
            except (ValueError, RecursionError) as error:
                raise DataError(f"{where}: not JSON ({str(error)[:80]}), {_EXPECTED}") from None
