"""Closing a connection whose client still sends, so that it can read its answer first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class LingeringTransport:
    """A transport that closes in two steps while its client sends.

    A socket that is closed with unread data sends a reset, and the client loses the answer that refuses its request. So
    `close` ends our side only, what still comes is discarded, and the client closes when it has read its answer. This
    is bounded by a time and a size.

    Args:
      transport: the transport; other attributes are its own.
      is_sending: tells whether the client has sent a part of a request only.
      seconds: the most to wait for the client.
      most_bytes: the most that is discarded.

    Attributes:
      is_lingering: whether `close` waits for the client.
    """

    def __init__(
        self, transport: asyncio.Transport, is_sending: Callable[[], bool], seconds: float, most_bytes: int
    ) -> None:
        self._transport, self._is_sending = transport, is_sending
        self._seconds, self._left = seconds, most_bytes
        self._timer: asyncio.TimerHandle | None = None
        self.is_lingering = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Return whether the connection takes no more requests."""
        return self.is_lingering or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send data, unless our side was ended."""
        if not self.is_lingering:
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection now, or when its client has read its answer."""
        if self.is_closing():
            return
        if not self._is_sending():
            self._transport.close()
            return
        self.is_lingering = True
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._transport.abort)
        self._transport.write_eof()
        self._transport.resume_reading()

    def discard(self, size: int) -> None:
        """Count what came since `close`, and give up if it is too much.

        Args:
          size: its bytes.
        """
        self._left -= size
        if self._left < 0:
            self._transport.abort()

    def end(self) -> None:
        """Forget the bound of time, as the connection is lost."""
        if self._timer is not None:
            self._timer.cancel()
