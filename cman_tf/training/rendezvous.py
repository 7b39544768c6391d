"""Waiting until all processes of a cluster are there, before TensorFlow connects them.

TensorFlow waits for ever for a process that does not come, and cannot be interrupted then. Here the first process
listens at its address of TF_CONFIG, the others tell it who they are, and it lets all go at once. No TensorFlow.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from cman_tf.errors import DataError
from cman_tf.training.cluster import Cluster

SECONDS = 100.0  # that a process waits for the others
_GRACE = 3.0  # seconds for which processes that cannot train together are awaited
_PATIENCE = 5.0  # seconds for which a connection may say nothing
_LONGEST = 1000  # bytes of a message
_MOST = 1024  # processes, and connections
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
    waiting: dict[int, socket.socket] = {}
    answer = ""
    with _Peers(_listen(cluster.addresses[0])) as peers:
        while not (len(waiting) == len(cluster.addresses) - 1 and not any(map(_is_gone, waiting.values()))):
            if answer and time.monotonic() > deadline:
                break
            waiting = {number: connection for number, connection in waiting.items() if not _is_gone(connection)}
            missing = set(range(1, len(cluster.addresses))) - waiting.keys()
            seconds = max(0.1, deadline - time.monotonic()) if answer else _left(cluster, deadline, missing)
            for connection, message in peers.receive(min(seconds, 0.5)):
                reason = _find_fault(cluster, message, waiting)
                if not reason:
                    waiting[message["process"]] = connection
                elif not answer:  # who comes a little later is told, too
                    answer, deadline = reason, min(deadline, time.monotonic() + _GRACE)
        peers.answer({"error": answer})
    if answer:
        raise DataError(answer)


def _find_fault(cluster: Cluster, message: dict[str, Any], waiting: dict[int, socket.socket]) -> str:
    """Return why a process cannot take part; "" if it can."""
    number = message["process"]
    if message["cluster"] != _name(cluster):
        return "the addresses of TF_CONFIG are not the same in all processes, expected one list for all"
    if number >= len(cluster.addresses):
        return "a process has an index that TF_CONFIG does not have, expected one list for all"
    address = cluster.addresses[number]
    if number in waiting or number == 0:
        return f"two processes have the place of {address}, expected an index for each"
    if message["settings"] != cluster.settings:
        return (
            f"{address} has other settings, corpora or GPUs than {cluster.addresses[0]}, expected the same command and "
            "the same files in all processes"
        )
    return ""


def _name(cluster: Cluster) -> str:
    """Return a hash of the addresses, by which processes know that they belong together."""
    return hashlib.sha256(json.dumps(cluster.addresses).encode()).hexdigest()


def _is_gone(connection: socket.socket) -> bool:
    """Whether a process that waits for an answer has closed its connection."""
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


class _Peers:
    """Whoever connects to a port: few at a time, and each has a few seconds for one short line.

    Args:
      server: the listening socket.
    """

    def __init__(self, server: socket.socket) -> None:
        self._server, self._selector = server, selectors.DefaultSelector()
        self._silent: dict[socket.socket, tuple[float, bytes]] = {}  # since when, and what came so far
        self._known: list[socket.socket] = []  # whose message came
        server.setblocking(False)
        self._selector.register(server, selectors.EVENT_READ)

    def __enter__(self) -> _Peers:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (*self._silent, *self._known, self._server):
            connection.close()
        self._selector.close()

    def receive(self, seconds: float) -> Iterator[tuple[socket.socket, dict[str, Any]]]:
        """Wait for messages, and yield those that a process of ours may have sent."""
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._server:
                self._accept()
            else:
                message = self._read(key.fileobj)  # type: ignore[arg-type]
                if message is not None:
                    yield key.fileobj, message  # type: ignore[misc]
        now = time.monotonic()
        for connection in [c for c, (since, _) in self._silent.items() if now - since > _PATIENCE]:
            self._drop(connection)

    def answer(self, message: dict[str, object]) -> None:
        """Send a message to all whose message came."""
        for connection in self._known:
            with contextlib.suppress(OSError):
                connection.settimeout(2)
                _send(connection, message)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection = self._server.accept()[0]
            connection.setblocking(False)
            if len(self._silent) >= _MOST:
                self._drop(next(iter(self._silent)))
            self._silent[connection] = time.monotonic(), b""
            self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> dict[str, Any] | None:
        since, before = self._silent[connection]
        try:
            part = connection.recv(_LONGEST)
        except OSError:
            part = b""
        content = before + part
        self._silent[connection] = since, content
        if part and len(content) <= _LONGEST and not content.endswith(b"\n"):
            return None
        message = _parse(content) if part else None
        if message is None or len(self._known) >= _MOST:
            self._drop(connection)
            return None
        self._selector.unregister(connection)
        del self._silent[connection]
        self._known.append(connection)
        return message

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._silent[connection]
        connection.close()


def _parse(content: bytes) -> dict[str, Any] | None:
    """Read the message of a process; None if it is something else."""
    try:
        message = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.keys() != {"process", "cluster", "settings"}:
        return None
    is_right = type(message["process"]) is int and 0 <= message["process"] < _MOST
    is_right = is_right and isinstance(message["settings"], str) and isinstance(message["cluster"], str)
    return message if is_right and re.fullmatch("[0-9a-f]{64}", message["cluster"]) else None


def _report(cluster: Cluster, deadline: float) -> None:
    """Tell the first process that this one is there, and wait for its answer."""
    message = {"cluster": _name(cluster), "process": cluster.index, "settings": cluster.settings}
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
    try:
        message = json.loads(content)
    except RecursionError:
        raise ValueError("too deep") from None
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
