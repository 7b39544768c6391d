"""What each change for speed gives: everything, then without one change at a time."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from cman_tf.benchmark import inputs
from cman_tf.benchmark.speed import rounds
from cman_tf.data.batches import LENGTH_STEP, batch_order, encode
from cman_tf.inference import decode_batches, make_decoder
from cman_tf.layers.recurrent import LSTM
from cman_tf.model import CMAN
from cman_tf.settings import Settings
from cman_tf.training.step import make_optimizer, make_train_step


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
    def score_pairs(features: tf.Tensor, pairs: tf.Tensor) -> tf.Tensor:
        return tf.gather_nd(model.scorer(features), pairs)

    model.scorer.score_pairs = score_pairs


def _one_at_a_time(model: CMAN) -> None:
    pass


def _nothing(model: CMAN) -> None:
    pass


TRAINING: dict[str, tuple[Callable[[CMAN], None], int]] = {
    "as it is": (_nothing, LENGTH_STEP),
    "LSTMs by Keras": (_keras_lstm, LENGTH_STEP),
    "recurrence not compiled": (_uncompiled_lstm, LENGTH_STEP),
    "character LSTMs by Keras, padded": (_padded_characters, LENGTH_STEP),
    "relation scorer not compiled": (_plain_scorer, LENGTH_STEP),
    "lengths rounded up to 8": (_nothing, 8),
    "lengths rounded up to 16": (_nothing, 16),
}
DECODING: dict[str, tuple[Callable[[CMAN], None], int]] = {
    "as it is": (_nothing, 0),
    "LSTMs by Keras": (_keras_lstm, 0),
    "character LSTMs by Keras, padded": (_padded_characters, 0),
    "all pairs of tokens scored": (_all_pairs, 0),
    "16 sentences a batch": (_nothing, 16),
    "one batch at a time": (_one_at_a_time, 0),
}


def measure(settings: Settings, data: dict[str, Any], options: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Seconds of a pass over the sentences in each variant, and the ratio to `as it is`.

    Args:
      settings: of the model.
      data: `train` and `test` sentences, `vocabulary`.
      options: `contextual_size`, `repeats` and `outside_bias`.
    """
    return {
        "training": _relative([(name, _train(settings, data, options, *v)) for name, v in TRAINING.items()]),
        "decoding": _relative([(name, _decode(settings, data, options, *v)) for name, v in DECODING.items()]),
    }


def _relative(seconds: list[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"variant": name, "seconds": s, "times_as_long": s / seconds[0][1]} for name, s in seconds]


def _train(
    settings: Settings, data: dict[str, Any], options: dict[str, Any], change: Callable[[CMAN], None], step: int
) -> float:
    vocabulary, size = data["vocabulary"], options["contextual_size"]
    model = inputs.model_of(settings, vocabulary, size)
    change(model)
    examples = [encode(sentence, vocabulary) for sentence in data["train"]]
    order = batch_order([len(e.words) for e in examples], settings.batch_size, settings.seed, 1)
    train_step, batches = (
        make_train_step(model, make_optimizer(model)),
        inputs.batches(examples, order, vocabulary, size, step),
    )

    def one_pass() -> None:
        for batch in batches:
            train_step(batch)["clean/loss"].numpy()

    one_pass()  # compiles
    return min(rounds(one_pass, options["repeats"]))


def _decode(
    settings: Settings, data: dict[str, Any], options: dict[str, Any], change: Callable[[CMAN], None], count: int
) -> float:
    size = options["contextual_size"]
    model = inputs.model_of(settings, data["vocabulary"], size)
    inputs.favour_outside(model, options["outside_bias"])
    change(model)
    decoder, batches = make_decoder(model), inputs.decoding(data, size, count)

    def one_pass() -> None:
        if change is _one_at_a_time:
            for batch in batches:
                decoder(batch)["scores"].numpy()
        else:
            collections.deque(decode_batches(decoder, batches), maxlen=0)

    one_pass()
    return min(rounds(one_pass, options["repeats"]))
