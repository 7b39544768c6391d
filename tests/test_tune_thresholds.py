"""The command tune-thresholds, and what predict, evaluate and load do with what it stores."""

import json
import re
import shutil

import pytest
from helpers import ROOT, call_command, fails_with

import cman_tf
from cman_tf.command_line.recorded_data import read_recorded_dev
from cman_tf.config import Config
from cman_tf.data.problems import Problems
from cman_tf.errors import DataError
from cman_tf.runs.flagfile import config_of_run

pytestmark = pytest.mark.e2e
GOLDEN = ROOT / "tests" / "golden"


@pytest.fixture(scope="module")
def tuned_run(shared, trained):
    """A copy of a trained run, tuned on its own dev data."""

    def make(folder):
        shutil.copytree(trained("cman"), folder / "run")
        arguments = [f"--model_dir={folder}/run", "--data=dev", "--fewest=1"]
        process = call_command(
            "cman_tf.tune_thresholds", *arguments, f"--json={folder}/tuned.json", f"--html={folder}/tuned.html"
        )
        assert process.returncode == 0, process.stderr
        (folder / "stdout").write_text(process.stdout)

    return shared("tuned", make)


def test_what_it_shows_and_stores(tuned_run):
    shown, report = (tuned_run / "stdout").read_text(), json.loads((tuned_run / "tuned.json").read_text())
    assert "dev.json, 8 sentences; best/ckpt-" in shown and "tuned on other sentences" in shown
    assert re.search(r"^Work_For +\d+ +0\.5 ", shown, re.M) and "relations, scores above 0.5" in shown
    assert set(report) == {"source", "entities", "relations", "micro", "calibration"}
    assert len(report["entities"]["curve"]["thresholds"]) == len(report["entities"]["curve"]["f1"]) == 101
    assert report["micro"]["tuned"]["relations"]["f1"] >= report["micro"]["default"]["relations"]["f1"]
    stored = json.loads((tuned_run / "run" / "thresholds.json").read_text())
    assert {kind: row["threshold"] for kind, row in report["relations"].items()} == stored["relations"]["thresholds"]
    page = (tuned_run / "tuned.html").read_text()
    assert page.count("<svg") >= 4 and "http" not in re.sub(r"http-equiv|http://www\.w3\.org", "", page)


def test_nothing_is_replaced_unasked(tuned_run, tmp_path):
    arguments = [f"--model_dir={tuned_run}/run", f"--html={tmp_path}/x.html"]
    fails_with(
        call_command("cman_tf.tune_thresholds", *arguments), "thresholds.json: exists, expected the name of a new file"
    )
    assert not (tmp_path / "x.html").exists()


def test_they_are_used_only_when_asked_for(tuned_run, eight_sentences, tmp_path):
    run = shutil.copytree(tuned_run / "run", tmp_path / "run")
    content = json.loads((run / "thresholds.json").read_text())
    content["relations"]["thresholds"] = dict.fromkeys(content["relations"]["thresholds"], 0.95)
    content["relations"]["temperature"] = 10.0  # under which no score of this model is above 0.95
    (run / "thresholds.json").write_text(json.dumps(content))
    data = f"--data={eight_sentences}/test.json"
    found = {}
    for thresholds in ("default", "tuned"):
        scores = tmp_path / f"{thresholds}.json"
        process = call_command(
            "cman_tf.evaluate", f"--model_dir={run}", data, f"--thresholds={thresholds}", f"--json={scores}"
        )
        assert process.returncode == 0, process.stderr
        found[thresholds] = json.loads(scores.read_text())
    assert found["tuned"]["counts"]["predicted_relations"] == 0 < found["default"]["counts"]["predicted_relations"]
    assert found["tuned"]["source"]["thresholds"] == "tuned" and "thresholds" not in found["default"]["source"]
    tokens = json.loads((eight_sentences / "test.json").read_text())[0]["tokens"]
    (tmp_path / "in.jsonl").write_text(json.dumps({"tokens": tokens}) + "\n")
    relations = {}
    for flags in ((), ("--thresholds=tuned",), ("--thresholds=tuned", "--relation_threshold=0.5")):
        process = call_command("cman_tf.predict", f"--model_dir={run}", f"--input={tmp_path}/in.jsonl", *flags)
        assert process.returncode == 0, process.stderr
        relations[flags[-1] if flags else ""] = json.loads(process.stdout)["relations"]
    model = cman_tf.load(run, thresholds="tuned")
    assert relations["--thresholds=tuned"] == list(model.extract(tokens=tokens).relations) == []
    half = model.extract(tokens=tokens, relation_threshold=0.5)
    assert half.to_dict()["relations"] == relations["--relation_threshold=0.5"]
    places = [[(r["type"], r["head"], r["tail"]) for r in relations[name]] for name in ("", "--relation_threshold=0.5")]
    assert places[0] == places[1]  # a temperature keeps 0.5
    assert relations[""][0]["score"] > relations["--relation_threshold=0.5"][0]["score"]
    with pytest.raises(DataError, match="thresholds is 'no', expected one of default, tuned"):
        cman_tf.load(run, thresholds="no")


def test_the_baseline_and_data_of_ones_own(tmp_path):
    run = shutil.copytree(GOLDEN / "multihead", tmp_path / "run")
    arguments = [f"--model_dir={run}", f"--data={GOLDEN}/corpus/dev.json", "--constrain_types=off"]
    process = call_command("cman_tf.tune_thresholds", *arguments, f"--json={tmp_path}/tuned.json")
    assert process.returncode == 0, process.stderr
    report = json.loads((tmp_path / "tuned.json").read_text())
    for name in ("default", "tuned"):
        path = tmp_path / f"scores_{name}.json"
        process = call_command("cman_tf.evaluate", *arguments, f"--thresholds={name}", f"--json={path}")
        scores = json.loads(path.read_text())
        assert scores["strict"]["micro"] == report["micro"][name]
    (tmp_path / "empty.json").write_text('[{"tokens": ["x"], "entities": [], "relations": []}]')
    process = call_command(
        "cman_tf.tune_thresholds", f"--model_dir={run}", f"--data={tmp_path}/empty.json", "--overwrite"
    )
    fails_with(process, "no entities, expected annotated data to choose thresholds on")


def test_the_dev_data_of_a_run(trained, tmp_path):
    run = shutil.copytree(trained("cman"), tmp_path / "run")
    config = config_of_run(run / "flags.txt")
    assert len(read_recorded_dev(run, config, Problems()).sentences) == 8
    with pytest.raises(DataError, match="was trained on dev, too .--protocol=fixed_epochs.; give the file"):
        read_recorded_dev(run, Config(protocol="fixed_epochs"), Problems())
    with pytest.raises(DataError, match="conll04: does not say which data it was trained with; give the file"):
        read_recorded_dev(ROOT / "cman_tf" / "pretrained" / "conll04", config, Problems())
    flags = (run / "flags.txt").read_text()
    folder = re.search(r"--data_dir=(.*)", flags)[1]
    copied = shutil.copytree(folder, tmp_path / "data")
    (copied / "dev.json").write_text((copied / "dev.json").read_text() + "\n")
    (run / "flags.txt").write_text(flags.replace(folder, str(copied)))
    with pytest.raises(DataError, match="is not the dev data that .* was trained with, or was changed; give the file"):
        read_recorded_dev(run, config, Problems())
    shutil.rmtree(copied)
    with pytest.raises(DataError, match="the dev data of .* is not where it was in training; give the file"):
        read_recorded_dev(run, config, Problems())


@pytest.mark.parametrize(
    ("flags", "count"),
    [("--data={0}/train.json\n", 1), ("--data_dir={0}\n", 1), ("--data={0}/train.json\n--folds=2\n--fold=2\n", 1)],
)
def test_every_way_of_naming_dev(eight_sentences, tmp_path, flags, count):
    """One file that is split, a part that is held out, and a fold."""
    from cman_tf.runs.files import sha256_of

    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(eight_sentences / "train.json", folder)
    (tmp_path / "flags.txt").write_text(flags.format(folder) + "--join_sentences\n--tag_column=0\n")
    digest = sha256_of(folder / "train.json")
    run = {
        "id": "0" * 32,
        "settings": {"model": "cman"},
        "corpora": {"dev": digest},
        "word_vectors": None,
        "commits": [],
    }
    (tmp_path / "run.json").write_text(json.dumps(run))
    config = Config(hold_out=0.1 if "data_dir" in flags else 0.0)
    assert len(read_recorded_dev(tmp_path, config, Problems()).sentences) == count
