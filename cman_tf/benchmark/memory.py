"""Peak memory of training and decoding, each case in a process of its own."""

from __future__ import annotations

import resource
import sys

import tensorflow as tf

from cman_tf.benchmark.inputs import Batch
from cman_tf.inference import make_decoder
from cman_tf.model import CMAN
from cman_tf.training.step import make_optimizer, make_train_step

_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


def peak() -> float:
    """Largest resident size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT / 2**20


def framework() -> float:
    """`peak` once TensorFlow is loaded and has computed something."""
    tf.matmul(tf.ones([64, 64]), tf.ones([64, 64])).numpy()
    return peak()


def train(model: CMAN, batches: list[Batch]) -> None:
    """A training step on each batch."""
    step = make_train_step(model, make_optimizer(model))
    for batch in batches:
        step(batch)["clean/loss"].numpy()


def decode(model: CMAN, batches: list[Batch]) -> None:
    """Decode each batch."""
    decoder = make_decoder(model)
    for batch in batches:
        decoder(batch)["tags"].numpy()
