"""Loading a mixture of experts from its directory."""

from __future__ import annotations

import math
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.mixture_files import read_gates, read_mixture_file
from cman_tf.models.mixture import Mixture


def load_mixture(directory: pathlib.Path, experts: Sequence[tuple[Any, Vocabulary]]) -> Mixture:
    """Load the gates of a mixture.

    Args:
      directory: the directory of the mixture.
      experts: its experts, each with its vocabulary.

    Raises:
      DataError: if a file is damaged.
    """
    mixture = build_mixture(experts, read_mixture_file(directory)["decoding"])
    shapes = [tuple(variable.shape) for variable in list_gate_weights(mixture)]
    set_gates(mixture, read_gates(directory, sum(map(math.prod, shapes))))
    return mixture


def build_mixture(experts: Sequence[tuple[Any, Vocabulary]], decoding: str) -> Mixture:
    """Mix experts, each given with its vocabulary, with gates that count all alike."""
    models, vocabularies = zip(*experts)
    mixture = Mixture(models, vocabularies, decoding)
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
