"""The effect of each optimization for speed: all of them together, then all but one."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from cman_tf.benchmark import inputs
from cman_tf.benchmark.speed import rounds
from cman_tf.config import Config
from cman_tf.data.bucketing import LENGTH_STEP
from cman_tf.inference.predictor import AT_ONCE, decode_batches, make_decoder
from cman_tf.layers.lstm import LSTM
from cman_tf.models.cman import CMAN
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import make_train_step


def _lstms(model: CMAN) -> list[LSTM]:
    return [layer for layer in model.submodules if isinstance(layer, LSTM)]


def _keras_lstm(model: CMAN) -> None:
    for layer in _lstms(model):
        layer.keras = True


def _uncompiled_lstm(model: CMAN) -> None:
    for layer in _lstms(model):
        layer.xla = False


def _padded_characters(model: CMAN) -> None:
    characters = model.representation.characters
    characters.forward.keras = characters.backward.keras = True


def _plain_scorer(model: CMAN) -> None:
    model.scorer.xla = False


def _all_pairs(model: CMAN) -> None:
    def score_chosen(features: tf.Tensor, chosen: tf.Tensor, threshold: object = None) -> tuple[tf.Tensor, tf.Tensor]:
        del threshold  # all are returned
        pairs = tf.where(chosen[:, :, None] & chosen[:, None, :])
        pairs = tf.boolean_mask(pairs, pairs[:, 1] != pairs[:, 2])
        return tf.cast(pairs, tf.int32), tf.sigmoid(tf.gather_nd(model.scorer(features), pairs))

    model.score_chosen = score_chosen


def _nothing(model: CMAN) -> None:
    pass


# For each variant the change to the model, and the number of which batch lengths are multiples.
TRAINING: dict[str, tuple[Callable[[CMAN], None], int]] = {
    "unchanged": (_nothing, LENGTH_STEP),
    "LSTMs by Keras": (_keras_lstm, LENGTH_STEP),
    "recurrence not compiled": (_uncompiled_lstm, LENGTH_STEP),
    "character LSTMs by Keras, padded": (_padded_characters, LENGTH_STEP),
    "relation scorer not compiled": (_plain_scorer, LENGTH_STEP),
    "lengths rounded up to 8": (_nothing, 8),
    "lengths rounded up to 16": (_nothing, 16),
}
# For each variant the change to the model, the sentences in a batch (0: by number of tokens), and the batches that are
# decoded at the same time.
DECODING: dict[str, tuple[Callable[[CMAN], None], int, int]] = {
    "unchanged": (_nothing, 0, AT_ONCE),
    "LSTMs by Keras": (_keras_lstm, 0, AT_ONCE),
    "character LSTMs by Keras, padded": (_padded_characters, 0, AT_ONCE),
    "all pairs of tokens scored": (_all_pairs, 0, AT_ONCE),
    "16 sentences a batch": (_nothing, 16, AT_ONCE),
    "one batch at a time": (_nothing, 0, 1),
}


def measure(config: Config, data: dict[str, Any], options: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Measure the seconds of a pass over the sentences in each variant, and their ratio to the unchanged model.

    Args:
      config: the configuration of the model.
      data: the sentences `train` and `test`, and the `vocabulary`.
      options: `contextual_size`, `repeats` and `outside_bias`, as the flags of the same names.
    """
    return {
        "training": _relative([(name, _train(config, data, options, *v)) for name, v in TRAINING.items()]),
        "decoding": _relative([(name, _decode(config, data, options, *v)) for name, v in DECODING.items()]),
    }


def _relative(seconds: list[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"variant": name, "seconds": s, "times_as_long": s / seconds[0][1]} for name, s in seconds]


def _train(
    config: Config, data: dict[str, Any], options: dict[str, Any], change: Callable[[CMAN], None], step: int
) -> float:
    """Measure the seconds of a training pass in one variant.

    Args:
      config: the configuration of the model.
      data: the sentences `train`, and the `vocabulary`.
      options: as for `measure`.
      change: a function that changes the model.
      step: batch lengths are rounded up to a multiple of this.
    """
    size = options["contextual_size"]
    model = inputs.build_random_model(config, data["vocabulary"], size)
    change(model)
    train_step, batches = make_train_step(model, ModelOptimizer(model)), inputs.make_training_batches(data, model, step)

    def one_pass() -> None:
        for batch in batches:
            train_step(batch)["clean/loss"].numpy()

    one_pass()  # compiles
    return min(rounds(one_pass, options["repeats"]))


def _decode(
    config: Config,
    data: dict[str, Any],
    options: dict[str, Any],
    change: Callable[[CMAN], None],
    count: int,
    at_once: int,
) -> float:
    """Measure the seconds of a decoding pass in one variant.

    Args:
      config: the configuration of the model.
      data: the sentences `test`, and the `vocabulary`.
      options: as for `measure`.
      change: a function that changes the model.
      count: number of sentences in a batch, or 0 for batches in the way of `Predictor`.
      at_once: number of batches that are decoded at the same time.
    """
    size = options["contextual_size"]
    model = inputs.build_random_model(config, data["vocabulary"], size)
    inputs.favour_outside(model, options["outside_bias"])
    change(model)
    decoder, batches = make_decoder(model), inputs.make_decoding_batches(data, model, count)

    def one_pass() -> None:
        collections.deque(decode_batches(decoder, batches, at_once), maxlen=0)

    one_pass()
    return min(rounds(one_pass, options["repeats"]))
