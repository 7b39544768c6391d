"""docs/retrieval.md: its commands and programs run and print what it shows; its numbers are those of the file."""

import json
import re
import subprocess
import sys

import pytest
from helpers import ROOT, call_command, import_extra
from test_documentation import block_lines, blocks, split_command

from cman_tf.retrieving.index_files import FILES, MANIFEST
from cman_tf.retrieving.leakage import REASONS
from cman_tf.retrieving.words import STOP_WORDS

PAGE = ROOT / "docs" / "retrieval.md"


def test_what_is_shown_is_printed(tmp_path):
    import_extra("retrieval")
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "a.txt").write_text("Ann left. Bo lives in Rome.\n\nOslo is cold.")
    (tmp_path / "records.jsonl").write_text('{"id": 7, "text": "Ann left."}\n{"tokens": ["Bo", "left"]}\n')
    printed = [call_command("cman_tf.index", *split_command(line)[1], cwd=tmp_path) for line in block_lines(PAGE)]
    assert len(printed) == 3 and all(process.returncode == 0 for process in printed)
    outputs = [printed[-1].stdout]
    for program in blocks(PAGE, "python"):
        command = [sys.executable, "-W", "error", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"]
        process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert process.returncode == 0 and not process.stderr, process.stderr
        outputs.append(process.stdout)
    assert outputs == blocks(PAGE, "text")


def test_numbers_are_those_of_the_file():
    result = json.loads((ROOT / "results" / "benchmark" / "retrieval.json").read_text())
    assert result["limits_are_met"] and result["passages"] == 1_000_000 and result["cores"] == 1
    index, queries, limits = result["index"], result["queries"], result["limits"]
    found = [tuple(cells) for cells in re.findall(r"^\| [^|]+ \| ([\d.,]+) \| ([\d,]*) ?\|$", PAGE.read_text(), re.M)]
    assert found == [
        (f"{index['seconds']:.0f}", f"{limits['seconds']:.0f}"),
        (f"{index['peak_mib']:,.0f}", f"{limits['peak_mib']:,.0f}"),
        (f"{index['size_mib']:.0f}", ""),
        (f"{queries['seconds_to_open']:.1f}", ""),
        (f"{queries['per_second']:.0f}", f"{limits['queries_per_second']:.0f}"),
        (f"{queries['per_second_with_guard']:.0f}", ""),
    ]


def test_names_are_those_of_the_code():
    text = " ".join(PAGE.read_text().split())
    for name in (*FILES, MANIFEST, *REASONS):
        assert f"`{name}`" in text, name
    assert f"left out: {', '.join(sorted(STOP_WORDS))}." in text


pytestmark = [pytest.mark.e2e, pytest.mark.extra(name="retrieval")]
