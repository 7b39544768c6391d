"""No file or stream fills the memory: lines, whole files and streams are bounded, and the bounds can be raised."""

import gzip
import io
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest
from helpers import ROOT, call_command, fails_with

from cman_tf.data.problems import Problems
from cman_tf.data.word_vectors import read_word_vectors
from cman_tf.errors import DataError
from cman_tf.formats import bounds
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.inference.reading import InputReader

MIB = 1 << 20
RECORD = {"tokens": ["Ann", "left"], "entities": [], "relations": []}


@pytest.fixture
def small(monkeypatch):
    """One MiB a line, two a file."""
    monkeypatch.setenv(bounds.LINE, "1")
    monkeypatch.setenv(bounds.WHOLE, "2")
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "start"), [("a.json", '{"tokens": ["'), ("a.txt", "#doc 1\n0 "), ("a.csv", "text,head,relation,tail\n")]
)
def test_a_long_line(name, start, small, tmp_path):
    path = tmp_path / name
    path.write_text(start + "x" * (MIB + 10))
    with pytest.raises(
        DataError, match=r"line \d: over 1 MiB, expected shorter lines; \$CMAN_MAX_LINE_MIB raises this"
    ):
        read_corpus(path)


def test_a_list_that_is_too_large_is_refused_and_can_be_let_in(small, tmp_path):
    path = tmp_path / "list.json"
    count = 3 * MIB // len(json.dumps(RECORD))
    path.write_text("[\n" + ",\n".join([json.dumps(RECORD)] * count) + "\n]")
    with pytest.raises(DataError, match=r"over 2 MiB, expected less to be read at once; \$CMAN_MAX_FILE_MIB raises"):
        read_corpus(path)
    small.setenv(bounds.WHOLE, "9")
    assert len(read_corpus(path).sentences) == count


def test_records_on_lines_have_no_bound_together(small, tmp_path):
    path = tmp_path / "lines.jsonl"
    count = 3 * MIB // len(json.dumps(RECORD))
    path.write_text((json.dumps(RECORD) + "\n") * count)
    assert len(read_corpus(path).sentences) == count


@pytest.mark.parametrize("format", ["auto", "lines", "jsonl", "document", "multihead"])
@pytest.mark.parametrize(
    "part", [b"x" * 999, b"\n" * 999, b'["a", \n' + b'"b", \n' * 99], ids=["no line", "blank lines", "a list"]
)
def test_an_endless_stream(format, part, small):
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            found = (part * (len(buffer) // len(part) + 1))[: len(buffer)]
            buffer[:] = found
            return len(found)

    reader = InputReader(None, format, "stop", Problems(), io.BufferedReader(Endless()))
    records = None
    try:
        records = reader.open()
        for number, _ in enumerate(records):
            if number > 100_000:
                break  # line by line, in memory that does not grow
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert format in ("lines", "auto")


def test_a_device_is_no_corpus(small, tmp_path):
    process = call_command("cman_tf.visualize", "--gold=/dev/zero", f"--html={tmp_path}/a.html")
    assert fails_with(process, "/dev/zero: over 2 MiB")


@pytest.mark.parametrize("predictions", [False, True])
def test_many_entities_and_relations_in_one_record_take_linear_time(predictions, tmp_path):
    """In processor time, of which 20,000 take a third of a second; where it is quadratic, over a minute."""
    count, path = 20_000, tmp_path / "many.json"
    entities = [{"type": "T", "start": 2 * i, "end": 2 * i + 1} for i in range(count)]
    relations = [{"type": "R", "head": i, "tail": (i + 1) % count} for i in range(count)]
    path.write_text(json.dumps([{"tokens": ["t"] * (2 * count), "entities": entities, "relations": relations}]))
    start = time.process_time()
    (sentence,) = read_corpus(path, predictions=predictions).sentences
    assert time.process_time() - start < 10
    assert len(sentence.entities) == len(sentence.relations) == count


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "9" * 30])
def test_a_bound_that_is_no_number(value, small):
    small.setenv(bounds.LINE, value)
    with pytest.raises(DataError, match=r"\$CMAN_MAX_LINE_MIB is .*, expected a whole number of MiB"):
        bounds.line_bytes()


def test_word_vectors_of_many_numbers(tmp_path):
    path = tmp_path / "v.gz"
    path.write_bytes(gzip.compress(b"a" + b" 0" * 5000 + b"\n"))
    with pytest.raises(DataError, match="5000 numbers, expected at most 4096"):
        read_word_vectors(str(path))


@pytest.mark.e2e
def test_a_line_of_two_gib_in_a_small_file_takes_little_memory(tmp_path):
    path = tmp_path / "bomb.gz"
    member = gzip.compress(b"a" * (1 << 26), 9)  # 64 MiB a member, 32 of them
    path.write_bytes(member * 32)
    code = (
        "import re, sys\n"
        "from cman_tf.data.word_vectors import read_word_vectors\n"
        "try:\n    read_word_vectors(sys.argv[1])\n"
        "except ValueError as error:\n    print(error)\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    line, peak = done.stdout.splitlines()
    assert "more than 1048576 bytes" in line
    assert int(peak) < 300_000  # KiB


def test_a_large_flagfile(tmp_path):
    pathlib.Path(tmp_path, "a.flags").write_text("#" * (MIB + 1))
    process = call_command("cman_tf.train", f"--flagfile={tmp_path}/a.flags")
    assert fails_with(process, "over 1 MiB, expected a flagfile")
