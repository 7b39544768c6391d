"""Taking events out of the files that TensorBoard reads, so that a resumed run shows every step once."""

from __future__ import annotations

import io
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.message import DecodeError
from tensorboard.compat.proto import event_pb2

from cman_tf.runs.files import remove_temporaries, write_atomically
from cman_tf.training.event_records import iterate_records, unwrap

_Event: Any = event_pb2.Event  # made at run time, so that its attributes have no types


def drop_events(folder: str | pathlib.Path, is_dropped: Callable[[int, set[str]], bool]) -> None:
    """Take events out of all event files of a folder. A record that is cut short, as by a kill, is taken out, too.

    Args:
      folder: the folder; it need not exist.
      is_dropped: tells from an event's step and the tags of its values whether it is taken out.
    """
    for path in sorted(pathlib.Path(folder).glob("events.out.tfevents.*")):
        remove_temporaries(path)
        content = path.read_bytes()
        kept = [record for event, record in _split(content) if not is_dropped(event.step, _tags(event))]
        if sum(map(len, kept)) < len(content):
            write_atomically(path, b"".join(kept))


def _split(content: bytes) -> Iterator[tuple[Any, bytes]]:
    """Yield each event of a file's content, with the bytes of its record."""
    for start, end in iterate_records(io.BytesIO(content)):
        record = content[start:end]
        try:
            event = _Event.FromString(unwrap(record))
        except DecodeError:
            return
        yield event, record


def _tags(event: Any) -> set[str]:
    return {value.tag for value in event.summary.value}
