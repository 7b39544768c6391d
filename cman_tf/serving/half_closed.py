"""Telling a client that closed its own side, and waits for its answer, from one that is gone. Both look the same."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

_PROBE = b"HTTP/1.1 100 Continue\r\n\r\n"  # any client of HTTP/1.1 reads over it
_SECONDS = 0.2  # between two looks at the socket


class HalfClosed:
    """Watches a connection whose client closed its side, until it is closed.

    A line that clients read over is sent. The system of a client that is gone answers it with a reset, which the socket
    then holds as an error.

    Args:
      transport: the connection, on which no answer has begun.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._timer: asyncio.TimerHandle | None = None
        transport.write(_PROBE)
        self._wait()

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_SECONDS, self._look)

    def _look(self) -> None:
        if self._transport.is_closing():
            return
        if self._transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._transport.abort()
        else:
            self._wait()
