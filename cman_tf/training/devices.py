"""What a training computes on: here one device, the first GPU or the CPU. `replicas` has several."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.data.batches import Example
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.predictor import Predictor
from cman_tf.models.factory import Model
from cman_tf.models.input_pipeline import make_dataset
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import make_train_step
from cman_tf.training.weight_average import WeightAverage


class OneDevice:
    """One device.

    Attributes:
      replicas: the number of parts that a batch is divided into.
      is_chief: whether this process writes the run's files.
    """

    replicas = 1
    is_chief = True

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context in which the variables of a model are made."""
        return contextlib.nullcontext()

    def make_train_step(
        self, model: Model, optimizer: ModelOptimizer, average: WeightAverage | None
    ) -> Callable[[Any], Mapping[str, tf.Tensor]]:
        """Compile the training step for what `batches` yields. The arguments are those of `step.make_train_step`."""
        return make_train_step(model, optimizer, average)

    def batches(self, examples: Sequence[Example], order: Sequence[np.ndarray], model: Model) -> Iterable[Any]:
        """Make the batches of an epoch.

        Args:
          examples: the training sentences.
          order: for each batch the positions of its sentences.
          model: the model, which knows the arrays that it reads.
        """
        return make_dataset(examples, order, model.layout)

    def make_predictor(self, model: Model, vocabulary: Vocabulary) -> Predictor:
        """Make what predicts dev after an epoch."""
        return Predictor(model, vocabulary)

    def first_process_first(self) -> contextlib.AbstractContextManager[Any]:
        """Return a context that the first process leaves before the others enter it."""
        return contextlib.nullcontext()

    def naming_losses(self) -> contextlib.AbstractContextManager[Any]:
        """Return a context in which the loss of another process raises DataError."""
        return contextlib.nullcontext()

    def meet(self, what: str, content: Callable[[], bytes] = bytes) -> None:
        """Wait until all processes are here, and check that they have the same content. One process is always here.

        Args:
          what: names the content in the message.
          content: returns what must be the same.

        Raises:
          DataError: if it is not the same in all processes.
        """


ONE_DEVICE = OneDevice()
