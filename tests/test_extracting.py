"""Extraction without Ray: lines, shards, Parquet, a worker, the directory of a run."""

import io
import json
import os

import pytest
from helpers import call_command, needs_extra
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pyarrow", reason=needs_extra("ray"))

from cman_tf.errors import DataError
from cman_tf.extracting import parquet
from cman_tf.extracting.dead_letters import format_dead_letter
from cman_tf.extracting.lines import Cut, cut_lines, read_lines
from cman_tf.extracting.output import DEAD, FINISHED, OutputFolder
from cman_tf.extracting.places import InputFile, hide_password, list_inputs
from cman_tf.extracting.settings import Settings, fingerprint_model
from cman_tf.extracting.shards import Shard, find_format, plan_shards
from cman_tf.extracting.worker import Worker
from cman_tf.inference.blocks import BLOCK_BYTES, read_blocks
from cman_tf.inference.description import read_description
from cman_tf.inference.records import Record

pytestmark = pytest.mark.extra(name="ray")
OPTIONS = {
    **{"all_scores": False, "on_long": "window", "batch_tokens": 2048, "given_entities": False},
    **{"relation_threshold": None, "entity_threshold": None, "split_sentences": False},
}
COUNTS = {"texts": 3, "dead": 1, "windows": 0, "tokens": 9, "entities": 2, "relations": 1}


def open_bytes(content):
    import pyarrow as pa

    return pa.BufferReader(content)


@given(st.lists(st.integers(0, 3).flatmap(lambda n: st.sampled_from([0, 5, 2000, BLOCK_BYTES >> n])), max_size=40))
def test_shards_are_whole_blocks_of_predict(sizes):
    """The parts of a file are its bytes, and the blocks of each part are those of the whole file."""
    lines = [b"x" * size + b"\n" for size in sizes] * 20
    content = b"".join(lines)
    cuts = list(cut_lines(open_bytes(content), 600, 3 << 20))
    assert [cut.start for cut in cuts] == [0, *(cut.end for cut in cuts[:-1])][: len(cuts)]
    assert not cuts or cuts[-1].end == len(content)
    blocks, parts = [], []
    for block in read_blocks(Record("", "", size=len(line)) for line in lines):
        blocks.append([record.size for record in block])
    for cut in cuts:
        read = list(read_lines(open_bytes(content), cut.start, cut.end))
        assert len(read) == cut.texts
        parts += [[r.size for r in block] for block in read_blocks(Record("", "", size=line.size) for line in read)]
    assert parts == blocks
    assert [cut.line for cut in cuts] == [1 + sum(cut.texts for cut in cuts[:n]) for n in range(len(cuts))]


@given(st.binary(max_size=60))
def test_lines_are_those_of_the_file(content):
    assert [line.content for line in read_lines(open_bytes(content))] == content.splitlines(keepends=True) or (
        b"".join(line.content for line in read_lines(open_bytes(content))) == content
    )


def test_a_line_that_is_too_long_takes_little_memory(monkeypatch):
    monkeypatch.setenv("CMAN_MAX_LINE_MIB", "1")
    content = b"a\n" + b"b" * (3 << 20) + b"\nc"
    lines = list(read_lines(open_bytes(content)))
    assert [(len(line.content), line.size, line.is_whole) for line in lines] == [
        *((2, 2, True), (1024, (3 << 20) + 1, False), (1, 1, True))
    ]


def write_table(path, columns, **options):
    import pyarrow as pa
    from pyarrow import parquet as writer

    writer.write_table(pa.table(columns), path, **options)
    return str(path)


def test_parquet_in_ranges_of_rows(tmp_path):
    texts = [f"text {n}" if n % 7 else None for n in range(2000)]
    path = write_table(tmp_path / "a", {"text": texts, "id": list(range(2000))}, row_group_size=300)
    with open(path, "rb") as file:
        table = parquet.open_parquet(file, "a")
        cuts = list(parquet.cut_rows(table, 600))
        assert [cut[:3] for cut in cuts] == [(0, 1024, 1), (1024, 2000, 1025)]
        rows = list(parquet.read_rows(table, 250, 901))
        assert [row["id"] for row in rows] == list(range(250, 901))
        assert rows[2] == {"id": 252} and rows[1] == {"id": 251, "text": "text 251"}
    for columns, message in (
        ({"name": ["x"]}, "a: columns name, expected a column text or tokens"),
        ({"text": [3]}, "a: column text holds int64, expected text"),
        ({"tokens": [[3]]}, "a: column tokens holds list<element: int64>, expected lists of text"),
        ({"text": ["x"], "id": [["y"]]}, "a: column id holds list<element: string>, expected text or numbers"),
    ):
        with open(write_table(tmp_path / "b", columns), "rb") as file, pytest.raises(DataError) as error:
            parquet.open_parquet(file, "a")
        assert str(error.value) == message
    with pytest.raises(DataError, match=r"^a: .*, expected a Parquet file$"):
        parquet.open_parquet(io.BytesIO(b"PAR1 and no more"), "a")


def test_parquet_that_is_not_utf8_or_damaged(tmp_path):
    import pyarrow as pa

    raw = pa.array([b"Ann", b"a\xffb", b"Bo"])
    columns = {
        "text": pa.Array.from_buffers(pa.string(), 3, raw.buffers()),
        "id": [1, 2, 3],
    }
    with open(write_table(tmp_path / "a", columns), "rb") as file:
        rows = list(parquet.read_rows(parquet.open_parquet(file, "a"), 0, 3))
    assert rows == [{"text": "Ann", "id": 1}, b"a\xffb", {"text": "Bo", "id": 3}]
    path = write_table(tmp_path / "b", {"text": [f"text {n}" for n in range(999)]}, compression="gzip")
    with open(path, "r+b") as file:
        file.seek(200)
        file.write(b"x" * 500)
        with pytest.raises(DataError, match=r"^b, rows 6 to 9: .*, expected a Parquet file$"):
            list(parquet.read_rows(parquet.open_parquet(file, "b"), 5, 9, "b"))


def test_places(tmp_path):
    folder = tmp_path / "in"
    for name in ("b.txt", "a/c.txt", "_hidden/x.txt", ".y"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    found = list_inputs([str(folder), folder.joinpath("_hidden/x.txt").as_uri()])
    names = [file.name.replace(str(tmp_path), "") for file in found]
    assert names == ["/in/a/c.txt", "/in/b.txt", "file:///in/_hidden/x.txt"]
    assert all(file.size == 1 and file.changed for file in found)
    by_uri = list_inputs([folder.as_uri()])
    assert [file.location for file in by_uri] == [(folder / name).as_uri() for name in ("a/c.txt", "b.txt")]
    assert hide_password("s3://me:secret@bucket/x?endpoint_override=y") == "s3://bucket/x"
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: no file, expected text, JSON lines or Parquet"):
        list_inputs([str(tmp_path / "empty")])
    (tmp_path / "empty" / os.fsdecode(b"a\xff")).write_text("x")
    with pytest.raises(DataError, match="empty: a file in it has a name that is not UTF-8"):
        list_inputs([str(tmp_path / "empty")])


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (b"Ann left\n", "lines"),
        (b'\n{"text": "x"}\n', "jsonl"),
        (b"", "lines"),
        (b"[a\n", "lines"),
        (b"\xff\n", "lines"),
    ],
)
def test_formats(tmp_path, content, format):
    (tmp_path / "a").write_bytes(content)
    for place in (str(tmp_path / "a"), (tmp_path / "a").as_uri()):
        assert find_format(list_inputs([place])[0], "auto") == format


@pytest.mark.e2e
@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_a_worker_answers_as_predict_does(trained, tmp_path, format):
    """Records of all kinds; those that the model is not given are dead letters with their place and reason."""
    model = trained("multihead")
    good = [
        {"id": 7, "text": "Ann Lee lives in Rome."},
        {"tokens": ["Fox", "News", "hired", "Bo"], "id": "x"},
        {"text": "😀 Ann works " + "for Fox " * 300},
    ]
    bad = ['{"text": 3}', '{"text": "Ann', "[1]", '{"tokens": ["a b", ""]}', '{"id": [], "text": "x"}']
    lines = [json.dumps(record) for record in good]
    (tmp_path / "good.jsonl").write_text("\n".join(lines))
    (tmp_path / "mixed.jsonl").write_bytes("\n".join([lines[0], *bad, *lines[1:], ""]).encode() + b"\xff\xfe\n")
    files = list_inputs([str(tmp_path / "mixed.jsonl")])
    description = read_description(model)
    settings = Settings(
        *(str(model), "best", {}, "default", "off", (), "default", OPTIONS, format, False),
        *(fingerprint_model(description, "default"), 0),
    )
    expected = call_command("cman_tf.predict", f"--model_dir={model}", f"--input={tmp_path}/good.jsonl").stdout
    answer = ask(settings, files)
    assert answer["error"] == "" and (answer["texts"], answer["dead"], answer["windows"]) == (9, 6, 1)
    letters = [json.loads(line) for line in answer["letters"].splitlines()]
    assert [letter["line"] for letter in letters] == [2, 3, 4, 5, 6, 9]
    assert letters[0]["content"] == bad[0] and letters[5]["content"] == "\\xff\\xfe"
    assert [letter["reason"][:15] for letter in letters[:3]] == [
        "text is 3, expe",
        "not JSON (Unter",
        "[1], expected a",
    ]
    if format == "jsonl":
        assert answer["content"].decode() == expected
    else:
        check_parquet(answer["content"], expected, [1, 7, 8], files[0].name)


def ask(settings, files, **changes):
    """What a worker says to the first shard of some files."""
    import dataclasses

    import numpy as np

    formats = [find_format(file, "auto") for file in files]
    shard = plan_shards(files, formats, 4096, lambda size: None)[0]
    worker = Worker(dataclasses.replace(settings, **changes), files, formats)
    row = {"number": shard.number, "file": shard.file, **shard.cut._asdict()}
    return worker({name: np.array([value]) for name, value in row.items()}).to_pylist()[0]


def check_parquet(content, expected, lines, name):
    from pyarrow import parquet as reader

    rows = reader.read_table(io.BytesIO(content)).to_pylist()
    for row, line, predicted in zip(rows, lines, map(json.loads, expected.splitlines())):
        assert (row.pop("file"), row.pop("line")) == (name, line)
        found = {key: value for key, value in row.items() if value is not None}
        if "ungrounded" in found:
            found["ungrounded"] = [list(relation.values()) for relation in found["ungrounded"]]
        if "id" in predicted:
            predicted["id"] = str(predicted["id"])
        assert found == predicted
    assert len(rows) == len(lines)


@pytest.mark.e2e
def test_what_a_worker_refuses(trained, tmp_path):
    model = trained("multihead")
    texts = tmp_path / "a.txt"
    texts.write_text("Ann left .\n" + "Fox " * 500 + "\nBo left .\n")
    description = read_description(model)
    settings = Settings(
        *(str(model), "best", {}, "default", "off", (), "default", {**OPTIONS, "on_long": "error"}, "jsonl", True),
        *(fingerprint_model(description, "default"), 0),
    )
    files = list_inputs([str(texts)])
    answer = ask(settings, files)
    (letter,) = [json.loads(line) for line in answer["letters"].splitlines()]
    assert letter["line"] == 2 and letter["reason"].startswith("a sentence of 500 tokens, expected at most 400")
    assert letter["bytes"] == 2001 and letter["content"] == "Fox " * 250
    places = [json.loads(line) for line in answer["content"].splitlines()]
    assert [(found["file"], found["line"]) for found in places] == [(str(texts), 1), (str(texts), 3)]
    assert "another model than on the first machine" in ask(settings, files, model="0" * 64)["error"]
    assert "a.txt: was changed since the run began" in ask(settings, [InputFile(str(texts), str(texts), 1, 1)])["error"]


def test_the_directory_of_a_run(tmp_path):
    """What is finished is found again, whatever a process that was killed has left."""
    folder = OutputFolder(str(tmp_path / "out"), ".jsonl")
    files = [InputFile("a.txt", "/a.txt", 30, 5)]
    shards = [Shard(n, 0, Cut(10 * n, 10 * n + 10, 3 * n + 1, 3)) for n in range(3)]
    with folder.hold():
        with pytest.raises(DataError, match="another cman-tf extract is running there"), folder.hold():
            pass
        folder.write_manifest({"x": 1}, files, ["lines"], shards)
        assert folder.read_manifest({"x": 1}, files) == (["lines"], shards)
        assert folder.open_finished(3) == {}
        for number in (0, 2):
            folder.finish(number, b"{}\n", b"dead\n" if number else b"", COUNTS)
        folder.close()
    (folder.path / ".part-00001.jsonl.abcdefgh").write_text("half")
    with open(folder.path / FINISHED, "a") as file:  # the process was killed within a line, and before the part's name
        file.write(json.dumps({"part": 1, "bytes": 3, **COUNTS}) + '\n{"part": 1, "by')
    found = folder.open_finished(3)
    folder.close()
    assert found == {0: {"bytes": 3, **COUNTS}, 2: {"bytes": 3, **COUNTS}}
    assert len((folder.path / FINISHED).read_text().splitlines()) == 2
    assert sorted(path.name for path in folder.path.glob("*part*")) == ["part-00000.jsonl", "part-00002.jsonl"]
    assert [path.name for path in (folder.path / DEAD).iterdir()] == ["part-00002.jsonl"]
    for settings, now, message in (
        ({"x": 2}, files, "holds a run with another x, expected the same; choose a new --output_dir"),
        ({"x": 1}, [InputFile("a.txt", "/a.txt", 30, 6)], "a.txt: was changed since the run began"),
        ({"x": 1}, [], "a.txt: was read when the run began, expected the same inputs"),
        ({"x": 1}, [*files, InputFile("b.txt", "/b.txt", 1, 1)], "b.txt: not among the inputs when the run began"),
    ):
        with pytest.raises(DataError, match=message):
            folder.read_manifest(settings, now)
    folder.part(0).write_text("{")
    with pytest.raises(DataError, match="part-00000.jsonl: 1 bytes, expected the 3 that were written"):
        folder.open_finished(3)
    (folder.path / "manifest.json").write_text('{"manifest": 1}')
    with pytest.raises(DataError, match=r"manifest.json: .*, expected what cman-tf extract wrote"):
        folder.read_manifest({"x": 1}, files)


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_dead_letter(content):
    line = format_dead_letter("a", 1, "why", content, len(content))
    letter = json.loads(line)
    assert line.count("\n") == 1 and letter["bytes"] == len(content) and len(letter["content"]) <= 4000


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("s3x://KEY:SECRET@bucket/a", "s3x://bucket/a: unknown kind of place, expected one of file, s3"),
        ("abfs://KEY:SECRET@c.dfs/x", "abfs://c.dfs/x: unknown kind of place"),
        ("s3://KEY:SECRET@bucket/a b", "s3://bucket/a b: "),
        ("s3://KEY:SECRET@bucket/te%zzxts?region=a&bad=1", "s3://bucket/te%zzxts: "),
        ("s3://[x", "s3://[x: "),
    ],
)
def test_uris_that_arrow_does_not_read_are_one_line_without_passwords(location, shown):
    with pytest.raises(DataError) as raised:
        list_inputs([location])
    assert str(raised.value).startswith(shown)
    assert "SECRET" not in str(raised.value) and "KEY" not in str(raised.value) and "\n" not in str(raised.value)


def test_the_ending_says_json_lines_if_the_first_line_is_damaged(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('oops\n{"text": "b"}\n')
    [file] = list_inputs([str(path)])
    assert find_format(file, "auto") == "jsonl"


def test_pipes_devices_and_links_that_lead_back_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(DataError, match="neither a file nor a folder, expected text"):
            list_inputs([str(place)])
    (tmp_path / "texts.txt").write_text("A text.\n")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [file.name for file in list_inputs([str(tmp_path)])] == [f"{tmp_path}/texts.txt"]
    (tmp_path / os.fsdecode(b"\xff.txt")).write_text("A text.\n")
    with pytest.raises(DataError, match="a name that is not UTF-8"):
        list_inputs([str(tmp_path)])


def test_a_damaged_manifest_is_one_line(tmp_path):
    (tmp_path / "texts.txt").write_text("A text.\n")
    [file] = list_inputs([str(tmp_path / "texts.txt")])
    folder = OutputFolder(str(tmp_path / "out"), ".jsonl")
    folder.path.mkdir()
    folder.write_manifest({}, [file], ["lines"], plan_shards([file], ["lines"], 9, lambda size: None))
    assert folder.read_manifest({}, [file])[0] == ["lines"]
    content = json.loads((folder.path / "manifest.json").read_text())
    for shards in ([[0]], [[]], [[7, *content["shards"][0][1:]]]):
        (folder.path / "manifest.json").write_text(json.dumps({**content, "shards": shards}))
        with pytest.raises(DataError, match="manifest.json: .* is no shard, expected"):
            folder.read_manifest({}, [file])
