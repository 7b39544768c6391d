"""What holds of every corpus format: what is written is read again, and any bytes give sentences or one error."""

import dataclasses
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from strategies import sentences

from cman_tf.data.problems import Problems
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus, write_corpus
from cman_tf.formats.registry import FORMATS, REGISTRY

# The folder is the same for all examples: each writes its file anew.
one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def in_any_order(sentence):
    """The sentence with its relations sorted: the columns hold them by the first argument's place."""
    return dataclasses.replace(sentence, relations=tuple(sorted(sentence.relations, key=str)))


@one_folder
@given(corpus=st.lists(sentences(flat=True), min_size=1, max_size=3))
@pytest.mark.parametrize("name", REGISTRY)
def test_what_is_written_is_read_again(name, corpus, tmp_path):
    path = tmp_path / "corpus"
    write_corpus(corpus, path, name)
    if name == "multihead_root":  # token 0 becomes the root there unless it has a type
        corpus = [s for s in corpus if s.entities and s.entities[0].start == 0]
        if not corpus:
            return
        write_corpus(corpus, path, name)
    for format in (name, "auto"):
        again = read_corpus(path, format).sentences
        assert list(map(in_any_order, again)) == list(map(in_any_order, corpus))


@one_folder
@given(corpus=st.lists(sentences(), min_size=1, max_size=3))
@pytest.mark.parametrize("name", REGISTRY)
def test_what_a_format_cannot_hold_is_reported(name, corpus, tmp_path):
    """Overlapping entities are left out where a token has one tag, and counted; what is left is read again."""
    problems = Problems()
    write_corpus(corpus, tmp_path / "corpus", name, problems)
    again = read_corpus(tmp_path / "corpus", name).sentences
    lost = sum(len(s.entities) for s in corpus) - sum(sum(e.type != "ROOT" for e in s.entities) for s in again)
    assert lost == problems.counts["overlapping entity"]
    lost = sum(len(s.relations) for s in corpus) - sum(len(s.relations) for s in again)
    assert lost == problems.counts["relation on an overlapping entity"]


VALID = [{"tokens": ["a", "b"], "entities": [{"type": "P", "start": 0, "end": 1}], "relations": []}]
COLUMNS = b"#doc 1\n0\ta\tB-P\t['K']\t[1]\n1\tb\tI-Q\t['N']\t[1]\n"


def broken_json():
    """Records with any values in the places of some."""
    values = st.recursive(
        st.none() | st.booleans() | st.integers(-2, 9) | st.floats() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "start", "end"]), inner),
        max_leaves=6,
    )
    keys = st.sampled_from(
        ["tokens", "entities", "relations", "orig_id", "document_id", "text", "offsets", "ungrounded"]
    )
    changes = st.dictionaries(keys, values, max_size=3)
    return changes.map(lambda change: json.dumps([{**VALID[0], **change}]).encode())


def broken_bytes():
    """A file of either format with some bytes replaced, or any bytes."""
    whole = st.sampled_from([json.dumps(VALID).encode(), COLUMNS])
    cut = st.tuples(whole, st.integers(0, 90), st.integers(0, 30), st.binary(max_size=6))
    return st.one_of(st.binary(), cut.map(lambda c: c[0][: c[1]] + c[3] + c[0][c[1] + c[2] :]), broken_json())


@one_folder
@given(content=broken_bytes(), predictions=st.booleans())
@example(content=b"[" * 100_000, predictions=False)
@example(content=COLUMNS.replace(b"['K']", b"[" * 9_000), predictions=False)
@example(content=b'[{"tokens": ["a"], "entities": [], "relations": [], "orig_id": 1e999}]', predictions=True)
@example(content=b"[" + b"9" * 5000 + b"]", predictions=True)
@pytest.mark.parametrize("name", FORMATS)
def test_any_bytes_give_sentences_or_one_error(name, content, predictions, tmp_path):
    path = tmp_path / "corpus"
    path.write_bytes(content)
    try:
        corpus = read_corpus(path, name, predictions)
    except DataError as error:
        assert str(error).startswith(str(path)) and len(str(error).splitlines()) == 1
    else:
        assert corpus.sentences and all(sentence.tokens for sentence in corpus.sentences)
        assert corpus.summary()["sentences"] == len(corpus.sentences)
