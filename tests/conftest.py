"""What the tests share: small corpora, small models, and the real corpora if they are there."""

import os
import pathlib

import pytest

from cman_tf.data.sentence import Entity, Relation, Sentence
from cman_tf.settings import Settings

ROOT = pathlib.Path(__file__).resolve().parent.parent
SMALL = Settings(
    hidden_size=4,
    label_size=3,
    attention_heads=2,
    relation_size=5,
    word_size=6,
    char_size=4,
    char_hidden_size=3,
    embedding_dropout=0.0,
    bilstm_dropout=0.0,
    unknown_word_rate=0.0,
)


@pytest.fixture
def data_dir():
    """The directory of the real corpora."""
    folder = os.environ.get("CMAN_DATA_DIR")
    if not folder or not pathlib.Path(folder).is_dir():
        pytest.skip("CMAN_DATA_DIR does not name the directory of the corpora")
    return pathlib.Path(folder)


@pytest.fixture
def sentences():
    """Four sentences of unlike length, with no, one and several relations."""
    return [
        Sentence(
            ("Ann", "Lee", "of", "Rome", "works", "for", "Fox", "."),
            (Entity("Peop", 0, 2), Entity("Loc", 3, 4), Entity("Org", 6, 7)),
            (Relation("Live_In", 0, 1), Relation("Work_For", 0, 2)),
        ),
        Sentence(
            ("Nothing", "happened", "."),
        ),
        Sentence(
            ("Rome", "is", "in", "New", "Italy"),
            (Entity("Loc", 0, 1), Entity("Loc", 3, 5)),
            (Relation("Located_In", 0, 1),),
        ),
        Sentence(
            ("Fox", "News", "Corp.", "of", "Rome", "hired", "Bo", ",", "Ann", "and", "Lee", "."),
            (
                Entity("Org", 0, 3),
                Entity("Loc", 4, 5),
                Entity("Peop", 6, 7),
                Entity("Peop", 8, 9),
                Entity("Peop", 10, 11),
            ),
            (
                Relation("OrgBased_In", 0, 1),
                Relation("Work_For", 2, 0),
                Relation("Work_For", 3, 0),
                Relation("Work_For", 4, 0),
            ),
        ),
    ]


@pytest.fixture
def vocabulary(sentences):
    from cman_tf.data.vocabulary import Vocabulary

    return Vocabulary.build(sentences)


@pytest.fixture
def make_model(vocabulary):
    """Make a small model with all weights random and large enough to matter."""
    import dataclasses

    import tensorflow as tf

    from cman_tf.model import build_model

    def make(**changes):
        tf.keras.utils.set_random_seed(3)
        model = build_model(dataclasses.replace(SMALL, **changes).resolved(), vocabulary)
        for variable in model.trainable_variables:
            variable.assign_add(tf.random.normal(variable.shape, stddev=0.3))
        return model

    return make


@pytest.fixture
def make_batch(vocabulary):
    """Make a batch of tensors from sentences."""
    import tensorflow as tf

    from cman_tf.data.batches import batch_of, encode

    def make(sentences):
        batch = batch_of([encode(sentence, vocabulary) for sentence in sentences], vocabulary)
        return {name: tf.constant(array) for name, array in batch.items()}

    return make
