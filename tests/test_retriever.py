"""Asking an index: BM25 over sentences, paragraphs that are returned, order, and damage of every file."""

import json
import math
import random

import numpy as np
import pytest
from helpers import import_extra
from hypothesis import given, settings
from hypothesis import strategies as st

import_extra("retrieval")
pytestmark = pytest.mark.extra(name="retrieval")

from cman_tf.errors import DataError  # noqa: E402
from cman_tf.retrieving.building import build_index  # noqa: E402
from cman_tf.retrieving.index_files import FILES, MANIFEST  # noqa: E402
from cman_tf.retrieving.retriever import open_index  # noqa: E402
from cman_tf.retrieving.words import find_words  # noqa: E402
from cman_tf.runs.files import sha256_of  # noqa: E402

CORPUS = {"name": "corpus", "format": "text", "sha256": "0" * 64}
TEXTS = [
    "Rome is the capital of Italy. Many tourists visit the old town.",
    "Oslo is the capital of Norway.",
    "The harbour of Oslo is large. The harbour of Oslo is old. The harbour is full.",
    "Bread and butter.",
    "Oslo is the capital of Norway!",
    ("Ann", "does", "n't", "live", "in", "Reykjavík"),
]


@pytest.fixture(scope="module")
def index(shared):
    def make(folder):
        build_index(TEXTS, folder, CORPUS)

    return shared("index", make)


def score_by_hand(sentences, query, k1=1.5, b=0.75):
    """BM25 as Lucene computes it, written out."""
    lists = [find_words(sentence) for sentence in sentences]
    mean = sum(map(len, lists)) / len(lists)
    scores = []
    for words in lists:
        score = 0.0
        for word in find_words(query):
            n = sum(word in other for other in lists)
            f = words.count(word)
            idf = math.log(1 + (len(lists) - n + 0.5) / (n + 0.5))
            score += idf * f / (f + k1 * (1 - b + b * len(words) / mean))
        scores.append(score)
    return scores


def test_paragraphs_of_the_best_sentences(index):
    retriever = open_index(index)
    (found,) = retriever.find([("Oslo", "'s", "HARBOUR")], 10)
    assert [p.number for p in found] == [2, 1, 4]  # each once; of equal ones the lower number first
    assert found[0].text == TEXTS[2] and found[0].tokens[:5] == ("The", "harbour", "of", "Oslo", "is")
    assert found[1].score == found[2].score > 0
    sentences = [*TEXTS[0].split(". "), TEXTS[1], *TEXTS[2].split(". "), TEXTS[3], TEXTS[4], " ".join(TEXTS[5])]
    scores = score_by_hand(sentences, "Oslo 's harbour")
    assert found[0].score == pytest.approx(max(scores[3:6]), rel=1e-5)
    assert found[1].score == pytest.approx(scores[2], rel=1e-5)


def test_fewer_than_asked_for(index):
    retriever = open_index(index)
    assert retriever.find([("zebra",), ("the", "of"), ("...",), ()], 3) == [[], [], [], []]
    assert [[p.number for p in found] for found in retriever.find([("Oslo",), ("butter",)], 1)] == [[1], [3]]
    assert retriever.find([], 3) == []


def test_tokens_of_the_corpus_are_kept(index):
    for tokenizer in ("default", "whitespace"):
        (found,) = open_index(index, tokenizer).find([("reykjavik",)], 1)
        assert found[0].tokens == TEXTS[5] and found[0].text == " ".join(TEXTS[5])
    (found,) = open_index(index, "whitespace").find([("butter",)], 1)
    assert found[0].tokens == ("Bread", "and", "butter.")


def test_what_identifies_an_index(index, tmp_path):
    first = open_index(index)
    build_index(TEXTS, tmp_path, {**CORPUS, "name": "other"})
    second = open_index(tmp_path, "whitespace")
    assert first.fingerprint == second.fingerprint and first.key != second.key
    for name in FILES:
        assert (index / name).read_bytes() == (tmp_path / name).read_bytes(), name
    (tmp_path / "changed").mkdir()
    build_index(TEXTS[::-1], tmp_path / "changed", CORPUS)
    assert open_index(tmp_path / "changed").fingerprint != first.fingerprint


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_ranking_equals_one_by_hand(tmp_path_factory, seed):
    draw = random.Random(seed)
    words = [f"w{i}" for i in range(12)]
    paragraphs = [
        " ".join(
            f"{' '.join(draw.choices(words, k=draw.randint(1, 6))).capitalize()}." for _ in range(draw.randint(1, 3))
        )
        for _ in range(draw.randint(1, 25))
    ]
    folder = tmp_path_factory.mktemp("index")
    build_index(paragraphs, folder, CORPUS)
    query = draw.choices(words, k=4)
    owners = [(i, sentence) for i, text in enumerate(paragraphs) for sentence in text.split(". ")]
    best = {}
    for (owner, _), score in zip(owners, score_by_hand([s for _, s in owners], " ".join(query))):
        best[owner] = max(best.get(owner, 0.0), score)
    for k in (1, 5, 100):
        (found,) = open_index(folder).find([query], k)
        assert len(found) == min(k, sum(score > 0 for score in best.values()))
        assert [p.score for p in found] == pytest.approx([best[p.number] for p in found], rel=1e-5)
        assert [p.score for p in found] == pytest.approx(sorted(best.values(), reverse=True)[: len(found)], rel=1e-5)
        assert [(-p.score, p.number) for p in found] == sorted((-p.score, p.number) for p in found)


def damage(folder, index):
    """Yield the name of each file, after one kind of damage to it was made in a copy of the index."""
    manifest = json.loads((index / MANIFEST).read_text())
    for name in (*FILES, MANIFEST):
        whole = (index / name).read_bytes()
        middle = len(whole) // 2
        kinds = [b"", whole[:-1], whole[:middle], whole + b"x", None]
        if name != MANIFEST:  # of the same size
            kinds += [bytes(len(whole)), whole[:-4] + b"\xff\xff\xff\xff", b"\xff" * 8 + whole[8:]]
        for kind in kinds:
            for file in index.iterdir():
                (folder / file.name).write_bytes(file.read_bytes())
            if kind is None:
                (folder / name).unlink()
            else:
                (folder / name).write_bytes(kind)
            if name != MANIFEST and kind is not None and len(kind) != len(whole):
                yield f"{name} of another size"
                manifest["files"][name]["bytes"] = len(kind)
                (folder / MANIFEST).write_text(json.dumps(manifest))
                manifest["files"][name]["bytes"] = len(whole)
            yield name


def test_a_damaged_index_is_one_line(index, tmp_path):
    """Opening says so, or asking does, where a text is damaged. What is behind the numbers of a file does no harm."""
    asked = [("rome", "oslo", "butter", "norway", "reykjavik")]
    right = open_index(index).find(asked, 10)
    refused, unharmed = [], []
    for name in damage(tmp_path, index):
        try:
            assert open_index(tmp_path).find(asked, 10) == right, name
            unharmed.append(name)
        except DataError as error:
            message = str(error)
            assert str(tmp_path) in message and "expected" in message and "\n" not in message, (name, message)
            refused.append(name)
    assert len(unharmed) <= 6 and all(name.endswith((".npy", ".json")) for name in unharmed), unharmed
    assert {name.partition(" ")[0] for name in refused} == {*FILES, MANIFEST} and len(refused) > 90


def test_numbers_that_lead_nowhere(index, tmp_path):
    for name, change, message in [
        ("indices.csc.index.npy", lambda a: a * 0 + 99, "the number of a sentence outside of 0 to 8"),
        ("indices.csc.index.npy", lambda a: a * 0 - 1, "the number of a sentence outside of 0 to 8"),
        ("data.csc.index.npy", lambda a: a * np.float32(np.nan), "a value that is not finite"),
        ("data.csc.index.npy", lambda a: a.astype("float64"), "float64 "),
        ("indptr.csc.index.npy", lambda a: a[::-1], "numbers that do not rise from 0 to "),
        ("offsets.npy", lambda a: a * 0, "numbers that do not rise from 0 to "),
        ("first_sentences.npy", lambda a: a + 1, "numbers that do not rise from 0 to 9"),
        ("offsets.npy", lambda a: np.array([{}] * len(a)), "Python objects in dtype"),
    ]:
        for file in index.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        np.save(tmp_path / name, change(np.load(tmp_path / name)), allow_pickle=True)
        manifest = json.loads((tmp_path / MANIFEST).read_text())
        manifest["files"][name]["bytes"] = (tmp_path / name).stat().st_size
        (tmp_path / MANIFEST).write_text(json.dumps(manifest))
        with pytest.raises(DataError, match=message):
            open_index(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"kind": "a cake"},
            "kind is 'a cake', not one of passages of cman_tf, expected an index that cman-tf index made",
        ),
        ({"version": 2}, "made by another version of cman_tf; cman-tf index makes it again"),
        ({"words_version": 2}, "made by another version of cman_tf"),
        ({"words": 3}, "expected"),
        ({"files": {}}, "does not name all files"),
        ({"passages": True}, "passages is True, not a whole number from 1"),
    ],
)
def test_a_manifest_of_something_else(index, tmp_path, change, message):
    for file in index.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**manifest, **change}))
    with pytest.raises(DataError, match=message):
        open_index(tmp_path)


def test_parameters_and_words_of_another_index(index, tmp_path):
    for name, content, message in [
        ("params.index.json", {"k1": 9}, "k1 is 9, not 1.5"),
        (
            "params.index.json",
            {"k1": 1.5, "b": 0.75, "method": "lucene", "idf_method": "lucene", "dtype": "floRt32"},
            "dtype is 'floRt32', not float32",
        ),
        ("vocab.index.json", {"a": 0}, "1 words, not "),
        ("vocab.index.json", {"a": -1}, "a is -1, not a whole number from 0"),
        ("vocab.index.json", ["a"], "JSON, but not an object"),
    ]:
        for file in index.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / name).write_text(json.dumps(content))
        manifest = json.loads((tmp_path / MANIFEST).read_text())
        manifest["files"][name] = {"bytes": (tmp_path / name).stat().st_size, "sha256": sha256_of(tmp_path / name)}
        (tmp_path / MANIFEST).write_text(json.dumps(manifest))
        with pytest.raises(DataError, match=message):
            open_index(tmp_path)


def test_no_index(tmp_path):
    with pytest.raises(DataError, match="no such directory, expected an index that cman-tf index made"):
        open_index(tmp_path / "absent")
    with pytest.raises(DataError, match="a directory without manifest.json, expected an index"):
        open_index(tmp_path)
    (tmp_path / "file").write_text("{}")
    with pytest.raises(DataError, match="no directory, expected an index"):
        open_index(tmp_path / "file")


def test_a_corpus_without_words(tmp_path):
    for texts in ([], ["..."], ["the of"], ["", " "]):
        with pytest.raises(DataError, match="corpus: no passage with a word in it, expected text"):
            build_index(texts, tmp_path, CORPUS)
