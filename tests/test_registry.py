"""What holds of every corpus format: what is written is read again, and any bytes give sentences or one error."""

import dataclasses
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from strategies import sentences

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus, write_corpus
from cman_tf.formats.registry import FORMATS, REGISTRY

# They hold all that the strategies make. What the others hold is in test_round_trips.py.
EXACT = ("spert", "spert_lines", "multihead", "multihead_root")
# The folder is the same for all examples: each writes its file anew.
one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def in_any_order(sentence):
    """The sentence with its relations sorted: the columns hold them by the first argument's place."""
    return dataclasses.replace(sentence, relations=tuple(sorted(sentence.relations, key=str)))


@one_folder
@given(corpus=st.lists(sentences(flat=True), min_size=1, max_size=3))
@pytest.mark.parametrize("name", EXACT)
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
@pytest.mark.parametrize("name", EXACT)
def test_what_a_format_cannot_hold_is_reported(name, corpus, tmp_path):
    """Overlapping entities are left out where a token has one tag, and counted; what is left is read again."""
    problems = Problems()
    write_corpus(corpus, tmp_path / "corpus", name, problems)
    again = read_corpus(tmp_path / "corpus", name).sentences
    lost = sum(len(s.entities) for s in corpus) - sum(sum(e.type != "ROOT" for e in s.entities) for s in again)
    assert lost == problems.counts["overlapping entity"]
    lost = sum(len(s.relations) for s in corpus) - sum(len(s.relations) for s in again)
    assert lost == problems.counts["relation on an omitted entity"]


def test_the_columns_leave_out_and_name_what_they_cannot_hold(tmp_path):
    ann, rome = Entity("Peop", 0, 1), Entity("Loc", 2, 3)
    relations = (Relation("N", 0, 1), Relation("Live_In", 0, 1), Relation("Live_In", 3, 1), Relation("Live_In", 2, 0))
    sentence = Sentence(("Ann", "in", "Rome"), (ann, rome, Entity("ROOT", 0, 1), ann), relations, "s")
    problems = Problems()
    write_corpus([sentence], tmp_path / "corpus", "multihead", problems)
    assert problems.counts == {
        "duplicate entity": 1,
        "root": 1,
        "relation named N": 1,
        "duplicate relation": 1,
        "relation on an omitted entity": 1,
    }
    (again,) = read_corpus(tmp_path / "corpus").sentences
    assert again == Sentence(sentence.tokens, (ann, rome), (Relation("Live_In", 0, 1),), "s")
    unattached = Sentence(("a", "b"), unattached_relations=(("N", 0, 1), ("K", 0, 1)))
    problems = Problems()
    write_corpus([unattached], tmp_path / "corpus", "multihead", problems)
    assert problems.counts == {"relation named N": 1}
    (again,) = read_corpus(tmp_path / "corpus", predictions=True).sentences
    assert again.unattached_relations == (("K", 0, 1),)
    with pytest.raises(DataError, match="sentence 0: an entity is given twice"):
        write_corpus([sentence], tmp_path / "corpus", "multihead")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.extra(name="spacy")) if name == "spacy" else name for name in REGISTRY],
)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tokens": ()}, "no tokens"),
        ({"tokens": ("a", " ")}, "' ', expected text that is not empty"),
        ({"tokens": ("\ud800",)}, "ud800', expected text"),
        ({"id": "\ud800"}, "expected text"),
        ({"entities": (Entity("P", 1, 3),)}, "span 1 to 3, expected start < end, both within 2 tokens"),
        ({"entities": (Entity("", 0, 1),)}, "'', expected text"),
        ({"relations": (Relation("K", 0, 5),)}, "K from entity 0 to 5, expected positions among 0"),
        ({"unattached_relations": (("K", 0, 2),)}, "K from token 0 to 2, expected tokens below 2"),
        ({"text": "a c", "offsets": ((0, 1), (2, 3))}, "offsets that do not give the tokens"),
    ],
)
def test_what_no_reader_could_have_made_is_not_written(name, change, message, tmp_path):
    with pytest.raises(DataError, match=f"sentence 0: .*{message}"):
        write_corpus([dataclasses.replace(Sentence(("a", "b")), **change)], tmp_path / "corpus", name)
    assert not list(tmp_path.iterdir())


def test_a_list_longer_than_the_reader_allows_is_not_written(tmp_path):
    entities = tuple(Entity("P", n, n + 1) for n in range(2000))
    relations = tuple(Relation("Live_In", 0, n) for n in range(1, 2000))
    with pytest.raises(DataError, match="token 0: 1999 relations, expected a list of at most 10000 characters"):
        write_corpus([Sentence(("a",) * 2000, entities, relations)], tmp_path / "corpus", "multihead")


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
