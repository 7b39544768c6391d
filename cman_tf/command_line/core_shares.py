"""The cores that each of the batches takes that are decoded at the same time."""

from __future__ import annotations

import contextlib
import os

from cman_tf.training.threads import count_threads


def share_cores() -> None:
    """Let each of the batches that `decode_batches` runs at once compute with its share of the cores.

    A command calls this before TensorFlow computes anything. Otherwise all batches would spread each operation over all
    cores, and small matrix products gain nothing from that. TF_NUM_INTRAOP_THREADS is heeded.
    """
    import tensorflow as tf

    from cman_tf.inference.predictor import AT_ONCE

    if "TF_NUM_INTRAOP_THREADS" not in os.environ:
        with contextlib.suppress(RuntimeError):  # it has begun to compute, as in a process that calls several commands
            tf.config.threading.set_intra_op_parallelism_threads(max(1, count_threads() // AT_ONCE))
