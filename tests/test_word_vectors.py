"""Word vector files: what is read, what is looked up, and what is refused."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
        ("a 1 2\nb 1 x\n", "line 2, word 'b': a value that is not a number, expected 2 numbers"),
        ("a 1 2\nb 1 nan\n", "line 2, word 'b': a value that is not finite"),
        ("a\t1 2\n", "line 1, word .*: contains a tab, expected blanks"),
        ("a\n", "line 1, word 'a': 0 numbers"),
        ("3 2\na 1 2\nb 1 2\n", "2 rows, expected 3 as the first line says"),
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
        (rows_of(3, 3, 4, 3), "row 4, word .*: no word at the start of the row, expected 3 numbers in each row before"),
        (rows_of(3, 3, 2, 3), "row 4: no word, expected 4 rows of 3"),
        (rows_of(3, 2, 3, 3), "row 3, word .*: no word at the start of the row"),
        (rows_of(3, 4, 3, 3), "row 3, word .*: no word at the start of the row"),
        (rows_of(3, 3, 3, 4), "more data after row 4, expected 4 rows of 3 numbers"),
        (b"\x00\x01\x02", "a binary file without a first line of count and size"),
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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # each example writes the file anew
@given(cut=st.integers(0, 60), more=st.binary(max_size=8), form=st.sampled_from(["text", "binary", "gzip", "none"]))
def test_any_bytes_give_vectors_or_one_error(cut, more, form, tmp_path):
    """A file of each form, cut off somewhere and continued with any bytes."""
    text, path = b"the 1 2 3\nfox 0.5 1e-3 -1\n", tmp_path / "vectors"
    table = np.arange(6).reshape(2, 3)
    whole = {"text": text, "binary": binary(["a", "b"], table), "gzip": gzip.compress(text, mtime=0), "none": b""}
    path.write_bytes(whole[form][:cut] + more)
    try:
        words, rows = read_word_vectors(str(path))
    except DataError as error:
        assert str(error).startswith(str(path)) and len(str(error).splitlines()) == 1
    else:
        assert len(words) == len(rows) > 0 and np.isfinite(rows).all()


def test_a_line_that_would_fill_the_memory_is_refused(tmp_path):
    """Compressed, it takes a few kilobytes."""
    path = tmp_path / "vectors.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"the 0.5\nof ")
        for _ in range(8):
            file.write(b"0" * (1 << 20))
    with pytest.raises(
        DataError, match=r"vectors.gz, line 2: more than 1048576 bytes, expected a word and its numbers"
    ):
        read_word_vectors(str(path))
