"""Making the directory of an index: as a whole, again if the corpus changed, and never in place of anything else."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import shutil
from collections.abc import Callable, Iterator

from cman_tf.data.problems import Problems
from cman_tf.errors import DataError
from cman_tf.formats.registry import AUTO
from cman_tf.formats.source import hash_source
from cman_tf.retrieving.building import build_index, import_bm25s
from cman_tf.retrieving.corpus_reading import find_format, printable_name, read_passages
from cman_tf.retrieving.index_files import FILES, MANIFEST, Manifest, read_manifest, validate_files
from cman_tf.retrieving.names import NOTHING
from cman_tf.retrieving.passage_file import Content
from cman_tf.runs.durable import name_errors
from cman_tf.runs.files import file_lock
from cman_tf.runs.whole_folder import whole_folder

MADE, KEPT = "made", "kept"
_MARK = "making-"  # in the names of folders that are not finished
Advance = Callable[[int], object]


def make_index(
    corpus: str,
    index: str | pathlib.Path,
    format: str = "auto",
    problems: Problems | None = None,
    advance: Advance = lambda count: None,
    waiting: Callable[[], object] = lambda: None,
    overwrite: bool = False,
) -> tuple[Manifest, str]:
    """Make the index of a corpus, unless it is there.

    Args:
      corpus: a file or folder.
      index: the directory to make. An index of a corpus of this name is replaced if it is of other content, damaged,
        or made by another version.
      format: one of `corpus_reading.FORMATS`.
      problems: the collector of what is repaired in annotated data.
      advance: called with the number of passages that were read since the last call.
      waiting: called if another process makes the index, before waiting for it.
      overwrite: whether an index of another corpus is replaced.

    Returns:
      The manifest, and what happened: `MADE`, `KEPT`, or why an index was made again.

    Raises:
      DataError: if the corpus cannot be read, if the directory is something else, or an index of another corpus.
      OSError: naming the directory, if it cannot be written, as on a full disk. What was there before stays.
    """
    import_bm25s()
    found = find_format(corpus, format)
    place = pathlib.Path(index)
    validate_place(place, pathlib.Path(corpus))
    place = place.resolve()
    with _locked(place, waiting):
        _remove_leftovers(place)
        name = printable_name(pathlib.Path(corpus).name or str(corpus))
        source = {"name": name, "format": found, "sha256": hash_source(corpus)}
        outcome = _find_change(place, source, overwrite)
        if outcome == KEPT:
            return read_manifest(place), KEPT
        _validate_replaceable(place)
        with _new_folder(place) as folder:
            passages = _counted(read_passages(corpus, found, problems), advance)
            manifest = build_index(passages, folder, source)
            if hash_source(corpus) != source["sha256"]:
                raise DataError(f"{corpus}: changed while it was read, expected a corpus that stays as it is")
    return manifest, outcome


def validate_place(place: pathlib.Path, corpus: pathlib.Path) -> None:
    """Check that an index may be made at a place.

    Raises:
      DataError: if something is there that is neither an index nor an empty directory, or if the corpus is within it.
    """
    if not str(place) or place.name in ("", ".."):
        raise DataError(f"{place}: expected the name of a directory for the index")
    if "," in place.name or place.name == NOTHING:
        raise DataError(f"{place}: --retrieve cannot name it, expected a name without commas, other than {NOTHING}")
    here, there = place.resolve(), corpus.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise DataError(f"{place}: holds the corpus or is within it, expected another directory for the index")
    for above in place.parents:
        if above.exists() and not above.is_dir():
            raise DataError(f"{above}: is no directory, expected the name of a new directory below one")
    if not os.path.lexists(place) or place.is_dir() and not any(place.iterdir()):
        return
    if not place.is_dir():
        raise DataError(f"{place}: exists and is no directory, expected the name of a new directory")
    if not (place / MANIFEST).exists():
        raise DataError(f"{place}: exists and is no index, expected the name of a new directory")
    read_manifest(place)


def _validate_replaceable(place: pathlib.Path) -> None:
    """Raise DataError if the directory holds a file that no index has, and that would go with it."""
    others = {entry.name for entry in place.iterdir()} - {MANIFEST, *FILES} if place.exists() else ()
    for other in sorted(others):
        raise DataError(f"{place}: holds {printable_name(other)[:80]}, which is no part of an index; move it elsewhere")


def _find_change(place: pathlib.Path, source: dict[str, str], overwrite: bool) -> str:
    """Return why the index must be made; `KEPT` if it need not.

    Raises:
      DataError: if it is the index of another corpus, and not to be replaced.
    """
    if not (place / MANIFEST).exists():
        return MADE
    manifest = read_manifest(place)
    before = manifest.corpus
    if before["sha256"] != source["sha256"] and before["name"] != source["name"] and not overwrite:
        raise DataError(
            f"{place}: the index of another corpus ({before['name'][:80]}), expected the name of a new directory; "
            "--overwrite replaces it"
        )
    if not manifest.is_current:
        return "made again, as it was of another version"
    if before["sha256"] != source["sha256"]:
        return f"made again, as the corpus {'changed' if before['name'] == source['name'] else 'is another one'}"
    if before["format"] not in (source["format"], AUTO):  # which older versions wrote
        return "made again, as the format changed"
    try:
        validate_files(place, manifest, thorough=True)
    except DataError:
        return "made again, as it was damaged"
    return KEPT


def _counted(items: Iterator[Content], advance: Advance) -> Iterator[Content]:
    for item in items:
        advance(1)
        yield item


def _lock_file(place: pathlib.Path) -> pathlib.Path:
    return place.with_name(f".{place.name}.lock")


@contextlib.contextmanager
def _locked(place: pathlib.Path, waiting: Callable[[], object]) -> Iterator[None]:
    """Let one process at a time make an index."""
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = _lock_file(place)
    with name_errors(place):
        lock.touch()
    with file_lock(lock, waiting):
        yield


def _remove_leftovers(place: pathlib.Path) -> None:
    """Remove what a killed process left; the lock is held, so that no other one is at work."""
    for left in place.parent.iterdir():
        if left.name.startswith(f".{place.name}.{_MARK}"):
            shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _new_folder(place: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield an empty folder, which takes its place at the end if there was no error."""
    with whole_folder(place, replaces=True, mark=_MARK) as work:
        try:
            yield work
        except OSError as error:
            if error.errno is None:  # NumPy's, whose text is "5000 requested and 3968 written"
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place)) from None
            raise
