"""The wheel, installed far from the checkout: commands, flagfiles, sample corpus, and few requirements for score."""

import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import pytest
from helpers import ROOT, TINY_FLAGS

import cman_tf
from cman_tf.__main__ import COMMANDS, list_commands

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SITE = pathlib.Path(sysconfig.get_path("purelib"))
SOURCES = ("cman_tf", "flags", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py")


def call(*command, cwd, check=True):
    """Run a program without the checkout on its path."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "CMAN_DATA_DIR")}
    command = [str(word) for word in command]
    process = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=900)
    assert not check or process.returncode == 0, process.stdout + process.stderr
    return process


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """The source distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in (*SOURCES, *(path.name for path in ROOT.glob("run_*.sh"))):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    call(sys.executable, "-m", "build", "--no-isolation", folder, cwd=folder)
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    return sdist, wheel


def make_environment(folder, wheel, packages):
    """A fresh environment with the wheel and, of this one's packages, these only; returns its bin/.

    They are linked rather than installed again, so that no package index is needed.
    """
    call(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    call(folder / "bin" / "pip", "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=folder.parent)
    site = folder / "others"
    site.mkdir()
    for package in packages:
        (site / package).symlink_to(SITE / package)
    (version,) = (folder / "lib").iterdir()
    (version / "site-packages" / "others.pth").write_text(f"{site}\n")
    return folder / "bin"


@pytest.fixture(scope="module")
def installed(distributions, tmp_path_factory):
    """bin/ of an environment with everything that the package needs."""
    ours = re.compile(r"cman.tf|__editable__|distutils-precedence|_virtualenv")
    packages = [path.name for path in SITE.iterdir() if not ours.search(path.name)]
    return make_environment(tmp_path_factory.mktemp("full") / "venv", distributions[1], packages)


@pytest.fixture(scope="module")
def bare(distributions, tmp_path_factory):
    """bin/ of an environment with NumPy and absl-py alone, as after pip install --no-deps."""
    packages = [path.name for path in SITE.iterdir() if re.match(r"(numpy|absl)(\b|_)", path.name)]
    return make_environment(tmp_path_factory.mktemp("bare") / "venv", distributions[1], packages)


def test_the_wheel_holds_every_file_of_the_package(distributions):
    names = set(zipfile.ZipFile(distributions[1]).namelist())
    inside = [path for path in (ROOT / "cman_tf").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {str(path.relative_to(ROOT)) for path in inside} <= names
    assert {f"cman_tf/flagfiles/{path.name}" for path in (ROOT / "flags").iterdir()} <= names
    assert not [name for name in names if name.startswith(("tests/", "results/", "flags/"))]


def test_the_source_distribution_holds_scripts_and_flagfiles(distributions):
    with tarfile.open(distributions[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {path.name for path in ROOT.glob("run_*.sh")} <= names
    assert {f"flags/{path.name}" for path in (ROOT / "flags").iterdir()} <= names


def test_what_the_package_requires_is_what_the_tests_run_with(distributions):
    """The pins of the wheel, without extras, are met by this environment, and bring nothing heavy unasked."""
    text = zipfile.ZipFile(distributions[1]).read(f"cman_tf-{cman_tf.__version__}.dist-info/METADATA").decode()
    needed = re.findall(r"^Requires-Dist: ([\w-]+)(.*)$", text, re.M)
    core = {name.lower(): bound for name, bound in needed if "extra ==" not in bound}
    assert {"tensorflow", "numpy", "absl-py", "jinja2"} <= core.keys()
    assert not core.keys() & {"transformers", "torch", "matplotlib", "scipy", "pytest"}
    for name, bound in core.items():
        if bound.strip().startswith("=="):
            assert importlib.metadata.version(name) == bound.strip()[2:]
    extras = set(re.findall(r"^Provides-Extra: (\S+)$", text, re.M))
    ours = {"transformers", "minilm", "mpnet", "glove", "spacy", "plots", "report", "serve", "search", "ray"}
    ours.add("retrieval")
    assert extras == {*ours, "docs", "test"}


def test_every_command_answers(installed, tmp_path):
    assert call(installed / "cman-tf", cwd=tmp_path).stdout == list_commands() + "\n"
    for command in COMMANDS:
        process = call(installed / "cman-tf", command, "--help", cwd=tmp_path)
        assert process.stdout.startswith(f"usage: cman-tf {command}")
        assert process.stderr == ""
    assert (
        str(installed.parent) in call(installed / "python", "-c", "import cman_tf; print(cman_tf)", cwd=tmp_path).stdout
    )


def test_the_sample_without_a_checkout(installed, tmp_path):
    """What `bash run_conll04.sh --sample` does in a checkout; then the model is used. No line of others' chatter."""
    train = ["train", "--flagfile=sample", "--data_dir=sample", "--model_dir=runs/sample", *TINY_FLAGS, "--epochs=1"]
    process = call(installed / "cman-tf", *train, cwd=tmp_path)
    # On a slow machine lines within the epoch come before.
    assert re.fullmatch(r"(epoch 1/1: batch .*\n)*epoch 1/1: loss .*\n", process.stderr)
    assert "sample test, strict micro F1" in process.stdout
    evaluate = ["--model_dir=runs/sample", "--data=sample/test.json", "--predictions=predicted.json"]
    evaluated = call(installed / "cman-tf", "evaluate", *evaluate, cwd=tmp_path)
    scored = call(
        installed / "cman-tf", "score", "--gold=sample/test.json", "--predictions=predicted.json", cwd=tmp_path
    )
    assert evaluated.stderr == scored.stderr == ""
    assert evaluated.stdout.splitlines()[0] == scored.stdout.splitlines()[0]
    text = tmp_path / "text.txt"
    text.write_text("Ann Lee of Rome works for Fox.\n")
    process = call(installed / "cman-tf", "predict", "--model_dir=runs/sample", f"--input={text}", cwd=tmp_path)
    assert process.stderr == ""
    assert json.loads(process.stdout)["tokens"][:2] == ["Ann", "Lee"]


def test_an_experiment_without_a_checkout(installed, tmp_path):
    """It starts the trainings itself, and its flagfiles are those of the wheel."""
    experiment = ["experiment", "conll04", "--data_dir=sample", "--rows=dynamic_cman", "--", *TINY_FLAGS, "--epochs=1"]
    process = call(installed / "cman-tf", *experiment, cwd=tmp_path)
    assert "[1/1] conll04/dynamic_cman-words-seed1: training" in process.stdout
    assert (tmp_path / "results" / "conll04" / "dynamic_cman-words-seed1.json").is_file()


def test_score_needs_numpy_and_absl_alone(bare, tmp_path):
    process = call(bare / "cman-tf", "score", "--gold=sample/dev.json", "--predictions=sample/dev.json", cwd=tmp_path)
    assert "100.00" in process.stdout
    assert call(bare / "cman-tf", cwd=tmp_path).stdout == list_commands() + "\n"
    code = (
        "import cman_tf; print(len(cman_tf.read_corpus(__import__('sys').argv[1]).sentences), cman_tf.score_sentences)"
    )
    sample = ROOT / "cman_tf" / "sample" / "dev.json"
    assert call(bare / "python", "-c", code, sample, cwd=tmp_path).stdout.startswith("50 ")
    train = ["train", "--flagfile=sample", "--data_dir=sample", "--model_dir=run"]
    process = call(bare / "cman-tf", *train, cwd=tmp_path, check=False)
    assert process.returncode != 0
    assert process.stderr == "tensorflow is not installed; pip install cman-tf, without --no-deps, brings it\n"
    process = call(bare / "cman-tf", "report", cwd=tmp_path, check=False)
    assert process.stderr == "jinja2 is not installed; pip install cman-tf, without --no-deps, brings it\n"
