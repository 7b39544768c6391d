"""The bounds around the application: who may call it, how much may come, how long it may take, what is counted.

This is an ASGI middleware. The application behind it sees only requests whose body is there and small enough.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from cman_tf.serving.limits import Refusal, refuse_busy
from cman_tf.serving.service import Service

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PATHS = ("/", "/docs", "/extract", "/health", "/metrics", "/openapi.json", "/version")
_GONE = 499  # the sender is not there any more; only the metrics show it
_LOG = logging.getLogger(__name__)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
]


class Bounds:
    """Refuses requests that break a bound, and hands on the others.

    Args:
      app: the application.
      service: what is shared.
    """

    def __init__(self, app: Application, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        metrics, start, status = self._service.metrics, time.perf_counter(), _GONE

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
                if self._service.is_stopping:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        metrics.in_progress += 1
        try:
            await self._answer(scope, receive, send_noted)
        except Refusal as refusal:
            await send_refusal(refusal, send_noted)
        except Exception:  # ours: the sender gets a line, the service goes on
            _LOG.exception("error in the service")
            if status == _GONE:
                await send_refusal(Refusal(500, "an error in the service; its log has more"), send_noted)
        finally:
            metrics.in_progress -= 1
            path = scope["path"] if scope["path"] in PATHS else "other"
            metrics.count_request(path, status, time.perf_counter() - start)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        self._check_host(headers.get(b"host", ""))
        if scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        limits = self._service.limits
        if self._service.metrics.in_progress > limits.requests:
            raise refuse_busy(f"{limits.requests} requests wait already; send the request again later")
        _check_length(headers, limits.body_bytes)
        try:
            body = await asyncio.wait_for(_read_body(receive, limits.body_bytes), limits.body_seconds)
        except asyncio.TimeoutError:
            message = f"the body did not arrive within {limits.body_seconds:g} s"
            raise Refusal(408, message, {"connection": "close"}) from None
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    def _check_host(self, host: str) -> None:
        hosts = self._service.hosts
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if hosts is not None and name.lower().rstrip(".") not in hosts:
            expected = ", ".join(sorted(hosts))
            raise Refusal(403, f"the host is {host[:60]!a}, expected one of {expected}; see serve --allowed_hosts")


def _check_length(headers: dict[bytes, str], most: int) -> None:
    """Refuse a body by its length before any of it is read."""
    length = headers.get(b"content-length", "")
    if length.isdecimal() and int(length[:20]) > most:
        # A client that waits for leave to send the body may go on as if it had sent it, or not. The server reads
        # and forgets what others send, so that they come to reading the answer.
        close = {"connection": "close"} if b"expect" in headers else {}
        raise _refuse_body(f"a body of {length[:20]} bytes", most, close)


def _refuse_body(found: str, most: int, headers: dict[str, str]) -> Refusal:
    return Refusal(413, f"{found}, expected at most {most}; send fewer texts at a time", headers)


async def _read_body(receive: Receive, most: int) -> bytes | None:
    """Return the body; None if the sender is gone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _refuse_body(f"a body of over {most} bytes", most, {})
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a function that gives the body at its first call."""
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return given.pop() if given else await receive()

    return replay


async def send_refusal(refusal: Refusal, send: Send) -> None:
    """Send an error as JSON.

    Args:
      refusal: the error.
      send: the function that takes the messages.
    """
    body = json.dumps({"error": refusal.message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in refusal.headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
