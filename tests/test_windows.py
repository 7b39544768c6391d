"""Overlapping windows, and what is found in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.data.windows import Found, FoundEntity, FoundRelation, merge_windows, overlapping_windows
from cman_tf.errors import DataError


@given(st.integers(0, 300), st.integers(1, 40), st.integers(0, 39))
def test_windows_cover_the_text(length, limit, overlap):
    overlap = min(overlap, limit - 1)
    windows = overlapping_windows(length, limit, overlap)
    assert {token for start, end in windows for token in range(start, end)} == set(range(length))
    assert all(end - start == min(limit, length) for start, end in windows)
    assert all(before[1] - after[0] >= overlap and before[0] < after[0] for before, after in zip(windows, windows[1:]))
    for first in range(length):  # what is not longer than the overlap and one token lies in one window
        assert any(s <= first and min(first + overlap + 1, length) <= e for s, e in windows)


@pytest.mark.parametrize(("limit", "overlap"), [(5, 5), (5, -1), (0, 0)])
def test_windows_that_do_not_advance(limit, overlap):
    with pytest.raises(DataError, match="expected 0 <= overlap < limit"):
        overlapping_windows(10, limit, overlap)


def see(windows, entities, relations, score=0.5):
    """What a model without fault finds in each window: all that lies in it."""
    parts = []
    for start, end in windows:
        inside = [e for e in entities if start <= e[1] and e[2] <= end]
        place = {e: number for number, e in enumerate(inside)}
        parts.append(
            Found(
                [FoundEntity(kind, first - start, last - start, score) for kind, first, last in inside],
                [
                    FoundRelation(kind, place[h], place[t], score)
                    for kind, h, t in relations
                    if h in place and t in place
                ],
            )
        )
    return parts


@given(st.data())
def test_what_all_windows_see_is_found_once(data):
    length = data.draw(st.integers(1, 120))
    limit = data.draw(st.integers(2, 40))
    overlap = data.draw(st.integers(1, limit - 1))
    windows = overlapping_windows(length, limit, overlap)
    borders = sorted(data.draw(st.sets(st.integers(0, length), max_size=12)))
    spans = [(s, e) for s, e in zip(borders[::2], borders[1::2]) if e - s <= overlap]
    entities = [(data.draw(st.sampled_from("AB")), *span) for span in spans]
    pairs = [(h, t) for h in entities for t in entities if abs(h[1] - t[1]) < 10]
    relations = [("R", h, t) for h, t in pairs]
    found = merge_windows(windows, see(windows, entities, relations))
    assert [tuple(e[:3]) for e in found.entities] == entities
    reachable = {
        ("R", h, t) for _, h, t in relations if any(s <= min(h[1], t[1]) and max(h[2], t[2]) <= e for s, e in windows)
    }
    assert {(r.type, entities[r.head], entities[r.tail]) for r in found.relations} == reachable
    assert len(found.relations) == len(reachable)


def test_the_highest_score_counts():
    windows = [(0, 10), (5, 15)]
    parts = [Found([FoundEntity("A", 6, 7, 0.4)]), Found([FoundEntity("A", 1, 2, 0.9)])]
    assert merge_windows(windows, parts).entities == [FoundEntity("A", 6, 7, 0.9)]
    both = [FoundEntity("A", 6, 7, 0.4), FoundEntity("A", 8, 9, 0.4)]
    parts = [
        Found(both, [FoundRelation("R", 0, 1, 0.3)]),
        Found([e._replace(start=e.start - 5, end=e.end - 5) for e in both], [FoundRelation("R", 0, 1, 0.7)]),
    ]
    assert merge_windows(windows, parts).relations == [FoundRelation("R", 0, 1, 0.7)]


def test_an_entity_that_an_edge_cuts_gives_way_to_the_whole_one():
    windows = [(0, 10), (5, 15)]
    parts = [
        Found([FoundEntity("A", 2, 3, 0.9), FoundEntity("B", 9, 10, 0.9)], [FoundRelation("R", 0, 1, 0.8)]),
        Found([FoundEntity("B", 4, 7, 0.5)]),
    ]
    found = merge_windows(windows, parts)
    assert found.entities == [FoundEntity("A", 2, 3, 0.9), FoundEntity("B", 9, 12, 0.5)]
    assert found.relations == [FoundRelation("R", 0, 1, 0.8)]  # with the whole entity


def test_an_entity_of_another_type_in_the_middle_of_its_window_counts():
    windows = [(0, 10), (5, 15)]
    parts = [Found([FoundEntity("A", 8, 10, 0.9)]), Found([FoundEntity("B", 3, 5, 0.2)])]
    assert merge_windows(windows, parts).entities == [FoundEntity("B", 8, 10, 0.2)]


def test_an_entity_at_an_edge_that_another_window_did_not_find_is_left_out():
    windows = [(0, 10), (5, 15)]
    assert not merge_windows(windows, [Found([FoundEntity("A", 9, 10, 0.9)]), Found([])]).entities
    assert merge_windows(windows, [Found([FoundEntity("A", 8, 9, 0.9)]), Found([])]).entities
    assert merge_windows([(0, 10)], [Found([FoundEntity("A", 9, 10, 0.9)])]).entities  # the text's end is no edge


def test_entities_of_one_window_may_overlap():
    entities = [FoundEntity("A", 0, 3, 0.9), FoundEntity("B", 1, 2, 0.8)]
    assert merge_windows([(0, 5)], [Found(entities, [FoundRelation("R", 1, 1, 0.5)])]) == Found(
        entities, [FoundRelation("R", 1, 1, 0.5)]
    )
    assert merge_windows([], []) == Found([], [])
