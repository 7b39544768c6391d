"""BIO tags of entities and back."""

from cman_tf.data.bio import entities_from_tags, flat_entities, tags_from_entities
from cman_tf.data.types import Entity


def test_tags_round_trip(sentences):
    for sentence in sentences:
        tags = tags_from_entities(sentence.entities, len(sentence.tokens))
        assert entities_from_tags(tags) == (list(sentence.entities), 0)
    assert tags_from_entities([Entity("A", 0, 1), Entity("A", 1, 3)], 4) == ["B-A", "B-A", "I-A", "O"]


def test_overlapping_entities_keep_the_longest():
    inner, outer, other = Entity("Drug", 1, 2), Entity("Effect", 0, 3), Entity("Drug", 4, 5)
    assert flat_entities([inner, outer, other]) == [outer, other]
