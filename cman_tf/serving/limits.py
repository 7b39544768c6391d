"""What a service accepts, and how it says no."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from cman_tf.errors import one_line

_SHOWN = 500  # characters of a message, which may repeat what was sent


@dataclasses.dataclass(frozen=True)
class Limits:
    """The bounds of a service.

    Attributes:
      body_bytes: bytes of a request's body.
      texts: texts of a request.
      characters: characters of a text, and of all tokens of a text together.
      entities: given entities of a request. Every pair of one text's entities is scored.
      pair_characters: characters of all texts of a request that asks for the scores of all pairs. Their number grows
        with the square of a sentence's entities.
      queue_texts: texts that wait for the model.
      queue_characters: characters of these texts together.
      requests: requests that are read, wait or are answered at the same time.
      connections: open connections.
      answer_seconds: that a request may wait for the model's answer.
      body_seconds: for the arrival of a body.
      header_seconds: for the arrival of a request's first lines and headers.
      idle_seconds: that a connection may stay open between two requests.
      stop_seconds: that a connection without a request stays open when the service ends.
      drain_seconds: that a connection stays open after a refusal while its client still sends.
      drain_bytes: that are read and discarded meanwhile.
    """

    body_bytes: int = 1 << 20
    texts: int = 128
    characters: int = 20_000
    entities: int = 300
    pair_characters: int = 2_000
    queue_texts: int = 1024
    queue_characters: int = 1_000_000
    requests: int = 256
    connections: int = 512
    answer_seconds: float = 30.0
    body_seconds: float = 10.0
    header_seconds: float = 10.0
    idle_seconds: float = 30.0
    stop_seconds: float = 0.3
    drain_seconds: float = 5.0
    drain_bytes: int = 64 << 20


class Refusal(Exception):
    """A request that is not answered as its sender hoped.

    Args:
      status: the HTTP status, from 400 to 599.
      message: one line for the sender: what was found, and what is expected.
      headers: more headers of the answer.

    >>> Refusal(413, "a body of 12 bytes").status
    413
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        line = one_line(message)
        self.message = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
        super().__init__(self.message)
        self.status, self.headers = status, dict(headers or {})


def refuse_busy(message: str) -> Refusal:
    """Return a 503 that asks the sender to come again in a second.

    Args:
      message: why the service is too busy.
    """
    return Refusal(503, message, {"retry-after": "1"})
