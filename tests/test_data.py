"""Vocabularies, word vectors, batches and the tokenizer."""

import gzip

import numpy as np
import pytest

from cman_tf.data.batches import make_batch, make_dataset, make_example
from cman_tf.data.bucketing import LENGTH_STEP, batch_order, order_by_length
from cman_tf.data.corpus import Corpus
from cman_tf.data.splits import fraction, hold_out_sentences, split
from cman_tf.data.tokenizer import split_long_text, tokenize
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.data.word_vectors import UNKNOWN, forms, lookup_form, read_word_vectors
from cman_tf.errors import DataError


def test_lookup():
    words = {"rome", "Fox", "the", "0", "Paris"}
    expected = {
        "rome": "rome",
        "Rome": "rome",
        "ROME": "rome",
        "fox": "Fox",
        "FOX": UNKNOWN,
        "1984": "0",
        "19.84": UNKNOWN,
    }
    assert {word: lookup_form(word, words) for word in expected} == expected
    assert lookup_form("7", {"7", "0"}) == "7"


@pytest.mark.parametrize("header", ["", "4 3\n"])
def test_read_word_vectors(tmp_path, header):
    path = tmp_path / "vectors.txt"
    path.write_text(f"{header}the 1 2 3\nRome -1 0.5 1e-3 \nthe 9 9 9\n. . 4 5 6\n")
    words, table = read_word_vectors(str(path))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # a byte order mark is no part of a word
    assert read_word_vectors(str(path))[0] == words
    assert words == ["the", "Rome", ". ."]  # GloVe's large files have words with blanks in them
    np.testing.assert_allclose(table, [[1, 2, 3], [-1, 0.5, 1e-3], [4, 5, 6]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a 1 2\nb 1\n", "line 2, word 'b': 1 numbers, expected 2"),
        ("a 1 2\nb 1 2 3\n", "line 2, word 'b': 3 numbers, expected 2"),
        ("a 1 2\nb 1 x\n", "line 2, word 'b': not all numbers"),
        ("a 1 2\nb 1 nan\n", "line 2, word 'b': a value that is not finite"),
        ("a\t1 2\n", "line 1, word .*: a tab, expected blanks"),
        ("a\n", "line 1, word 'a': 0 numbers"),
        ("3 2\na 1 2\nb 1 2\n", "2 rows, expected 3 as its first line says"),
        ("2 3\na 1 2\nb 1 2\n", "line 2, word 'a': 2 numbers, expected 3"),
        ("", "no vectors"),
    ],
)
def test_word_vectors_malformed(tmp_path, text, message):
    path = tmp_path / "vectors.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_word_vectors(str(path))


def binary(words, table):
    rows = b"".join(word.encode() + b" " + row.astype("<f4").tobytes() + b"\n" for word, row in zip(words, table))
    return f"{len(words)} {table.shape[1]}\n".encode() + rows


def rows_of(*sizes):
    """A binary file that says 3 numbers a row and has these many."""
    rows = [
        word + b" " + np.ones(size, "<f4").tobytes() + b"\n"
        for word, size in zip((b"the", b"house", b"fox", b"a"), sizes)
    ]
    return b"4 3\n" + b"".join(rows)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("form", ["text", "binary"])
def test_word_vectors_in_every_form(tmp_path, form, zipped):
    words, table = ["the", "Rome", "é", "lee", "fox"], np.random.default_rng(1).normal(size=(5, 8)).astype("f4")
    text = "".join(f"{w} {' '.join(map(repr, row.tolist()))}\n" for w, row in zip(words, table)).encode()
    content = text if form == "text" else binary(words, table)
    path = tmp_path / "vectors"
    path.write_bytes(gzip.compress(content) if zipped else content)
    read, rows = read_word_vectors(str(path))
    assert read == words
    np.testing.assert_array_equal(rows, table)
    # Only what is needed, and the first rows for words to come.
    read, rows = read_word_vectors(str(path), needed={"fox", "absent"}, first=2)
    assert read == ["the", "Rome", "fox"]
    np.testing.assert_array_equal(rows, table[[0, 1, 4]])
    with pytest.raises(DataError, match="no vector of a word that is needed"):
        read_word_vectors(str(path), needed={"absent"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (binary(["a", "b"], np.ones((2, 3)))[:-6], "row 2, word 'b': 1 numbers, expected 3"),
        (binary(["a"], np.ones((1, 3))).replace(b"1 3", b"2 3"), "row 2: no word, expected 2 rows of 3"),
        (rows_of(3, 3, 4, 3), "row 4, word .*: not where a row begins, expected 3 numbers in each row before"),
        (rows_of(3, 3, 2, 3), "row 4: no word, expected 4 rows of 3"),
        (rows_of(3, 2, 3, 3), "row 3, word .*: not where a row begins"),
        (rows_of(3, 4, 3, 3), "row 3, word .*: not where a row begins"),
        (rows_of(3, 3, 3, 4), "more after row 4, expected 4 rows of 3 numbers"),
        (b"\x00\x01\x02", "binary, but no line of count and size first"),
        (binary(["a"], np.full((1, 3), np.inf)), "row 1, word 'a': a value that is not finite"),
        (gzip.compress(b"a 1 2\n" * 999, mtime=0)[:-20], "expected a file of word vectors"),
    ],
    # Names, as bytes that hold a time of day would name a test differently in each process that collects it.
    ids=[
        "a row cut off",
        "a row too few",
        "a row too long",
        "a row too short",
        "the second row too short",
        "the second row too long",
        "the last row too long",
        "no header",
        "an infinite value",
        "gzip cut off",
    ],
)
def test_binary_word_vectors_malformed(tmp_path, content, message):
    path = tmp_path / "vectors.bin"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_word_vectors(str(path))


def test_every_form_that_is_looked_up_is_needed():
    """`forms` is what a file is read for: `lookup_form` finds nothing else."""
    assert forms("Rome") == ("Rome", "rome")
    assert forms("rome") == ("rome", "Rome")
    assert forms("1984") == ("1984", "0")
    assert forms("U.S.") == ("U.S.", "u.s.")


def test_vocabulary_of_training_alone(sentences, vocabulary):
    assert vocabulary.words[0] == vocabulary.characters[0] == UNKNOWN
    assert vocabulary.tags[0] == "O"
    assert vocabulary.tags[1:] == ["B-Loc", "B-Org", "B-Peop", "I-Loc", "I-Org", "I-Peop"]
    assert vocabulary.relations == ["Live_In", "Located_In", "OrgBased_In", "Work_For"]
    assert list(vocabulary.word_ids(["zebra", "is"])) == [0, vocabulary.words.index("is")]
    assert list(vocabulary.character_ids("R€", 10)) == [vocabulary.characters.index("R"), 0]
    assert list(vocabulary.character_ids("Rome", 3)) == list(vocabulary.character_ids("Roe", 3))


def test_vocabulary_check(vocabulary):
    with pytest.raises(DataError, match="dev, sentence 0: tag 'B-Drug', expected one of O, B-Loc"):
        vocabulary.check([Sentence(("x",), (Entity("Drug", 0, 1),))], "dev")
    bad = Sentence(("x", "y"), (Entity("Loc", 0, 1), Entity("Loc", 1, 2)), (Relation("Near", 0, 1),))
    with pytest.raises(DataError, match="dev, sentence 0: relation 'Near', expected one of Live_In"):
        vocabulary.check([bad], "dev")


def test_another_vocabulary_is_not_overwritten(tmp_path, sentences, vocabulary):
    vocabulary.save(tmp_path)
    vocabulary.save(tmp_path)
    before = (tmp_path / "vocabulary.json").read_bytes()
    with pytest.raises(DataError, match="holds a run with another vocabulary"):
        Vocabulary.build(sentences[:2]).save(tmp_path)
    assert (tmp_path / "vocabulary.json").read_bytes() == before


def test_vocabulary_round_trip(tmp_path, sentences):
    table = np.arange(6, dtype=np.float32).reshape(2, 3)
    for vectors in (None, (["rome", "fox"], table)):
        made = Vocabulary.build(sentences, vectors)
        folder = tmp_path / str(vectors is None)
        made.save(folder)
        read = Vocabulary.load(folder)
        assert (read.words, read.characters, read.tags) == (made.words, made.characters, made.tags)
        assert read.relations == made.relations
    np.testing.assert_array_equal(read.vectors[1:], table)
    assert read.words == [UNKNOWN, "rome", "fox"]
    assert np.abs(read.vectors[0]).max() <= 0.5**0.5
    assert made.coverage([Sentence(("Rome", "x", "FOX", "y"))]) == 50.0
    with pytest.raises(DataError, match="no trained model here"):
        Vocabulary.load(tmp_path / "absent")


def test_batch(sentences, vocabulary):
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    batch = make_batch(examples, vocabulary)
    assert batch["words"].shape == (4, 3 * LENGTH_STEP)
    assert list(batch["lengths"]) == [8, 3, 5, 12]
    # Last token to last token: "Lee" (1) lives in "Rome" (3), works for "Fox" (6).
    live, work = vocabulary.relation_id["Live_In"], vocabulary.relation_id["Work_For"]
    assert [tuple(r) for r in batch["relations"] if r[0] == 0] == [(0, 1, 3, live), (0, 1, 6, work)]
    assert [vocabulary.tags[t] for t in batch["tags"][2, :5]] == ["B-Loc", "O", "O", "B-Loc", "I-Loc"]
    for row, sentence in enumerate(sentences):
        for place, token in enumerate(sentence.tokens):
            spelled = batch["spelling"][row, place]
            ids = batch["characters"][spelled][: batch["character_lengths"][spelled]]
            assert "".join(vocabulary.characters[i] for i in ids) == token
        assert not batch["spelling"][row, len(sentence.tokens) :].any()
    assert (np.diff(batch["character_lengths"]) <= 0).all()  # as the packed LSTM wants it
    assert make_batch(examples, vocabulary, step=1)["words"].shape == (4, 12)


def test_batches_by_seed_and_epoch():
    lengths = np.random.default_rng(0).integers(1, 100, 205)

    def flat(seed, epoch):
        return np.concatenate(batch_order(lengths, 16, seed, epoch)).tolist()

    assert flat(1, 1) == flat(1, 1)
    assert flat(1, 1) != flat(1, 2) != flat(2, 1)
    assert sorted(flat(1, 1)) == list(range(205))
    batches = batch_order(lengths, 16, 1, 1)
    assert sorted(map(len, batches)) == [13] + [16] * 12
    padded = sum(lengths[b].max() * len(b) for b in batches)
    assert padded < 1.25 * lengths.sum()  # without buckets it is near 2
    by_tokens = order_by_length([5, 1, 9, 3, 2], 6)
    assert by_tokens == [[1, 4], [3], [0], [2]]  # 2 * 2, then 3 * 3 is too much, 9 alone is too


def test_dataset_gives_the_batches(sentences, vocabulary):
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    order = [np.array([2, 0]), np.array([1, 3])]
    batches = list(make_dataset(examples, order, vocabulary))
    assert [b["lengths"].numpy().tolist() for b in batches] == [[5, 8], [3, 12]]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("  ", []),
        (
            "Sirhan Sirhan shot Robert Kennedy in Los Angeles.",
            ["Sirhan", "Sirhan", "shot", "Robert", "Kennedy", "in", "Los", "Angeles", "."],
        ),
        ("Mr. Lee of St. Albans, Vt., U.S., left.", "Mr. Lee of St. Albans , Vt. , U.S. , left .".split()),
        ("It cost $1,234.50 (50-to 70-mph).", "It cost $ 1,234.50 ( 50-to 70-mph ) .".split()),
        ("J. Smith's co-worker", ["J.", "Smith", "'s", "co-worker"]),
        ("O’Brien don't say 'no' in 1990's", "O ’Brien don 't say ' no ' in 1990 's".split()),
        ("Ann Lee 's town , they 're here", "Ann Lee 's town , they 're here".split()),
        ("yes--no -- and so on...", "yes -- no -- and so on ...".split()),
        ("東京 Москва 🙂", ["東京", "Москва", "🙂"]),
        ("हिन्दी cafe\u0301.", ["हिन्दी", "cafe\u0301", "."]),
    ],
)
def test_tokenize(text, tokens):
    found = tokenize(text)
    assert [token for token, _, _ in found] == tokens
    assert all(text[start:end] == token for token, start, end in found)


def test_pieces():
    tokens = [("." if i % 7 == 6 else "x", i, i + 1) for i in range(100)]
    cuts = split_long_text(tokens, 30)
    assert [a for a, _ in cuts] == [0] + [b for _, b in cuts[:-1]]
    assert cuts[-1][1] == 100
    assert all(b - a <= 30 for a, b in cuts)
    assert all(tokens[b - 1][0] == "." for _, b in cuts[:-1])
    assert split_long_text([("x", 0, 1)] * 65, 30) == [(0, 30), (30, 60), (60, 65)]
    assert split_long_text([], 30) == []


def test_parts_of_a_corpus():
    """A smaller share is part of a larger one; parts keep the file's order, and lose and share nothing."""
    corpus = Corpus("x", "", [Sentence((str(number),)) for number in range(50)], {})

    def numbers(part):
        return [int(sentence.tokens[0]) for sentence in part.sentences]

    shares = [numbers(fraction(corpus, share)) for share in (0.2, 0.4, 0.6, 0.8, 1.0)]
    assert [len(share) for share in shares] == [10, 20, 30, 40, 50]
    for small, large in zip(shares, shares[1:]):
        assert small == sorted(small) and set(small) < set(large)
    assert shares[0] != list(range(10))  # not just the first ones
    kept, dev = hold_out_sentences(corpus, 0.1)
    assert len(dev.sentences) == 5 and sorted(numbers(kept) + numbers(dev)) == list(range(50))
    thirds = [numbers(part) for part in split(corpus, (0.7, 0.15))]
    assert [len(part) for part in thirds] == [35, 7, 8] and sorted(sum(thirds, [])) == list(range(50))
    with pytest.raises(DataError, match="one sentence, expected enough to hold some of them out"):
        hold_out_sentences(Corpus("x", "", corpus.sentences[:1], {}), 0.1)
    with pytest.raises(DataError, match="expected enough to split them in three"):
        split(Corpus("x", "", corpus.sentences[:2], {}), (0.7, 0.15))
