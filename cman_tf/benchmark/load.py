"""Clients of a service that ask again and again, each on its own connection."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cman_tf.errors import DataError


class Load(NamedTuple):
    """What clients met.

    Attributes:
      seconds: how long they asked.
      latencies: the seconds of each request, in ascending order.
    """

    seconds: float
    latencies: list[float]

    def at(self, share: float) -> float:
        """Return the latency that this share of the requests did not exceed.

        Args:
          share: from 0 to 1.

        >>> Load(1.0, [0.1, 0.2, 0.9]).at(0.5)
        0.2
        """
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]

    @property
    def requests_per_second(self) -> float:
        """The number of requests that were answered in a second."""
        return len(self.latencies) / self.seconds


def apply_load(host: str, port: int, texts: Sequence[str], clients: int, seconds: float) -> Load:
    """Let clients send requests of one text each, a new one as soon as the last was answered.

    Args:
      host: the address of the service.
      port: its port.
      texts: the texts, which are sent in turn.
      clients: the number of clients.
      seconds: how long they ask.

    Raises:
      DataError: if a request is not answered with 200.
    """
    bodies = [json.dumps({"texts": [text]}).encode() for text in texts]
    head = f"POST /extract HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: "
    requests = itertools.cycle([b"%s%d\r\n\r\n%s" % (head.encode(), len(body), body) for body in bodies])
    return asyncio.run(_run(host, port, requests, clients, seconds))


async def _run(host: str, port: int, requests: Iterator[bytes], clients: int, seconds: float) -> Load:
    latencies: list[float] = []
    start = time.perf_counter()

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            while time.perf_counter() - start < seconds:
                begin = time.perf_counter()
                writer.write(next(requests))
                await _read_answer(reader)
                latencies.append(time.perf_counter() - begin)
        finally:
            writer.close()

    try:
        await asyncio.gather(*(ask() for _ in range(clients)))
    except (OSError, asyncio.IncompleteReadError) as error:
        raise DataError(f"the service ended a connection ({error}), expected answers") from None
    return Load(time.perf_counter() - start, sorted(latencies))


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status, _, fields = head.partition("\r\n")
    length = fields.partition("content-length:")[2].partition("\r\n")[0]
    body = await reader.readexactly(int(length))
    if " 200 " not in status:
        raise DataError(f"{status}: {body[:200].decode('utf-8', 'replace')}, expected status 200")
