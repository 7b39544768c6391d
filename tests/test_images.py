"""Passages by image features: exact neighbours beside a full sort, ties, texts, and every mistake in one line."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cman_tf.errors import DataError
from cman_tf.retrieving import neighbours
from cman_tf.retrieving.images import open_images
from cman_tf.retrieving.leakage import find_unleaked
from cman_tf.retrieving.neighbours import COSINE, DOT, find_neighbours
from cman_tf.retrieving.passages import Passage
from cman_tf.retrieving.vectors import Vectors, open_vectors


def write(folder, features, texts=None, queries=None):
    """Write the files; texts are numbered if none are given."""
    np.save(folder / "features.npy", features)
    lines = texts or [{"text": f"text {number}"} for number in range(len(features))]
    (folder / "texts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if queries is not None:
        np.save(folder / "queries.npy", queries)
    return folder / "features.npy", folder / "texts.jsonl"


def sort_all(features, queries, k, measure):
    """The neighbours by a full sort of all scores."""
    features, queries = features.astype(np.float64), queries.astype(np.float64)
    scores = np.stack([(features * query).sum(axis=1) for query in queries])
    if measure == COSINE:
        lengths = [np.sqrt((vectors * vectors).sum(axis=1)) for vectors in (features, queries)]
        scores = scores / (lengths[0] * lengths[1][:, None])
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(scores, order, axis=1)


def wrap(values):
    wide = values.astype(np.float64)
    return Vectors(None, values, np.sqrt((wide * wide).sum(axis=1)))


def test_texts_of_the_right_images(tmp_path):
    """Features on known places: north, east, south-east, and north again."""
    features = np.array([[0, 2], [3, 0], [1, -1], [0, 5]], np.float32)
    texts = [
        {"text": "Up."},
        {"caption": "Right ", "article": " The east."},
        {"caption": "Below."},
        {"article": "Far up.", "caption": None},
    ]
    queries = np.array([[0, 1], [1, -0.2]], np.float32)
    index = open_images(*write(tmp_path, features, texts, queries))
    source = index.with_queries(tmp_path / "queries.npy")
    north, east = source.find([("a",), ("b",)], 3)
    assert [p.number for p in north] == [0, 3, 1]  # equally near: the lower number first
    assert north[0] == Passage(0, "Up.", ("Up", "."), 1.0)
    assert [p.text for p in east] == ["Right The east.", "Below.", "Up."]
    assert source.find([("b",)], 1, rows=[1])[0][0].number == 1
    assert [len(found) for found in source.find([("a",), ("b",)], 9)] == [4, 4]
    dot = open_images(*write(tmp_path, features, texts), measure=DOT).with_queries(tmp_path / "queries.npy")
    assert [p.number for p in dot.find([("a",), ("b",)], 2)[0]] == [3, 0]
    found = find_unleaked(source, [("up",), ("the", "east")], 2)
    assert [[p.number for p in passages] for passages in found.passages] == [[1, 2], [2, 0]]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 60),
    st.integers(1, 9),
    st.integers(1, 70),
    st.sampled_from(neighbours.MEASURES),
    st.sampled_from([np.float16, np.float32, np.float64]),
    st.booleans(),
)
def test_neighbours_are_those_of_a_full_sort(seed, count, size, k, measure, dtype, few_values):
    """With many equal rows, and rows that differ by rounding only, in blocks of any size."""
    draw = np.random.default_rng(seed)
    values = draw.integers(-1, 2, (count, size)) if few_values else draw.normal(size=(count, size))
    features = values.astype(dtype)
    features[draw.random(count) < 0.3] = features[0]
    queries = draw.normal(size=(3, size)).astype(np.float32)
    queries[0] = features[-1]
    for vectors in (features, queries):
        vectors[~vectors.any(axis=1)] = 1
    before = neighbours._NUMBERS, neighbours._QUERIES, neighbours._CHECKED
    neighbours._NUMBERS, neighbours._QUERIES, neighbours._CHECKED = int(draw.integers(1, 40)), 2, 8
    try:
        numbers, scores = find_neighbours(wrap(features), wrap(queries), range(3), min(k, count), measure)
    finally:
        neighbours._NUMBERS, neighbours._QUERIES, neighbours._CHECKED = before
    expected, values = sort_all(features, queries, k, measure)
    np.testing.assert_array_equal(numbers, expected)
    np.testing.assert_array_equal(scores, values)


def test_blocks_of_the_usual_size():
    draw = np.random.default_rng(0)
    features = draw.normal(size=(9000, 512)).astype(np.float32)
    features[8000] = features[17]
    queries = np.concatenate([features[17:18] * 3, draw.normal(size=(2, 512)).astype(np.float32)])
    numbers, scores = find_neighbours(wrap(features), wrap(queries), [0, 1, 2], 10, COSINE)
    expected, values = sort_all(features, queries, 10, COSINE)
    np.testing.assert_array_equal(numbers, expected)
    np.testing.assert_array_equal(scores, values)
    assert numbers[0, :2].tolist() == [17, 8000]


GOOD = np.eye(3, dtype=np.float32)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (GOOD[0], r"features.npy: float32 \[3\], expected an .npy file of float32 \[rows, size\]"),
        (GOOD[None], r"float32 \[1, 3, 3\]"),
        (GOOD.astype(int), r"int64 \[3, 3\]"),
        (GOOD.astype(">f4"), r">f4 \[3, 3\]"),
        (GOOD.astype(complex), r"complex128 \[3, 3\]"),
        (GOOD[:0], r"float32 \[0, 3\]"),
        (GOOD[:, :0], r"float32 \[3, 0\]"),
        (np.array([["a", "b"]]), r"<U1 \[1, 2\]"),
        (np.array([[{}]]), "features.npy: Array can't be memory-mapped: Python objects"),
        (np.where(GOOD > 0, np.nan, 0).astype(np.float32), "features.npy: row 0 has a value that is not finite"),
        (np.array([[1, 2], [1, np.inf]], np.float32), "features.npy: row 1 has a value that is not finite"),
        (np.array([[1e200]]), "features.npy: row 0 has a value that is not finite, or too large"),
        (
            np.diag([1, 0, 1]).astype(np.float16),
            "features.npy: row 1 has zeros only, expected a vector with a direction",
        ),
        (b"cake", "features.npy: no .npy file, expected an .npy file"),
        (b"", "features.npy: no .npy file, expected an .npy file"),
        (None, "features.npy: No such file or directory, expected an .npy file"),
    ],
)
def test_features_of_another_kind(tmp_path, features, message):
    path = tmp_path / "features.npy"
    (tmp_path / "texts.jsonl").write_text('{"text": "a"}\n' * 3)
    if isinstance(features, bytes):
        path.write_bytes(features)
    elif features is not None:
        np.save(path, features, allow_pickle=True)
    with pytest.raises(DataError, match=message) as caught:
        open_images(path, tmp_path / "texts.jsonl")
    assert "\n" not in str(caught.value)


def test_zeros_have_a_dot_product(tmp_path):
    np.save(tmp_path / "a.npy", GOOD * 0)
    assert open_vectors(tmp_path / "a.npy", have_directions=False).norms.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ('{"text": "a"}\n' * 2, "texts.jsonl: 2 lines, expected 3, one for each row of .*features.npy"),
        ('{"text": "a"}\n' * 4, "texts.jsonl: 4 lines, expected 3"),
        ("", "texts.jsonl: the file is empty, expected a text for each image"),
        ('{"text": "a"}\n\n{"text": "a"}\n', "texts.jsonl, line 2: not JSON in UTF-8"),
        ('{"text": "a"}\n{"title": "b"}\n', 'line 2: no text, expected an object with "text", or with "caption"'),
        ('{"text": " "}\n', "line 1: no text, expected"),
        ('{"caption": 3}\n', "line 1: caption is 3, expected text"),
        ('{"caption": "a", "article": ["b"]}\n', r"line 1: article is \['b'\], expected text"),
        ('{"text": "\\ud800"}\n', "line 1: text is .*expected text"),
        ('["a"]\n', "line 1: .*, expected an object"),
        (None, "texts.jsonl: no such file, expected JSON lines with a text for each image"),
    ],
)
def test_texts_of_another_kind(tmp_path, texts, message):
    np.save(tmp_path / "features.npy", GOOD)
    if texts is not None:
        (tmp_path / "texts.jsonl").write_text(texts)
    with pytest.raises(DataError, match=message):
        open_images(tmp_path / "features.npy", tmp_path / "texts.jsonl")


def test_queries_of_another_corpus(tmp_path):
    index = open_images(*write(tmp_path, GOOD, queries=GOOD[:2]))
    source = index.with_queries(tmp_path / "queries.npy")
    for ask in (lambda s: source.find(s, 1), lambda s: find_unleaked(source, s, 1)):
        with pytest.raises(DataError, match="queries.npy: 2 query vectors, expected 3, one for each sentence"):
            ask([("a",)] * 3)
    np.save(tmp_path / "queries.npy", GOOD[:2, :2])
    with pytest.raises(DataError, match="queries.npy: vectors of 2 numbers, expected 3 as in .*features.npy"):
        index.with_queries(tmp_path / "queries.npy")
    with pytest.raises(DataError, match="measure 'cake', expected one of cosine, dot"):
        open_images(tmp_path / "features.npy", tmp_path / "texts.jsonl", "cake")


def test_what_identifies_it(tmp_path):
    names = write(tmp_path, GOOD, queries=GOOD)
    first = open_images(*names).with_queries(tmp_path / "queries.npy")
    np.save(tmp_path / "other.npy", GOOD[::-1])
    other = open_images(*names, tokenizer="ptb").with_queries(tmp_path / "queries.npy")
    assert (
        open_images(*names).with_queries(tmp_path / "other.npy").fingerprint == first.fingerprint == other.fingerprint
    )
    assert len({first.key, other.key, open_images(*names).with_queries(tmp_path / "other.npy").key}) == 3
    assert open_images(*names, measure=DOT).fingerprint != first.fingerprint
    before = first.fingerprint
    write(tmp_path, GOOD, [{"text": "new"}] * 3)
    assert open_images(*names).fingerprint != before
