"""Connections that end when nothing happens on them, and that answer a client that has closed its own side.

uvicorn bounds the time between two requests alone. Without more bounds a client that sends half a request, or does not
read its answer, holds its connection for ever.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from cman_tf.serving.half_closed import HalfClosed
from cman_tf.serving.lingering import LingeringTransport
from cman_tf.serving.service import Service

_UNREAD = (h11.IDLE, h11.SEND_RESPONSE)  # states in which an answer can still be sent
_SENDING = (h11.SEND_BODY, h11.ERROR)  # states of a client of whose request a part may still come


class BoundedProtocol(H11Protocol):
    """One connection.

    Args:
      service: what is shared.
      **options: those of uvicorn's protocol.
    """

    def __init__(self, service: Service, **options: Any) -> None:
        super().__init__(**options)
        self._service = service
        self._timer: asyncio.TimerHandle | None = None  # ends a connection on which too little arrives
        self._half_closed: HalfClosed | None = None
        self._write_timer: asyncio.TimerHandle | None = None  # ends one whose client does not read

    def _count_connections(self) -> None:
        self._service.metrics.connections = len(self.connections)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        limits = self._service.limits
        self._lingering = LingeringTransport(
            transport, lambda: self.conn.their_state in _SENDING, limits.drain_seconds, limits.drain_bytes
        )
        super().connection_made(self._lingering)  # type: ignore[arg-type]
        self._count_connections()
        if len(self.connections) > limits.connections:
            self._send_error("503 Service Unavailable", "too many connections are open", "Retry-After: 1\r\n")
            return
        self._start_timer(limits.stop_seconds if self._service.is_stopping else limits.header_seconds)

    def data_received(self, data: bytes) -> None:
        if self._lingering.is_lingering:
            self._lingering.discard(len(data))
            return
        super().data_received(data)
        self._look_at_request()

    def on_response_complete(self) -> None:
        self._stop_timer()
        super().on_response_complete()  # it may begin the next request
        if self.transport.is_closing():  # it closes when the client has read its answer
            self._start_write_timer()
        else:
            self._look_at_request()

    def _look_at_request(self) -> None:
        """Stop the timer while a request is answered, and start it while one arrives or the rest of its body does."""
        if self.transport.is_closing():
            return
        if self._is_answering:
            self._stop_timer()
            if self._service.is_stopping:
                self.cycle.keep_alive = False
        elif self._timer is None and self.timeout_keep_alive_task is None:
            self._start_timer(self._service.limits.header_seconds)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection open for the answer if the client sent a whole request before it closed its side."""
        if not self._is_answering or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        if not self.cycle.response_started and self.cycle.scope["http_version"] == "1.1":
            self._half_closed = HalfClosed(self.transport)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._lingering.end()
        if self._half_closed is not None:
            self._half_closed.stop()
        self._stop_timer()
        self._stop_write_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        self._count_connections()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_write_timer()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_write_timer()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """Let a request that is on its way arrive before an idle connection is closed."""
        if self._is_answering:
            self.cycle.keep_alive = False
        else:
            self._unset_keepalive_if_required()
            self._start_timer(self._service.limits.stop_seconds)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        if self._is_answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in _UNREAD or self._is_answering and self.cycle.response_started:
            self.transport.close()
            return
        self._send_error("400 Bad Request", "no HTTP request that can be read", "")

    def _send_error(self, status: str, message: str, header: str) -> None:
        body = json.dumps({"error": message})
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{header}"
        self.transport.write(f"{head}Connection: close\r\n\r\n{body}".encode())
        self.transport.close()

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_write_timer(self) -> None:
        self._stop_write_timer()
        self._write_timer = self.loop.call_later(self._service.limits.idle_seconds, self.transport.abort)

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
