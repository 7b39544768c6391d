"""The examples in the docstrings, run."""

import doctest
import importlib
import pkgutil
import shutil

import pytest
from helpers import ROOT

import cman_tf

MODULES = ["cman_tf"] + [
    module.name
    for module in pkgutil.walk_packages(cman_tf.__path__, "cman_tf.")
    if not module.name.endswith("__main__") and ".compatibility" not in module.name
]

NEEDS = {"cman_tf.integrations": "spacy", "cman_tf.searching": "search", "cman_tf.serving": "serve"}  # room to extra


def mark(name):
    """The name of a module with the mark of the extra that its room needs."""
    extra = NEEDS.get(".".join(name.split(".")[:2]))
    return pytest.param(name, marks=pytest.mark.extra(name=extra)) if extra else name


@pytest.mark.parametrize("name", map(mark, MODULES))
def test_examples(name, tmp_path, monkeypatch):
    """A trained model stands where the examples expect one, in runs/sample."""
    module = importlib.import_module(name)
    tests = [test for test in doctest.DocTestFinder().find(module, name) if test.examples]
    if any("runs/sample" in example.source for test in tests for example in test.examples):
        shutil.copytree(ROOT / "tests" / "golden" / "dynamic_cman", tmp_path / "runs" / "sample")
    monkeypatch.chdir(tmp_path)
    for test in tests:
        failed, _ = doctest.DocTestRunner(verbose=False).run(test)
        assert not failed, f"an example of {test.name} gives something else (above)"
