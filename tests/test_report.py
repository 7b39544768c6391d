"""The report command: README, document and page from result files."""

import json
import re

import pytest
from helpers import ROOT, fails_with, run_command
from result_makers import make_result, write_everything, write_results

from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.lines import ResultFolder, collect_lines
from cman_tf.experiments.paper_rows import make_paper_rows
from cman_tf.experiments.recipe import choose_recipe
from cman_tf.experiments.rendering import render_html, render_markdown, render_readme_block
from cman_tf.experiments.sections import make_sections
from cman_tf.report import BEGIN, END, make_readme

pytestmark = pytest.mark.extra(name="report")


def report(folder, *arguments, readme=""):
    documents = (f"--document={folder}/docs/results.md", f"--html={folder}/report.html", f"--readme={readme}")
    return run_command("cman_tf.report", f"--results_dir={folder}", *documents, *arguments)


def rows_of(text):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]


@pytest.fixture
def folder(tmp_path):
    write_everything(tmp_path)
    return tmp_path


@pytest.mark.e2e
def test_report(folder):
    """README, document, page and figures; made anew, not added to; nothing is read from elsewhere."""
    readme = folder / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        process = report(folder, readme=readme)
        assert process.returncode == 0, process.stderr
    assert "left out" not in process.stderr
    assert re.search(r"conll04_spert +dynamic_cman +words +100.00 ± 0.00", process.stdout)
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| model |")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    document, page = (folder / "docs" / "results.md").read_text(), (folder / "report.html").read_text()
    figures = sorted(re.findall(r"\]\(figures/(\w+).svg\)", document))
    assert figures == [
        "conll04",
        *(f"{n}_{s}" for n in ("distance", "length") for s in ("dev", "test")),
        "shared",
        "sizes",
    ]
    for name in figures:
        assert (folder / "docs" / "figures" / f"{name}.svg").read_text().startswith("<svg")
    assert page.count("<svg") == len(figures)
    assert "TensorFlow" not in process.stderr


def test_order_and_content(folder):
    """The summary first, the training details last; the papers' numbers, ours, the difference; gaps are visible."""
    sections = make_sections(ResultFolder(folder))
    assert (sections[0].title, sections[-1].title) == ("Summary", "Training details")
    assert len(sections[0].points) == 5
    rows = rows_of(render_markdown(sections, "results/", "figures"))
    ours = ["dynamic CMAN", "words", "100.00 ± 0.00", "91.72", "+8.28", "66.67 ± 0.00", "73.46", "-6.79", "2"]
    assert ours in rows
    assert ["CMAN", "words", "not run", "90.62", "", "not run", "72.97", "", "0"] in rows
    assert ["conll04/dynamic\\_cman-words-seed1.json".replace("\\", ""), "1", "5", "9", "180", "0", "neither"] in rows
    assert ["SpERT, Eberts and Ulges 2019 (BERT)", "88.94", "71.47", "IJCAI table 1, TNNLS table I"] in rows
    assert any(row[:3] == ["dynamic CMAN", "words", "entities"] for row in rows)
    assert sum(row.count("not run") for row in rows) > 20


def test_tables_are_narrow_and_regular(folder):
    for section in make_sections(ResultFolder(folder)):
        for table in section.tables:
            assert {len(row) for row in table.rows} <= {len(table.header)}, table.caption
            assert len(table.header) <= 10, table.caption
        assert all(figure.alt and figure.caption for figure in section.figures)


def test_the_page_has_every_table(folder):
    sections = make_sections(ResultFolder(folder))
    page = render_html(sections, "results/")
    assert page.count("<caption>") == page.count("<table>") == sum(len(section.tables) for section in sections)
    assert page.count("<figcaption>") == sum(len(section.figures) for section in sections)
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)


def test_readme_and_document_are_those_of_the_files():
    """README.md, docs/results.md and the figures' texts are what the report makes of results/ now."""
    folder = ResultFolder(ROOT / "results")
    lines = {name: collect_lines(name, EXPERIMENTS[name], folder) for name in ("conll04", "tuned")}
    block = render_readme_block(make_paper_rows(choose_recipe(lines)))
    assert f"{BEGIN}\n{block}{END}" in (ROOT / "README.md").read_text()
    sections = make_sections(folder)
    assert render_markdown(sections, "results/", "figures") == (ROOT / "docs" / "results.md").read_text()
    made = {figure.name: figure.svg for section in sections for figure in section.figures if figure.svg}
    for name, svg in made.items():
        committed = (ROOT / "docs" / "figures" / f"{name}.svg").read_text()
        assert re.findall(r">([^<>\n]+)</text>", committed) == re.findall(r">([^<>\n]+)</text>", svg), name


@pytest.mark.e2e
def test_one_damaged_file_is_left_out_by_name(folder):
    (folder / "conll04" / "dynamic_cman-words-seed2.json").write_text('{"test":')
    process = report(folder)
    assert process.returncode == 0, process.stderr
    (line,) = (line for line in process.stderr.splitlines() if line.startswith("left out"))
    assert "dynamic_cman-words-seed2.json: not JSON" in line
    assert ["dynamic CMAN", "words", "100.00", "91.72"] in [
        row[:4] for row in rows_of((folder / "docs" / "results.md").read_text())
    ]
    fails_with(report(folder, "--strict"), "dynamic_cman-words-seed2.json: not JSON")


@pytest.mark.e2e
def test_without_results(tmp_path):
    fails_with(report(tmp_path), "no result files")
    (tmp_path / "r.json").write_text("[]")
    process = report(tmp_path)
    fails_with(process, "no result files")
    assert "left out: " in process.stderr


@pytest.mark.e2e
def test_what_is_not_asked_for_needs_no_extra(folder):
    """The README's rows and the table on the screen are made without scipy and matplotlib; the document is not."""
    block = "import sys; sys.modules.update(scipy=None, matplotlib=None)\n"
    (folder / "sitecustomize.py").write_text(block)
    arguments = (f"--results_dir={folder}", "--html=", "--readme=")
    environment = {"PYTHONPATH": f"{folder}:{ROOT}"}
    process = run_command("cman_tf.report", *arguments, "--document=", env=environment)
    assert process.returncode == 0, process.stderr
    fails_with(
        run_command("cman_tf.report", *arguments, f"--document={folder}/d.md", env=environment),
        "is not installed",
        "pip install 'cman-tf[report]'",
    )


@pytest.mark.parametrize("text", ["", BEGIN, f"{BEGIN}{BEGIN}{END}"])
def test_readme_without_its_marks(tmp_path, text):
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(DataError, match="expected one line"):
        make_readme(readme, "x\n")
    assert readme.read_text() == text


@pytest.mark.e2e
def test_no_tensorflow(folder):
    """Nothing of the report imports it."""
    code = (
        "import sys, pathlib; import cman_tf.report; from cman_tf.experiments.lines import ResultFolder\n"
        "from cman_tf.experiments.sections import make_sections\n"
        "from cman_tf.experiments.rendering import render_html\n"
        f"render_html(make_sections(ResultFolder(pathlib.Path({str(folder)!r}))), '')\n"
        "print(sorted(name for name in sys.modules if name.partition('.')[0] in ('tensorflow', 'keras', 'tf_keras')))"
    )
    import subprocess
    import sys

    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert process.stdout == "[]\n"


def test_results_of_other_corpora_stand_in_a_section_of_their_own(folder):
    write_results(folder, {"mine": {**make_result(60.0, 1), "corpus": {"name": "mine|x"}}})
    sections = {section.title: section for section in make_sections(ResultFolder(folder))}
    assert [row[0] for row in sections["Other runs"].tables[0].rows] == ["mine|x", "sample"]
    assert json.loads((folder / "mine.json").read_text())["seed"] == 1
