"""Finding checkpoints that are whole, where others were cut short or changed, without TensorFlow.

A run keeps its last two epochs in last/ and its best one in best/. Each is a file ckpt-N.index and a file
ckpt-N.data-00000-of-00001. A text file, `checkpoint`, lists them.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable

from cman_tf.errors import DataError
from cman_tf.runs.checkpoint_index import EXPECTED, find_excess, validate_checkpoint
from cman_tf.runs.files import sha256_of, write_atomically
from cman_tf.runs.plain_files import read_bytes
from cman_tf.runs.record import checkpoint_files, read_record

STATE = "checkpoint"  # the text file, in the text format of a protocol buffer
_GONE = "names checkpoints that are gone"
_NEWEST = re.compile(r'^model_checkpoint_path: "(ckpt-\d+)"$', re.M)
_PATH = re.compile(r'^\w+_paths?: "(.*)"$', re.M)
_LINE = re.compile(
    r'(all_)?model_checkpoint_paths?: "ckpt-\d+"|(all_model_checkpoint|last_preserved)_timestamps?: [\d.e+-]+'
)


def list_checkpoints(folder: str | pathlib.Path) -> list[pathlib.Path]:
    """List the checkpoints of a folder, newest first, as paths without an ending. Damaged ones are among them.

    Args:
      folder: last/ or best/ of a run.
    """
    names = {
        name
        for pattern in ("*.index", "*.data-*")
        for name in (path.name.rpartition(".")[0] for path in pathlib.Path(folder).glob(pattern))
        if re.fullmatch(r"ckpt-\d{1,18}", name)
    }
    return [pathlib.Path(folder, name) for name in sorted(names, key=number_of, reverse=True)]


def list_resumable(directory: str | pathlib.Path) -> list[pathlib.Path]:
    """List the checkpoints in last/ and best/ of a run, newest first; last/ comes first of those of the same epoch.

    Args:
      directory: the run's directory.
    """
    found = [path for part in ("last", "best") for path in list_checkpoints(pathlib.Path(directory, part))]
    return sorted(found, key=number_of, reverse=True)


def number_of(checkpoint: str | pathlib.Path) -> int:
    """Return the number of a checkpoint.

    >>> number_of("runs/mine/last/ckpt-12")
    12
    """
    return int(str(checkpoint).rpartition("-")[2])


def find_damage(directory: str | pathlib.Path, checkpoint: pathlib.Path) -> str:
    """Return what is wrong with the files of a checkpoint, in one line; empty if nothing is.

    Files that the run's record names must have the hash that it gives. Of others, only obvious damage is found.

    Args:
      directory: the run's directory.
      checkpoint: the path of the checkpoint without an ending, in last/ or best/ of the directory.

    Raises:
      DataError: if the record cannot be read.
    """
    record = read_record(directory)
    recorded = record["weights"] if record else {}
    files = checkpoint_files(checkpoint)
    found = {file.name.rpartition(".")[2] for file in files}
    if "index" not in found or not any(ending.startswith("data-") for ending in found):
        missing = ".data file" if "index" in found else ".index file"
        return f"{checkpoint}: its {missing} is missing"
    for file in reversed(files):  # the small one, .index, comes first
        if file.suffix != ".index" and (excess := _find_excess(checkpoint)):
            return excess
        digest = recorded.get(f"{file.parent.name}/{file.name}")
        if digest is not None:
            if sha256_of(file) != digest:
                what = "is empty" if not file.stat().st_size else "was changed since training wrote it"
                return f"{file}: {what}, expected sha256 {digest[:12]}..."
        elif not file.stat().st_size:
            return f"{file}: is empty"
    try:
        validate_checkpoint(checkpoint)
    except DataError as error:
        return str(error).removesuffix(f", {EXPECTED}")
    return ""


def _find_excess(checkpoint: pathlib.Path) -> str:
    try:
        return find_excess(checkpoint)
    except DataError:
        return ""  # the index is told of elsewhere


def validate_restorable(directory: str | pathlib.Path) -> None:
    """Check that training can resume from one of a run's checkpoints, before anything is written.

    Args:
      directory: the run's directory. One without checkpoints passes.

    Raises:
      DataError: if all of them are damaged, naming what is wrong with the newest one.
    """
    choose_resumable(directory, lambda checkpoint: find_damage(directory, checkpoint))


def find_newest_damage(directory: str | pathlib.Path) -> str:
    """Return what is wrong with the newest checkpoint in best/ or last/ of a run, in one line; empty if nothing is.

    Args:
      directory: the run's directory. A folder without checkpoints passes.

    Raises:
      DataError: if the record cannot be read.
    """
    newest = [list_checkpoints(pathlib.Path(directory, part))[:1] for part in ("best", "last")]
    damages = (find_damage(directory, checkpoint) for found in newest for checkpoint in found)
    return next(filter(None, damages), "")


def choose_resumable(
    directory: str | pathlib.Path, find_fault: Callable[[pathlib.Path], str]
) -> tuple[pathlib.Path | None, list[str]]:
    """Choose the newest checkpoint from which training can resume.

    Args:
      directory: the run's directory.
      find_fault: a function that returns why a checkpoint cannot be used; empty if it can.

    Returns:
      Its path without an ending, or None if the run has no checkpoint; and why each newer one cannot be used.

    Raises:
      DataError: if the run has checkpoints, and none of them can be used.
    """
    faults: list[str] = []
    for checkpoint in list_resumable(directory):
        fault = find_fault(checkpoint)
        if not fault:
            return checkpoint, faults
        faults.append(fault)
    if not faults:
        return None, []
    more = f" (nor can {len(faults) - 1} others be used)" if len(faults) > 1 else ""
    raise DataError(
        f"{faults[0]}{more}, expected a checkpoint of this run; restore the directory, or choose another --model_dir"
    )


def choose_whole(directory: str | pathlib.Path, which: str) -> tuple[pathlib.Path | None, list[str]]:
    """Choose the newest checkpoint that is whole.

    Args:
      directory: the run's directory.
      which: `last` or `best`.

    Returns:
      Its path without an ending, or None if no checkpoint is whole; and what is wrong with each newer one, in one line.
    """
    damages: list[str] = []
    for checkpoint in list_checkpoints(pathlib.Path(directory, which)):
        damage = find_damage(directory, checkpoint)
        if not damage:
            return checkpoint, damages
        damages.append(damage)
    return None, damages


def repair_state(folder: str | pathlib.Path) -> str:
    """Write the file `checkpoint` of a folder anew if it does not name checkpoints of this folder that are there.

    TensorFlow follows whatever it names, and ends with an error of its own if it is empty or no text.

    Args:
      folder: last/ or best/ of a run.

    Returns:
      A line about what was wrong; empty if the file is as it should be, or if the folder has no checkpoint.

    Raises:
      DataError: if the file cannot be read.
    """
    state = pathlib.Path(folder, STATE)
    names = [path.name for path in reversed(list_checkpoints(folder)) if path.with_suffix(".index").is_file()]
    wrong = _find_fault(state, names)
    if not wrong:
        return ""
    if not names:
        state.unlink(missing_ok=True)  # it names nothing that is there
        return ""
    times = [pathlib.Path(folder, f"{name}.index").stat().st_mtime for name in names]
    lines = [f'model_checkpoint_path: "{names[-1]}"', *(f'all_model_checkpoint_paths: "{name}"' for name in names)]
    lines += [
        *(f"all_model_checkpoint_timestamps: {time}" for time in times),
        f"last_preserved_timestamp: {min(times) - 1}",
    ]
    write_atomically(state, "\n".join(lines) + "\n")
    # A run that was killed while it removed an old checkpoint leaves its name; that is no news.
    return "" if wrong == _GONE else f"{state}: {wrong}; it is written anew and lists {', '.join(names)}"


def _find_fault(state: pathlib.Path, there: list[str]) -> str:
    """Return what is wrong with the file `checkpoint`; empty if nothing is."""
    if not state.is_file():
        return "is missing" if there else ""
    try:
        text = read_bytes(state, "expected the list of checkpoints", 1 << 20).decode("utf-8")
    except UnicodeDecodeError:
        return "is not UTF-8"
    newest = _NEWEST.search(text)
    named: list[str] = _PATH.findall(text)
    if not text.strip():
        return "is empty"
    if newest is None or any(re.fullmatch(r"ckpt-\d+", name) is None for name in named):
        return "names no checkpoint beside it"
    if not all(_LINE.fullmatch(line) for line in text.splitlines() if line.strip()):
        return "holds more than a list of checkpoints"  # TensorFlow ignores the whole file
    return "" if all(name in there for name in named) else _GONE
