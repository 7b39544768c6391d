"""How the time grows with the length of a sentence and with the size of a corpus."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from cman_tf.benchmark import inputs
from cman_tf.benchmark.speed import rounds
from cman_tf.config import Config
from cman_tf.data.batches import make_example
from cman_tf.data.bucketing import batch_order
from cman_tf.inference.predictor import Predictor, make_decoder
from cman_tf.models.input_pipeline import make_dataset
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import make_train_step

_TOKENS = 512  # approximate number of tokens in a batch, at every length
_BLOCK = 512  # sentences that are decoded at a time, as by `cman-tf predict`
_STEPS = 100  # training steps that are timed at each corpus size


def measure(
    config: Config, data: dict[str, Any], contextual_size: int, lengths: Sequence[str], sizes: Sequence[str]
) -> dict[str, Any]:
    """Measure the milliseconds per sentence by length, and the sentences per second by corpus size.

    Args:
      config: the configuration of the model.
      data: the sentences `train`, and the `vocabulary`.
      contextual_size: width of the random contextual vectors, or 0 for none.
      lengths: the sentence lengths, as text.
      sizes: the corpus sizes in sentences, as text.
    """
    return {
        "by_length": by_length(config, data, contextual_size, [int(x) for x in lengths]),
        "by_size": by_size(config, data, [int(x) for x in sizes]),
    }


def by_length(
    config: Config, data: dict[str, Any], contextual_size: int, lengths: Sequence[int]
) -> list[dict[str, float]]:
    """Time a training step and the decoding of a batch for each length.

    Args:
      config: the configuration of the model.
      data: the sentences `train`, and the `vocabulary`.
      contextual_size: width of the random contextual vectors, or 0 for none.
      lengths: the sentence lengths in tokens.

    Returns:
      For each length (`at`) the milliseconds per sentence and per token.
    """
    vocabulary = data["vocabulary"]
    model = inputs.build_random_model(config, vocabulary, contextual_size)
    step, decoder = make_train_step(model, ModelOptimizer(model)), make_decoder(model)
    rows = []
    for length in lengths:
        count = max(1, _TOKENS // length)
        example = inputs.make_example_of_length(length, data["train"], vocabulary)
        batch = inputs.make_tensors([example] * count, model)
        train = min(rounds(lambda batch=batch: step(batch)["clean/loss"].numpy(), 5)[1:])
        decode = min(rounds(lambda batch=batch: decoder(batch)["scores"].numpy(), 5)[1:])
        rows.append(
            {
                "at": length,
                "training ms/sentence": 1e3 * train / count,
                "training ms/token": 1e3 * train / count / length,
                "decoding ms/sentence": 1e3 * decode / count,
                "decoding ms/token": 1e3 * decode / count / length,
            }
        )
    return rows


def by_size(config: Config, data: dict[str, Any], sizes: Sequence[int]) -> list[dict[str, float]]:
    """Time training and decoding for each corpus size.

    The sentences of the corpus are repeated as often as needed. They go through the real input pipeline, without
    contextual vectors. Decoding is timed for all sentences, training for some steps of an epoch.

    Args:
      config: the configuration of the model.
      data: the sentences `train`, and the `vocabulary`.
      sizes: the corpus sizes in sentences.

    Returns:
      For each size (`at`) the sentences per second.
    """
    vocabulary = data["vocabulary"]
    model = inputs.build_random_model(config, vocabulary, 0)
    step, predictor = make_train_step(model, ModelOptimizer(model)), Predictor(model, vocabulary)
    examples = [make_example(sentence, vocabulary) for sentence in data["train"]]

    def decode(size: int) -> float:
        start = time.perf_counter()
        for first in range(0, size, _BLOCK):
            block = [examples[number % len(examples)] for number in range(first, min(size, first + _BLOCK))]
            predictor.predict_examples(block)
        return size / (time.perf_counter() - start)

    def train(size: int) -> float:
        corpus = [examples[number % len(examples)] for number in range(size)]
        start, done = time.perf_counter(), 0
        order = batch_order([len(e.words) for e in corpus], config.batch_size, config.seed, 1)
        for batch in make_dataset(corpus, order[:_STEPS], model.layout):
            step(batch)["clean/loss"].numpy()
            done += batch["lengths"].shape[0]
        return done / (time.perf_counter() - start)

    decode(len(examples))  # compiles before anything is timed
    train(len(examples))
    return [{"at": n, "decoding sentences/s": decode(n), "training sentences/s": train(n)} for n in sizes]


def draw(result: dict[str, Any], path: str) -> None:
    """Plot the time per sentence against the length of the sentence, with logarithmic axes.

    Args:
      result: what `measure` returned.
      path: the file to write, PNG or SVG.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    lengths = [row["at"] for row in result["by_length"]]
    for task in ("training", "decoding"):
        times = [row[f"{task} ms/sentence"] for row in result["by_length"]]
        axes.plot(lengths, times, marker="o", label=task)
        axes.plot(lengths, [times[0] * n / lengths[0] for n in lengths], linestyle=":", color="grey")
    axes.set(xscale="log", yscale="log", xlabel="tokens per sentence", ylabel="ms per sentence (dotted: proportional)")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
