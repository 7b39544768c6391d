"""What training left in a folder, without what differs between two runs that are the same: times, commits, ids."""

from __future__ import annotations

import hashlib
import io
import json
import pathlib
import re
from typing import Any

from cman_tf.training.event_records import iterate_records, unwrap

_DIFFERENT = {"id", "run", "time", "commit", "commits"}  # keys of JSON files
_TIMES = {"seconds", "dev_seconds"}  # keys of metrics.jsonl


def read_end(folder: pathlib.Path) -> dict[str, Any]:
    """Return the content of the files below a folder, by path; of checkpoints and unknown files the hash.

    The files of TensorBoard in a folder count as one, of which the values are listed by step and tag.
    """
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir():
            continue
        if path.name.startswith("events.out.tfevents."):
            events = found.setdefault(str(path.parent.relative_to(folder)), [])
            events += _read_events(path.read_bytes())
            events.sort()
        elif path.name == "metrics.jsonl":
            lines = map(json.loads, path.read_text().splitlines())
            found[name] = [{key: value for key, value in line.items() if key not in _TIMES} for line in lines]
        elif path.suffix == ".json":
            content = json.loads(path.read_text())
            found[name] = (
                {key: value for key, value in content.items() if key not in _DIFFERENT}
                if isinstance(content, dict)
                else content
            )
        elif path.name == "checkpoint":
            found[name] = re.findall(r'^model_checkpoint_path: ".*"$', path.read_text(), re.M)
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def list_differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """List the paths that two ends do not have in common, or whose content differs."""
    missing = [f"{name}: only in one" for name in sorted(one.keys() ^ other.keys())]
    return missing + [f"{name}: differs" for name in sorted(one.keys() & other.keys()) if one[name] != other[name]]


def _read_events(content: bytes) -> list[tuple[int, str, str]]:
    """List the step, tag and value of the events in a file; of settings, which contain the time, the tag alone."""
    from tensorboard.compat.proto import event_pb2

    found, end = [], 0
    for start, end in iterate_records(io.BytesIO(content)):
        event = event_pb2.Event.FromString(unwrap(content[start:end]))
        for value in event.summary.value:
            has_time = value.tag.startswith("_hparams_") or value.tag.endswith("seconds")
            body = "" if has_time else hashlib.sha256(value.SerializeToString(deterministic=True)).hexdigest()
            found.append((event.step, value.tag, body))
    if end < len(content):
        found.append((-1, "no whole record", str(len(content) - end)))
    return found
