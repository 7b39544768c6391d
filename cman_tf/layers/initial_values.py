"""Initial values of weights as in the baseline's code, which used TensorFlow 1."""

from __future__ import annotations

import tensorflow as tf

from cman_tf.layers.lstm import LSTM


def set_tensorflow_1_values(model: tf.keras.Model) -> None:
    """Draw new initial values for a model's weights: Glorot uniform for all, also for biases and embedding tables.

    Weights that the baseline's code does not have keep their values: word vectors, a contextual encoder and its mix.
    LSTMs are initialised like `BasicLSTMCell`: input and recurrent weights are drawn as one Glorot kernel, the bias is
    zero and the forget bias is one.

    Args:
      model: a model with its weights built.
    """
    recurrent = [layer for layer in model.submodules if isinstance(layer, LSTM)]
    apart = {id(weight) for layer in recurrent for weight in layer.trainable_variables}
    inputs = model.representation
    kept = [getattr(inputs, name) for name in ("words", "mix", "encoder") if hasattr(inputs, name)]
    apart |= {id(weight) for layer in kept for weight in layer.weights}
    for layer in recurrent:
        kernel, hidden = layer.cell.kernel, layer.cell.recurrent_kernel
        limit = (6.0 / (kernel.shape[0] + hidden.shape[0] + kernel.shape[1])) ** 0.5
        for weight in (kernel, hidden):
            weight.assign(tf.random.uniform(weight.shape, -limit, limit))
        ones_at_forget = tf.repeat([0.0, 1.0, 0.0, 0.0], hidden.shape[0])
        layer.cell.bias.assign(ones_at_forget)
    for weight in model.trainable_variables:
        if id(weight) not in apart and weight.shape.rank:
            # A new initializer for each weight, because an initializer that is called twice gives the same values.
            weight.assign(tf.keras.initializers.GlorotUniform()(weight.shape))
