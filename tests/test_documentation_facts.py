"""What README and docs say: numbers, names, messages and references are those of the files and the code."""

import json
import re

import pytest
from helpers import ROOT, run_command

import cman_tf
from cman_tf.errors import DataError


def test_numbers_of_the_experiments_are_those_of_the_files():
    """Each row of docs/experiments.md that names a result file says what is in it."""
    path = ROOT / "docs" / "experiments.md"
    rows = re.findall(r"^\|.*\]\((\.\./results/[^)]+)\) \|$", path.read_text(), re.M)
    lines = [line for line in path.read_text().splitlines() if line.startswith("|") and "](../results/" in line]
    assert len(rows) == len(lines) > 70
    for file, line in zip(rows, lines):
        result = json.loads((path.parent / file).read_text())
        cells = [cell.strip() for cell in line.strip("|").split("|")][:-1]
        scores = [
            " / ".join(f"{result[split]['strict']['micro'][task]['f1']:.2f}" for task in ("entities", "relations"))
            if split in result
            else "trained on"
            for split in ("dev", "test")
        ]
        assert f"{result['best_epoch']} of {result['epochs']}" == cells[-1], line
        assert scores[1] == cells[-2], line
        if len(cells) > 3:  # the sample's rows have no dev scores and no seed
            assert (scores[0], str(result["seed"])) == (cells[-3], cells[-4]), line
            names = {"dynamic CMAN": "dynamic_cman", "CMAN": "cman", "baseline": "multihead", "ours": "multihead"}
            assert result["flags"]["model"] in {names[cell] for cell in cells if cell in names}, line


def test_fidelity_rows_name_files_and_tests():
    """Every file and test that docs/fidelity.md and docs/performance.md name exists."""
    text = (ROOT / "docs" / "fidelity.md").read_text()
    both = text + (ROOT / "docs" / "performance.md").read_text()
    for path in set(re.findall(r"`((?:cman_tf|tests|flags)/[\w/.]+)`", both)):
        assert (ROOT / path).exists(), path
    every = "\n".join(path.read_text() for path in (ROOT / "tests").glob("test_*.py"))
    tests = set(re.findall(r"`(test_\w+)`", both))
    assert len(tests) > 20
    for name in tests:
        assert f"def {name}(" in every, name
    # No equation of either paper is without a row.
    for paper, last in (("IJCAI", 14), ("TNNLS", 26)):
        listed = set()
        for first, end in re.findall(rf"^\| {paper} (\d+)(?:-(\d+))? \|", text, re.M):
            listed |= set(range(int(first), int(end or first) + 1))
        assert listed == set(range(1, last + 1)), paper


def test_architecture_names_files():
    """Every file and folder that docs/architecture.md names exists, and it stays one page."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    names = re.findall(r"`([\w/]+\.py)(?:: \w+)?`", text)
    folders = set(re.findall(r"`(\w+)/`", text))
    assert len(names) > 30 and len(folders) > 10
    for folder in folders:
        places = (ROOT / "cman_tf", ROOT / "cman_tf" / "experiments", ROOT)
        assert any((place / folder).is_dir() for place in places), folder
    for name in names:
        found = [*(ROOT / "cman_tf").glob(name), *(ROOT / "cman_tf").glob(f"*/{name}"), *ROOT.glob(name)]
        assert found, name
    assert len(text.splitlines()) < 120


RECORD = {
    "tokens": ["Nora", "Belvia", "works", "for", "Belaton", "Corp."],
    "entities": [{"type": "Peop", "start": 0, "end": 2}, {"type": "Org", "start": 4, "end": 6}],
    "relations": [{"type": "Work_For", "head": 0, "tail": 1}],
}


def code_blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def example_blocks():
    """The examples of two formats in docs/formats.md, as files' texts by name."""
    text = (ROOT / "docs" / "formats.md").read_text()
    columns = next(block for block in code_blocks(text, "text") if block.startswith("#doc"))
    records = next(block for block in code_blocks(text, "json") if block.startswith("["))
    return {"train.json": records, "train.txt": columns}


def test_examples_of_both_formats_say_the_same(tmp_path):
    read = []
    for name, text in example_blocks().items():
        (tmp_path / name).write_text(text)
        read += cman_tf.read_corpus(tmp_path / name).sentences
    assert read[0] == read[1]
    assert [list(read[0].tokens), len(read[0].entities), len(read[0].relations)] == [RECORD["tokens"], 2, 1]


def changed(item, **changes):
    return {**RECORD, item: [{**RECORD[item][0], **changes}, *RECORD[item][1:]]}


MISTAKES = {
    "end past the last token": ("train.json", json.dumps([changed("entities", end=9)])),
    "inclusive end": ("train.json", json.dumps([changed("entities", start=1, end=1)])),
    "no such entity": ("train.json", json.dumps([changed("relations", head=2)])),
    "blanks": ("train.txt", example_blocks()["train.txt"].replace("\t", " ")),
    "not UTF-8": ("train.json", json.dumps([RECORD], ensure_ascii=False).replace("Nora", "Noré").encode("latin-1")),
    "no known format": ("train.txt", "Nora Belvia works for Belaton Corp."),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_messages_of_own_data(mistake, tmp_path, monkeypatch):
    """The messages in docs/own_data.md are those that the readers give."""
    name, content = MISTAKES[mistake]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mydata").mkdir()
    (tmp_path / "mydata" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as error:
        cman_tf.read_corpus(f"mydata/{name}")
    assert f"`{error.value}`" in (ROOT / "docs" / "own_data.md").read_text()


@pytest.mark.e2e
def test_messages_of_train(tmp_path):
    """So are those of the train command."""
    text = (ROOT / "docs" / "own_data.md").read_text()
    folder = tmp_path / "mydata"
    folder.mkdir()

    def message(*flags, **files):
        for split, records in files.items():
            (folder / f"{split}.json").write_text(json.dumps(records))
        process = run_command("cman_tf.train", "--data_dir=mydata", "--model_dir=run", *flags, cwd=tmp_path)
        assert process.returncode == 1
        return process.stderr.strip().splitlines()[-1]

    assert f"`{message()}`" in text
    bare = {**RECORD, "entities": [], "relations": []}
    assert f"`{message(train=[bare], dev=[bare], test=[bare])}`" in text
    born = changed("relations", type="Born_In")
    assert f"`{message('--strict_labels', train=[RECORD], dev=[born], test=[RECORD])}`" in text


@pytest.mark.extra(name="docs")
def test_citation():
    """CITATION.cff has what its format asks for, both papers, and this version."""
    import yaml

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0" and {"message", "title", "authors"} <= citation.keys()
    assert citation["version"] == cman_tf.__version__
    papers = citation["references"]
    assert [paper["doi"] for paper in papers] == ["10.24963/ijcai.2020/558", "10.1109/TNNLS.2021.3104971"]
    readme = (ROOT / "README.md").read_text()
    for paper in papers:
        assert {"type", "title", "authors"} <= paper.keys()
        assert paper["doi"] in readme and paper["title"] in readme
    assert cman_tf.__version__ in readme
