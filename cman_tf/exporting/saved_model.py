"""A model's functions as a module that `tf.saved_model.save` can write."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from cman_tf.exporting.graphs import make_function
from cman_tf.exporting.signatures import TEXTS, TOKENS, Signatures
from cman_tf.layers.crf import CRF
from cman_tf.layers.lstm import LSTM
from cman_tf.layers.word_layers import WordVectors
from cman_tf.models.factory import Model
from cman_tf.models.mixture import Mixture

Functions = dict[str, Any]  # the concrete functions by the names of their signatures


def prepare_model(model: Model | Mixture) -> None:
    """Make a model ready to be traced for a file. It computes the same as before, but for the order of sums."""
    for layer in model.submodules:
        if isinstance(layer, LSTM):
            layer.keras = False  # where a GPU is, Keras' code would bring a second version of each LSTM
            layer.joined = True
        elif isinstance(layer, CRF):
            layer.small = True
        elif isinstance(layer, WordVectors) and not isinstance(layer.table, tf.Variable):
            layer.table = tf.Variable(layer.table, trainable=False)  # a constant would be part of the graph


def make_module(made: Signatures) -> tuple[tf.Module, Functions]:
    """Trace the functions of a model.

    Args:
      made: the functions.

    Returns:
      A module that holds the weights that the functions read and the table of words, and the functions. The module does
      not hold the model itself, whose layers would bring functions for training with them.
    """
    functions: Functions = {}
    if made.features:
        functions["features"], _ = make_function(made.read_features, {**TOKENS, **made.features}, is_caller=True)
    else:
        if made.reads_texts:
            functions["texts"], _ = make_function(made.read_texts, TEXTS, is_caller=True)
        functions["tokens"], _ = make_function(made.read_tokens, TOKENS, is_caller=True)
    module = tf.Module()
    module.words, module.weights = made.words, made.weights
    return module, functions


def describe_signatures(functions: Functions) -> dict[str, dict[str, dict[str, Any]]]:
    """Return for each function its inputs and outputs, each with its dtype and shape by name."""

    def describe(tensors: Any) -> dict[str, Any]:
        return {name: {"dtype": t.dtype.name, "shape": t.shape.as_list()} for name, t in tensors.items()}

    return {
        name: {
            "inputs": describe(function.structured_input_signature[1]),
            "outputs": describe(function.structured_outputs),
        }
        for name, function in functions.items()
    }
