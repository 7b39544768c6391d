"""Train some steps on one device and on several, and print how far they differ. `test_replicas.py` runs it.

python tests/replica_steps.py dynamic_cman mirrored 2
TF_CONFIG=... python tests/replica_steps.py multihead multi_worker
"""

import dataclasses
import json
import sys

import numpy as np
import tensorflow as tf
from helpers import SMALL

from cman_tf.data.batches import make_example
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.models.factory import build_model, reset_layer_names
from cman_tf.sample import DIRECTORY
from cman_tf.training.cluster import read_cluster
from cman_tf.training.devices import OneDevice
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.strategies import open_devices
from cman_tf.training.weight_average import WeightAverage

# With a large epsilon a step is about as large as the gradient. The last batch leaves a replica without a sentence.
SETTINGS = {"adversarial_alpha": 0.01, "adam_epsilon": 1.0, "learning_rate": 0.5, "weight_average": 0.9, "xla": False}
ORDER = [np.arange(8), np.arange(8, 13), np.arange(13, 16), np.array([16])]


def train(devices: OneDevice, config, sentences) -> dict:
    """Return the logs of each step, the weights and their averages at the end, and what is predicted then."""
    vocabulary = Vocabulary.build(sentences)
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    tf.keras.utils.set_random_seed(3)
    reset_layer_names()
    with devices.scope():
        model = build_model(config, vocabulary)
        optimizer = ModelOptimizer(model)
        average = WeightAverage(model.trainable_variables, config.weight_average)
    step = devices.make_train_step(model, optimizer, average)
    logs = []
    for batch in devices.batches(examples, ORDER, model):
        logs.append({name: float(value) for name, value in step(batch).items()})
    predictions = devices.make_predictor(model, vocabulary).predict_examples(examples)
    return {
        "logs": logs,
        "weights": [weight.numpy() for weight in model.trainable_variables],
        "averages": [weight.numpy() for weight in average.averages],
        "steps": [int(value.numpy()) for value in (optimizer.iterations, average.steps)],
        "predicted": [repr(prediction.sentence) for prediction in predictions],
    }


def main(model: str, strategy: str, replicas: int = 0) -> None:
    devices = open_devices(strategy, replicas, read_cluster() if strategy == "multi_worker" else None)
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})  # as in the tests
    sentences = read_corpus(DIRECTORY / "train.json").sentences[:17]
    config = dataclasses.replace(SMALL, model=model, **SETTINGS).resolved()
    one, several = train(OneDevice(), config, sentences), train(devices, config, sentences)
    differences = {
        name: max(float(np.abs(a - b).max()) for a, b in zip(one[name], several[name]))
        for name in ("weights", "averages")
    }
    differences["logs"] = max(
        abs(a[name] - b[name]) / max(1.0, abs(a[name]))
        for a, b in zip(one["logs"], several["logs"])
        for name in a.keys() - {"gradient_norm"}  # on one device, that of a word that comes twice is of both places
    )
    moved = max(float(np.abs(a - b).max()) for a, b in zip(several["weights"], several["averages"]))
    same = {name: one[name] == several[name] for name in ("steps", "predicted")}
    devices.meet("the end")
    print(json.dumps({"replicas": devices.replicas, "differences": differences, "moved": moved, "same": same}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int((sys.argv + ["0"])[3]))
