"""Examples and batches of arrays."""

import numpy as np
from helpers import SMALL

from cman_tf.data.batches import batch_specs, make_batch, make_example, make_replica_batch
from cman_tf.data.bucketing import LENGTH_STEP
from cman_tf.layers.input_features import list_features
from cman_tf.models.base import BatchLayout
from cman_tf.models.input_pipeline import make_dataset


def test_batch(sentences, vocabulary):
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    features = list_features(SMALL, vocabulary)
    batch = make_batch(examples, features)
    assert {name: (array.dtype, array.ndim) for name, array in batch.items()} == {
        name: (spec.dtype, len(spec.shape)) for name, spec in batch_specs(features).items()
    }
    assert batch["words"].shape == (4, 3 * LENGTH_STEP)
    assert list(batch["lengths"]) == [8, 3, 5, 12]
    # Last token to last token: "Lee" (1) lives in "Rome" (3), works for "Fox" (6).
    live, work = vocabulary.relation_id["Live_In"], vocabulary.relation_id["Work_For"]
    assert [tuple(r) for r in batch["relations"] if r[0] == 0] == [(0, 1, 3, live), (0, 1, 6, work)]
    assert [vocabulary.tags[t] for t in batch["tags"][2, :5]] == ["B-Loc", "O", "O", "B-Loc", "I-Loc"]
    for row, sentence in enumerate(sentences):
        for place, token in enumerate(sentence.tokens):
            spelled = batch["spelling"][row, place]
            ids = batch["characters"][spelled][: batch["character_lengths"][spelled]]
            assert "".join(vocabulary.characters[i] for i in ids) == token
        assert not batch["spelling"][row, len(sentence.tokens) :].any()
    assert (np.diff(batch["character_lengths"]) <= 0).all()  # as the packed LSTM wants it
    assert make_batch(examples, features, step=1)["words"].shape == (4, 12)


def test_dataset_gives_the_batches(sentences, vocabulary):
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    order = [np.array([2, 0]), np.array([1, 3])]
    batches = list(make_dataset(examples, order, BatchLayout(list_features(SMALL, vocabulary))))
    assert [b["lengths"].numpy().tolist() for b in batches] == [[5, 8], [3, 12]]


def test_replica_batches_are_the_batch_in_parts(sentences, vocabulary):
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    features = list_features(SMALL, vocabulary)
    whole = make_batch(examples, features)
    assert whole["sentences"] == 4
    for replicas, sizes in ((1, [4]), (2, [2, 2]), (3, [2, 1, 1]), (6, [1, 1, 1, 1, 0, 0])):
        parts = [make_replica_batch(examples, replica, replicas, features) for replica in range(replicas)]
        assert [len(part["lengths"]) * weight for part, weight in parts] == sizes
        assert all(part["sentences"] == 4 and len(part["lengths"]) for part, _ in parts)
        counted = [part for part, weight in parts if weight]
        assert sorted(n for part in counted for n in part["lengths"]) == sorted(whole["lengths"])
        assert sum(len(part["relations"]) for part in counted) == len(whole["relations"])
