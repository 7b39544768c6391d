"""Adam for the model, and another Adam with its own learning rate for an encoder that is trained with the model."""

from __future__ import annotations

from collections.abc import Iterable

import tensorflow as tf

from cman_tf.models.factory import Model

# The legacy class has a fused kernel; the newer one is slower on a CPU.
_Adam = tf.keras.optimizers.legacy.Adam


class ModelOptimizer:
    """Adam with the learning rates and the epsilon of the configuration.

    Args:
      model: the model with its weights built.

    Attributes:
      main: the optimizer of all weights except those of a tuned encoder.
      of_encoder: the optimizer of a tuned encoder's weights, or None.
    """

    def __init__(self, model: Model) -> None:
        config, encoder = model.config, model.tuned_encoder
        self.main = _Adam(config.learning_rate, epsilon=config.adam_epsilon, name="Adam")
        self.of_encoder: _Adam | None = None
        self._ratio = 0.0
        self._encoder_weights: set[object] = set()
        if encoder is not None:
            self.of_encoder = _Adam(config.encoder_learning_rate, epsilon=config.adam_epsilon, name="EncoderAdam")
            self._ratio = config.encoder_learning_rate / config.learning_rate
            self._encoder_weights = {weight.ref() for weight in encoder.trainable_variables}
        # Created inside the compiled step, the slots would cause a second tracing.
        weights = model.trainable_variables
        self.main._create_all_weights([weight for weight in weights if weight.ref() not in self._encoder_weights])
        if self.of_encoder is not None:
            self.of_encoder._create_all_weights([w for w in weights if w.ref() in self._encoder_weights])

    @property
    def iterations(self) -> tf.Variable:
        """The number of steps so far, int64."""
        return self.main.iterations

    def set_rate(self, rate: float) -> None:
        """Set the learning rate. The rate of a tuned encoder changes by the same factor."""
        self.main.learning_rate = rate
        if self.of_encoder is not None:
            self.of_encoder.learning_rate = rate * self._ratio

    def apply_gradients(self, pairs: Iterable[tuple[tf.Tensor, tf.Variable]], aggregate: bool = True) -> None:
        """Change the weights by one step.

        Args:
          pairs: each weight's gradient and the weight.
          aggregate: whether to add up the gradients of several replicas first, if there are several.
        """
        ours, encoders = [], []
        for gradient, weight in pairs:
            (encoders if weight.ref() in self._encoder_weights else ours).append((gradient, weight))
        self.main.apply_gradients(ours, experimental_aggregate_gradients=aggregate)
        if self.of_encoder is not None:
            self.of_encoder.apply_gradients(encoders, experimental_aggregate_gradients=aggregate)

    def parts(self) -> dict[str, tf.keras.optimizers.legacy.Optimizer]:
        """Return the optimizers by their names in checkpoints."""
        parts = {"optimizer": self.main}
        if self.of_encoder is not None:
            parts["encoder_optimizer"] = self.of_encoder
        return parts
