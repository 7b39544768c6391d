"""docs/reliability.md says what the result files say."""

import json

from helpers import ROOT
from page import DOCUMENT, PROMISES, render


def test_the_page_is_that_of_the_files():
    assert DOCUMENT.read_text(encoding="utf-8") == render()


def test_each_promise_has_a_script():
    for promise in PROMISES:
        assert (ROOT / "tests" / "reliability" / f"{promise.script}.py").is_file()


def test_what_was_not_run_is_said(tmp_path):
    assert render(tmp_path).count("not run") >= len(PROMISES)


def test_a_result_that_failed_shows(tmp_path):
    result = {"threads": 8, "texts": 1000, "answers": 8000, "differing": 3}
    (tmp_path / "threads.json").write_text(json.dumps(result))
    assert "3 of 8,000 answers differ" in render(tmp_path)
