"""One training step: the clean pass, the perturbation and the adversarial pass.

A step takes two forward and two backward passes over the network. The clean backward pass gives both the gradient for
the parameters and the gradient for the inputs, from which the perturbation is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from cman_tf.layers.random_draws import draws_of_step
from cman_tf.models.factory import Model
from cman_tf.training.adversarial import compute_perturbation
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.weight_average import WeightAverage


def compute_gradients(model: Model, batch: Mapping[str, tf.Tensor]) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
    """Compute the gradient of L_final = L_joint(w) + L_joint(w + eta_adv), equation 14 / 22.

    The token representation e and the encoded gold labels do not depend on the perturbation. They are computed once for
    both passes and receive the sum of the gradients of both passes.

    Args:
      model: the model.
      batch: the tensors of a batch, as `model.signature` describes them.

    Returns:
      The gradient of each trainable variable, and scalars to log.
    """
    with tf.GradientTape() as outer:
        labels = model.encode_labels(batch["tags"], batch["lengths"], training=True)
        shared = [model.represent(batch, training=True), *labels]
    variables = model.trainable_variables

    def one_pass(e: tf.Tensor) -> tuple[list[Any], list[Any], dict[str, tf.Tensor]]:
        inputs = [e, *shared[1:]]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            total, parts = model.compute_losses(inputs[0], tuple(inputs[1:]), batch)
        of_inputs, of_variables = tape.gradient(total, [inputs, variables])
        return of_inputs, of_variables, {"loss": total, **parts}

    of_inputs, of_variables, clean = one_pass(shared[0])
    logs = {f"clean/{name}": value for name, value in clean.items()}
    alpha = model.config.adversarial_alpha
    if alpha:
        # Separate models have a token representation and a perturbation each.
        parts = tf.split(of_inputs[0], 2 if model.config.separate_models else 1, -1)
        eta = tf.concat([compute_perturbation(part, alpha) for part in parts], -1)
        inputs_too, variables_too, noisy = one_pass(shared[0] + eta)
        of_inputs = [_add(a, b) for a, b in zip(of_inputs, inputs_too)]
        of_variables = [_add(a, b) for a, b in zip(of_variables, variables_too)]
        logs.update({f"adversarial/{name}": value for name, value in noisy.items() if name != "gate"})
    through = outer.gradient(shared, variables, output_gradients=of_inputs)
    total = [_add(a, b) for a, b in zip(of_variables, through)]
    return total, logs


def _add(a: Any, b: Any) -> Any:
    """Add two gradients, of which either may be None."""
    if a is None or b is None:
        return b if a is None else a
    return tf.convert_to_tensor(a) + tf.convert_to_tensor(b)


def make_train_step(
    model: Model, optimizer: ModelOptimizer, average: WeightAverage | None = None
) -> Callable[[Mapping[str, tf.Tensor]], dict[str, tf.Tensor]]:
    """Compile the training step.

    Args:
      model: the model with its weights built.
      optimizer: the optimizer of the model's weights.
      average: the moving average of the weights, which the step updates, or None.

    Returns:
      A function from a batch to scalars to log. Its random draws depend on the run's seed and the number of steps so
      far.
    """

    @tf.function(input_signature=[model.signature], autograph=False)
    def train_step(batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        with draws_of_step(model.config.seed, optimizer.iterations):
            total, logs = compute_gradients(model, batch)
        optimizer.apply_gradients(zip(total, model.trainable_variables))
        if average:
            average.update()
        return {**logs, "gradient_norm": tf.linalg.global_norm(total)}

    return train_step
