"""Sources of data: lines, byte order marks, and the keys by which a format is recognised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.data.problems import Problems
from cman_tf.errors import DataError
from cman_tf.formats.json_records import read_records
from cman_tf.formats.source import Head, Source, hash_source


def source(content, strict=False):
    return Source("a.txt", False, Problems(strict), content=content)


def test_lines_end_at_line_feeds_only():
    """Other separators of Unicode are part of a line (case 23)."""
    text = "a\u2028b\r\nc\u0085d\x0ce\n\nf"
    assert [line for _, line in source(text.encode()).lines()] == ["a\u2028b", "c\u0085d\x0ce", "", "f"]


def test_byte_order_marks():
    """The mark at the start is removed; one inside, as in files put together, is named and removed (case 24)."""
    content = "\ufeffa\nb\n\ufeffc\nd\ufeff\n".encode()
    read = source(content)
    assert [line for _, line in read.lines()][:4] == ["a", "b", "c", "d\ufeff"]
    assert "a.txt, line 3 (the line begins with U+FEFF" in read.problems.summarize()[0]
    with pytest.raises(DataError, match="a.txt, line 3: the line begins with U.FEFF"):
        list(source(content, strict=True).lines())


def test_lines_from_a_file_are_those_of_its_content(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"a\r\nb\n\nc")
    read = Source(str(path), False, Problems())
    assert list(read.lines()) == [(1, "a"), (2, "b"), (3, ""), (4, "c")]
    path.write_bytes(b"a\n\xff")
    with pytest.raises(DataError, match="line 2: byte 0xff is not UTF-8"):
        list(read.lines())


@given(st.binary(max_size=60))
def test_any_head_has_keys(raw):
    assert isinstance(Head("x", raw).keys, dict)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('[{"a": [{"b": 1}], "c": "}{"}]', {"a": "[", "c": '"'}),
        ('{"a": {"b": {"c": 1}}, "d": 2', {"a": "{", "d": "2"}),
        ('{"a": 1}\n{"b": 2}', {"a": "1"}),
        ('text {"a": 1}', {}),
        ("[]", {}),
        ('{"a": "cut in the middle', {"a": '"'}),
    ],
)
def test_keys_of_the_first_record(text, keys):
    assert Head("x", text.encode()).keys == keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"a": 1}, {"a": 2}]', ["record 0", "record 1"]),
        ('{"a": 1}\n\n{"a": 2}\n', ["line 1", "line 3"]),
        ('{"a": 1}', ["line 1"]),
        ('{\n"a":\n1}', ["record 0"]),
        ('[\n{"a": 1},\n{"a": 2}\n]\n', ["record 0", "record 1"]),
        ("", []),
    ],
)
def test_records_in_lists_and_on_lines(text, expected):
    """A list, one record, and records on lines are told apart by their content (case 14)."""
    found = list(read_records(source(text.encode())))
    assert [where for where, _ in found] == [f"a.txt, {place}" for place in expected]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a": 2}\n{"a" 3}\n', "line 3: not JSON"),
        ('{"a" 1}\n{"a": 2}\n', "line 1: not JSON"),
        ('[{"a": 1}]\n{"a": 2}', "line 2: text after the list"),
        ('[1, {"a": 2}]', "record 0: 1, expected an object"),
        ('{"a": NaN}', "NaN is no number of JSON"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": 1}\n[]', "line 2: \\[\\], expected an object"),
    ],
)
def test_broken_records_are_named(text, message):
    with pytest.raises(DataError, match=message) as error:
        list(read_records(source(text.encode())))
    assert len(str(error.value)) < 300 and "\n" not in str(error.value)


def test_the_hash_of_a_folder_depends_on_names_and_contents(tmp_path):
    hashes = set()
    for name, content in (("a.txt", b"x"), ("b.txt", b"x"), ("a.txt", b"y")):
        folder = tmp_path / str(len(hashes))
        folder.mkdir()
        (folder / name).write_bytes(content)
        hashes.add(hash_source(str(folder)))
        assert hash_source(str(folder)) in hashes
    assert len(hashes) == 3
