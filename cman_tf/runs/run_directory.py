"""A run's directory: the files that identify the run, and how far the run has come."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import uuid
from collections.abc import Generator, Mapping
from typing import Any

from cman_tf.config import OLDER_SETTINGS, Config
from cman_tf.errors import DataError
from cman_tf.runs.files import file_lock, read_json, remove_temporaries, sha256_of, write_atomically
from cman_tf.runs.flagfile import format_flagfile

STAGE_ONE = "stage_one"  # first stage of --protocol=two_stage: the name of its folder and of its part of the result
_WRITTEN = (  # by training, each as a whole
    *("run.json", "flags.txt", "record.json", "metrics.jsonl", "result.json"),
    *("vocabulary.json", "word_vectors.npy", "signatures.json", "contextual.json"),
)
_EXPECTED = "what cman-tf train wrote"
_LATER = ("encoder", "format", "record", "threads", "tokenizer")  # keys that a run.json of an older version may lack


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
        "record": True,  # beside a checkpoint of this run lies record.json
    }
    known = folder / "run.json"
    if known.exists():
        old = read_json(known, _EXPECTED, *(name for name in run if name not in _LATER))
        for name in ("settings", "corpora", "commits"):
            if type(old[name]) is not type(run[name]):
                raise DataError(f"{known}: {name} is {str(old[name])[:40]!r}, expected {_EXPECTED}")
        if "model" not in old["settings"]:
            raise DataError(f"{known}: settings without a model, expected {_EXPECTED}")
        if not all(isinstance(commit, str) for commit in old["commits"]):
            raise DataError(f"{known}: commits are {str(old['commits'])[:40]!r}, expected {_EXPECTED}")
        threads: list[Any] = old.get("threads", [])
        if type(threads) is not list or any(type(number) is not int for number in threads):
            raise DataError(f"{known}: threads are {str(old['threads'])[:40]!r}, expected {_EXPECTED}")
        if not isinstance(old.get("tokenizer", ""), str):
            raise DataError(f"{known}: tokenizer is {str(old['tokenizer'])[:40]!r}, expected {_EXPECTED}")
        try:
            _check_same(folder, old, run)
        except (TypeError, AttributeError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(f"{known}: {str(error)[:80]}, expected {_EXPECTED}") from None
        # An older run keeps being one that may lack record.json, and keeps the tokenizer that all had.
        kept = {"record": old.get("record", False), "tokenizer": old.get("tokenizer", "v1")}
        kept |= {name: old[name] for name in ("init_from",) if name in old}
        return {**run, "id": old["id"], "commits": old["commits"], "threads": threads, **kept}
    # A run that was killed during its first write has left only a temporary file, and counts as new.
    if folder.is_dir() and any(not path.name.startswith(".run.json.") for path in folder.iterdir()):
        raise DataError(
            f"{folder}: directory is not empty and holds no run.json, expected a run or a new directory; "
            "choose another --model_dir"
        )
    return run


def start_run(directory: str, run: dict[str, Any], commit: str, extra: dict[str, Any], threads: int = 0) -> None:
    """Write run.json, with the commit that trains from now on and its number of threads, and flags.txt.

    Args:
      directory: the run's directory.
      run: the content of run.json from `find_run`. The commit and the number of threads are added to it.
      commit: the commit of the code that trains now.
      extra: flags that repeat the run, besides those of the configuration.
      threads: the number of threads that train now; 0 if it is not known.
    """
    if commit not in run["commits"][-1:]:
        run["commits"].append(commit)
    if threads and threads not in run["threads"][-1:]:
        run["threads"].append(threads)
    folder = pathlib.Path(directory)
    write_atomically(folder / "run.json", json.dumps(run, indent=1, ensure_ascii=False) + "\n")
    write_atomically(folder / "flags.txt", format_flagfile({**run["settings"], **extra}))


def list_changeable(config: Mapping[str, Any]) -> tuple[str, ...]:
    """List the settings that may change when a run is resumed, because they only say when it ends.

    The number of epochs is among them unless the learning rate depends on it.
    """
    return ("epochs", "patience") if config["learning_rate_schedule"] == "constant" else ("patience",)


def fill_defaults(old: Mapping[str, Any]) -> dict[str, Any]:
    """Return an older run's settings with those that its version did not have, as it behaved.

    They are the defaults, except for `OLDER_SETTINGS`.
    """
    older = OLDER_SETTINGS if old.get("cell") == "mlp" else {}
    return {**dataclasses.asdict(Config(model=old["model"]).resolved()), **older, **old}


def list_differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """List the settings in which two runs differ, apart from those that may change.

    Args:
      old: the earlier run's settings; `fill_defaults` fills in those that are missing.
      new: the other run's settings.
    """
    was = fill_defaults(old)
    return [name for name in new if name not in list_changeable(new) and was[name] != new[name]]


def is_finished(epoch: int, best_epoch: int, config: Config) -> bool:
    """Return whether a run has reached its last epoch or used up its patience.

    Args:
      epoch: the last epoch that the run finished.
      best_epoch: the epoch with the best dev score.
      config: the run's configuration.
    """
    if config.protocol == "fixed_epochs":
        return epoch >= config.epochs
    return epoch >= config.epochs or bool(config.patience) and epoch - best_epoch >= config.patience


def count_epochs(result: Mapping[str, Any]) -> tuple[int, int]:
    """Return a result's number of epochs and its best epoch.

    Of a run in two stages they are those of the first stage, which decides when training ends.
    """
    counted = result.get(STAGE_ONE, result)
    return counted["epochs"], counted["best_epoch"]


def is_complete(result: Mapping[str, Any], config: Config) -> bool:
    """Return whether a result has the number of epochs that the configuration asks for."""
    return is_finished(*count_epochs(result), config)


def validate_epochs(where: str | pathlib.Path, epoch: int, best_epoch: int, config: Config) -> None:
    """Check that the result of a run lies within the epochs that are asked for.

    Args:
      where: the run's directory or result file, for the message.
      epoch: the last epoch that the run finished.
      best_epoch: the epoch with the best dev score.
      config: the configuration that is asked for.

    Raises:
      DataError: if the run's result comes from a later epoch than the configuration allows.
    """
    last = epoch if config.protocol == "fixed_epochs" else best_epoch
    if last > config.epochs:
        what = "the last epoch is" if config.protocol == "fixed_epochs" else "the best epoch is"
        raise DataError(
            f"{where}: {what} {last}, expected at most --epochs={config.epochs}; raise --epochs, or choose another "
            "--model_dir"
        )


def _check_same(folder: pathlib.Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Raise DataError if the run.json of a directory, `old`, is of another run than `new`."""
    was, now = old["settings"], new["settings"]
    differences = [f"--{name} is {was.get(name)} there and {now[name]} here" for name in list_differences(was, now)]
    differences += [
        f"the {split} file differs" for split in new["corpora"] if old["corpora"].get(split) != new["corpora"][split]
    ]
    if old["word_vectors"] != new["word_vectors"]:
        differences.append("the --word_vectors file differs")
    if old.get("format", new["format"]) != new["format"]:
        differences.append(f"--format is {old['format']} there and {new['format']} here")
    if old.get("encoder") != new["encoder"]:
        differences.append("the contextual encoder differs")
    if new["tokenizer"] not in ("auto", old.get("tokenizer", "v1")):
        differences.append(f"--tokenizer is {str(old.get('tokenizer', 'v1'))[:40]} there and {new['tokenizer']} here")
    if differences:
        raise DataError(
            f"{folder}: holds another run ({'; '.join(differences)}), expected the same; choose another --model_dir"
        )
