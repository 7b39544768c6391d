"""The processes that train one model together, as the environment variable TF_CONFIG describes them. No TensorFlow."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from typing import Any

from cman_tf.errors import DataError, quote

STRATEGIES = ("none", "mirrored", "multi_worker")
_TYPES = ("chief", "worker")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([1-9][0-9]{0,4})")
_EXAMPLE = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes, and which of them this one is.

    Attributes:
      addresses: host and port of each process. The first one is the chief, which alone writes files.
      index: the position of this process among them.
      settings: a hash that must be the same in all: of what the training depends on.
    """

    addresses: tuple[str, ...]
    index: int
    settings: str = ""

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that writes."""
        return self.index == 0

    def describe(self) -> str:
        """Name this process in messages.

        >>> Cluster(("a:1", "b:1"), 1).describe()
        'process 2 of 2, b:1'
        """
        return f"process {self.index + 1} of {len(self.addresses)}, {self.addresses[self.index]}"


def read_cluster() -> Cluster:
    """Read TF_CONFIG.

    Raises:
      DataError: if it is missing, or not a description of chief and workers.
    """
    content = os.environ.get("TF_CONFIG", "")
    if not content:
        raise DataError(f"--strategy=multi_worker: the environment has no TF_CONFIG, expected such as {_EXAMPLE}")
    return parse_cluster(content)


def parse_cluster(content: str) -> Cluster:
    """Read the JSON of TF_CONFIG.

    Raises:
      DataError: if it is not a description of chief and workers.

    >>> parse_cluster('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}').addresses
    ('a:1', 'b:1')
    """
    try:
        described = json.loads(content)
    except (ValueError, RecursionError):
        raise DataError(f"TF_CONFIG: {quote(content)} is not JSON, expected such as {_EXAMPLE}") from None
    tasks = _member(described, "cluster")
    if not tasks or tasks.keys() - set(_TYPES):
        raise DataError(f"TF_CONFIG: cluster is of {quote(', '.join(tasks))}, expected chief and worker only")
    addresses = {kind: _read_addresses(kind, tasks.get(kind, [])) for kind in _TYPES}
    if len(addresses["chief"]) > 1:
        raise DataError(f"TF_CONFIG: {len(addresses['chief'])} chiefs, expected one")
    both = addresses["chief"] + addresses["worker"]
    if len(set(both)) < len(both):
        raise DataError("TF_CONFIG: two processes have the same address, expected one address each")
    task = _member(described, "task")
    kind, index = task.get("type"), task.get("index")
    if kind not in _TYPES or type(index) is not int or not 0 <= index < len(addresses[kind]):
        raise DataError(
            f"TF_CONFIG: task is {quote(kind)} {quote(index)}, expected a type and an index that cluster has"
        )
    return Cluster(tuple(both), index + (len(addresses["chief"]) if kind == "worker" else 0))


def _member(described: Any, name: str) -> dict[str, Any]:
    """Return an object of TF_CONFIG by its name."""
    value = described.get(name) if isinstance(described, dict) else None
    if not isinstance(value, dict):
        raise DataError(f"TF_CONFIG: {name} is {quote(value)}, expected an object, such as in {_EXAMPLE}")
    return value


def _read_addresses(kind: str, values: Any) -> list[str]:
    """Check the addresses of one type of process."""
    if not isinstance(values, list):
        raise DataError(f"TF_CONFIG: {kind} is {quote(values)}, expected a list of addresses")
    for value in values:
        match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
        if not match or not 0 < int(match[2]) < 65536:
            raise DataError(f"TF_CONFIG: {quote(value)} in {kind}, expected HOST:PORT")
    return values


def describe_other_replicas(before: list[int], now: int) -> str:
    """Return a line for a run that is resumed on another number of devices; "" if the number is the same.

    Args:
      before: the numbers of replicas with which the run was trained so far, in order.
      now: the number of replicas from now on.

    >>> describe_other_replicas([2], 2)
    ''
    """
    if not before or before[-1] == now:
        return ""
    return f"replicas: {before[-1]} before, {now} now; each draws its own dropout, so this is the result of neither"
