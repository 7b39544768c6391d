"""tests/extras.sh: what it reads from the package, and what counts as a problem. The environments are not made here."""

import importlib.metadata
import re

import pytest
from extras import NONE, find_problems
from helpers import EXTRAS, ROOT, needs_extra
from package_extras import Extra, read_extras

FINE = {
    "numpy": "1.26.4",
    "protobuf": "4.25.9",
    "complaints": [],
    "passed": 3,
    "failed": [],
    "skipped": {"test_a": "Skipped: chromium is not on PATH"},
    "exit_status": 0,
}
SERVE = Extra("serve", ("fastapi==1",), ("serve", "service"))


@pytest.fixture(scope="module")
def extras():
    return read_extras(ROOT)


def test_extras_are_those_of_the_setup(extras):
    """Extras that ask for the same packages are known as the same."""
    assert {*extras} == {*EXTRAS, "test"}
    assert extras["minilm"].same == ("transformers", "minilm", "mpnet")
    assert extras["spacy"] == Extra("spacy", ("spacy==3.7.5", "click<9"), ("spacy",))
    assert all(re.fullmatch(r"[\w\[\]-]+(==|<)[\w.]+", each) for each in extras["test"].requirements)


def test_each_extra_has_tests(extras):
    marked = set()
    for path in (ROOT / "tests").glob("test_*.py"):
        if path.name != "test_extras.py":
            marked.update(re.findall(r'mark\.extra\(name="(\w+)"\)', path.read_text(encoding="utf-8")))
    assert marked <= {*EXTRAS}
    for name in EXTRAS:
        assert marked & {*extras[name].same}, f'no test is marked with extra(name="{name}")'


def test_this_environment_fits_too():
    """The extra `test` brings all others at once."""
    assert importlib.metadata.version("numpy").startswith("1.26.")
    assert int(importlib.metadata.version("protobuf").split(".")[0]) < 5


def test_what_is_in_order():
    assert find_problems(FINE, SERVE) == []
    assert find_problems({**FINE, "skipped": {"test_a": needs_extra("search")}}, SERVE) == []
    assert find_problems({**FINE, "skipped": {"test_a": needs_extra("serve")}}, Extra(NONE, (), (NONE,))) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"numpy": "2.0.1"}, "numpy 2.0.1, expected 1.26"),
        ({"protobuf": "5.29.0"}, "protobuf 5.29.0, expected below 5"),
        ({"complaints": ["x 1 requires y, which is not installed."]}, "x 1 requires y, which is not installed."),
        ({"failed": ["test_a"], "exit_status": 1}, "test_a: failed"),
        ({"skipped": {"test_a": needs_extra("serve")}}, f"test_a: {needs_extra('serve')}"),
        ({"skipped": {"test_a": needs_extra("service")}}, f"test_a: {needs_extra('service')}"),
        ({"passed": 0}, "no test passed"),
        ({"exit_status": 3}, "pytest ended with 3"),
    ],
)
def test_what_is_a_problem(change, problem):
    assert find_problems({**FINE, **change}, SERVE) == [problem]
