"""One training step: the clean pass, the perturbation, the adversarial pass.

Two forward and two backward passes over the network, no more: the clean backward
pass yields the parameters' gradient and the inputs' gradient together.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from cman_tf.models.factory import Model
from cman_tf.training.adversarial import compute_perturbation
from cman_tf.training.weight_average import WeightAverage


def compute_gradients(model: Model, batch: dict[str, tf.Tensor]) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
    """Gradient of L_final = L_joint(w) + L_joint(w + eta_adv), equation 14 / 22.

    What does not depend on the perturbation, the token representation e and the
    encoded gold labels, is computed once for both passes and receives the sum of
    both passes' gradients.

    Returns:
      One gradient a trainable variable, and scalars to log.
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
        eta = compute_perturbation(of_inputs[0], alpha)
        inputs_too, variables_too, noisy = one_pass(shared[0] + eta)
        of_inputs = [_add(a, b) for a, b in zip(of_inputs, inputs_too)]
        of_variables = [_add(a, b) for a, b in zip(of_variables, variables_too)]
        logs.update({f"adversarial/{name}": value for name, value in noisy.items() if name != "gate"})
    through = outer.gradient(shared, variables, output_gradients=of_inputs)
    total = [_add(a, b) for a, b in zip(of_variables, through)]
    return total, logs


def _add(a: Any, b: Any) -> Any:
    """The sum of two gradients, either of which may be None."""
    if a is None or b is None:
        return b if a is None else a
    return tf.convert_to_tensor(a) + tf.convert_to_tensor(b)


class Adam(tf.keras.optimizers.legacy.Adam):
    """Adam with a smaller rate for some variables.

    The legacy class has the fused kernel; the newer one is slower on a CPU.

    Args:
      slower: those variables.
      share: their rate over the others'.
    """

    def __init__(self, slower: list[tf.Variable], share: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, name="Adam", **kwargs)
        self._slower, self._share = {variable.ref() for variable in slower}, share

    def _rates(self, var: tf.Variable, apply_state: dict | None) -> dict | None:
        if var.ref() not in self._slower:
            return apply_state
        place = var.device, var.dtype.base_dtype
        usual = (apply_state or {}).get(place) or self._fallback_apply_state(*place)
        slower = {name: usual[name] * self._share for name in ("lr_t", "lr")}
        return {place: {**usual, **slower}}

    def _resource_apply_dense(self, grad: tf.Tensor, var: tf.Variable, apply_state: dict | None = None) -> Any:
        return super()._resource_apply_dense(grad, var, self._rates(var, apply_state))

    def _resource_apply_sparse(
        self, grad: tf.Tensor, var: tf.Variable, indices: tf.Tensor, apply_state: dict | None = None
    ) -> Any:
        return super()._resource_apply_sparse(grad, var, indices, self._rates(var, apply_state))


def make_optimizer(model: Model) -> tf.keras.optimizers.Optimizer:
    """Adam with the settings' rates and epsilon.

    A step of zero makes its slots here: made inside the compiled step, they would have it traced twice.
    """
    config, encoder = model.config, model.representation.encoder
    share = config.encoder_learning_rate / config.learning_rate if encoder else 1.0
    slower = encoder.trainable_variables if encoder else []
    optimizer = Adam(slower, share, config.learning_rate, epsilon=config.adam_epsilon)
    optimizer.apply_gradients([(tf.zeros_like(variable), variable) for variable in model.trainable_variables])
    optimizer.iterations.assign(0)
    return optimizer


def make_train_step(
    model: Model, optimizer: tf.keras.optimizers.Optimizer, average: WeightAverage | None = None
) -> Any:
    """The compiled step: a batch in, scalars to log out; it keeps the weights' average, if any."""

    @tf.function(input_signature=[model.signature], autograph=False)
    def train_step(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        total, logs = compute_gradients(model, batch)
        optimizer.apply_gradients(zip(total, model.trainable_variables))
        if average:
            average.update()
        return {**logs, "gradient_norm": tf.linalg.global_norm(total)}

    return train_step
