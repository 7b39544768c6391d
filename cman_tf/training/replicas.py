"""Training on several devices of one machine, or of several machines (`tf.distribute`).

Every replica has a copy of the model. A batch is divided among the replicas, and their gradients are added.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.data.batches import Example, make_replica_batch
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.errors import DataError
from cman_tf.inference.predictor import Predictor
from cman_tf.models.factory import Model
from cman_tf.models.input_pipeline import prefetch
from cman_tf.training.cluster import Cluster
from cman_tf.training.devices import OneDevice
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.replica_step import Part, make_replica_step
from cman_tf.training.shared_prediction import SharedPredictor
from cman_tf.training.weight_average import WeightAverage


class Replicas(OneDevice):
    """Several devices.

    Args:
      strategy: the strategy, whose replicas are the devices.
      cluster: the processes that train together, or None for this one alone.

    Attributes:
      replicas: the number of replicas in all processes.
      is_chief: whether this process writes the run's files.
    """

    def __init__(self, strategy: tf.distribute.Strategy, cluster: Cluster | None = None) -> None:
        self._strategy, self._cluster = strategy, cluster
        self.replicas = strategy.num_replicas_in_sync
        self.is_chief = cluster is None or cluster.is_chief
        self._here = self.replicas // (len(cluster.addresses) if cluster else 1)
        self._first = cluster.index * self._here if cluster else 0

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        return self._strategy.scope()

    def make_train_step(
        self, model: Model, optimizer: ModelOptimizer, average: WeightAverage | None
    ) -> Callable[[Sequence[Part]], Mapping[str, tf.Tensor]]:
        return make_replica_step(self._strategy, model, optimizer, average, self._here, self._first)

    def batches(self, examples: Sequence[Example], order: Sequence[np.ndarray], model: Model) -> Iterator[list[Part]]:
        """Make the parts of each batch that the replicas of this process compute."""
        features = model.layout.features

        def generate() -> Iterator[tuple[dict[str, np.ndarray], float]]:
            for rows in order:
                whole = [examples[row] for row in rows]
                for replica in range(self._first, self._first + self._here):
                    yield make_replica_batch(whole, replica, self.replicas, features)

        parts = iter(prefetch(generate, (model.signature, tf.TensorSpec([]))))
        for _ in order:
            yield [next(parts) for _ in range(self._here)]

    def make_predictor(self, model: Model, vocabulary: Vocabulary) -> Predictor:
        """Make what predicts dev after an epoch: each process predicts a part of the batches."""
        if self._cluster is None:
            return Predictor(model, vocabulary)
        return SharedPredictor(model, vocabulary, self._cluster.index, len(self._cluster.addresses), self.gather)

    def gather(self, content: bytes) -> list[bytes]:
        """Return the contents that all processes give, in their order. All must call this."""

        # The first replica of a process carries its content, the others are empty.
        def carry(context: tf.distribute.ValueContext, value: Sequence[int] | np.ndarray) -> tf.Tensor:
            is_first = context.replica_id_in_sync_group == self._first
            return tf.constant(value if is_first else [], tf.int32)

        def share(values: Callable[[tf.distribute.ValueContext], tf.Tensor]) -> np.ndarray:
            return self._strategy.gather(self._strategy.experimental_distribute_values_from_function(values), 0).numpy()

        words = np.frombuffer(content + bytes(-len(content) % 4), np.int32)  # which the transfer knows, unlike bytes
        sizes = share(lambda context: carry(context, [len(content)]))
        every = share(lambda context: carry(context, words)).tobytes()
        starts = np.cumsum([0, *(-(-sizes // 4) * 4)])
        return [every[start : start + size] for start, size in zip(starts, sizes)]

    @contextlib.contextmanager
    def first_process_first(self) -> Iterator[None]:
        if not self.is_chief:
            self.meet("what the first process made")
        yield
        if self.is_chief:
            self.meet("what the first process made")

    @contextlib.contextmanager
    def naming_losses(self) -> Iterator[None]:
        try:
            yield
        except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError) as error:
            if self._cluster is None or "ollective" not in str(error):
                raise
            raise DataError(
                "another process has stopped, or cannot be reached; start all of them again, and training goes on "
                "from the last checkpoint"
            ) from None

    def meet(self, what: str, content: Callable[[], bytes] = bytes) -> None:
        if self._cluster is None:
            return
        digests = self.gather(hashlib.sha256(content()).digest())
        for number, digest in enumerate(digests):
            if digest != digests[0]:
                raise DataError(
                    f"{what}: process {number + 1} ({self._cluster.addresses[number]}) has another one than the first "
                    "process, expected the same flags, corpora, code and --model_dir in all"
                )
