"""What predict reads: lines, JSON lines, documents, folders, corpora; what cannot be read is named."""

import io
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Sentence
from cman_tf.errors import DataError
from cman_tf.inference.reading import InputReader
from cman_tf.sample import DIRECTORY


def read(content, format="auto", on_error="stop"):
    """The contents of the records of a stream, the format that was found, and the collector."""
    problems = Problems()
    reader = InputReader(None, format, on_error, problems, io.BytesIO(content))
    records = list(reader.open())
    return [record.content for record in records], reader, problems


def test_lines_end_at_line_feeds_only():
    """Cases 23 and 24: other separators, a byte order mark at the start and in the middle, CRLF, blank lines."""
    content = "\ufeffAnn\u2028b\u0085c\x0cd\r\n\n\ufeffBo\n \nlast".encode()
    texts, reader, _ = read(content)
    assert texts == ["Ann\u2028b\u0085c\x0cd", "", "\ufeffBo", " ", "last"]
    assert reader.format == "lines" and not reader.notice
    assert read(b"")[0] == [] and read(b"\n\n")[0] == ["", ""]


@pytest.mark.parametrize(
    ("on_error", "texts", "line"),
    [
        ("skip", ["Ann", "", "Bo"], "line 2 (byte 0xff is not UTF-8, expected UTF-8 text; left empty)"),
        ("replace", ["Ann", "x\ufffdy", "Bo"], "line 2 (byte 0xff is not UTF-8, expected UTF-8 text; U+FFFD is in"),
    ],
)
def test_bytes_that_are_not_utf8(on_error, texts, line):
    found, _, problems = read(b"Ann\nx\xffy\nBo\n", on_error=on_error)
    assert found == texts
    (summary,) = problems.summarize()
    assert summary.startswith("1 line with bytes that are not UTF-8: standard input, " + line)
    with pytest.raises(DataError, match="standard input, line 2: byte 0xff is not UTF-8, expected UTF-8 text"):
        read(b"Ann\nx\xffy\n")


def test_json_lines():
    lines = [{"id": 7, "text": "Ann"}, {"tokens": ["Ann", "left"], "id": "b"}, {"text": ""}]
    content = "\n".join(map(json.dumps, lines)).encode()
    texts, reader, _ = read(content + b"\n\n")
    assert texts == ["Ann", Sentence(("Ann", "left")), "", ""] and reader.format == "jsonl"
    assert [r.id for r in InputReader(None, "auto", "stop", Problems(), io.BytesIO(content)).open()] == [7, "b", None]
    for text in (json.dumps(lines), json.dumps(lines, indent=1)):  # a list, in one line or several
        assert read(text.encode())[0] == texts[:3]
    assert read(json.dumps(lines[0], indent=1).encode())[0] == ["Ann"]


def test_tokens_keep_their_text_and_entities():
    record = {
        "text": "Ann left.",
        "tokens": ["Ann", "left", "."],
        "offsets": [[0, 3], [4, 8], [8, 9]],
        "entities": [{"type": "Peop", "start": 0, "end": 1, "score": 0.9}],
    }
    (sentence,) = read(json.dumps(record).encode())[0]
    assert (sentence.text, sentence.offsets[2]) == ("Ann left.", (8, 9))
    assert sentence.entities == (Entity("Peop", 0, 1),)
    record["offsets"][0] = [0, 2]  # offsets that do not give the tokens are no offsets
    assert read(json.dumps(record).encode())[0][0].text == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("3", "3, expected an object with"),
        ('{"txt": "Ann"}', "no text, expected an object with"),
        ('{"text": 3}', "text is 3, expected an object with"),
        ('{"text": "\\ud83d"}', "a lone surrogate, which cannot be written as UTF-8"),
        ('{"tokens": "Ann"}', "tokens is 'Ann', expected a list of texts"),
        ('{"tokens": ["Ann", " "]}', "token 1 is ' '"),
        ('{"tokens": ["\\ud83d"]}', "token 0 is .*a lone surrogate in it cannot be written as UTF-8"),
        ('{"tokens": ["Ann"], "entities": 5}', "entities is 5, expected a list"),
        ('{"tokens": [], "entities": [{"type": "Peop", "start": 0, "end": 1}]}', "entities without tokens"),
        ('{"text": "Ann", "id": 1e999}', "id is Infinity, expected text or a number that JSON can express"),
        ('{"text": "Ann", "id": NaN}', "id is NaN, expected text or a number"),
        ('{"text": "Ann", "id": "\\ud83d"}', "id is .*a lone surrogate in it cannot be written as UTF-8"),
        ('{"tokens": ["Ann"], "entities": [{"type": "Peop"}]}', "entity 0 is"),
        ('{"text": "Ann", "id": []}', "id is no name"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_lines_without_a_record(line, message):
    content = b'{"text": "Ann"}\n' + line.encode() + b"\n"
    with pytest.raises(DataError, match="standard input, line 2: .*" + message) as error:
        read(content)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300
    texts, _, problems = read(content, on_error="skip")
    assert texts == ["Ann", ""] and problems.counts == {"line without a record": 1}


def test_json_that_is_given_to_a_reader_of_text():
    texts, reader, _ = read(b'{"text": "Ann"}\n', "lines")
    assert texts == ['{"text": "Ann"}']
    assert reader.notice.startswith("standard input: looks like JSON") and "--input_format=jsonl" in reader.notice
    with pytest.raises(DataError, match='JSON without "text" or "tokens".*--input_format=lines'):
        read(b'{"foo": "Ann"}\n')
    assert read(b"[1] Ann left.\n")[0] == ["[1] Ann left."]
    assert read(b"{curly} Ann left.\n")[0] == ["{curly} Ann left."]


def test_documents(tmp_path):
    assert read(b"\xef\xbb\xbfAnn.\r\n\r\nBo.\n", "document")[0] == ["Ann.\r\n\r\nBo.\n"]
    (tmp_path / "b.txt").write_bytes(b"Bo \xff")
    (tmp_path / "a.txt").write_text("Ann")
    (tmp_path / "a.ann").write_text("T1\tPeop 0 3\tAnn")
    problems = Problems()
    reader = InputReader(str(tmp_path), "auto", "replace", problems)
    records = list(reader.open())
    assert [(r.content, r.id, r.document_id, r.size) for r in records] == [
        ("Ann", "a", "a", 3),
        ("Bo \ufffd", "b", "b", 4),
    ]
    assert reader.is_document and reader.size == 7
    with pytest.raises(DataError, match="a folder, expected a file for --input_format=lines"):
        InputReader(str(tmp_path), "lines", "stop", problems).open()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no .txt file"):
        list(InputReader(str(tmp_path / "empty"), "auto", "stop", problems).open())
    with pytest.raises(DataError, match="no such file"):
        InputReader(str(tmp_path / "absent"), "auto", "stop", problems)


def test_corpora():
    path = DIRECTORY / "test.json"
    for format in ("auto", "spert"):
        records = list(InputReader(str(path), format, "stop", Problems()).open())
        assert len(records) == 50 and records[0].content.entities
    assert len(read(path.read_bytes(), "spert")[0]) == 50


def test_a_pipe_is_read_once(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b'{"text": "Ann"}\n{"text": "Bo"}\n')
    os.close(writing)
    reader = InputReader(f"/dev/fd/{reading}", "auto", "stop", Problems())
    assert [record.content for record in reader.open()] == ["Ann", "Bo"]
    assert reader.size is None
    os.close(reading)


@given(st.binary(max_size=200), st.sampled_from(["auto", "lines", "jsonl", "document"]))
def test_any_bytes_give_records_or_one_line(content, format):
    for on_error in ("stop", "skip", "replace"):
        try:
            texts = read(content, format, on_error)[0]
        except DataError as error:
            assert "\n" not in str(error) and len(str(error)) < 300
        else:
            lines = content.count(b"\n") + (content[-1:] not in (b"", b"\n"))
            assert len(texts) == lines or format in ("document", "auto", "jsonl")
