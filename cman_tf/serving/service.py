"""The parts that the application, the bounds and the connections share."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from cman_tf.serving.batching import Batcher
from cman_tf.serving.limits import Limits
from cman_tf.serving.metrics import Metrics

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


@dataclasses.dataclass
class Service:
    """A model that answers over HTTP.

    Attributes:
      batcher: runs the model.
      metrics: what is counted.
      limits: the bounds.
      about: what /version says: `version`, `model` (its kind), `name`, `tokenizer`, `entity_types`, `relation_types`,
        `thresholds` and `tuned`.
      options: options of `Extractor.extract` that count where a request gives none.
      hosts: the names, without a port, under which browsers may call the service; None if any may be used. A web page
        of someone else can lead its own name to this machine, but cannot hide the name.
      is_stopping: whether the service was told to end.
    """

    batcher: Batcher
    metrics: Metrics
    limits: Limits
    about: Mapping[str, Any]
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    hosts: frozenset[str] | None = None
    is_stopping: bool = False

    @property
    def is_healthy(self) -> bool:
        """Whether requests are answered."""
        return self.batcher.is_alive and not self.is_stopping
