"""The arrays that a graph makes of tokens are those of `data.batches`."""

import numpy as np
import pytest
import tensorflow as tf
from exported_models import ODD
from helpers import SMALL

from cman_tf.data.batches import make_batch, make_example
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.exporting.token_features import TokenFeatures
from cman_tf.layers.input_features import list_features


@pytest.fixture(scope="module")
def odd_sentences():
    cut = [tuple(token for token, _, _ in find_tokenizer("default").tokenize(text)) for text in ODD]
    return [Sentence(tokens) for tokens in cut if tokens]


def test_arrays_are_those_of_a_batch(odd_sentences):
    """Rows of characters may stand in another order, and there is one more: the empty word of padded positions."""
    known = [Sentence(("nora", "Belvia", "CORP.", "0", "Σας", "ss", "Straße", "东", "😀", "x", "y"))]
    vocabulary = Vocabulary.build([*known, *odd_sentences[::2]])
    batch = make_batch([make_example(s, vocabulary) for s in odd_sentences], list_features(SMALL, vocabulary), step=1)
    tokens = tf.ragged.constant([s.tokens for s in odd_sentences]).to_tensor("")
    found = TokenFeatures(vocabulary).look_up(tokens, tf.constant(batch["lengths"]))
    mask = tf.sequence_mask(batch["lengths"]).numpy()
    np.testing.assert_array_equal(found["words"], batch["words"])
    assert 0 < (batch["words"][mask] == 0).mean() < 0.5  # some are unknown
    lengths = found["character_lengths"].numpy()
    assert (np.diff(lengths) <= 0).all() and lengths[-1] >= 1

    def spell(arrays):
        ids, sizes, rows = (np.asarray(arrays[n]) for n in ("characters", "character_lengths", "spelling"))
        return [ids[row, : sizes[row]].tolist() for row in rows[mask]]

    assert spell(found) == spell(batch)
    assert len(lengths) == len(batch["characters"]) + 1


def test_no_tokens():
    vocabulary = Vocabulary.build([Sentence(("a",))])
    found = TokenFeatures(vocabulary).look_up(tf.constant([[""]]), tf.constant([0]))
    assert found["words"].numpy().tolist() == [[0]] and found["characters"].numpy().tolist() == [[0]]
