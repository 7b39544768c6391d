"""Loading a mixture of experts from its directory."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from cman_tf.inference.description import ModelDescription
from cman_tf.inference.loading import load_described
from cman_tf.inference.mixture_files import read_gates, read_mixture_file
from cman_tf.models.mixture import Mixture


def load_mixture(description: ModelDescription) -> Mixture:
    """Load the experts and the gates.

    Args:
      description: what `read_description` found in the directory.

    Raises:
      DataError: if a file is damaged, or if an encoder is not found or has changed.
    """
    mixture = build_mixture(description.experts, read_mixture_file(description.directory)["decoding"])
    shapes = [tuple(variable.shape) for variable in list_gate_weights(mixture)]
    set_gates(mixture, read_gates(description.directory, sum(map(math.prod, shapes))))
    return mixture


def build_mixture(experts: tuple[ModelDescription, ...], decoding: str) -> Mixture:
    """Load experts, and mix them with gates that count all alike."""
    loaded = [load_described(expert) for expert in experts]
    mixture = Mixture([one.model for one in loaded], [one.vocabulary for one in loaded], decoding)  # type: ignore[misc]
    mixture.build_gates()
    return mixture


def list_gate_weights(mixture: Mixture) -> list[tf.Variable]:
    """List the weights of both gates, in the order of gates.npy."""
    return [weight for gate in mixture.gates() for weight in (*gate.kernels, gate.bias)]


def set_gates(mixture: Mixture, values: np.ndarray) -> None:
    """Give the gates their weights, float32 [all]."""
    weights = list_gate_weights(mixture)
    ends = np.cumsum([math.prod(weight.shape) for weight in weights])
    for weight, part in zip(weights, np.split(values, ends[:-1])):
        weight.assign(part.reshape(weight.shape))
