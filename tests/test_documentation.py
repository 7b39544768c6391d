"""README and docs: their commands and programs run, their links lead somewhere, the site builds."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from helpers import ROOT, TINY_FLAGS, call_command, run_command, write_entry_points

from cman_tf.__main__ import COMMANDS, find_module

GENERATED = {ROOT / "docs" / "results.md"}
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [path for path in DOCUMENTS if path not in GENERATED]
CHEAP = (*TINY_FLAGS, "--epochs=1", "--nouse_characters", "--noxla", "--adversarial_alpha=0")
# What a reader has: the files that our own commands do not make.
OWN_FILES = {
    *("annotations", "export.json", "new_texts", "new.txt", "corpus.json", "all.jsonl", "triples.csv"),
    *("records.jsonl", "articles", "types.json", "example.txt", "texts", "s3://bucket/texts"),
    *("mydata", "mydata/test.json", "text.txt", "glove.6B.50d.txt", "vectors.txt"),
    *("pubmed_200d.bin", "glove", "data/ade_spert", "data/drec"),
    "runs/mixture",
    *("elmo_options.json", "elmo_weights.hdf5", "elmo_module"),
    "dev",  # of --data: the dev data of a model's own training
}
MADE_BY_SCRIPTS = {"sample", "conll04", "runs/sample", "runs/conll04", "data/conll04_spert", "data/conll04_multihead"}
INPUTS = {"data_dir", "data", "gold", "predictions", "labels_of", "word_vectors", "input", "elmo", "peer"}
INPUTS |= {"elmo_options", "elmo_weights"}
SCRIPTS = {"run_conll04.sh": "train", "run_ade_cv.sh": "experiment", "run_drec.sh": "experiment"}
PROGRAMS = {"cman_tf.sample.generate"}  # modules that are run, but are no command
DEVELOPERS = {"tests/run.sh", "tests/all.sh", "tests/extras.sh", "tests/gpu_check.sh", "scripts/evidence.sh"}
DEVELOPERS.add("scripts/more.sh")


def blocks(path, language):
    """The blocks of a document in one language."""
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.S)


def block_lines(path):
    """The commands of a document's bash blocks."""
    lines = [line for block in blocks(path, "bash") for line in block.replace("\\\n", " ").splitlines()]
    return [part for line in lines for part in line.split(" && ")]


def command_lines(path):
    """The commands of a document: those of its bash blocks, and those that stand within its text."""
    text = path.read_text()
    outside = re.sub(r"```.*?```", "", text, flags=re.S)
    within = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", outside)]
    starts = ("cman-tf ", "bash ", "python -m cman_tf.", "pip ", "mkdocs ")
    within = [code for code in within if code.startswith(starts) and not re.search(r" \.\.\.|NAME|COMMAND", code)]
    return block_lines(path) + [part for code in within for part in code.split(" && ")]


def split_command(line):
    """The command of ours that a line calls and what follows it, or None for another program's.

    The scripts' own flags are left out: what remains are flags of the command that they call.
    """
    words = shlex.split(line.rpartition("|")[2] if line.startswith("echo ") else line, comments=True)
    if words[0] == "taskset":
        words = words[3:]
    if words[0] == "cman-tf":
        return words[1] if len(words) > 1 else "", words[2:]
    if words[:2] == ["python", "-m"] and words[2] not in PROGRAMS:
        return words[2].partition(".")[2], words[3:]
    if words[0] == "bash" and words[1] in SCRIPTS:
        table = [word.partition("=")[2] for word in words if word.startswith("--table=")]
        name = "experiment" if table else SCRIPTS[words[1]]
        given = [word for word in words[2:] if word != "--sample" and not word.startswith("--table=")]
        if name == "train":
            given = [*given, "--model_dir=runs/conll04"] if "--model_dir" not in line else given
        else:
            given = [table[0] if table else words[1].split("_")[1].partition(".")[0], *given]
        return name, given
    return None


OURS = [(path, *split) for path in WRITTEN for line in command_lines(path) if (split := split_command(line))]


def flag_values(words):
    """The flags among some words, as pairs of name and value."""
    return [tuple(word.lstrip("-").split("=", 1)) for word in words if word.startswith("--") and "=" in word]


_PARSE = """
import dataclasses, importlib, json, os, sys
from cman_tf.__main__ import find_module

calls = json.load(sys.stdin)
commands = {name: importlib.import_module(find_module(name)).COMMAND for name, _ in calls}
for name, words in calls:
    child = os.fork()  # flags can be defined once in a process
    if not child:
        dataclasses.replace(commands[name], main=lambda arguments: None).run([name, *words])
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{name} {words}")
assert "tensorflow" not in sys.modules
"""


@pytest.mark.e2e
def test_every_command_parses():
    """Every command of ours that is shown exists and its flags pass its own parser; after "--", train's."""
    assert {name for _, name, _ in OURS} >= {"train", "evaluate", "predict", "score", "embed", "experiment", "report"}
    assert {name for _, name, _ in OURS} <= {"", *COMMANDS}
    calls = []
    for _, name, words in OURS:
        if not words or words == ["--help"]:  # the text only names the command
            continue
        words = [word for word in words if word != "--flagfile=searches/mine/best.flags"]  # a search makes it
        first, _, rest = " ".join(words).partition(" -- ")
        calls.append((name, first.split()))
        if rest:
            calls.append(("train", [*rest.split(), "--model_dir=runs/any"]))
    process = subprocess.run(
        [sys.executable, "-c", _PARSE],
        input=json.dumps(calls),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr


def test_inputs_come_from_somewhere():
    """A file that a shown command reads is the reader's own, or another shown command writes it."""
    made = set(MADE_BY_SCRIPTS)
    for _, name, words in OURS:
        outputs = {"train": ("model_dir",), "evaluate": ("predictions", "json"), "experiment": ("results_dir",)}
        outputs["predict"], outputs["export"] = ("output",), ("export_dir",)
        made |= {value for flag, value in flag_values(words) if flag in outputs.get(name, ())}
        made |= {words[1]} if name == "convert" and len(words) > 1 else set()
    for path, name, words in OURS:
        for flag, value in flag_values(words):
            read = flag in INPUTS and (name, flag) != ("evaluate", "predictions")
            read |= flag == "model_dir" and name not in ("train", "experiment")
            for file in value.split(",") if read else ():
                known = file in OWN_FILES | made or any(file.startswith(f"{folder}/") for folder in made)
                assert known or not file, (path.name, name, flag, file)


def test_other_programs():
    """What else a reader is to type: pip with our extras, a script or a program that is there."""
    extras = set(re.findall(r'^ {8}"(\w+)":', (ROOT / "setup.py").read_text(), re.M))
    for path in WRITTEN:
        for line in command_lines(path):
            words = shlex.split(line, comments=True)
            if not words or split_command(line):
                continue
            if words[0] == "bash":
                script = ROOT / words[1]
                assert words[1] in DEVELOPERS and script.is_file(), (path.name, line)
                assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
            elif words[0] == "python":
                assert words[1] == "-m" and (ROOT / (words[2].replace(".", "/") + ".py")).is_file(), (path.name, line)
            elif words[0] == "pip":
                assert words[1] == "install" and set(re.findall(r"\[(\w+)\]", line)) <= extras, (path.name, line)
                assert words[-1].startswith("."), line
            else:
                others = ("python3", "source", "mkdocs", "git", "iconv", "head", "tensorboard", "curl", "docker")
                others += ("saved_model_cli",)
                assert words[0] in others, (path.name, line)


def example_of(path):
    """The sentence that a document shows a prediction of, and what it shows."""
    found = re.search(r'echo "(.*?)" \| cman-tf predict[^\n]*\n```\n\n```text\n(.*?)```', path.read_text(), re.S)
    return found[1], found[2]


def hide_scores(text):
    return re.sub(r"\((> 0\.8|[01]\.\d\d)\)", "(score)", text)


def check_quiet(process):
    """No line of TensorFlow's or its libraries' on a terminal's error stream."""
    assert not re.search(r"tensorflow|xla|cuda|tensorrt|onednn|addons", process.stderr, re.I), process.stderr


def run_shown(line, folder, *more, timeout=500):
    """Run a line of a document in a folder, as a reader would, with more flags; returns the finished process."""
    fed = re.match(r'echo "(.*)" \|', line)
    if not line.startswith("bash "):
        name, words = split_command(line)
        return run_command("cman_tf", name, *words, *more, cwd=folder, input=f"{fed[1]}\n" if fed else None)
    script, *words = shlex.split(line, comments=True)[1:]
    return run_command("bash", str(ROOT / script), *words, *more, cwd=folder, timeout=timeout)


DESK_EXPORT = ["--model_dir=runs/sample", "--export_dir=exported/sample"]  # as docs/export.md shows it


@pytest.fixture(scope="module")
def desk(shared, eight_sentences):
    """A reader's directory: own data, and the sample model of the README's quick start, trained for one epoch."""

    def make(folder):
        shutil.copytree(eight_sentences, folder / "mydata")
        process = run_shown("bash run_conll04.sh --sample", folder, *CHEAP, "--train_fraction=0.1")
        assert process.returncode == 0, process.stderr
        check_quiet(process)
        process = call_command("cman_tf.export", *DESK_EXPORT, cwd=folder)
        assert process.returncode == 0, process.stderr  # what the page about it reads

    return shared("desk", make)


@pytest.mark.e2e
def test_commands_of_the_readme_run(desk, tmp_path):
    """Those of the README, in its order; training and tables in a cheap form, what needs a download not at all."""
    desk = shutil.copytree(desk, tmp_path / "desk")  # a new user's: other pages write files of the same names
    ran = []
    for line in block_lines(ROOT / "README.md"):
        split = split_command(line)
        if not split or "--sample" in line or line in ran:
            continue
        name, words = split
        if name == "download" or name == "experiment" or any(word.startswith("--encoder") for word in words):
            continue  # the tests above look at them
        if name == "report":  # of the runs that the README's tables would have left
            target = desk / "my_results"
            target.mkdir(exist_ok=True)
            shutil.copy(next((desk / "runs" / "mine" / "results").glob("*.json")), target)
        if line.startswith("echo "):
            process = run_shown(line, desk)
        else:  # without a process for each, which takes seconds to import TensorFlow
            process = call_command(find_module(name), *words, *(CHEAP if name == "train" else ()), cwd=desk)
        assert process.returncode == 0, (line, process.stderr)
        check_quiet(process)
        ran.append(line)
    assert {split_command(line)[0] for line in ran} == {
        *("check", "convert", "train", "predict", "evaluate", "score", "visualize", "report")
    }


@pytest.mark.e2e
def test_commands_of_the_page_about_predict_run(desk):
    (desk / "text.txt").write_text("Ann left.\n\nBo lives in Rome.\n")
    (desk / "records.jsonl").write_text('{"id": 7, "text": "Ann left."}\n{"tokens": ["Bo", "left"]}\n')
    (desk / "articles").mkdir(exist_ok=True)
    (desk / "articles" / "a.txt").write_text("Ann left. Bo lives in Rome.")
    ran = 0
    for name, words in filter(None, map(split_command, command_lines(ROOT / "docs" / "predict.md"))):
        if name == "predict" and words != ["--help"]:
            process = call_command("cman_tf.predict", *words, "--overwrite", cwd=desk)
            assert process.returncode == 0, (words, process.stderr)
            check_quiet(process)
            ran += 1
    assert ran == 6
    lines = [json.loads(line) for line in (desk / "found.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["a"] and (desk / "found" / "a.jsonl").is_file()


@pytest.mark.slow
@pytest.mark.e2e
def test_commands_of_the_page_about_extraction_run(desk):
    """The one for one machine; the other needs a cluster."""
    pytest.importorskip("ray", reason="needs pip install 'cman-tf[ray]'")
    (desk / "texts").mkdir()
    (desk / "texts" / "a.txt").write_text("Ann left.\n\nBo lives in Rome.\n")
    (desk / "texts" / "b.jsonl").write_text('{"id": 7, "text": "Ann left."}\n{"text": 3}\n')
    page = ROOT / "docs" / "extract.md"
    here = next(line for line in block_lines(page) if split_command(line))
    process = run_shown(here, desk)
    assert process.returncode == 0 and process.stderr == "", process.stderr
    shown = [line.split()[0] for line in process.stdout.splitlines() if line]
    assert shown == [
        line.split()[0] for line in blocks(page, "text")[0].replace("3 texts", "1 text").splitlines() if line
    ]
    for name in re.findall(
        r"^\| `([\w/.-]+)`", page.read_text().partition("## What it writes")[2].partition("##")[0], re.M
    ):
        assert (desk / "extracted" / name).exists() or name.startswith("dead"), name


@pytest.mark.slow
@pytest.mark.e2e
def test_commands_of_the_page_about_thresholds_run(desk):
    (desk / "text.txt").write_text("Ann left.\n\nBo lives in Rome.\n")
    for line in block_lines(ROOT / "docs" / "thresholds.md"):
        name, words = split_command(line)
        more = ["--overwrite"] if name == "tune-thresholds" else []
        process = call_command(f"cman_tf.{name.replace('-', '_')}", *words, *more, cwd=desk)
        assert process.returncode == 0, (line, process.stderr)
        check_quiet(process)
    assert (desk / "thresholds.html").is_file() and (desk / "runs" / "sample" / "thresholds.json").is_file()


@pytest.mark.e2e
def test_commands_of_the_page_about_attention_run(desk):
    (desk / "text.txt").write_text("Ann left.\nBo lives in Rome.\nAnn lives in Oslo.\nBo left.\nAnn is here.\n")
    (desk / "example.txt").write_text(blocks(ROOT / "docs" / "attention.md", "text")[0])
    for line in block_lines(ROOT / "docs" / "attention.md"):
        name, words = split_command(line)
        process = call_command(f"cman_tf.{name}", *words, "--overwrite", cwd=desk)
        assert process.returncode == 0, (line, process.stderr)
        check_quiet(process)
    assert "Gainesville" in (desk / "attention.html").read_text()


@pytest.mark.slow
@pytest.mark.e2e
def test_commands_of_the_page_about_tensorboard_run(desk):
    (line,) = [line for line in block_lines(ROOT / "docs" / "tensorboard.md") if split_command(line)]
    process = call_command("cman_tf.train", *split_command(line)[1], *CHEAP, "--train_fraction=0.5", cwd=desk)
    assert process.returncode == 0, process.stderr
    assert list((desk / "runs" / "profiled" / "tensorboard" / "plugins" / "profile").glob("*/*.xplane.pb"))


@pytest.mark.e2e
def test_commands_of_the_page_about_errors_run(desk):
    """They run one after another; the pages that they write hold the sample's sentences."""
    ran = []
    for name, words in filter(None, map(split_command, block_lines(ROOT / "docs" / "visualize.md"))):
        process = call_command(f"cman_tf.{name}", *words, "--overwrite", cwd=desk)
        assert process.returncode == 0, (words, process.stderr)
        ran.append(name)
        for flag, value in flag_values(words):
            if flag == "html":
                assert "application/json" in (desk / value).read_text()
    assert set(ran) == {"convert", "predict", "visualize", "compare"}


@pytest.mark.e2e
def test_commands_of_the_page_about_export_run(desk):
    """The exported models are those that the page says, and TensorFlow's program reads one."""
    ran = []
    for line in command_lines(ROOT / "docs" / "export.md"):
        name, words = split_command(line) or ("", [])
        if name == "export" and any(word.startswith("--model_dir") for word in words):
            ran.append(words)
            if words != DESK_EXPORT:  # the fixture has run it
                process = call_command("cman_tf.export", *words, "--overwrite", cwd=desk)
                assert process.returncode == 0, (words, process.stderr)
    assert len(ran) >= 2 and DESK_EXPORT in ran
    (line,) = [line for line in block_lines(ROOT / "docs" / "export.md") if line.startswith("saved_model_cli")]
    program = shutil.which("saved_model_cli", path=os.path.dirname(sys.executable))
    process = subprocess.run([program, *shlex.split(line)[1:]], cwd=desk, capture_output=True, text=True, check=False)
    assert process.returncode == 0 and "entity_types" in process.stdout, process.stderr


@pytest.mark.e2e
def test_python_of_the_documents_runs(desk):
    """The blocks of all pages, one after another, print what the text below them says, if anything."""
    program, shown = [], []
    for path in WRITTEN:
        if path.name in ("serve.md", "retrieval.md"):  # whose own tests run them, with a service and with indexes
            continue
        for code, output in re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", path.read_text(), re.S):
            program.append(code + 'print("----")\n')
            shown.append(output)
    assert len(program) >= 3
    (desk / "shown.py").write_text("\n".join(program))
    write_entry_points(desk)
    process = run_command("shown", cwd=desk, env={"PYTHONPATH": f"{desk}{os.pathsep}{ROOT}"})
    assert process.returncode == 0, process.stderr
    for output, expected in zip(process.stdout.split("----\n"), shown):
        assert not expected or output == expected


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_quick_start_as_written(tmp_path):
    """The whole quick start: the shown sentence has the shown entities and relations, and nobody chatters."""
    process = run_shown("bash run_conll04.sh --sample", tmp_path, timeout=3000)
    assert process.returncode == 0, process.stderr
    check_quiet(process)
    path = ROOT / "docs" / "quick_start.md"
    line = next(line for line in command_lines(path) if line.startswith("echo "))
    process = run_shown(line, tmp_path)
    check_quiet(process)
    assert hide_scores(process.stdout) == hide_scores(example_of(path)[1])
    assert all(float(score) > 0.8 for score in re.findall(r"\(([01]\.\d\d)\)", process.stdout))


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.e2e
def test_the_example_of_the_readme_is_what_the_model_says(tmp_path):
    """The model that comes with the package gives the shown output; scores may differ in the last digit."""
    line = next(line for line in command_lines(ROOT / "README.md") if line.startswith("echo "))
    process = run_shown(line, tmp_path)
    shown = example_of(ROOT / "README.md")[1]
    assert hide_scores(process.stdout) == hide_scores(shown), process.stderr
    scores = [[float(score) for score in re.findall(r"\(([01]\.\d\d)\)", text)] for text in (process.stdout, shown)]
    assert scores[0] == pytest.approx(scores[1], abs=0.02) and len(scores[0]) > 3


@pytest.mark.extra(name="docs")
def test_site_builds(tmp_path):
    """No broken link, no page without a place in the menu, no docstring that does not parse."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    page = (tmp_path / "site" / "experiments" / "index.html").read_text()
    link = re.search(r'href="(\.\./results/conll04/[^"]+)"', page)[1]
    assert (tmp_path / "site" / "experiments" / link).resolve().is_file()
    assert "score_sentences" in (tmp_path / "site" / "api" / "index.html").read_text()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_links_lead_to_files(path):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
        assert target.startswith(("http://", "https://")) or (path.parent / target).exists(), target
