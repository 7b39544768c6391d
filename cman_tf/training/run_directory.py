"""A run's directory: whose it is, its flags, its metrics, a line an epoch."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

from cman_tf.data.corpus import SPLITS, Corpus
from cman_tf.data.sentence import DataError
from cman_tf.files import write_atomically
from cman_tf.flags import flagfile_of
from cman_tf.settings import Settings

MAY_CHANGE = ("epochs", "patience")  # these say when a run ends, not what it is


def claim(directory: str, settings: Settings, corpora: dict[str, Corpus], extra: dict[str, Any]) -> None:
    """Take a directory for this run, or find in it what an earlier call left.

    Args:
      directory: the run's own.
      settings: the effective settings.
      corpora: split to corpus, as read.
      extra: the other flags to repeat the run, kept in flags.txt.

    Raises:
      DataError: if something else is here, naming what differs.
    """
    folder = pathlib.Path(directory)
    identity = {
        "settings": dataclasses.asdict(settings),
        "corpora": {split: corpora[split].sha256 for split in SPLITS},
        "word_vectors": extra.get("word_vectors"),
    }
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: a file, expected a directory or nothing for --model_dir")
    known = folder / "run.json"
    if known.exists():
        _check_same(folder, json.loads(known.read_text(encoding="utf-8")), identity)
    elif folder.is_dir() and any(folder.iterdir()):
        raise DataError(f"{folder}: not empty and no run of ours, expected a new directory for --model_dir")
    write_atomically(known, json.dumps(identity, indent=1, ensure_ascii=False) + "\n")
    write_atomically(folder / "flags.txt", flagfile_of({**dataclasses.asdict(settings), **extra}))


def is_finished(epoch: int, best_epoch: int, settings: Settings) -> bool:
    """Whether a run at this epoch has used up its epochs or its patience."""
    return epoch >= settings.epochs or bool(settings.patience) and epoch - best_epoch >= settings.patience


def _check_same(folder: pathlib.Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    differences = [
        f"--{name} is {old['settings'].get(name)} there and {value} here"
        for name, value in new["settings"].items()
        if name not in MAY_CHANGE and old["settings"].get(name) != value
    ]
    differences += [
        f"the {split} file is another" for split in SPLITS if old["corpora"][split] != new["corpora"][split]
    ]
    if old["word_vectors"] != new["word_vectors"]:
        differences.append(f"--word_vectors is {old['word_vectors']} there and {new['word_vectors']} here")
    if differences:
        raise DataError(f"{folder}: holds another run ({'; '.join(differences)}), expected another --model_dir")


class Metrics:
    """metrics.jsonl: one line an epoch, later lines of a killed run dropped on resuming."""

    def __init__(self, directory: str, last_epoch: int) -> None:
        self.path = pathlib.Path(directory) / "metrics.jsonl"
        self.lines = []
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                if json.loads(line)["epoch"] <= last_epoch:
                    self.lines.append(line)

    def add(self, record: dict[str, Any]) -> None:
        """Append a record and write the file whole."""
        self.lines.append(json.dumps(record))
        write_atomically(self.path, "\n".join(self.lines) + "\n")

    def records(self) -> list[dict[str, Any]]:
        """All lines so far, oldest first."""
        return [json.loads(line) for line in self.lines]
