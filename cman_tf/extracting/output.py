"""What a run leaves in its directory: the manifest, the parts, the dead letters, and the list of what is finished.

A part gets its name when it is whole, and what it counts is written before. So a part that is there is finished, and a
run that is killed at any moment goes on with the parts that are not there.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cman_tf.errors import DataError, quote
from cman_tf.extracting.answering import COUNTS
from cman_tf.extracting.lines import Cut
from cman_tf.extracting.places import InputFile
from cman_tf.extracting.shards import INPUT_FORMATS, Shard
from cman_tf.runs import schema
from cman_tf.runs.durable import name_errors, sync_file
from cman_tf.runs.files import file_lock, read_json, write_atomically
from cman_tf.runs.json_values import as_object

MANIFEST, FINISHED, DEAD, RESULT, LOG = "manifest.json", "finished.jsonl", "dead", "extract.json", "ray.log"
_FORMAT = 1  # of the manifest
_MOST_BYTES = 1 << 30  # of a manifest
_FILE = schema.record(
    {"name": schema.text(), "size": schema.whole(0), "changed": schema.whole(0), "format": schema.text()}
)
_SCHEMA = schema.record(
    {
        "manifest": schema.whole(1),
        "settings": schema.object_of(schema.anything()),
        "inputs": schema.list_of(_FILE),
        "shards": schema.list_of(schema.list_of(schema.whole(0))),
    }
)
_EXPECTED = "what cman-tf extract wrote"
_ELSE = "choose a new --output_dir"


class OutputFolder:
    """The directory of a run.

    Args:
      path: the directory.
      ending: of the parts, such as ".jsonl".
    """

    def __init__(self, path: str, ending: str) -> None:
        self.path, self._ending = pathlib.Path(path), ending
        self._finished: Any = None
        self._width = 5

    def validate(self) -> None:
        """Raise DataError if the directory is a file, or holds something else than a run."""
        if self.path.exists() and not self.path.is_dir():
            raise DataError(f"{self.path}: is a file, expected a directory or a new path")
        if self.is_new and self.path.exists() and any(file.name != LOG for file in self.path.iterdir()):
            raise DataError(f"{self.path}: not empty and no run of cman-tf extract; {_ELSE}")

    @property
    def is_new(self) -> bool:
        """Whether no run has begun here."""
        return not (self.path / MANIFEST).exists()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Make the directory, and keep other processes out of it within this. If nothing is written, it goes again.

        Raises:
          DataError: if another process runs there.
        """
        is_made = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with file_lock(self.path):
                self.validate()
                yield
        except BlockingIOError:
            raise DataError(f"{self.path}: another cman-tf extract is running there; wait for it, or {_ELSE}") from None
        finally:
            if is_made:
                with contextlib.suppress(OSError):  # not empty, as it should be
                    self.path.rmdir()

    def write_manifest(
        self,
        settings: Mapping[str, Any],
        files: Sequence[InputFile],
        formats: Sequence[str],
        shards: Sequence[Shard],
    ) -> None:
        """Write down what is read, how, and in which shards."""
        inputs = [
            {"name": file.name, "size": file.size, "changed": file.changed, "format": format}
            for file, format in zip(files, formats)
        ]
        content = {
            "manifest": _FORMAT,
            "settings": dict(settings),
            "inputs": inputs,
            "shards": [[shard.file, *shard.cut] for shard in shards],
        }
        write_atomically(self.path / MANIFEST, json.dumps(content, ensure_ascii=False) + "\n")

    def read_manifest(self, settings: Mapping[str, Any], files: Sequence[InputFile]) -> tuple[list[str], list[Shard]]:
        """Return the formats and the shards of a run that is resumed.

        Args:
          settings: of this call.
          files: the input files as they are now.

        Raises:
          DataError: if the run had other settings or other input.
        """
        known = read_json(self.path / MANIFEST, _EXPECTED, schema=_SCHEMA, limit=_MOST_BYTES)
        if known["manifest"] != _FORMAT:
            raise DataError(f"{self.path / MANIFEST}: of another version of cman-tf, {_ELSE}")
        before = known["settings"]
        other = [name for name in {**before, **settings} if before.get(name) != settings.get(name)]
        if other:
            raise DataError(f"{self.path}: holds a run with another {' and '.join(other)}, expected the same; {_ELSE}")
        inputs = {file["name"]: file for file in known["inputs"]}
        for file in files:
            if file.name not in inputs:
                raise DataError(f"{file.name}: not among the inputs when the run began, expected the same; {_ELSE}")
        there = {file.name for file in files}
        for name in inputs:
            if name not in there:
                raise DataError(f"{name}: was read when the run began, expected the same inputs; {_ELSE}")
        for file in files:
            if (file.size, file.changed) != (inputs[file.name]["size"], inputs[file.name]["changed"]):
                raise DataError(f"{file.name}: was changed since the run began, expected the same file; {_ELSE}")
        if [file.name for file in files] != list(inputs):
            raise DataError(f"{self.path}: holds a run with its inputs in another order, expected the same; {_ELSE}")
        for shard in known["shards"]:
            if len(shard) != 1 + len(Cut._fields) or shard[0] >= len(files):
                raise DataError(f"{self.path / MANIFEST}: {quote(shard)} is no shard, expected {_EXPECTED}; {_ELSE}")
        if {file["format"] for file in known["inputs"]} - set(INPUT_FORMATS):
            raise DataError(f"{self.path / MANIFEST}: names an unknown format, expected {_EXPECTED}; {_ELSE}")
        shards = [Shard(number, file, Cut(*cut)) for number, (file, *cut) in enumerate(known["shards"])]
        return [file["format"] for file in known["inputs"]], shards

    def open_finished(self, count: int) -> dict[int, dict[str, int]]:
        """Find what is finished, and prepare to add to it.

        Args:
          count: the number of shards.

        Returns:
          The counts of each part that is finished, by the number of its shard.

        Raises:
          DataError: if a part has another size than it was written with.
        """
        self._width = max(5, len(str(count - 1)))
        for left in (*self.path.glob(".part-*"), *(self.path / DEAD).glob(".part-*")):
            left.unlink()  # of a process that was killed while it wrote
        listed = {number: counts for number, counts in self._read_finished().items() if 0 <= number < count}
        found: dict[int, dict[str, int]] = {}
        for number, counts in listed.items():
            path = self.part(number)
            if not path.exists():
                continue
            size = path.stat().st_size
            if size != counts["bytes"]:
                raise DataError(
                    f"{path}: {size} bytes, expected the {counts['bytes']} that were written; delete it to have it "
                    "made again"
                )
            found[number] = counts
        lines = [json.dumps({"part": number, **counts}) + "\n" for number, counts in sorted(found.items())]
        write_atomically(self.path / FINISHED, "".join(lines))
        self._finished = open(self.path / FINISHED, "ab")  # noqa: SIM115, closed by `close`
        return found

    def _read_finished(self) -> dict[int, dict[str, int]]:
        names = {"part", "bytes", *COUNTS}
        found: dict[int, dict[str, int]] = {}
        path = self.path / FINISHED
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                read = as_object(json.loads(line)) or {}
            except (
                ValueError,
                RecursionError,
            ):  # the last line, of a process that was killed or of a machine that lost its power
                continue
            if read.keys() == names and all(type(value) is int and value >= 0 for value in read.values()):
                found[read.pop("part")] = read
        return found

    def part(self, number: int) -> pathlib.Path:
        """Return the path of a part."""
        return self.path / f"part-{number:0{self._width}}{self._ending}"

    def dead_letters(self, number: int) -> pathlib.Path:
        """Return the path of a part's dead letters."""
        return self.path / DEAD / f"part-{number:0{self._width}}.jsonl"

    def finish(self, number: int, content: bytes, letters: bytes, counts: Mapping[str, int]) -> dict[str, int]:
        """Write what was found in a shard: its dead letters, its counts, and last the part itself.

        Returns:
          The counts with the bytes of the part.
        """
        known = {"bytes": len(content), **counts}
        if letters:
            write_atomically(self.dead_letters(number), letters)
        with name_errors(self.path / FINISHED):
            self._finished.write((json.dumps({"part": number, **known}) + "\n").encode())
            self._finished.flush()
        sync_file(self.path / FINISHED)
        write_atomically(self.part(number), content)
        return known

    def close(self) -> None:
        """Close the list of what is finished."""
        if self._finished is not None:
            self._finished.close()
