"""One training step on several devices.

Each replica computes the gradient of its part of the batch as on one device. The gradients are added, and every replica
changes its copy of the weights in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from cman_tf.layers.random_draws import draws_of_step
from cman_tf.models.factory import Model
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import compute_gradients
from cman_tf.training.weight_average import WeightAverage

Part = tuple[dict[str, tf.Tensor], tf.Tensor]  # a replica's part of a batch, and its weight


def make_replica_step(
    strategy: tf.distribute.Strategy,
    model: Model,
    optimizer: ModelOptimizer,
    average: WeightAverage | None,
    parts: int,
    first: int = 0,
) -> Callable[[Sequence[Part]], dict[str, tf.Tensor]]:
    """Compile the training step.

    Args:
      strategy: the strategy in whose scope the model and the optimizer were made.
      model: the model with its weights built.
      optimizer: the optimizer of the model's weights.
      average: the moving average of the weights, or None.
      parts: the number of this process' replicas.
      first: the number of the first of them among the replicas of all processes.

    Returns:
      A function from the parts of a batch, one for each replica of this process, to scalars to log. These are of the
      whole batch.
    """

    def replica_step(batch: dict[str, tf.Tensor], weight: tf.Tensor) -> dict[str, tf.Tensor]:
        context = tf.distribute.get_replica_context()
        with draws_of_step(model.config.seed, optimizer.iterations, context.replica_id_in_sync_group):
            gradients, logs = compute_gradients(model, batch)
        tokens = tf.cast(tf.reduce_sum(batch["lengths"]), tf.float32)
        means = [name for name in logs if name.endswith("/gate")]  # over tokens; the others are sums
        for name in means:
            logs[name] *= tokens
        values = [tf.convert_to_tensor(gradient) for gradient in gradients]
        *values, summed, tokens = _add_up([weight * value for value in (*values, tf.stack([*logs.values()]), tokens)])
        optimizer.apply_gradients(zip(values, model.trainable_variables), aggregate=False)
        logs = dict(zip(logs, tf.unstack(summed, len(logs))))
        for name in means:
            logs[name] /= tokens
        return {**logs, "gradient_norm": tf.linalg.global_norm(values)}

    @tf.function(input_signature=[[(model.signature, tf.TensorSpec([]))] * parts], autograph=False)
    def train_step(batch: Sequence[Part]) -> dict[str, tf.Tensor]:
        given = [
            strategy.experimental_distribute_values_from_function(
                lambda context, i=i: batch[context.replica_id_in_sync_group - first][i]
            )
            for i in range(2)
        ]
        logs = strategy.run(replica_step, args=given)
        if average:
            average.update()
        return {name: strategy.experimental_local_results(value)[0] for name, value in logs.items()}

    return train_step


def _add_up(values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Add each tensor over all replicas. They travel as one, since each transfer takes its time."""
    context = tf.distribute.get_replica_context()
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.concat([tf.reshape(value, [-1]) for value in values], 0))
    parts = tf.split(total, [tf.size(value) for value in values])
    return [tf.reshape(part, tf.shape(value)) for part, value in zip(parts, values)]
