"""Compare a GPU with the CPU: losses, gradients, predictions, seconds and memory. Writes results/gpu/check.json.

    bash tests/gpu_check.sh

The three models have the papers' sizes and random weights; the sentences are those of the sample corpus. Exits with 1
if there is no GPU, or if it gives other numbers than the CPU.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from recording import RESULTS, write_record

from cman_tf.benchmark.speed import rounds
from cman_tf.config import Config
from cman_tf.data.batches import Example, make_batch, make_example
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.predictor import make_decoder
from cman_tf.models.factory import Model, build_model
from cman_tf.sample.generate import generate
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import compute_gradients, make_train_step

MODELS = ("multihead", "cman", "dynamic_cman")
LOSS, GRADIENT, SCORE = 1e-4, 1e-3, 1e-3  # relative differences of losses and gradients, and that of scores
_NO_DRAWS = {"embedding_dropout": 0.0, "bilstm_dropout": 0.0, "unknown_word_rate": 0.0}


def make_model(name: str, device: str, small: bool) -> Model:
    """Build a model with the same random weights on any device."""
    sizes = {"hidden_size": 16, "relation_size": 16, "char_size": 4, "char_hidden_size": 4} if small else {}
    config = dataclasses.replace(Config(), model=name, xla=False, **_NO_DRAWS, **sizes).resolved()
    with tf.device("CPU:0"):
        tf.keras.utils.set_random_seed(1)
        weights = [np.array(weight) for weight in build_model(config, VOCABULARY).weights]
    with tf.device(device):
        model = build_model(config, VOCABULARY)
        for weight, value in zip(model.weights, weights):
            weight.assign(value)
    return model


class Measured(NamedTuple):
    """A model on one device.

    Attributes:
      loss: that of the batch.
      gradients: the norm of each weight's gradient.
      outputs: what decoding returns.
      seconds: of a training step and of decoding the batch.
    """

    loss: float
    gradients: list[float]
    outputs: dict[str, np.ndarray]
    seconds: dict[str, float]


def measure(name: str, device: str, examples: Sequence[Example], small: bool) -> Measured:
    """Run a model on a device."""
    model = make_model(name, device, small)
    batch = {key: tf.constant(value) for key, value in make_batch(examples, model.layout.features).items()}
    with tf.device(device):
        gradients, logs = compute_gradients(model, batch)
        norms = [float(tf.norm(tf.convert_to_tensor(gradient))) for gradient in gradients]
        decode, step = make_decoder(model), make_train_step(model, ModelOptimizer(model))

        def decode_batch() -> dict[str, np.ndarray]:
            return {key: np.array(value) for key, value in decode(batch).items()}

        outputs = decode_batch()
        seconds = {"step": time_call(lambda: float(step(batch)["clean/loss"])), "decode": time_call(decode_batch)}
    return Measured(float(logs["clean/loss"]), norms, outputs, seconds)


def compare(one: Measured, other: Measured) -> dict[str, Any]:
    """Compare a model on two devices.

    Returns:
      The relative difference of the losses and the largest one of the gradients' norms; the largest difference of the
      scores and the number of differing whole numbers in what decoding returns, or -1 if they differ in shape; how many
      times as fast the other device is.
    """
    pairs = [(value, other.outputs[key]) for key, value in one.outputs.items()]
    same = all(a.shape == b.shape for a, b in pairs)
    whole = [(a, b) for a, b in pairs if a.dtype.kind != "f"]
    scores = [(a, b) for a, b in pairs if a.dtype.kind == "f"]
    return {
        "loss": abs(one.loss - other.loss) / abs(one.loss),
        "gradient": max(abs(a - b) / max(a, 1e-3) for a, b in zip(one.gradients, other.gradients)),
        "differing": sum(int((a != b).sum()) for a, b in whole) if same else -1,
        "score": max((float(np.abs(a - b).max(initial=0)) for a, b in scores), default=0.0) if same else -1.0,
        "seconds": [one.seconds, other.seconds],
        "times_as_fast": {what: seconds / other.seconds[what] for what, seconds in one.seconds.items()},
    }


def is_equal(found: Mapping[str, Any]) -> bool:
    """Return whether what `compare` found is within the tolerances."""
    near = found["loss"] <= LOSS and found["gradient"] <= GRADIENT
    return near and not found["differing"] and 0 <= found["score"] <= SCORE


def time_call(call: Callable[[], Any], repeats: int = 5) -> float:
    """Return the median of the seconds of a call, after one that compiles."""
    call()
    return statistics.median(rounds(call, repeats))


def find_peak(device: str) -> float | None:
    """Return the peak of a device's memory so far, in MiB; None if TensorFlow does not count it, as for a CPU."""
    try:
        return tf.config.experimental.get_memory_info(device)["peak"] / 2**20
    except ValueError:
        return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="GPU:0", help="the device that is compared with CPU:0")
    parser.add_argument("--sentences", type=int, default=16, help="sentences in the batch")
    parser.add_argument("--small", action="store_true", help="small models, to try the script")
    parser.add_argument("--output", default=str(RESULTS.with_name("gpu") / "check.json"), help="the result file")
    given = parser.parse_args()
    if given.device not in [device.name.partition("device:")[2] for device in tf.config.list_logical_devices()]:
        print(f"{given.device}: no such device, expected one of TensorFlow's; nothing was checked", file=sys.stderr)
        return 1
    examples = [make_example(sentence, VOCABULARY) for sentence in SENTENCES[: given.sentences]]
    found = {
        name: compare(*(measure(name, device, examples, given.small) for device in ("CPU:0", given.device)))
        for name in MODELS
    }
    wrong = [name for name, one in found.items() if not is_equal(one)]
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    cards = [card.get("device_name") for card in details]
    content = {
        "models": found,
        "wrong": wrong,
        "device": given.device,
        "cards": cards,
        "peak_mib": find_peak(given.device),
        "sentences": len(examples),
    }
    write_record(given.output, content, is_shown=False)
    for name, one in found.items():
        fast = ", ".join(f"{what} {ratio:.1f} times as fast" for what, ratio in one["times_as_fast"].items())
        print(f"{name}: {'differs from the CPU' if name in wrong else 'as on the CPU'}; {fast}")
    print(f"result file: {given.output}")
    return int(bool(wrong))


SENTENCES = generate()["train"]
VOCABULARY = Vocabulary.build(SENTENCES)

if __name__ == "__main__":
    sys.exit(main())
