"""The public API: lazy, complete, never shadowed; its examples run; old import paths warn."""

import doctest
import importlib
import pkgutil
import subprocess
import sys
import warnings

import pytest
from helpers import ROOT

import cman_tf
from cman_tf.compatibility.old_paths import MOVED, RENAMED

NAMES = [name for name in cman_tf.__all__ if name != "__version__"]


def run_python(code):
    command = [sys.executable, "-W", "error::DeprecationWarning:cman_tf", "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def submodules():
    return [
        module.name
        for module in pkgutil.walk_packages(cman_tf.__path__, "cman_tf.")
        if not module.name.endswith("__main__")
    ]


def test_it_is_what_it_says():
    assert {*cman_tf.__all__} == {
        "load",
        "Extraction",
        "Extractor",
        "Config",
        "Document",
        "Sentence",
        "Entity",
        "Relation",
        "read_corpus",
        "write_corpus",
        "score_sentences",
        "DataError",
        "__version__",
    }
    assert {*cman_tf.__all__} <= {*dir(cman_tf)}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cman_tf.nothing


def test_importing_it_does_not_import_tensorflow():
    assert run_python("import cman_tf, sys; assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules")


@pytest.mark.e2e
def test_no_module_shadows_a_name():
    """Every submodule is imported first, then each name is used."""
    code = f"import importlib\nfor name in {submodules()!r}: importlib.import_module(name)\nimport cman_tf, types\n"
    code += f"for name in {NAMES!r}: assert not isinstance(getattr(cman_tf, name), types.ModuleType), name"
    process = run_python(code)
    assert process.returncode == 0, process.stderr[-2000:]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "load"])
def test_every_name_has_an_example_that_runs(name):
    found = doctest.DocTestFinder(recurse=False).find(getattr(cman_tf, name), name)
    assert sum(len(test.examples) for test in found) >= 1, f"{name} has no example"


@pytest.mark.parametrize("old", MOVED)
def test_old_import_paths_warn(old):
    with pytest.warns(DeprecationWarning, match=f"cman_tf.{old} has moved to cman_tf.{MOVED[old]}"):
        sys.modules.pop(f"cman_tf.{old}", None)
        importlib.import_module(f"cman_tf.{old}")


def test_old_names_are_found():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from cman_tf.data.sentence import DataError, Sentence
        from cman_tf.files import held
        from cman_tf.settings import Settings

    assert (Sentence, DataError, Settings) == (cman_tf.Sentence, cman_tf.DataError, cman_tf.Config)
    assert held.__name__ == "file_lock"
    with pytest.raises(ImportError, match="never_there"):
        from cman_tf.settings import never_there  # noqa: F401


def test_renamed_names_exist():
    homes = {f"cman_tf.{new}" for new in MOVED.values()}
    for old, new in RENAMED.items():
        module, _, name = new.rpartition(":")
        modules = [f"cman_tf.{module}"] if module else homes
        found = any(hasattr(importlib.import_module(home), name) for home in modules)
        assert found or name == "unattached_relations", f"{old} is said to be {new}"
