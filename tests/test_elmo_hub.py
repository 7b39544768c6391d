"""ELMo from a hub module."""

import numpy as np
import pytest
from hub_module import write_hub_module

from cman_tf.encoders.elmo_hub import ElmoHub
from cman_tf.errors import DataError


def test_hub_module(tmp_path):
    elmo = ElmoHub(write_hub_module(tmp_path / "module"))
    assert (elmo.layers, elmo.size) == (3, 8)
    sentences = [("Lee", "lives", "in", "Rome"), ("Rome",)]
    long, short = elmo.encode(sentences)
    assert long.shape == (4, 3, 8) and short.shape == (1, 3, 8)
    np.testing.assert_array_equal(long[:, 0, :4], long[:, 0, 4:])  # word_emb twice
    np.testing.assert_array_equal(long[:, 1, :4], -long[:, 1, 4:])
    np.testing.assert_allclose(long[:, 2], np.cumsum(long[:, 1], 0), atol=1e-6)
    np.testing.assert_array_equal(long[3, 0], short[0, 0])
    np.testing.assert_allclose(elmo.encode(sentences[:1])[0], long, atol=1e-6)


def test_other_hub_modules_are_refused(tmp_path):
    with pytest.raises(DataError, match="no output lstm_outputs2, expected word_emb, lstm_outputs1"):
        ElmoHub(write_hub_module(tmp_path / "a", outputs=("word_emb", "lstm_outputs1")))
    with pytest.raises(DataError, match="expected a module with the signature `tokens`"):
        ElmoHub(write_hub_module(tmp_path / "b", signature="default"))
