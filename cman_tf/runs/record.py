"""A run's record: the hashes of the files that make up its model, and the name of its tokenizer.

Training keeps record.json up to date, and loading a model compares the files with it. Otherwise a vocabulary with two
tags swapped would give wrong answers without an error.
"""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterable
from typing import Any, TypedDict

from cman_tf.errors import DataError, quote
from cman_tf.runs import schema
from cman_tf.runs.files import read_json, sha256_of, write_atomically
from cman_tf.runs.packed_weights import NAMES, WEIGHTS
from cman_tf.runs.schema import SHA256, object_of, text, truth

_NAME = "record.json"
_EXPECTED = "the record that cman-tf train wrote"
_RESTORE = "restore the directory, or choose another --model_dir"
_HASHES = object_of(SHA256)
_SCHEMA = schema.record({"tokenizer": text(), "files": _HASHES, "weights": _HASHES})
_RUN = schema.record({}, {"tokenizer": text(), "record": truth()}, others=True)
_FILES = (
    "flags.txt",
    "vocabulary.json",
    "word_vectors.npy",
    "contextual.json",
    "signatures.json",
    "retrieval.json",
    NAMES,
)


class Record(TypedDict):
    """The content of record.json.

    Attributes:
      tokenizer: the name of the tokenizer that cuts raw text.
      files: the sha256 of the configuration, the vocabulary, the word vectors, signatures.json, contextual.json and a
        packed model's list of weights, by file name.
        contextual.json names the encoder and holds the hash of the encoder's own files.
      weights: the sha256 of each checkpoint's files, by path below the run's directory.
    """

    tokenizer: str
    files: dict[str, str]
    weights: dict[str, str]


def start_record(directory: str | pathlib.Path, tokenizer: str | None = None) -> None:
    """Record the files of a run before training starts or resumes.

    Args:
      directory: the run's directory.
      tokenizer: the name of the tokenizer that cuts raw text. None: the name in run.json; `v1` if it has none.
    """
    folder = pathlib.Path(directory)
    old = read_record(folder)
    if tokenizer is None:
        run = folder / "run.json"
        tokenizer = str(_read_run(run).get("tokenizer", "v1")) if run.exists() else "v1"
    files = {name: sha256_of(folder / name) for name in _FILES if (folder / name).exists()}
    _write(folder, {"tokenizer": tokenizer, "files": files, "weights": old["weights"] if old else {}})


def record_weights(directory: str | pathlib.Path, checkpoints: Iterable[str]) -> None:
    """Record checkpoints that were just written, and remove deleted ones from the record.

    Args:
      directory: the run's directory.
      checkpoints: the checkpoints' paths without an ending, such as `runs/x/best/ckpt-12`.

    Raises:
      DataError: if the run has no record.
    """
    folder = pathlib.Path(directory)
    record = read_record(folder)
    if record is None:
        raise DataError(f"{folder / _NAME}: no such file, expected {_EXPECTED}")
    kept = {name: digest for name, digest in record["weights"].items() if (folder / name).exists()}
    for checkpoint in checkpoints:
        kept.update({_name(path, folder): sha256_of(path) for path in checkpoint_files(checkpoint)})
    _write(folder, {**record, "weights": kept})


def find_unrecorded(directory: str | pathlib.Path, checkpoints: Iterable[str]) -> list[str]:
    """Find the checkpoints of which the record has no file; one that was changed since is not among them.

    Args:
      directory: the run's directory.
      checkpoints: the checkpoints' paths without an ending.
    """
    folder = pathlib.Path(directory)
    record = read_record(folder)
    known: dict[str, str] = record["weights"] if record else {}
    return [c for c in checkpoints if not any(_name(path, folder) in known for path in checkpoint_files(c))]


def verify_resumable(directory: str | pathlib.Path, required: bool = False) -> None:
    """Compare what training resumes from with the record, before anything is written.

    flags.txt and contextual.json are not compared, because resuming writes them again from the caller's own flags. A
    checkpoint that is not in the record is accepted if it is of the epoch after the recorded ones: a run that was
    killed between saving and recording has left it. One that differs from the record is accepted if another does not.

    Args:
      directory: the run's directory.
      required: whether a run with a checkpoint must have a record. Runs of older versions have none.

    Raises:
      DataError: naming the first file that differs from the record.
    """
    folder = pathlib.Path(directory)
    saved = sorted(path for part in ("last", "best") for path in (folder / part).glob("ckpt-*.*"))
    record = read_record(folder)
    if record is None:
        if required and saved:
            raise DataError(f"{folder}: record.json is missing, expected it beside run.json; {_RESTORE}")
        return
    for name in ("vocabulary.json", "word_vectors.npy"):
        _verify(folder / name, name, record["files"].get(name))
    if "contextual.json" not in record["files"]:
        _verify(folder / "contextual.json", "contextual.json", None)
    newest = max((0, *(_epoch(name) for name in record["weights"])))  # 0: none, or only within the first epoch
    if newest and not any(path.suffix == ".index" for path in saved):
        raise DataError(
            f"{folder}: no checkpoint in last/ or best/, expected the one of epoch {newest} that training recorded; "
            f"{_RESTORE}"
        )
    changed: dict[pathlib.Path, DataError] = {}
    for path in saved:
        name = _name(path, folder)
        if name in record["weights"] or newest and _epoch(name) != newest + 1:
            try:
                _verify(path, name, record["weights"].get(name))
            except DataError as error:
                if name not in record["weights"]:
                    raise
                changed.setdefault(path.with_suffix(""), error)
    # `cman_tf.training.restoring` leaves out a checkpoint that was changed, as long as another one is whole.
    if changed and changed.keys() >= {path.with_suffix("") for path in saved}:
        raise changed[max(changed, key=lambda path: _epoch(_name(path, folder) + "."))]


def _verify(path: pathlib.Path, name: str, recorded: str | None) -> None:
    """Raise DataError if a file of a run is not the recorded one; `recorded` is None if there should be none."""
    if not path.exists():
        if recorded is not None:
            raise DataError(f"{path}: no such file, expected the one that training wrote; {_RESTORE}")
        return
    if recorded is None:
        raise DataError(f"{path}: not in the run's record, expected only files that training wrote; {_RESTORE}")
    if sha256_of(path) != recorded:
        raise DataError(f"{path}: was changed since training wrote it, expected sha256 {recorded[:12]}...; {_RESTORE}")


def _epoch(name: str) -> int:
    """Return the epoch of a checkpoint's file: 12 for best/ckpt-12.index; -1 if the name has none."""
    found = re.match(r"(?:last|best)/ckpt-(\d+)\.", name)
    return int(found[1][:18]) if found else -1


def checkpoint_files(checkpoint: str | pathlib.Path) -> list[pathlib.Path]:
    """List the files of a checkpoint, given its path without an ending, or that of a packed model's weights."""
    path = pathlib.Path(checkpoint)
    if path.name == WEIGHTS:
        return [path]
    return sorted(
        p for p in path.parent.glob(f"{path.name}.*") if p.name[len(path.name) :].startswith((".index", ".data-"))
    )


def read_record(directory: str | pathlib.Path) -> Record | None:
    """Read a run's record; None if the run is of a version that kept no record.

    Raises:
      DataError: if the file does not hold a record.
    """
    path = pathlib.Path(directory) / _NAME
    if not path.exists():
        return None
    content = read_json(path, _EXPECTED, schema=_SCHEMA)
    return Record(tokenizer=content["tokenizer"], files=content["files"], weights=content["weights"])


def _read_run(path: pathlib.Path) -> dict[str, Any]:
    """Read of run.json what the record needs."""
    return read_json(path, "what cman-tf train wrote", schema=_RUN)


def verify_record(directory: str | pathlib.Path, checkpoint: str | pathlib.Path, tokenizers: Iterable[str]) -> None:
    """Compare a model's files with its record. A run of a version that kept no record passes.

    Args:
      directory: the run's directory.
      checkpoint: the path of the checkpoint to be loaded, without an ending.
      tokenizers: the names of the tokenizers that this version has.

    Raises:
      DataError: naming the first file that differs from the record.
    """
    folder = pathlib.Path(directory)
    record = read_record(folder)
    if record is None:
        run = folder / "run.json"
        if run.exists() and _read_run(run).get("record"):
            raise DataError(f"{folder}: record.json is missing, expected it beside run.json; restore the directory")
        return
    if record["tokenizer"] not in tokenizers:
        raise DataError(
            f"{folder / _NAME}: tokenizer {quote(record['tokenizer'])}, expected one of {', '.join(tokenizers)}"
        )
    present = {name for name in _FILES if (folder / name).exists()}
    for name in sorted(present ^ record["files"].keys()):
        state = "is not in the run's record" if name in present else "is missing"
        raise DataError(f"{folder}: {name} {state}, expected the files that training wrote")
    wanted = {name: folder / name for name in sorted(present)}
    wanted.update({_name(path, folder): path for path in checkpoint_files(checkpoint)})
    for name, path in wanted.items():
        recorded = {**record["files"], **record["weights"]}.get(name)
        if recorded is None:
            raise DataError(
                f"{folder}: {name} is not in the run's record; if training was interrupted while it saved, run the "
                "same training command again"
            )
        if sha256_of(path) != recorded:
            raise DataError(f"{folder}: {name} was changed since training wrote it, expected sha256 {recorded[:12]}...")


def _name(path: pathlib.Path, folder: pathlib.Path) -> str:
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        raise DataError(
            f"{path}: a link that leads out of the run's directory, expected the files themselves in {folder}"
        ) from None


def _write(folder: pathlib.Path, record: Record) -> None:
    write_atomically(folder / _NAME, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
