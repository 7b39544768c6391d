"""The matrix work of a sentence, counted from the shapes, and the machine's rate.

Shapes: B batch, L tokens padded, D input width, d units, T tags, R relations.
"""

from __future__ import annotations

import time

import tensorflow as tf

from cman_tf.config import Config


def forward_flops(config: Config, inputs: int, tags: int, relations: int, length: int) -> dict[str, float]:
    """Floating point operations (2 a multiply-add) of matrix products, one sentence forward.

    The character BiLSTM, a share of a percent to some, is left out; so is all
    elementwise work. The relation scorer's tanh and its sum over d~ are not products
    of matrices.

    Args:
      config: of a model with bilstm cells and all its units.
      inputs: d_w, width of the token representation.
      tags: T.
      relations: R.
      length: L.
    """
    d, width = config.hidden_size, 2 * config.hidden_size

    def bilstm(features: int) -> float:
        return 2 * 2.0 * (features + d) * 4 * d

    attention = 4 * 2.0 * width * width + 2 * 2.0 * length * width
    sets = 1 if config.relation_scorer == "shared" else relations
    units = config.bsa_units * (1 if config.share else 2)
    crfs = 2 if config.model == "dynamic_cman" else 1
    token = {
        "self-attention units": bilstm(inputs) + (units - 1) * bilstm(width) + units * attention,
        "label encoding": 2 * bilstm(config.label_size),
        "label attention, gates, fusing": bilstm(2 * width)
        + 2 * attention
        + (2 * 2 * 2.0 * width * width if config.label_gate else 0.0),
        "relation scorer": 2 * 2.0 * width * sets * config.relation_size,
        "CRF": crfs * 2.0 * width * tags,
    }
    return {part: length * flops for part, flops in token.items()}


def step_flops(config: Config, inputs: int, tags: int, relations: int, length: int) -> float:
    """As `forward_flops`, of a training step: a product forward is two backward; two
    passes, of which the encoding of the labels is shared."""
    parts = forward_flops(config, inputs, tags, relations, length)
    passes = 2 if config.adversarial_alpha else 1
    return 3 * (passes * (sum(parts.values()) - parts["label encoding"]) + parts["label encoding"])


def matrix_rate(size: int = 2048, repeats: int = 5) -> float:
    """FLOP/s of one large float32 product on this machine, the best of a few."""
    a = tf.random.normal([size, size])
    multiply = tf.function(lambda: tf.reduce_sum(tf.matmul(a, a)))
    multiply()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        multiply().numpy()
        seconds.append(time.perf_counter() - start)
    return 2.0 * size**3 / min(seconds)
