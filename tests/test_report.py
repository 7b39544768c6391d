"""The report: like runs averaged, unlike ones apart, the paper's row beside them."""

import dataclasses
import json

import pytest
from conftest import run_command

from cman_tf.report import BEGIN, END
from cman_tf.settings import Settings


def result(f1, seed, **changes):
    settings = Settings(seed=seed, **changes).resolved()
    micro = {task: {"f1": f1} for task in ("entities", "relations")}
    return {
        "corpus": {"name": "conll04_spert"},
        "flags": dataclasses.asdict(settings),
        "inputs": "words",
        "protocol": "best dev epoch",
        "seed": seed,
        "epochs": 9,
        "best_epoch": 5,
        "test": {"strict": {"micro": micro}},
        "time": {"epoch_seconds_median": 12.5, "dev_seconds_median": 1.5},
        "environment": {"cores": 2},
    }


def test_table(tmp_path):
    results = [
        result(80.0, 1),
        result(82.0, 2),
        result(70.0, 1, label_gate=False),
        result(60.0, 1, hidden_size=64),
        result(50.0, 1, model="cman"),
    ]
    for number, content in enumerate(results):
        (tmp_path / f"r{number}.json").write_text(json.dumps(content))
    (tmp_path / "timing").mkdir()
    (tmp_path / "timing" / "t.json").write_text(json.dumps(results[0]))
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):  # made anew, not added to
        process = run_command("cman_tf.report", f"--results_dir={tmp_path}", f"--readme={readme}")
        assert process.returncode == 0, process.stderr
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| corpus |")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "12.5 s" in text
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert len({len(row) for row in table}) == 1
    f1 = {(row[1], row[3]) for row in table[2:]}
    assert f1 == {
        ("paper: dynamic CMAN, TNNLS 2021", "91.72"),
        ("paper: CMAN, IJCAI 2020", "90.62"),
        ("dynamic_cman", "81.00 ± 1.41"),
        ("dynamic_cman, label_gate=False", "70.00"),
        ("dynamic_cman", "60.00"),
        ("cman", "50.00"),
    }


@pytest.mark.parametrize("text", ["", BEGIN, f"{BEGIN}{BEGIN}{END}"])
def test_readme_without_its_marks(tmp_path, text):
    (tmp_path / "r.json").write_text(json.dumps(result(1.0, 1)))
    readme = tmp_path / "README.md"
    readme.write_text(text)
    process = run_command("cman_tf.report", f"--results_dir={tmp_path}", f"--readme={readme}")
    assert process.returncode != 0
    assert "expected one line" in process.stderr
    assert readme.read_text() == text
