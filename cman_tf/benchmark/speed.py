"""Sentences per second in training and in decoding, and the time of each part of a training step."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from cman_tf.benchmark import inputs
from cman_tf.benchmark.inputs import Batch
from cman_tf.benchmark.work import forward_flops, matrix_rate, step_flops
from cman_tf.config import Config
from cman_tf.inference.predictor import decode_batches, make_decoder
from cman_tf.models.cman import CMAN
from cman_tf.models.losses import relation_loss, relation_targets
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import make_train_step


def rounds(call: Callable[[], Any], repeats: int) -> list[float]:
    """Call a function several times, and return the seconds of each call."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


def summarize_passes(seconds: list[float], batches: list[Batch], flops: float, rate: float) -> dict[str, float]:
    """Summarize passes over the batches by the rates of the best pass, as the peer does, and of the median pass.

    Args:
      seconds: the seconds of each pass.
      batches: the batches of a pass.
      flops: floating point operations of a pass.
      rate: the machine's rate for one large matrix product, in operations per second.
    """
    sentences = sum(int(batch["lengths"].shape[0]) for batch in batches)
    tokens = sum(int(tf.reduce_sum(batch["lengths"])) for batch in batches)
    best, median = min(seconds), statistics.median(seconds)
    return {
        "sentences": sentences,
        "sentences_per_second": sentences / best,
        "sentences_per_second_median": sentences / median,
        "tokens_per_second": tokens / best,
        "milliseconds_per_batch": 1e3 * best / len(batches),
        "gflop": flops / 1e9,
        "gflop_per_second": flops / best / 1e9,
        "share_of_matrix_rate": flops / best / rate,
    }


def _timed(
    one_pass: Callable[[], None],
    model: CMAN,
    batches: list[Batch],
    flops_of: Callable[..., float],
    repeats: int,
    rate: float,
) -> dict[str, Any]:
    """Time passes over the batches, after a first one that compiles.

    Args:
      one_pass: a function that makes one pass.
      model: the model.
      batches: the batches of a pass.
      flops_of: a function that counts the floating point operations of a sentence, such as `step_flops`.
      repeats: number of passes that are timed.
      rate: the machine's rate for one large matrix product, in operations per second.
    """
    first = rounds(one_pass, 1)[0]
    inputs, tags, relations = int(model.represent(batches[0]).shape[-1]), len(model.kind), model.scorer.relations
    flops = sum(
        batch["words"].shape[0] * flops_of(model.config, inputs, tags, relations, batch["words"].shape[1])
        for batch in batches
    )
    return {**summarize_passes(rounds(one_pass, repeats), batches, flops, rate), "first_pass_seconds": first}


def time_training(model: CMAN, batches: list[Batch], repeats: int, rate: float) -> dict[str, Any]:
    """Time passes over the batches with the real training step.

    Args:
      model: the model.
      batches: the batches of a pass.
      repeats: number of passes that are timed.
      rate: the machine's rate for one large matrix product, in operations per second.
    """
    step = make_train_step(model, ModelOptimizer(model))

    def one_pass() -> None:
        for batch in batches[:-1]:
            step(batch)
        step(batches[-1])["clean/loss"].numpy()

    return _timed(one_pass, model, batches, step_flops, repeats, rate)


def time_decoding(model: CMAN, batches: list[Batch], repeats: int, rate: float) -> dict[str, Any]:
    """Time passes over the batches with the real decoder, including the transfer of results.

    Args:
      model: the model.
      batches: the batches of a pass.
      repeats: number of passes that are timed.
      rate: the machine's rate for one large matrix product, in operations per second.
    """
    decoder = make_decoder(model)

    def one_pass() -> None:
        for _ in decode_batches(decoder, batches):
            pass

    return _timed(one_pass, model, batches, lambda *shape: sum(forward_flops(*shape).values()), repeats, rate)


def measure(mode: str, config: Config, data: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Measure the sentences per second over a whole split.

    Args:
      mode: `train` or `decode`.
      config: the configuration of the model.
      data: the sentences `train` and `test`, and the `vocabulary`.
      options: `contextual_size`, `repeats` and `outside_bias`, as the flags of the same names.
    """
    size = options["contextual_size"]
    model = inputs.build_random_model(config, data["vocabulary"], size)
    rate = matrix_rate()
    result: dict[str, Any] = {"matrix_gflop_per_second": rate / 1e9}
    if mode == "train":
        training = inputs.make_training_batches(data, model)
        result.update(time_training(model, training, options["repeats"], rate))
        middle = sorted(training, key=lambda batch: batch["words"].shape[1])[len(training) // 2]
        parts = time_parts(model, middle)
        result["parts_milliseconds"] = {"padded length": middle["words"].shape[1], **parts}
        return result
    inputs.favour_outside(model, options["outside_bias"])
    batches = inputs.make_decoding_batches(data, model)
    result.update(time_decoding(model, batches, options["repeats"], rate))
    decoder = make_decoder(model, threshold=-1.0)  # which returns every pair that it scores
    result["pairs_scored"] = sum(int(decoder(batch)["pairs"].shape[0]) for batch in batches)
    result["pairs_of_all_tokens"] = sum(int(tf.reduce_sum(batch["lengths"] ** 2)) for batch in batches)
    return result


def time_parts(model: CMAN, batch: Batch, repeats: int = 10) -> dict[str, float]:
    """Measure the milliseconds of each part of a pass over one batch, forward and backward.

    Each part is compiled by itself, and the best of several calls counts. Parts run at the same time in a training
    step, so that their sum is larger than the time of the step.

    Args:
      model: the model.
      batch: the batch.
      repeats: number of calls of each part.
    """
    lengths, tags = batch["lengths"], batch["tags"]
    e = model.represent(batch)
    labels = model.encode_labels(tags, lengths)
    first = model.first_phase(e, lengths)
    second = model.second_phase(first, labels, lengths)
    targets = relation_targets(batch["relations"], model.scorer(second.relation))
    variables = model.trainable_variables

    def both_ways(part: Callable[..., Any], *inputs: tf.Tensor) -> Callable[[], Any]:
        @tf.function
        def run() -> list[Any]:
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                outputs = [tf.reduce_sum(x) for x in tf.nest.flatten(part(*inputs)) if x is not None]
            gradients = tape.gradient(outputs, [*inputs, *variables])
            return [tf.reduce_sum(tf.convert_to_tensor(g)) for g in gradients if g is not None]

        return run

    def crf(potentials: tf.Tensor) -> tf.Tensor:
        return model.first_crf.negative_log_likelihood(potentials, tags, lengths)

    parts = {
        "token representation": both_ways(lambda: model.represent(batch, training=True)),
        "label encoding": both_ways(lambda: model.encode_labels(tags, lengths, training=True)),
        "first phase": both_ways(lambda x: model.first_phase(x, lengths, training=True).ner, e),
        "second phase": both_ways(
            lambda x: model.second_phase(first._replace(relation=x, ner=x), labels, lengths, training=True).relation,
            first.relation,
        ),
        "relation scorer and loss": both_ways(
            lambda x: relation_loss(model.scorer(x), targets, lengths), second.relation
        ),
        "one CRF": both_ways(crf, first.potentials),
    }
    times = {}
    for name, run in parts.items():
        run()
        times[name] = 1e3 * min(rounds(run, repeats))
    return times
