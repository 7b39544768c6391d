"""`cman-tf convert`: files and folders, from any format to any other."""

import json

import pytest
from helpers import call_command, fails_with

from cman_tf.formats.corpus_files import read_corpus

RECORDS = [
    {
        "tokens": ["Ada", "Reed", "works", "for", "Orion", "Labs"],
        "entities": [{"type": "Per", "start": 0, "end": 2}, {"type": "Org", "start": 4, "end": 6}],
        "relations": [{"type": "Work_For", "head": 0, "tail": 1}, {"type": "Work_For", "head": 0, "tail": 1}],
        "orig_id": "s1",
    },
    {"tokens": ["Rain"], "entities": [], "relations": [{"type": "K", "head": 0, "tail": 0}], "orig_id": "s2"},
]
RECORDS[1]["entities"] = [{"type": "Per", "start": 0, "end": 1}]


def test_one_file(tmp_path):
    """What is left out is counted and named, also in the file of --problems; --strict refuses."""
    source, target, problems = tmp_path / "a.jsonl", tmp_path / "b.txt", tmp_path / "p.jsonl"
    source.write_text("\n".join(map(json.dumps, RECORDS)))
    process = call_command("cman_tf.convert", str(source), str(target), "--to=multihead", f"--problems={problems}")
    assert process.returncode == 0, process.stderr
    assert process.stdout == f"{target}: 2 sentences, 3 entities, 1 relations\n"
    assert process.stderr.splitlines() == [
        f"1 duplicate relation: {source}, line 1, relation 1 (Work_For from entity 0 to 1 is given twice, expected it "
        "once)",
        f"1 self relation: {source}, line 2, relation 0 (K from entity 'Rain' to itself, expected two entities)",
    ]
    assert [json.loads(line)["kind"] for line in problems.read_text().splitlines()] == [
        "duplicate relation",
        "self relation",
    ]
    again = read_corpus(target).sentences
    assert [s.id for s in again] == ["s1", "s2"] and len(again[0].relations) == 1
    fails_with(
        call_command("cman_tf.convert", str(source), str(target), "--to=multihead"),
        "b.txt: exists, expected the name of a new file; --overwrite replaces it",
    )
    before = target.read_bytes()
    arguments = (str(source), str(target), "--to=multihead", "--strict", "--overwrite")
    fails_with(call_command("cman_tf.convert", *arguments), "a.jsonl, line 1, relation 1: Work_For")
    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.txt", "p.jsonl"]


def test_a_folder_is_converted_file_by_file(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("train.json", "dev.json"):
        (folder / name).write_text(json.dumps(RECORDS[:1]))
    (folder / "README").write_text("A corpus.")
    process = call_command("cman_tf.convert", str(folder), str(tmp_path / "out"), "--to=spert_lines")
    assert process.returncode == 0, process.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["dev.jsonl", "train.jsonl"]
    assert read_corpus(tmp_path / "out" / "dev.jsonl").sentences[0].tokens[0] == "Ada"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["only"], "1 arguments, expected two"),
        (["missing", "out"], "missing: No such file"),
        (["empty", "out"], "no file of a known format in this folder"),
        (["a.json", "a.json", "--overwrite"], "would be overwritten while it is read"),
    ],
)
def test_bad_calls(arguments, message, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "note").write_text("hello")
    (tmp_path / "a.json").write_text(json.dumps(RECORDS))
    fails_with(call_command("cman_tf.convert", *arguments, "--to=spert", cwd=tmp_path), message)
