"""Run directories, result files and flagfiles of earlier versions still work."""

import json
import shutil

import pytest
from helpers import ROOT, call_command, fails_with

from cman_tf.experiments.result_files import read_result
from cman_tf.runs.flagfile import config_from_flagfile

GOLDEN = ROOT / "tests" / "golden"
MODELS = ("dynamic_cman", "multihead")


def without_scores(output):
    """Split an output into what was found and the scores of it, entities' first."""
    found, scores = {name: output[name] for name in ("tokens", "offsets")}, []
    for kind in ("entities", "relations"):
        scores += [item["score"] for item in output[kind]]
        later = {"score", "head_text", "tail_text"}
        found[kind] = [{name: value for name, value in item.items() if name not in later} for item in output[kind]]
    return found, scores


@pytest.mark.parametrize("name", MODELS)
def test_a_run_of_an_earlier_version_predicts_the_same(name, golden):
    """Its tokens, types, spans and pairs exactly, its scores to four digits."""
    texts = (GOLDEN / "text.txt").read_text(encoding="utf-8").splitlines()
    lines = (GOLDEN / name / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    then = [json.loads(line) for line in lines]
    assert sum(len(output["relations"]) for output in then) >= 2  # there is something to get wrong
    for text, old, new in zip(texts, then, golden(name).extract_all(texts)):
        (expected, expected_scores), (found, scores) = without_scores(old), without_scores(new)
        assert found == expected, text
        assert scores == pytest.approx(expected_scores, abs=1e-4), text


@pytest.mark.e2e
def test_a_finished_run_with_a_damaged_checkpoint_is_repaired(tmp_path):
    """Its last epoch is trained again from the one before, or the damage is told. Its result stays as it was."""
    shutil.copytree(GOLDEN, tmp_path / "golden")
    run = tmp_path / "golden" / "multihead"
    before = json.loads((run / "result.json").read_text())
    train = ("cman_tf.train", "--flagfile=multihead/flags.txt")
    (index,) = run.glob("best/*.index")
    whole = index.read_bytes()
    index.write_bytes(whole[:100])
    process = call_command(*train, cwd=tmp_path / "golden")
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].endswith("restore the directory, or choose another --model_dir")
    index.write_bytes(whole)
    assert call_command(*train, cwd=tmp_path / "golden").returncode == 0
    (run / "metrics.jsonl").write_text("garbage\n")
    fails_with(call_command(*train, cwd=tmp_path / "golden"), "metrics.jsonl, line 1: not JSON", "delete the file")
    (run / "metrics.jsonl").unlink()
    (index,) = run.glob("last/*.index")
    shutil.copy(index, f"{index}.old")
    index.write_bytes(b"")
    shutil.rmtree(run / "tensorboard", ignore_errors=True)
    process = call_command(*train, cwd=tmp_path / "golden")
    assert process.returncode == 0, process.stderr
    assert "is empty; training repairs it" in process.stdout + process.stderr
    after = json.loads((run / "result.json").read_text())
    assert (after["epochs"], after["best_epoch"]) == (before["epochs"], before["best_epoch"])
    assert call_command(*train, cwd=tmp_path / "golden").stdout.count("repairs") == 0


@pytest.mark.e2e
@pytest.mark.parametrize("name", MODELS)
def test_a_run_of_an_earlier_version_is_evaluated_and_resumed(name, tmp_path):
    """`evaluate` gives the scores of its result file. Training goes on: dynamic CMAN's from its best epoch, as its
    `last` is not there, the baseline's from its last."""
    shutil.copytree(GOLDEN, tmp_path / "golden")
    before = json.loads((GOLDEN / name / "result.json").read_text())
    process = call_command(
        "cman_tf.evaluate",
        f"--model_dir={name}",
        "--data=corpus/test.json",
        "--json=scores.json",
        cwd=tmp_path / "golden",
    )
    assert process.returncode == 0, process.stderr[-3000:]
    scores = json.loads((tmp_path / "golden" / "scores.json").read_text())
    for convention in ("strict", "boundaries", "relaxed"):
        assert scores[convention] == before["test"][convention]

    epochs = before["epochs"] + 1
    run = ("cman_tf.train", f"--flagfile={name}/flags.txt", f"--epochs={epochs}", "--results_dir=new")
    process = call_command(*run, cwd=tmp_path / "golden")
    assert process.returncode == 0, process.stderr[-3000:]
    first = (before["best_epoch"] if name == "dynamic_cman" else before["epochs"]) + 1
    result = json.loads((tmp_path / "golden" / name / "result.json").read_text())
    assert (result["run"], result["epochs"]) == (before["run"], epochs)
    old, new = (
        [json.loads(line) for line in (folder / name / "metrics.jsonl").read_text().splitlines()]
        for folder in (GOLDEN, tmp_path / "golden")
    )
    assert new[: first - 1] == old[: first - 1]
    assert [line["epoch"] for line in new] == list(range(1, epochs + 1))
    # It went on with its weights: the loss is that of a trained model.
    assert new[first - 1]["clean/loss"] < old[0]["clean/loss"] / 4


def test_result_files_of_earlier_versions_are_read():
    read = 0
    for path in (ROOT / "results").rglob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        if "flags" in content and "test" in content:  # a run's; the others are the benchmark's and the tests'
            assert read_result(path) == {**content, "file": str(path)}
            read += 1
    assert read > 80


def test_flagfiles_of_earlier_versions_are_read():
    files = [*(ROOT / "flags").glob("*.flags"), *GOLDEN.glob("*/flags.txt")]
    assert len(files) > 8
    for path in files:
        assert config_from_flagfile(path).model in ("cman", "dynamic_cman", "multihead")
