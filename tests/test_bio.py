"""BIO tags of entities and back."""

from hypothesis import given
from hypothesis import strategies as st
from strategies import TYPES, entities

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


@given(st.data(), st.integers(1, 12))
def test_any_entities_through_tags_and_back(data, length):
    """Those that tags can express come back."""
    given_entities = data.draw(entities(length))
    flat = flat_entities(given_entities)
    assert set(flat) <= set(given_entities)
    assert all(a.end <= b.start for a, b in zip(flat, flat[1:]))
    assert entities_from_tags(tags_from_entities(given_entities, length)) == (flat, 0)


@given(st.lists(st.one_of(st.just("O"), st.builds("{}-{}".format, st.sampled_from("BI"), TYPES)), max_size=12))
def test_any_tags_through_entities_and_back(tags):
    """The same tags come back, but for inside tags without a begin, which become the begin."""
    found, orphans = entities_from_tags(tags)
    again = tags_from_entities(found, len(tags))
    changed = [(old, new) for old, new in zip(tags, again) if old != new]
    assert len(changed) == orphans
    assert all(old[0] == "I" and new == f"B{old[1:]}" for old, new in changed)
