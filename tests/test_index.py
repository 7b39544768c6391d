"""The command `cman-tf index`: what it reads, when it makes an index again, what it never touches, and being killed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from helpers import ROOT, call_command, fails_with, import_extra, run_command

import_extra("retrieval")
pytestmark = pytest.mark.extra(name="retrieval")

from cman_tf.errors import DataError  # noqa: E402
from cman_tf.retrieving.caching import find_cached  # noqa: E402
from cman_tf.retrieving.retriever import open_index  # noqa: E402

COMMAND = "cman_tf.index"


def index(folder, *arguments):
    return call_command(COMMAND, *arguments, cwd=folder)


def read_tree(folder):
    return {path: (path.stat().st_ino, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_made_kept_and_made_again(tmp_path):
    (tmp_path / "a.txt").write_text("Ann left. Bo came.\nRome is old.\n")
    process = index(tmp_path, "a.txt", "indexes/a")
    assert process.stdout == "indexes/a: 2 passages, 3 sentences, 6 words; made\n" and process.stderr == ""
    made = read_tree(tmp_path / "indexes")
    os.utime(tmp_path / "a.txt", (1, 1))
    process = index(tmp_path, "a.txt", "indexes/a/")
    assert process.stdout.endswith("6 words; left as it is, the corpus has not changed\n")
    assert read_tree(tmp_path / "indexes") == made
    (tmp_path / "a.txt").write_text("Ann left. Bo came.\n\nRome is old.\n")
    assert index(tmp_path, "a.txt", "indexes/a").stdout.endswith("; made again, as the corpus changed\n")
    process = index(tmp_path, "a.txt", "indexes/a", "--format=text")
    assert process.stdout.endswith("left as it is, the corpus has not changed\n")
    scores = tmp_path / "indexes" / "a" / "data.csc.index.npy"
    scores.write_bytes(scores.read_bytes()[:-1] + b"\0")
    assert index(tmp_path, "a.txt", "indexes/a").stdout.endswith("; made again, as it was damaged\n")
    manifest = tmp_path / "indexes" / "a" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"words_version": 1', '"words_version": 9'))
    assert index(tmp_path, "a.txt", "indexes/a").stdout.endswith("; made again, as it was of another version\n")
    assert sorted(path.name for path in (tmp_path / "indexes").iterdir()) == [".a.lock", "a"]


@pytest.mark.parametrize(
    ("corpus", "passages"),
    [
        ("a\tb\nc. D e.\n", ["a\tb", "c. D e."]),
        ("\ufeffa\nb\n\n \nc\n", ["a b", "c"]),
        ("\n\nc\r\nd\n\n\n", ["c", "d"]),  # no blank line between two others: a paragraph a line
        ('{"text": "a b"}\n\n{"text": " "}\n{"tokens": ["c", "d"], "text": "x"}\n', ["a b", ["c", "d"]]),
        ('[{"tokens": ["a", "b"], "entities": [], "relations": []}]', [["a", "b"]]),
        ("#doc 1\n0\tAnn\tB-Peop\t['N']\t[0]\n", [["Ann"]]),
    ],
)
def test_what_is_read(tmp_path, corpus, passages):
    (tmp_path / "corpus").write_bytes(corpus.encode())
    format = "multihead" if corpus.startswith("#doc") else "auto"
    process = index(tmp_path, "corpus", "index", f"--format={format}")
    assert process.returncode == 0, process.stderr
    lines = (tmp_path / "index" / "passages.jsonl").read_text().splitlines()
    assert [value for line in lines for value in json.loads(line).values()] == passages
    assert open_index(tmp_path / "index").manifest.passages == len(passages)


def test_a_name_that_is_not_utf8(tmp_path):
    name = os.fsdecode(b"caf\xe9.txt")
    (tmp_path / name).write_text("Ann left.\n")
    assert index(tmp_path, name, "made").stdout.endswith("; made\n")
    assert index(tmp_path, name, "made").stdout.endswith("has not changed\n")
    assert open_index(tmp_path / "made").manifest.corpus["name"] == "caf?.txt"


def test_a_folder_of_texts_and_the_sample(tmp_path):
    (tmp_path / "texts").mkdir()
    for name, text in (("b.txt", "b1\n\nb2"), ("a.TXT", "a1\na2"), ("c.md", "c1")):
        (tmp_path / "texts" / name).write_text(text)
    fails_with(index(tmp_path, "texts", "made"), "texts: a folder with c.md, expected .txt files only", "texts/c.md;")
    made = index(tmp_path, "texts", "made", "--format=text").stdout
    assert made.startswith("made: 4 passages, 4 sentences, 4 words")
    fails_with(index(tmp_path, "sample/dev.json", "made"), "made: the index of another corpus (texts), expected the")
    replaced = index(tmp_path, "sample/dev.json", "made", "--overwrite").stdout
    assert replaced.startswith("made: 50 passages, 50 sentences")
    assert replaced.endswith("; made again, as the corpus is another one\n")
    assert json.loads((tmp_path / "made" / "manifest.json").read_text())["corpus"]["format"] == "spert"


def test_what_a_user_put_into_an_index_is_kept(tmp_path):
    corpus = tmp_path / "a.txt"
    corpus.write_text("One.")
    index(tmp_path, "a.txt", "made")
    (tmp_path / "made" / "notes.md").write_text("mine")
    corpus.write_text("Two.")
    fails_with(
        index(tmp_path, "a.txt", "made"), "made: holds notes.md, which is no part of an index; move it elsewhere"
    )
    assert (tmp_path / "made" / "notes.md").read_text() == "mine"
    for name in ("none", "a,b"):
        fails_with(index(tmp_path, "a.txt", name), f"{name}: --retrieve cannot name it, expected a name without commas")


def test_what_a_damaged_index_finds_is_not_kept(tmp_path):
    """A word of another letter is seen only in the content; training compares it before it keeps what was found."""
    (tmp_path / "a.txt").write_text("Ann left Rome.\n\nBo left Oslo.\n")
    index(tmp_path, "a.txt", "made")
    passages = tmp_path / "made" / "passages.jsonl"
    passages.write_text(passages.read_text().replace("Oslo", "Ohlo"))
    source = open_index(tmp_path / "made")
    with pytest.raises(DataError, match="passages.jsonl: not as it was made, expected a whole index"):
        find_cached(source, [("Bo",)], 1, "corpus", folder=tmp_path / "kept")
    assert not list((tmp_path / "kept").glob("*.jsonl"))
    parameters = tmp_path / "made" / "params.index.json"
    parameters.write_text(parameters.read_text().replace("float32", "floRt32"))
    with pytest.raises(DataError, match="params.index.json: not as it was made"):
        open_index(tmp_path / "made")


def test_folders_and_tables_that_look_like_texts(tmp_path):
    """A note beside the data is not taken for the corpus, and a table is not indexed as prose."""
    data = tmp_path / "data"
    data.mkdir()
    fails_with(index(tmp_path, "data", "made"), "data: an empty folder")
    (data / "train.json").write_text('[{"tokens": ["Ann", "left"], "entities": [], "relations": []}]')
    fails_with(index(tmp_path, "data", "made"), "expected .txt files only", "such as data/train.json")
    (data / "LICENSE.txt").write_text("Nobody reads this.")
    fails_with(index(tmp_path, "data", "made"), "data/train.json; --format=text reads the .txt files")
    rows = "".join(f"{token}\t{tag}\n" for token, tag in (("Ann", "B-Peop"), ("left", "O"), ("Rome", "B-Loc")))
    (tmp_path / "table.txt").write_text(f"{rows}\n{rows}")
    assert index(tmp_path, "table.txt", "table").stdout.startswith("table: 2 passages, 2 sentences, 3 words")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected a corpus and a directory: cman-tf index CORPUS INDEX"),
        (("a.txt",), "expected a corpus and a directory"),
        (("absent", "new"), "absent: no such file, expected text, JSON lines or annotated data"),
        (("pipe", "new"), "pipe: no regular file, expected text"),
        (("a.txt", "full"), "full: exists and is no index, expected the name of a new directory"),
        (("a.txt", "a.txt"), "a.txt: holds the corpus or is within it"),
        (("a.txt", "."), "expected the name of a directory for the index"),
        (("a.txt", "b.txt"), "b.txt: exists and is no directory"),
        (("a.txt", "b.txt/new"), "b.txt: is no directory, expected the name of a new directory below one"),
        (("full", "full/new"), "full/new: holds the corpus or is within it"),
        (("full/a.txt", "full"), "full: holds the corpus or is within it"),
        (("a.txt", "cake"), "cake/manifest.json: kind is missing, expected an index that cman-tf index made"),
        (("blank.txt", "new"), "blank.txt: no passage with a word in it, expected text"),
        (("latin.txt", "new"), "latin.txt, line 2: byte 0xe9 is not UTF-8"),
        (("bad.jsonl", "new"), "bad.jsonl, line 2: not JSON in UTF-8"),
        (("bad.jsonl", "new", "--format=text"), None),
        (("number.jsonl", "new"), 'number.jsonl, line 1: text is 7, expected an object with "text" or "tokens"'),
        (("tokens.jsonl", "new"), "tokens.jsonl, line 1: tokens is ['a', ' '], expected a list of texts"),
        (("half.jsonl", "new"), "half.jsonl, line 1: text is "),
        (("other.jsonl", "new"), 'other.jsonl, line 1: JSON without "text" or "tokens", expected JSON lines with one'),
        (("", "new"), "expected a corpus and a directory"),
        (("full", "new", "--format=jsonl"), "full: a folder, expected a file for --format=jsonl"),
        (("a.txt", "new", "--format=cake"), "--format"),
    ],
)
def test_what_is_refused(tmp_path, arguments, message):
    (tmp_path / "full").mkdir()
    (tmp_path / "cake").mkdir()
    os.mkfifo(tmp_path / "pipe")
    files = {
        "a.txt": "Ann left.", "b.txt": "b", "full/a.txt": "a", "blank.txt": "...\n", "cake/manifest.json": "{}",
        "latin.txt": b"a\n\xe9\n", "bad.jsonl": '{"text": "a"}\n{"text"\n', "number.jsonl": '{"text": 7}',
        "tokens.jsonl": '{"tokens": ["a", " "]}', "half.jsonl": '{"text": "\\ud800"}', "other.jsonl": '{"a": 1}',
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    process = index(tmp_path, *arguments)
    if message is None:
        assert process.returncode == 0
        return
    assert fails_with(process, message)
    assert len(process.stderr.splitlines()) == 1
    after = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*") if path.suffix != ".lock"}
    assert after == before


def test_a_paragraph_has_a_largest_size(tmp_path, monkeypatch):
    """A file has none."""
    monkeypatch.setenv("CMAN_MAX_LINE_MIB", "1")
    line = f"{'word ' * 20_000}\n"
    (tmp_path / "lines.txt").write_text(line * 15)
    assert index(tmp_path, "lines.txt", "lines").stdout.startswith("lines: 15 passages")
    (tmp_path / "blocks.txt").write_text(f"{line * 5}\n" * 3)
    assert index(tmp_path, "blocks.txt", "blocks").stdout.startswith("blocks: 3 passages")
    (tmp_path / "long.txt").write_text(f"a\n\n{line * 15}")
    assert fails_with(index(tmp_path, "long.txt", "long"), "long.txt, line 13: a paragraph: over 1 MiB")


@pytest.mark.e2e
def test_a_killed_one_leaves_nothing_in_its_place(tmp_path):
    """What was there before is whole; the next one removes what is left, and goes on as if nothing had been."""
    text = "".join(f"Word{n} and word{n % 977} met in town{n % 13}. They left.\n" for n in range(60_000))
    (tmp_path / "corpus.txt").write_text("Ann left.\n")
    assert index(tmp_path, "corpus.txt", "index").returncode == 0
    (tmp_path / "corpus.txt").write_text(text)
    command = [sys.executable, "-m", COMMAND, "corpus.txt", "index"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    patience = time.monotonic() + 60
    while not list(tmp_path.glob(".index.making-*/*")) and time.monotonic() < patience and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(tmp_path.glob(".index.making-*"))
    assert [p.text for p in open_index(tmp_path / "index").find([("ann",)], 3)[0]] == ["Ann left."]
    (tmp_path / "corpus.txt").write_text("Bo left.\n")
    assert index(tmp_path, "corpus.txt", "index").stdout.endswith("made again, as the corpus changed\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".index.lock", "corpus.txt", "index"]


@pytest.mark.e2e
def test_two_at_the_same_time(tmp_path):
    (tmp_path / "corpus.txt").write_text("".join(f"Word{n} met word{n % 97}.\n" for n in range(3000)))
    command = [sys.executable, "-m", COMMAND, "corpus.txt", "index"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=100)[0] for process in both]
    assert sorted(output.rpartition("; ")[2].split()[0] for output in outputs) == ["left", "made"]
    assert json.loads((tmp_path / "index" / "manifest.json").read_text())["passages"] == 3000


@pytest.mark.e2e
def test_help_comes_at_once():
    process = run_command("cman_tf", "index", "--help")
    assert process.stdout.startswith("usage: cman-tf index CORPUS INDEX") and process.stderr == ""
