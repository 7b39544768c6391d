"""Examples and batches of arrays."""

import numpy as np

from cman_tf.data.batches import make_batch, make_dataset, make_example
from cman_tf.data.bucketing import LENGTH_STEP


def test_batch(sentences, vocabulary):
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    batch = make_batch(examples, vocabulary)
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
    assert make_batch(examples, vocabulary, step=1)["words"].shape == (4, 12)


def test_dataset_gives_the_batches(sentences, vocabulary):
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    order = [np.array([2, 0]), np.array([1, 3])]
    batches = list(make_dataset(examples, order, vocabulary))
    assert [b["lengths"].numpy().tolist() for b in batches] == [[5, 8], [3, 12]]
