"""The reader and the writer of spaCy's binary files, compared with spaCy itself."""

import importlib
import random
import time
import tracemalloc
import zlib

import pytest
from format_checks import check_read
from helpers import import_extra

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus, write_corpus

spacy = import_extra("spacy")
import srsly  # noqa: E402
from spacy.tokens import Doc, DocBin  # noqa: E402

pytestmark = pytest.mark.extra(name="spacy")
CORPUS = [
    Sentence(("Ann", "left", "Oslo"), (Entity("P", 0, 1), Entity("PERSON", 2, 3)), (Relation("K", 1, 0),)),
    Sentence(("Bo", "."), text=" Bo\n .", offsets=((1, 3), (5, 6)), document_id="d"),
    Sentence(("C",), (Entity("P", 0, 1),), text="C", offsets=((0, 1),), document_id="d"),
]
KEY = ("._.", "rel", None, None)


def written(folder, corpus=CORPUS):
    """The path of a file with these sentences."""
    write_corpus(corpus, folder / "corpus.spacy", "spacy")
    return folder / "corpus.spacy"


def test_what_is_written_is_read_again_by_spacy_too(tmp_path):
    path = written(tmp_path)
    again = read_corpus(path).sentences
    assert [(s.tokens, s.entities, s.relations) for s in again] == [(s.tokens, s.entities, s.relations) for s in CORPUS]
    assert [s.document_id for s in again] == ["", "d", "d"]
    one, two = DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab)
    assert (one.text, two.text) == ("Ann left Oslo", " Bo\n .C")
    assert [(ent.text, ent.label_) for ent in one.ents] == [("Ann", "P"), ("Oslo", "PERSON")]
    assert one.user_data[KEY] == {(2, 0): {"K": 1.0}}
    assert [sent.text for sent in two.sents] == [" Bo\n .", "C"]
    assert not one[1].ent_type_ and one[1].ent_iob_ == "O"  # known to be outside


def make_docs():
    """Documents as users make them: parsed or not, with scores of relations, with and without blanks."""
    vocab = spacy.blank("en").vocab
    plain = Doc(vocab, words=["Ann", "saw", "\n", "Bo", "."], spaces=[True, False, False, False, False])
    plain.ents = [spacy.tokens.Span(plain, 0, 1, "PERSON"), spacy.tokens.Span(plain, 3, 4, "PERSON")]
    plain.user_data[KEY] = {(0, 3): {"Saw": 0.75, "Met": 0.25}, (3, 0): {"Saw": 0.1}, (0, 1): {"X": 1.0}}
    parsed = Doc(vocab, words=["a", "b", "c"], heads=[1, 1, 2], deps=["dep", "ROOT", "ROOT"])
    return plain, parsed


@pytest.mark.parametrize("attributes", [None, ["ENT_IOB", "ENT_TYPE"], ["ENT_IOB", "POS", "HEAD", "DEP", "ENT_TYPE"]])
def test_docs_of_spacy(tmp_path, attributes):
    options = {"attrs": attributes} if attributes else {}
    DocBin(docs=make_docs(), store_user_data=True, **options).to_disk(tmp_path / "x.spacy")
    problems = Problems()
    found = read_corpus(tmp_path / "x.spacy", problems=problems).sentences
    assert found[0].tokens == ("Ann", "saw", "Bo", ".")
    assert found[0].text == "Ann saw\nBo."
    assert found[0].entities == (Entity("PERSON", 0, 1), Entity("PERSON", 2, 3))
    assert found[0].relations == (Relation("Saw", 0, 1),)
    assert problems.counts["relation without an entity"] == 1
    assert [s.tokens for s in found[1:]] == ([("a", "b", "c")] if attributes else [("a", "b"), ("c",)])


def test_without_spacy_one_line_says_what_to_install(tmp_path, monkeypatch):
    path = written(tmp_path)

    def fail(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", fail)
    for call in (lambda: read_corpus(path, "spacy"), lambda: written(tmp_path)):
        with pytest.raises(DataError, match=r"pip install 'cman-tf\[spacy\]'"):
            call()


def content_of(path):
    return srsly.msgpack_loads(zlib.decompress(path.read_bytes()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attrs": []}, "attrs and strings of other kinds"),
        ({"attrs": [77]}, "arrays of another size"),
        ({"strings": [""]}, "document 0: the text of .* is not in the file"),
        ({"tokens": b"x"}, "arrays of another size"),
        ({"tokens": "x"}, "no arrays"),
        ({"lengths": b"\xff\xff\xff\xff"}, "arrays of different lengths"),
        ({"spaces": b""}, "arrays of different lengths"),
        ({"user_data": [b"\xc1"]}, "document 0: not msgpack"),
        ({"user_data": [srsly.msgpack_dumps({KEY: 7})]}, "document 0: rel is 7, expected a list"),
        ({"user_data": [srsly.msgpack_dumps({KEY: {3: {}}})]}, "rel: 3, expected a pair of tokens"),
    ],
)
def test_malformed(tmp_path, change, message):
    path = written(tmp_path)
    path.write_bytes(zlib.compress(srsly.msgpack_dumps({**content_of(path), **change})))
    with pytest.raises(DataError, match=message):
        read_corpus(path, "spacy")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{}", "not compressed"),
        (zlib.compress(b"\xc1"), "not msgpack"),
        (zlib.compress(b"\x90"), "no object"),
        (zlib.compress(b"\x80")[:-2], "cut off"),
    ],
)
def test_other_files(tmp_path, content, message):
    (tmp_path / "x.spacy").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_corpus(tmp_path / "x.spacy", "spacy")


def test_a_file_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("cman_tf.formats.spacy_docbin._MAX_BYTES", 1000)
    (tmp_path / "x.spacy").write_bytes(zlib.compress(bytes(10_000)))
    with pytest.raises(DataError, match="expected smaller files"):
        read_corpus(tmp_path / "x.spacy", "spacy")


def test_any_change_gives_sentences_or_one_error(tmp_path):
    """Of the compressed bytes, and of what is in them."""
    chance, whole = random.Random(0), written(tmp_path).read_bytes()
    inner = zlib.decompress(whole)
    for number in range(300):
        changed = bytearray(inner if number % 3 else whole)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        path = tmp_path / "changed.spacy"
        path.write_bytes(zlib.compress(bytes(changed), 1) if number % 3 else bytes(changed))
        check_read(str(path), "spacy", strict=number % 2 == 1)


def test_a_long_document_takes_linear_time(tmp_path):
    count = 30_000
    entities = tuple(Entity("P", n, n + 1) for n in range(count))
    relations = tuple(Relation("K", n, n + 1) for n in range(count - 1))
    start = time.monotonic()
    (again,) = read_corpus(written(tmp_path, [Sentence(("t",) * count, entities, relations)])).sentences
    assert len(again.relations) == count - 1
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("part", [b"\x80", b"\x90", b"\xc0", b"\xa1a"], ids=["maps", "lists", "nil", "texts"])
def test_a_small_file_of_many_parts_takes_little_memory(tmp_path, part):
    """A file of 200 kB with 200 million parts, and one of 4 MB, decompressed, with as many as fit."""
    for count, path in ((200_000_000, tmp_path / "large.spacy"), (3_900_000, tmp_path / "small.spacy")):
        packer = zlib.compressobj(9)
        head = b"\x81\xa6tokens\xdd" + count.to_bytes(4, "big")
        parts = [part * 1_000_000] * (count // len(part) // 1_000_000)
        path.write_bytes(b"".join([packer.compress(head), *map(packer.compress, parts), packer.flush()]))
        tracemalloc.start()
        try:
            with pytest.raises(DataError, match="MiB in a file|objects and lists|not msgpack|no object|other kinds"):
                read_corpus(path, format="spacy")
            assert tracemalloc.get_traced_memory()[1] < 1 << 29
        finally:
            tracemalloc.stop()
