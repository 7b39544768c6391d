"""The peak memory of training and decoding. Each case is measured in its own process.

The cases `train` and `decode` take the corpus in its usual batches. A case with a shape, such as `train:500x4`, takes
batches of 4 sentences of 500 tokens.
"""

from __future__ import annotations

import json
import pathlib
import re
import resource
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from cman_tf.config import Config
from cman_tf.errors import DataError

_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in a unit of ru_maxrss
_STEPS = 8  # usual batches that come before the largest one
_FEW, _MANY = 1, 9  # batch sizes whose difference gives the memory of one sentence
GPU_GIB = 11e9 / 2**30  # the memory of an 11 GB card
RESERVED_GIB = 1.0  # our estimate of its share for CUDA, cuDNN and fragmentation


def peak() -> float:
    """Return the largest resident size of this process so far, in MiB.

    On Linux this is the counter `VmHWM`. The other counter, `ru_maxrss`, starts with the size of the process that
    started this one.
    """
    status = pathlib.Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    if found:
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT / 2**20


def framework() -> float:
    """Load TensorFlow, compute something, and return `peak`."""
    import tensorflow as tf

    tf.matmul(tf.ones([64, 64]), tf.ones([64, 64])).numpy()
    return peak()


def measure_case(case: str, config: Config, data: dict[str, Any], contextual_size: int) -> dict[str, Any]:
    """Measure one case in this process.

    Args:
      case: the case, such as `train` or `train:500x4`.
      config: the configuration of the model.
      data: the sentences `train` and `test`, and the `vocabulary`.
      contextual_size: width of the random contextual vectors, or 0 for none.

    Raises:
      DataError: if there is no such case.
    """
    parts = re.fullmatch(r"(train|decode)(?::([1-9]\d*)x([1-9]\d*))?", case)
    if not parts:
        raise DataError(f"--case={case}: expected train or decode, or either with a shape, such as train:500x1")
    loaded = framework()
    from cman_tf.benchmark import inputs
    from cman_tf.inference.predictor import make_decoder
    from cman_tf.training.optimizer import ModelOptimizer
    from cman_tf.training.step import make_train_step

    model = inputs.build_random_model(config, data["vocabulary"], contextual_size)
    mode, length, count = parts.groups()
    if length:
        example = inputs.make_example_of_length(int(length), data["train"], data["vocabulary"])
        batches = 2 * [inputs.make_tensors([example] * int(count), model)]
    else:
        made = inputs.make_training_batches(data, model)
        if mode == "decode":
            made = inputs.make_decoding_batches(data, model)
        batches = [*made[:_STEPS], max(made, key=lambda batch: batch["words"].shape[1])]
    run = make_train_step(model, ModelOptimizer(model)) if mode == "train" else make_decoder(model)
    for batch in batches:
        for value in run(batch).values():
            value.numpy()
    largest = max((tuple(batch["words"].shape) for batch in batches), key=lambda shape: shape[0] * shape[1] ** 2)
    return {"largest_batch": largest, "framework_mib": loaded, "peak_mib": peak()}


def _in_a_process(case: str) -> dict[str, Any]:
    """A peak never goes down: each case has a process of its own, called as this one was."""
    command = [sys.executable, "-m", "cman_tf.benchmark", *sys.argv[1:], f"--case={case}", "--json="]
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if process.returncode:
        raise DataError(f"memory, {case}: the process ended with exit code {process.returncode}, expected 0")
    return json.loads(process.stdout.strip().splitlines()[-1])


def measure(long: int, lengths: Sequence[int]) -> dict[str, Any]:
    """Measure all cases, and estimate the largest batches for a GPU with 11 GB.

    The estimate assumes that a GPU needs as much memory as a CPU.

    Args:
      long: number of tokens of the long sentence.
      lengths: the sentence lengths for which the largest batch is estimated, with all sentences of that length.
    """
    cases = {case: _in_a_process(case) for case in ("train", "decode", f"train:{long}x1", f"decode:{long}x1")}
    batches = []
    for length in lengths:
        few, many = (_in_a_process(f"train:{length}x{count}") for count in (_FEW, _MANY))
        each = (many["peak_mib"] - few["peak_mib"]) / (_MANY - _FEW)
        fixed = few["peak_mib"] - few["framework_mib"] - each
        room = (GPU_GIB - RESERVED_GIB) * 1024 - fixed
        row = {"tokens": length, "fixed_mib": fixed, "mib_per_sentence": each, "largest_batch": int(room // each)}
        batches.append(row)
    return {"memory": cases, "gpu_11_gb": batches}
