"""Running the service: its socket, its signals, and its end, at which every accepted request is answered."""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn

from cman_tf.errors import DataError
from cman_tf.serving.app import make_app
from cman_tf.serving.connections import BoundedProtocol
from cman_tf.serving.service import Service

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GRACE = 5  # seconds beyond a request's time-out that the service waits for requests at its end


def open_socket(host: str, port: int) -> socket.socket:
    """Take a port, on which nobody is answered before the service runs.

    Args:
      host: the address or name of this machine that is listened on.
      port: the port; 0 takes a free one.

    Raises:
      DataError: if that is not possible.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda item: item[0] != socket.AF_INET)
        opened = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise DataError(f"--host={host}: {_reason(error)}, expected an address of this machine") from None
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.set_inheritable(False)
        return opened
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise DataError(
                f"--host={host}: not an address of this machine, expected one, or 0.0.0.0 for all"
            ) from None
        message = f"{host}, port {port}: {_reason(error)}, expected a free port: --port=N, or --port=0 for any"
        raise DataError(message) from None


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def address_of(opened: socket.socket) -> str:
    """Return the address of a socket as browsers take it.

    Args:
      opened: what `open_socket` returned.
    """
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(service: Service, opened: socket.socket, ready: Callable[[], Any]) -> None:
    """Run the service until SIGINT, SIGTERM or SIGHUP, then answer what was accepted.

    Args:
      service: the service, with a batcher that was started.
      opened: the socket to listen on.
      ready: is called when requests are answered.

    Raises:
      DataError: if another process took the port meanwhile.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    limits = service.limits
    config = uvicorn.Config(
        make_app(service),
        loop="asyncio",
        http=functools.partial(BoundedProtocol, service),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(limits.idle_seconds) or 1,
        timeout_graceful_shutdown=int(limits.answer_seconds + limits.body_seconds) + _GRACE,
    )
    try:
        opened.listen()
    except OSError as error:
        raise DataError(f"{address_of(opened)}: {_reason(error)}, expected a free port") from None
    server = _Server(config, service, ready)
    try:
        server.run(sockets=[opened])
    finally:
        service.batcher.stop(0 if server.force_exit else _GRACE)


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready and ends with exit code 0 after a signal.

    Args:
      config: of uvicorn.
      service: is told when the server ends.
      ready: is called when requests are answered.
    """

    def __init__(self, config: uvicorn.Config, service: Service, ready: Callable[[], Any]) -> None:
        super().__init__(config)
        self._service, self._ready = service, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:  # type: ignore[override]
        watched = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self.handle_exit) for number in watched}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; a second signal does not wait for answers."""
        self.force_exit = self.should_exit
        self.should_exit = self._service.is_stopping = True
