"""A run's directory: whose it is, its flags, its metrics, a line an epoch."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from cman_tf.config import Config
from cman_tf.errors import DataError
from cman_tf.runs.files import file_lock, read_json, sha256_of, write_atomically
from cman_tf.runs.flagfile import flagfile_of

STAGE_ONE = "stage_one"  # two_stage's first: its directory below the run's, and its part of the result
_LATER = ("encoder", "format", "record")  # of run.json: older ones lack them


@contextlib.contextmanager
def exclusive_run(directory: str) -> Iterator[None]:
    """In the run's directory, made if need be, while no other training is.

    Raises:
      DataError: if one is, or if a file is there.
    """
    folder = _folder(directory)
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(file_lock(folder))
        except BlockingIOError:
            raise DataError(f"{folder}: another process trains in it, expected another --model_dir") from None
        yield


def _folder(directory: str) -> pathlib.Path:
    folder = pathlib.Path(directory)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: a file, expected a directory or nothing for --model_dir")
    return folder


def find_run(
    directory: str,
    config: Config,
    corpora: Mapping[str, str],
    vectors_file: str | None,
    encoder: str | None = None,
    format: str = "auto",
) -> dict[str, Any]:
    """What identifies this run, and what an earlier call of it left in its directory.

    `encoder` is the contextual encoder's fingerprint, or None, `format` that which the files were read in.

    Returns:
      A new or the earlier call's run.json.

    Raises:
      DataError: if something else is here, naming what differs.
    """
    folder = _folder(directory)
    run = {
        "id": uuid.uuid4().hex,
        "settings": dataclasses.asdict(config),
        "corpora": dict(corpora),
        "word_vectors": sha256_of(vectors_file) if vectors_file else None,
        "encoder": encoder,
        "format": format,
        "commits": [],
        "record": True,  # beside this file lies record.json
    }
    known = folder / "run.json"
    if known.exists():
        old = read_json(known, "what cman_tf.train wrote", *(name for name in run if name not in _LATER))
        _check_same(folder, old, run)
        return {**run, "id": old["id"], "commits": old["commits"]}
    # Begun and killed in the first write of all, it is as new.
    if folder.is_dir() and any(not path.name.startswith(".run.json.") for path in folder.iterdir()):
        raise DataError(f"{folder}: not empty and no run of ours, expected a new directory for --model_dir")
    return run


def start_run(directory: str, run: dict[str, Any], commit: str, extra: dict[str, Any]) -> None:
    """Write run.json, with the commit that trains from here on, and flags.txt.

    Args:
      directory: the run's own.
      run: as `find_run` gave it; its commits are added to.
      commit: of the code that trains now.
      extra: the flags besides the settings that repeat the run.
    """
    if commit not in run["commits"][-1:]:
        run["commits"].append(commit)
    folder = pathlib.Path(directory)
    write_atomically(folder / "run.json", json.dumps(run, indent=1, ensure_ascii=False) + "\n")
    write_atomically(folder / "flags.txt", flagfile_of({**run["settings"], **extra}))


def may_change(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Settings that say when a run ends, not what it is: epochs only where the learning rate
    does not depend on their number."""
    return ("epochs", "patience") if config["learning_rate_schedule"] == "constant" else ("patience",)


def completed(old: Mapping[str, Any]) -> dict[str, Any]:
    """An older run's settings; those that it did not know had their defaults."""
    return {**dataclasses.asdict(Config(model=old["model"]).resolved()), **old}


def differing(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Settings in which two runs differ, `old` as `completed`."""
    was = completed(old)
    return [name for name in new if name not in may_change(new) and was[name] != new[name]]


def is_finished(epoch: int, best_epoch: int, config: Config) -> bool:
    """Whether a run at this epoch has used up its epochs or its patience."""
    if config.protocol == "fixed_epochs":
        return epoch >= config.epochs
    return epoch >= config.epochs or bool(config.patience) and epoch - best_epoch >= config.patience


def epochs_of(result: dict[str, Any]) -> tuple[int, int]:
    """A result's epochs and the best of them, of the stage by whose epochs it is over."""
    counted = result.get(STAGE_ONE, result)
    return counted["epochs"], counted["best_epoch"]


def is_complete(result: dict[str, Any], config: Config) -> bool:
    """Whether a result is of as many epochs as the settings ask for."""
    return is_finished(*epochs_of(result), config)


def validate_epochs(where: str | pathlib.Path, epoch: int, best_epoch: int, config: Config) -> None:
    """Raises DataError if a run has gone so much further than asked for that its result is another."""
    last = epoch if config.protocol == "fixed_epochs" else best_epoch
    if last > config.epochs:
        what = "is of" if config.protocol == "fixed_epochs" else "has its best epoch at"
        raise DataError(f"{where}: {what} epoch {last}, expected --epochs of at least that, or another --model_dir")


def _check_same(folder: pathlib.Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    was, now = old["settings"], new["settings"]
    differences = [f"--{name} is {was.get(name)} there and {now[name]} here" for name in differing(was, now)]
    differences += [
        f"the {split} file is another" for split in new["corpora"] if old["corpora"].get(split) != new["corpora"][split]
    ]
    if old["word_vectors"] != new["word_vectors"]:
        differences.append("--word_vectors is another file")
    if old.get("format", new["format"]) != new["format"]:
        differences.append(f"--format is {old['format']} there and {new['format']} here")
    if old.get("encoder") != new["encoder"]:
        differences.append("the contextual encoder is another")
    if differences:
        raise DataError(f"{folder}: holds another run ({'; '.join(differences)}), expected another --model_dir")


class Metrics:
    """metrics.jsonl: one line an epoch, later lines of a killed run dropped on resuming."""

    def __init__(self, directory: str, last_epoch: int) -> None:
        self.path = pathlib.Path(directory) / "metrics.jsonl"
        self.lines = []
        if self.path.exists():
            for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), start=1):
                try:
                    epoch = json.loads(line)["epoch"]
                except (ValueError, KeyError, TypeError):
                    raise DataError(f"{self.path}, line {number}: {line[:30]!r}, expected an epoch's record") from None
                if epoch <= last_epoch:
                    self.lines.append(line)

    def add(self, record: dict[str, Any]) -> None:
        """Append a record and write the file whole."""
        self.lines.append(json.dumps(record))
        write_atomically(self.path, "\n".join(self.lines) + "\n")

    def records(self) -> list[dict[str, Any]]:
        """All lines so far, oldest first."""
        return [json.loads(line) for line in self.lines]
