"""A run's directory, and the files in it that identify the run."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import re
import uuid
from collections.abc import Generator, Mapping
from typing import Any

from cman_tf.config import Config
from cman_tf.errors import DataError, quote
from cman_tf.runs.containment import validate_contained
from cman_tf.runs.epochs import STAGE_ONE
from cman_tf.runs.files import file_lock, read_json, remove_temporaries, sha256_of, write_atomically
from cman_tf.runs.flagfile import format_flagfile
from cman_tf.runs.run_settings import SETTINGS, list_differences
from cman_tf.runs.schema import SHA256, list_of, nullable, object_of, record, text, truth, whole

_WRITTEN = (  # by training, each as a whole
    *("run.json", "flags.txt", "record.json", "metrics.jsonl", "result.json"),
    *("vocabulary.json", "word_vectors.npy", "signatures.json", "contextual.json"),
)
_EXPECTED = "what cman-tf train wrote"


@contextlib.contextmanager
def exclusive_run(directory: str) -> Generator[None, None, None]:
    """Lock a run's directory for training, and make the directory if it does not exist.

    Temporary files of a process that was killed while it wrote here are deleted.

    Raises:
      DataError: if another process trains in the directory, or if the path is a file.
    """
    folder = _folder(directory)
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        if is_new:
            stack.callback(_remove_if_empty, folder)  # what failed before it wrote anything leaves nothing
        try:
            stack.enter_context(file_lock(folder))
        except BlockingIOError:
            raise DataError(
                f"{folder}: another process trains here, expected a free directory; wait, or choose another --model_dir"
            ) from None
        for part in (folder, folder / STAGE_ONE):
            for name in _WRITTEN:
                remove_temporaries(part / name)
        yield


def _remove_if_empty(folder: pathlib.Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _folder(directory: str) -> pathlib.Path:
    folder = pathlib.Path(directory)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is a file, expected a directory or a new path; choose another --model_dir")
    return folder


def find_run(
    directory: str,
    config: Config,
    corpora: Mapping[str, str],
    vectors_file: str | None,
    encoder: str | None = None,
    format: str = "auto",
    tokenizer: str = "auto",
    retrieval: str | None = None,
) -> dict[str, Any]:
    """Identify a run, and find the run that an earlier call of the same command began.

    Args:
      directory: the run's directory.
      config: the resolved configuration.
      corpora: the sha256 of each split's file, by the name of the split.
      vectors_file: the file of word vectors, or None.
      encoder: the fingerprint of the contextual encoder, or None.
      format: the format in which the corpus files were read.
      tokenizer: the name of the tokenizer that cuts raw text, or `auto` for the one of the earlier call.
      retrieval: the fingerprint of what passages are retrieved from, or None.

    Returns:
      The content of run.json: of a new run, or of the earlier call's run. `tokenizer` is `auto` if the run is new and
      no name was given.

    Raises:
      DataError: if the directory holds something else, naming what differs.
    """
    folder = _folder(directory)
    run: dict[str, Any] = {
        "id": uuid.uuid4().hex,
        "settings": dataclasses.asdict(config),
        "corpora": dict(corpora),
        "word_vectors": sha256_of(vectors_file) if vectors_file else None,
        "encoder": encoder,
        "format": format,
        "tokenizer": tokenizer,
        "commits": [],
        "threads": [],
        "replicas": [],
        **({"retrieval": retrieval} if retrieval else {}),
        "record": True,  # beside a checkpoint of this run lies record.json
    }
    known = folder / "run.json"
    if known.exists():
        validate_contained(folder)  # training writes there, too
        old = read_run(folder)
        _check_same(folder, old, run)
        # An older run keeps being one that may lack record.json, and keeps the tokenizer that all had.
        kept = {"record": old.get("record", False), "tokenizer": old.get("tokenizer", "v1")}
        kept |= {name: old[name] for name in ("init_from",) if name in old}
        # Old versions trained on one device.
        kept |= {"threads": old.get("threads", []), "replicas": old.get("replicas", [1])}
        return {**run, "id": old["id"], "commits": old["commits"], **kept}
    # A run that was killed during its first write has left only a temporary file, and counts as new.
    if folder.is_dir() and any(not path.name.startswith(".run.json.") for path in folder.iterdir()):
        raise DataError(
            f"{folder}: directory is not empty and holds no run.json, expected a run or a new directory; "
            "choose another --model_dir"
        )
    return run


def read_run(directory: str | pathlib.Path) -> dict[str, Any]:
    """Read the run.json of a run.

    Raises:
      DataError: if it is missing, damaged, or not what training writes.
    """
    expected = f"{_EXPECTED}; restore the file, or choose another --model_dir"
    return read_json(pathlib.Path(directory) / "run.json", expected, schema=_RUN)


def start_run(
    directory: str, run: dict[str, Any], commit: str, extra: dict[str, Any], threads: int = 0, replicas: int = 1
) -> None:
    """Write run.json, with the commit that trains from now on and what it computes with, and flags.txt.

    Args:
      directory: the run's directory.
      run: the content of run.json from `find_run`. The commit and the number of threads are added to it.
      commit: the commit of the code that trains now.
      extra: flags that repeat the run, besides those of the configuration.
      threads: the number of threads that train now; 0 if it is not known.
      replicas: the number of devices that train now.
    """
    if commit not in run["commits"][-1:]:
        run["commits"].append(commit)
    if threads and threads not in run["threads"][-1:]:
        run["threads"].append(threads)
    if replicas not in run["replicas"][-1:]:
        run["replicas"].append(replicas)
    folder = pathlib.Path(directory)
    write_atomically(folder / "run.json", json.dumps(run, indent=1, ensure_ascii=False) + "\n")
    write_atomically(folder / "flags.txt", format_flagfile({**run["settings"], **extra}))


_RUN = record(
    {
        "id": text(re.compile("[0-9a-f]{32}").fullmatch, "an id"),
        "settings": record({"model": SETTINGS["model"]}, SETTINGS),
        "corpora": object_of(SHA256),
        "word_vectors": nullable(SHA256),
        "commits": list_of(text()),
    },
    {  # what runs of older versions, and those without --init_from, do not have
        "encoder": nullable(SHA256),
        "format": text(),
        "tokenizer": text(),
        "record": truth(),
        "threads": list_of(whole()),
        "replicas": list_of(whole()),
        "init_from": SHA256,
        "retrieval": text(re.compile("[0-9a-f]{8,128}").fullmatch, "a hash"),
    },
)


def _check_same(folder: pathlib.Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Raise DataError if the run.json of a directory, `old`, is of another run than `new`."""
    was, now = old["settings"], new["settings"]
    try:
        differing = list_differences(was, now)
    except ValueError as error:  # of settings that contradict each other
        raise DataError(f"{folder / 'run.json'}: {error}, expected {_EXPECTED}") from None
    differences = [f"--{name} is {_show(was.get(name))} there and {now[name]} here" for name in differing]
    differences += [
        f"the {split} file differs" for split in new["corpora"] if old["corpora"].get(split) != new["corpora"][split]
    ]
    if old["word_vectors"] != new["word_vectors"]:
        differences.append("the --word_vectors file differs")
    if old.get("format", new["format"]) != new["format"]:
        differences.append(f"--format is {_show(old['format'])} there and {new['format']} here")
    if old.get("encoder") != new["encoder"]:
        differences.append("the contextual encoder differs")
    if old.get("retrieval") != new.get("retrieval"):
        differences.append("what passages are retrieved from differs")
    if new["tokenizer"] not in ("auto", old.get("tokenizer", "v1")):
        differences.append(f"--tokenizer is {_show(old.get('tokenizer', 'v1'))} there and {new['tokenizer']} here")
    if differences:
        raise DataError(
            f"{folder}: holds another run ({'; '.join(differences)}), expected the same; choose another --model_dir"
        )


def _show(value: object) -> str:
    """Return a setting for a message: as it is on the command line, and cut if it is long."""
    return quote(value)[1:-1] if isinstance(value, str) else quote(value)
