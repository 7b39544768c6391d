"""The number of operations in a sentence's matrix products, counted from their shapes, and the rate of the machine.

Shapes: L tokens with padding, d_w width of the token representation, d hidden size, T tags, R relations.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import tensorflow as tf

from cman_tf.config import Config
from cman_tf.training.threads import count_threads


def forward_flops(config: Config, inputs: int, tags: int, relations: int, length: int) -> dict[str, float]:
    """Count the floating point operations of the matrix products in a forward pass over one sentence.

    A multiplication with an addition counts as 2. The character BiLSTM is left out, because it takes at most a few
    percent of the work. Elementwise work is left out, too; the relation scorer's tanh and its sum over d~ belong to it.

    Args:
      config: the configuration of a model with BiLSTM cells and all its units.
      inputs: d_w.
      tags: T.
      relations: R.
      length: L.

    Returns:
      The operations of each part of the model.
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
    """Count the floating point operations of the matrix products in a training step over one sentence.

    A product in the forward pass gives two in the backward pass. With adversarial training there are two passes, which
    share the encoding of the labels. The arguments are those of `forward_flops`.

    Args:
      config: the configuration of a model with BiLSTM cells and all its units.
      inputs: d_w.
      tags: T.
      relations: R.
      length: L.
    """
    parts = forward_flops(config, inputs, tags, relations, length)
    passes = 2 if config.adversarial_alpha else 1
    return 3 * (passes * (sum(parts.values()) - parts["label encoding"]) + parts["label encoding"])


def matrix_rate(size: int = 2048, repeats: int = 5) -> float:
    """Measure the machine's rate for large float32 matrix products, in floating point operations per second.

    All cores take part: in one product, or in several at once if an operation is not given all cores.

    Args:
      size: the number of rows and columns of the matrix.
      repeats: number of rounds, of which the fastest counts.
    """
    a = tf.random.normal([size, size])
    multiply = tf.function(lambda: tf.reduce_sum(tf.matmul(a, a)))
    multiply()
    products = max(1, count_threads() // (tf.config.threading.get_intra_op_parallelism_threads() or count_threads()))
    seconds = []
    with ThreadPoolExecutor(products) as pool:
        for _ in range(repeats):
            start = time.perf_counter()
            for product in [pool.submit(multiply) for _ in range(products)]:
                product.result().numpy()
            seconds.append(time.perf_counter() - start)
    return products * 2.0 * size**3 / min(seconds)
