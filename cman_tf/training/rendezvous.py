"""Waiting until all processes of a cluster are there, before TensorFlow connects them.

TensorFlow waits for ever for a process that does not come, and cannot be interrupted then. Here the first process
listens at its address of TF_CONFIG, the others tell it who they are, and it lets all go at once. No TensorFlow.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from cman_tf.errors import DataError
from cman_tf.training.cluster import Cluster

SECONDS = 100.0  # that a process waits for the others
_LONGEST = 1000  # bytes of a message
_WATCH = """
import os, select, sys
if not select.select([0], [], [], float(sys.argv[1]))[0]:
    print(sys.argv[3], file=sys.stderr, flush=True)
    os.kill(int(sys.argv[2]), 9)
"""


def wait_for_all(cluster: Cluster, seconds: float = SECONDS) -> None:
    """Wait until all processes of a cluster have called this.

    Args:
      cluster: the processes.
      seconds: how long to wait.

    Raises:
      DataError: if one of them does not come in time, or has other settings.
    """
    deadline = time.monotonic() + seconds
    if cluster.is_chief:
        _receive_all(cluster, deadline)
    else:
        _report(cluster, deadline)


def _receive_all(cluster: Cluster, deadline: float) -> None:
    """Wait for the messages of the other processes, and answer them."""
    known = hashlib.sha256(json.dumps(cluster.addresses).encode()).hexdigest()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_listen(cluster.addresses[0]))
        waiting: dict[int, socket.socket] = {}
        answer = ""
        while len(waiting) < len(cluster.addresses) - 1 and not answer:
            server.settimeout(_left(cluster, deadline, set(range(1, len(cluster.addresses))) - waiting.keys()))
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # of whoever connects here
                connection = stack.enter_context(server.accept()[0])
                connection.settimeout(2)
                message = _receive(connection)
                if message["cluster"] == known and message["process"] in range(1, len(cluster.addresses)):
                    waiting[message["process"]] = connection
                    if message["settings"] != cluster.settings:
                        address = cluster.addresses[message["process"]]
                        answer = (
                            f"{address} has other settings or corpora than {cluster.addresses[0]}, expected the same "
                            "command and the same files in all processes"
                        )
        for connection in waiting.values():
            with contextlib.suppress(OSError):
                _send(connection, {"error": answer})
    if answer:
        raise DataError(answer)


def _report(cluster: Cluster, deadline: float) -> None:
    """Tell the first process that this one is there, and wait for its answer."""
    message = {
        "cluster": hashlib.sha256(json.dumps(cluster.addresses).encode()).hexdigest(),
        "process": cluster.index,
        "settings": cluster.settings,
    }
    while True:
        left = _left(cluster, deadline, {0})
        try:
            with socket.create_connection(_split(cluster.addresses[0]), timeout=min(left, 5.0)) as connection:
                _send(connection, message)
                connection.settimeout(left)
                answer = _receive(connection).get("error")
        except (OSError, ValueError):
            time.sleep(0.2)
            continue
        if answer:
            raise DataError(str(answer))
        return


def _left(cluster: Cluster, deadline: float, missing: set[int]) -> float:
    """Return the seconds that are left, or raise DataError."""
    left = deadline - time.monotonic()
    if left <= 0:
        names = ", ".join(cluster.addresses[number] for number in sorted(missing))
        raise DataError(f"{cluster.describe()}: waited in vain for {names}, {_EXPECTED}")
    return left


_EXPECTED = "expected all processes of TF_CONFIG to be started together, and to reach each other"


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _listen(address: str) -> socket.socket:
    """Listen at the address, or at its port if the host's name is not this machine's own.

    Raises:
      DataError: if the port is taken.
    """
    host, port = _split(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        try:
            return socket.create_server((host, port), family=family)
        except OSError:
            return socket.create_server(("", port), family=family)
    except OSError as error:
        raise DataError(f"TF_CONFIG: {address}: {os.strerror(error.errno or 0)}, expected a free port") from None


def _send(connection: socket.socket, message: dict[str, object]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection: socket.socket) -> dict[str, Any]:
    """Read a line of JSON.

    Raises:
      ValueError: if it is none.
    """
    content = b""
    while not content.endswith(b"\n"):
        part = connection.recv(_LONGEST)
        content += part
        if not part or len(content) > _LONGEST:
            raise ValueError("no message")
    message = json.loads(content)
    if not isinstance(message, dict):
        raise ValueError("no object")
    return message


@contextlib.contextmanager
def ending_if_blocked(cluster: Cluster, seconds: float = SECONDS) -> Iterator[None]:
    """Kill this process, with one line, if what is done in this context takes too long.

    TensorFlow holds Python's lock while it waits for the other processes, so that no thread and no signal handler runs.
    A process of its own watches.
    """
    line = f"{cluster.describe()}: another process stopped before all were connected, {_EXPECTED}"
    watch = subprocess.Popen(
        [sys.executable, "-ISc", _WATCH, str(seconds), str(os.getpid()), line], stdin=subprocess.PIPE
    )
    try:
        yield
    finally:
        assert watch.stdin is not None
        watch.stdin.close()  # which the watching process sees
        watch.wait()
