"""Each command that needs an extra which is not installed says so in one line, before it does anything that takes long.

Where the extra is installed, its packages are hidden. tests/extras.sh runs these tests where there is no extra at all.
"""

import importlib
import json
import sys

import pytest
from helpers import EXTRAS, ROOT, call_command

GOLDEN = ROOT / "tests" / "golden" / "dynamic_cman"
PACKAGES = {
    "transformers": ("transformers",),
    "spacy": ("spacy", "srsly"),
    "glove": ("pyarrow",),
    "report": ("matplotlib", "scipy"),
    "serve": ("fastapi", "uvicorn", "starlette", "pydantic"),
    "search": ("optuna",),
    "ray": ("ray",),
    "retrieval": ("bm25s",),
}
IMPORTERS = ("cman_tf.serving.", "cman_tf.extracting.", "cman_tf.searching.", "cman_tf.integrations.")
TRAIN = ("--data_dir=sample", "--model_dir=run")
CASES = [
    ("transformers", ("cman_tf.embed", "--encoder=minilm", "--data_dir=sample"), "transformers is not installed"),
    ("transformers", ("cman_tf.train", *TRAIN, "--encoder=mpnet"), "transformers is not installed"),
    ("spacy", ("cman_tf.predict", f"--model_dir={GOLDEN}", "--tokenizer=spacy:en"), "spaCy is not installed"),
    ("spacy", ("cman_tf.train", *TRAIN, "--tokenizer=spacy:en"), "spaCy is not installed"),
    ("spacy", ("cman_tf.convert", "sample/dev.json", "made.spacy", "--to=spacy"), "spaCy is not installed"),
    ("glove", ("cman_tf.download", "glove"), "glove: pyarrow is not installed"),
    (
        "report",
        ("cman_tf.report", f"--results_dir={ROOT}/results", "--readme=", "--document="),
        " is not installed, but the report needs it",
    ),
    (
        "report",
        ("cman_tf.benchmark.__main__", "growth", "--data_dir=sample", "--plot=growth.svg"),
        "matplotlib is not installed, expected it for --plot",
    ),
    ("serve", ("cman_tf.serve", f"--model_dir={GOLDEN}"), " is not installed, expected it"),
    (
        "search",
        ("cman_tf.search", "--space=space.json", "--search_dir=made", "--", "--data_dir=sample"),
        "Optuna is not installed",
    ),
    (
        "ray",
        ("cman_tf.extract", f"--model_dir={GOLDEN}", "--input=space.json", "--output_dir=made"),
        "Ray is not installed",
    ),
    ("retrieval", ("cman_tf.index", "space.json", "made"), "bm25s is not installed"),
]


@pytest.fixture
def hide(monkeypatch):
    """Make the packages of an extra as good as not installed, and forget our modules that import them."""

    def hide_extra(extra):
        packages = PACKAGES[extra]
        for name in {*packages, *(name for name in sys.modules if name.partition(".")[0] in packages)}:
            monkeypatch.setitem(sys.modules, name, None)
        for name in [name for name in sys.modules if name.startswith(IMPORTERS)]:
            parent, _, last = name.rpartition(".")
            monkeypatch.delitem(sys.modules, name)
            monkeypatch.delattr(importlib.import_module(parent), last, raising=False)

    return hide_extra


@pytest.mark.parametrize(
    ("extra", "command", "message"), CASES, ids=[f"{extra}-{command[0]}" for extra, command, _ in CASES]
)
def test_one_line_says_what_to_install(extra, command, message, hide, tmp_path, monkeypatch):
    if extra == "ray" and sys.version_info < (3, 10):
        pytest.skip("there is no Ray for this Python; cman-tf extract says so")
    (tmp_path / "space.json").write_text(json.dumps({"hidden_size": [4, 6]}))
    monkeypatch.setenv("CMAN_CACHE_DIR", str(tmp_path / "cache"))
    hide(extra)
    process = call_command(*command, cwd=tmp_path)
    assert process.returncode == 1
    last = process.stderr.splitlines()[-1]
    assert message in last and f"pip install 'cman-tf[{extra}]'" in last
    assert "Traceback" not in process.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"space.json", "cache"}


def test_every_extra_is_tried():
    """Those that ask for the same packages as another one, and the documentation's, have no command of their own."""
    assert {extra for extra, _, _ in CASES} == {*PACKAGES} == {*EXTRAS} - {"minilm", "mpnet", "plots", "docs"}
