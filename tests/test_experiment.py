"""The experiment command end to end on little data: files, tables, going on, other people's runs."""

import dataclasses
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from unittest import mock

import drec
import pytest
from helpers import BASELINE, ROOT, call_command, fails_with, run_command

from cman_tf.data.corpus import SPLITS
from cman_tf.data.types import ROOT as ROOT_TYPE
from cman_tf.errors import DataError
from cman_tf.experiments import runner
from cman_tf.experiments.planning import find_flagfile
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.spert_json import dump_json
from cman_tf.runs.files import sha256_of
from cman_tf.runs.flagfile import config_from_flagfile
from cman_tf.scoring.score import score_sentences

pytestmark = pytest.mark.e2e

TINY = (
    "--hidden_size=8",
    "--char_size=4",
    "--char_hidden_size=4",
    "--relation_size=8",
    "--attention_heads=2",
    "--batch_size=4",
    "--epochs=2",
    "--bsa_units=1",
    "--adversarial_alpha=0",
    "--nouse_characters",
    "--noxla",
)


def experiment(folder, *arguments, extra=TINY):
    """Run an experiment, and what it runs in processes of their own, within this process."""

    def call(module, *inner, locks):
        process = call_command(module, *inner, cwd=folder)
        print(process.stdout, end="")
        print(process.stderr, end="", file=sys.stderr)
        if process.returncode:
            raise DataError(f"{module}: ended with {process.returncode}; run the experiment again to resume there")

    with mock.patch.object(runner, "_call", call):
        return call_command("cman_tf.experiment", *arguments, "--", *extra, cwd=folder)


@pytest.fixture
def trained_before(shared, eight_sentences, tmp_path):
    """The working directory of an experiment that has trained the row cman for two epochs."""

    def make(folder):
        process = experiment(folder, "conll04", "--rows=cman", f"--data_dir={eight_sentences}")
        assert process.returncode == 0, process.stderr[-3000:]

    return shutil.copytree(shared("experiment", make), tmp_path / "work")


def test_label_source(trained_before, eight_sentences):
    """One training, evaluated twice; again, nothing is made; another result is not taken for ours."""
    tmp_path = trained_before
    arguments = ("label_source", f"--data_dir={eight_sentences}")
    process = experiment(tmp_path, *arguments)
    assert process.returncode == 0, process.stderr[-3000:]
    assert "[2/2] label_source/cman_gold_labels-words-seed1: training" in process.stdout
    plain = json.loads((tmp_path / "results/conll04/cman-words-seed1.json").read_text())
    gold = json.loads((tmp_path / "results/label_source/cman_gold_labels-words-seed1.json").read_text())
    assert gold["label_source"] == "gold"
    assert gold["test"]["strict"]["micro"]["entities"] == plain["test"]["strict"]["micro"]["entities"]
    assert plain["dev"]["by_length"]
    assert plain["test"]["by_distance"]
    row = next(line for line in process.stdout.splitlines() if line.startswith("CMAN, gold labels"))
    assert "90.44" in row
    stamp = (tmp_path / "results/conll04/cman-words-seed1.json").stat().st_mtime_ns
    again = experiment(tmp_path, *arguments)
    assert again.returncode == 0
    assert again.stdout.count(": done") == 2
    shown = again.stdout.splitlines()[2:]
    assert shown == process.stdout.splitlines()[-len(shown) :]
    assert (tmp_path / "results/conll04/cman-words-seed1.json").stat().st_mtime_ns == stamp
    # Gold labels are given to the training that the predicted ones are of, no other.
    stale = tmp_path / "results/label_source/cman_gold_labels-words-seed1.json"
    kept = stale.read_text()
    stale.unlink()
    path = tmp_path / "results/conll04/cman-words-seed1.json"
    path.write_text(json.dumps({**plain, "run": "another"}))
    fails_with(
        experiment(tmp_path, *arguments, "--rows=cman_gold_labels"), "cman-words-seed1.json: of another training"
    )
    path.write_text(json.dumps(plain))
    stale.write_text(kept)
    # Trained on, the model is evaluated with gold labels anew.
    assert experiment(tmp_path, "conll04", "--rows=cman", arguments[1], extra=(*TINY, "--epochs=3")).returncode == 0
    on = experiment(tmp_path, *arguments, extra=(*TINY, "--epochs=3"))
    assert on.returncode == 0, on.stderr[-3000:]
    assert "[2/2] label_source/cman_gold_labels-words-seed1: training" in on.stdout
    gold = json.loads((tmp_path / "results/label_source/cman_gold_labels-words-seed1.json").read_text())
    assert gold["epochs"] == 3
    stale.write_text(json.dumps({**gold, "epochs": 2}))  # of an earlier epoch, yet of other settings than asked for
    other = experiment(tmp_path, *arguments, "--rows=cman_gold_labels", extra=(*TINY, "--learning_rate=0.1"))
    fails_with(other, "cman_gold_labels-words-seed1.json: made with --learning_rate=0.0005, expected 0.1")
    stale.write_text(json.dumps(gold))
    other = experiment(tmp_path, *arguments, extra=(*TINY, "--learning_rate=0.1"))
    fails_with(other, "cman-words-seed1.json: made with --learning_rate=0.0005, expected 0.1")
    result = json.loads(path.read_text())
    assert result["flags"].pop("weight_average") == 0  # as a file from before there was this setting
    path.write_text(json.dumps(result))
    other = experiment(tmp_path, *arguments, extra=(*TINY, "--weight_average=0.5"))
    fails_with(other, "cman-words-seed1.json: made with --weight_average=0.0, expected 0.5")
    # Other data or word vectors, under the same names.
    folder = tmp_path / "elsewhere" / eight_sentences.name
    shutil.copytree(eight_sentences, folder)
    (folder / "test.json").write_text((folder / "test.json").read_text() + "\n")
    other = experiment(tmp_path, "label_source", f"--data_dir={folder}")
    fails_with(other, "cman-words-seed1.json: made with other test data than")
    (tmp_path / "vectors.txt").write_text("in 1.0 2.0\n")
    fails_with(experiment(tmp_path, *arguments, f"--word_vectors={tmp_path}/vectors.txt"), "other word vectors than")
    (tmp_path / "results/conll04/cman-words-seed1.json").write_text('{"test":')
    fails_with(experiment(tmp_path, *arguments), "cman-words-seed1.json: not JSON", "expected a result file")


@pytest.mark.slow
def test_decoding_time(tmp_path, eight_sentences):
    data = f"--data_dir={eight_sentences}"
    fails_with(experiment(tmp_path, "decoding_time", data), "none of the models of table V with words-seed1")
    process = experiment(tmp_path, "conll04", data, "--rows=multihead,dynamic_cman", extra=(*TINY, "--epochs=1"))
    assert process.returncode == 0, process.stderr[-3000:]
    process = experiment(tmp_path, "decoding_time", data)
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads((tmp_path / "results/decoding_time/words-seed1.json").read_text())
    assert set(result["seconds"]) == {"multihead", "dynamic_cman"}
    rows = {tuple(re.split("  +", line)[:2]): line for line in process.stdout.splitlines()}
    assert "1.62" in rows["CoNLL04", "dynamic CMAN"]
    assert rows["CoNLL04", "CMAN"].count("not run") == 2
    assert rows["ADE", "dynamic CMAN"].count("not run") == 2
    again = experiment(tmp_path, "decoding_time", data)
    assert "words-seed1.json: done" in again.stdout
    assert json.loads((tmp_path / "results/decoding_time/words-seed1.json").read_text()) == result
    (tmp_path / "results/decoding_time/words-seed1.json").unlink()
    other = shutil.copytree(eight_sentences, tmp_path / "other")
    next(other.glob("*test.json")).write_text(next(other.glob("*test.json")).read_text() + "\n")
    fails_with(
        experiment(tmp_path, "decoding_time", f"--data_dir={other}"), "other sentences than", "expected its test"
    )
    (tmp_path / "results/decoding_time/words-seed1.json").write_text(json.dumps(result))
    shutil.rmtree(tmp_path / "runs/experiments/conll04/dynamic_cman-words-seed1")
    shutil.copytree(
        tmp_path / "runs/experiments/conll04/multihead-words-seed1",
        tmp_path / "runs/experiments/conll04/cman-words-seed1",
    )
    fails_with(
        experiment(tmp_path, "decoding_time", data), "has dynamic_cman too, but runs/experiments has no such runs"
    )


def test_a_run_that_another_experiment_makes_is_waited_for(tmp_path, eight_sentences):
    (tmp_path / "runs/experiments/conll04").mkdir(parents=True)
    with (tmp_path / "runs/experiments/conll04/dynamic_cman-words-seed1.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "cman_tf.experiment", "conll04", "--rows=dynamic_cman"]
        process = subprocess.Popen(
            [*command, f"--data_dir={eight_sentences}", "--", *TINY],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert "[1/1] " in process.stdout.readline()
        time.sleep(1)
        assert process.poll() is None
        # The other one finishes it.
        asked = dataclasses.asdict(config_from_flagfile(find_flagfile("conll04"), TINY))
        result = {"flags": {**asked, "epochs": 2, "patience": 0}, "seed": 1, "inputs": "words"}
        hashes = {split: {"sha256": sha256_of(eight_sentences / f"{split}.json")} for split in SPLITS}
        result.update(corpus={"name": "eight", **hashes}, protocol="best dev epoch", epochs=2, best_epoch=1)
        scores = score_sentences([], [])
        path = tmp_path / "results/conll04/dynamic_cman-words-seed1.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({**result, "test": scores}))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "dynamic CMAN" in out
    assert not (tmp_path / "runs/experiments/conll04/dynamic_cman-words-seed1").exists()


@pytest.mark.slow
def test_a_run_that_stopped_early_goes_on(trained_before, eight_sentences):
    """With more epochs asked for it trains them; where its run is gone it says so, and is left alone."""
    arguments = ("conll04", "--rows=cman", f"--data_dir={eight_sentences}")
    process = experiment(trained_before, *arguments, extra=(*TINY, "--epochs=3"))
    assert process.returncode == 0, process.stderr[-3000:]
    path = trained_before / "results/conll04/cman-words-seed1.json"
    text = path.read_text()
    assert json.loads(text)["epochs"] == 3
    shutil.rmtree(trained_before / "runs")
    process = experiment(trained_before, *arguments, extra=(*TINY, "--epochs=4"))
    fails_with(process, "made with --epochs=3 --patience=30, expected --epochs=4 --patience=30, and there is no run in")
    assert path.read_text() == text


def test_a_killed_experiment_goes_on(tmp_path, eight_sentences):
    """Killed in its first run, it goes on with that run, not anew."""
    arguments = ["conll04", "--rows=multihead", f"--data_dir={eight_sentences}"]
    extra = (*TINY, "--epochs=40", "--patience=0")
    process = subprocess.Popen(
        [sys.executable, "-m", "cman_tf.experiment", *arguments, "--", *extra],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    metrics = tmp_path / "runs/experiments/conll04/multihead-words-seed1/metrics.jsonl"
    until = time.monotonic() + 300
    while time.monotonic() < until and not (metrics.exists() and len(metrics.read_text().splitlines()) > 1):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert 1 < len(before) < 40
    again = experiment(tmp_path, *arguments, extra=extra)
    assert again.returncode == 0, again.stderr[-3000:]
    assert "resuming after epoch" in again.stderr
    after = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert [line["epoch"] for line in after] == list(range(1, 41))
    assert after[0] == before[0]
    assert json.loads((tmp_path / "results/conll04/multihead-words-seed1.json").read_text())["epochs"] == 40


def test_runs_of_more_epochs_than_asked_for(trained_before, tmp_path, eight_sentences):
    """Refused where the number of epochs is what was asked for, else as good."""
    arguments = ("conll04", "--rows=cman", f"--data_dir={eight_sentences}")
    assert "cman-words-seed1: done" in experiment(trained_before, *arguments, extra=(*TINY, "--epochs=1")).stdout
    fixed = ["--protocol=fixed_epochs", f"--model_dir={tmp_path}/fixed", f"--data_dir={eight_sentences}", *BASELINE]
    fixed.append("--epochs=2")
    assert call_command("cman_tf.train", *fixed).returncode == 0
    fails_with(call_command("cman_tf.train", *fixed, "--epochs=1"), "fixed: the last epoch is 2, expected at most")


def test_bad_arguments(tmp_path, eight_sentences):
    fails_with(experiment(tmp_path, "nonsense"), "nonsense: expected one of conll04, ade, drec, label_source")
    fails_with(experiment(tmp_path, "cells"), "data/conll04_spert: no such directory")
    data = f"--data_dir={eight_sentences}"
    fails_with(experiment(tmp_path, "cells", data, "--rows=lstm"), "expected some of dynamic_cman_lstm")
    fails_with(experiment(tmp_path, "cells", data, "--tune_encoder"), "--tune_encoder: no encoder to train")
    fails_with(experiment(tmp_path, "cells", data, "--inputs=both"), "no encoder; give --encoder")
    fails_with(experiment(tmp_path, "drec", data, "--encoder=minilm"), "word vectors only")
    fails_with(experiment(tmp_path, "cells", data, "--seeds=a"), "expected whole numbers between commas")
    fails_with(experiment(tmp_path, "cells", data, "--rows=dynamic_cman_gru", extra=("--epoch=1",)), "ended with 1")
    fails_with(experiment(tmp_path, "cells", data, extra=("--epochs", "60")), "60: expected one of", "--name=value")
    for flag in ("--cell=mlp", "--seed=3", "--flagfile=x", "--encoder=minilm", "--format=spert"):
        fails_with(experiment(tmp_path, "cells", data, extra=(flag,)), f"{flag} after --: expected flags that neither")
    fails_with(experiment(tmp_path, "label_gate", data, extra=("--label_gate",)), "--label_gate after --")
    assert not (tmp_path / "results").exists()


@pytest.fixture
def ade(tmp_path, eight_sentences):
    """A fold of ADE's shape: nested entities in one of its sentences."""
    sentences = json.loads((eight_sentences / "train.json").read_text())
    for record in sentences:
        for item in (*record["entities"], *record["relations"]):
            item["type"] = "Drug" if "start" in item else "Adverse-Effect"
    entity = sentences[0]["entities"][0]
    sentences[0]["entities"].append({"type": "Adverse-Effect", "start": 0, "end": max(2, entity["end"])})
    for record in sentences[1:]:
        record["entities"].append({"type": "Adverse-Effect", "start": 0, "end": 1})
        spans = {(e["start"], e["end"]) for e in record["entities"][:-1]}
        if any(start < 1 for start, _ in spans):
            record["entities"].pop()
    folder = tmp_path / "ade_spert"
    folder.mkdir()
    for split in ("train", "test"):
        (folder / f"ade_split_0_{split}.json").write_text(json.dumps(sentences))
    return folder


@pytest.mark.slow
def test_ade(tmp_path, ade):
    arguments = (f"--data_dir={ade}", "--folds=0")
    process = run_command(
        "bash", str(ROOT / "run_ade_cv.sh"), *arguments, "--rows=multihead", "--", *TINY, cwd=tmp_path
    )
    assert process.returncode == 0, process.stderr[-3000:]
    other = experiment(tmp_path, "ade", *arguments, "--rows=dynamic_cman")
    assert other.returncode == 0, other.stderr[-3000:]
    result = json.loads((tmp_path / "results/ade/multihead-words-fold0-seed1.json").read_text())
    assert result["flags"]["batch_order"] == "file"
    assert result["flags"]["hold_out"] == 0.1
    assert (result["corpus"]["train"]["sentences"], result["corpus"]["dev"]["sentences"]) == (7, 1)
    assert result["test"]["without_overlaps"]["counts"]["sentences"] == 7
    assert result["test"]["counts"]["sentences"] == 8
    assert "Multi-head + AT" in process.stdout
    assert "without overlaps" in process.stdout
    process = experiment(tmp_path, "decoding_time", "--corpus=ade", f"--data_dir={ade}")
    assert process.returncode == 0, process.stderr[-3000:]
    times = json.loads((tmp_path / "results/decoding_time/ade-words-fold0-seed1.json").read_text())
    assert set(times["seconds"]) == {"multihead", "dynamic_cman"}
    rows = {tuple(re.split("  +", line)[:2]): line for line in process.stdout.splitlines()}
    assert "1.75" in rows["ADE", "dynamic CMAN"]
    assert "not run" not in rows["ADE", "dynamic CMAN"]
    assert times["fold"] == 0
    own = json.loads((tmp_path / "results/ade/dynamic_cman-words-fold0-seed1.json").read_text())["test"]["strict"]
    macro = [own["macro"][task]["f1"] for task in ("entities", "relations")]
    assert times["overall_f1"]["dynamic_cman"] == pytest.approx(sum(macro) / 2)
    fails_with(experiment(tmp_path, "ade", "--corpus=ade", f"--data_dir={ade}"), "is a flag of decoding_time alone")
    fails_with(
        run_command("bash", str(ROOT / "run_ade_cv.sh"), cwd=tmp_path), "data/ade_spert: no ade_split_0_train.json"
    )


@pytest.mark.slow
def test_drec(tmp_path):
    fails_with(run_command("bash", str(ROOT / "run_drec.sh"), cwd=tmp_path), "data-agreement.pdf")
    fails_with(call_command("cman_tf.experiment", "drec", cwd=tmp_path), "data-agreement.pdf")
    (tmp_path / "data" / "drec").mkdir(parents=True)
    (tmp_path / "data" / "drec" / "drec.txt").write_text(drec.corpus())
    sentences = read_corpus(tmp_path / "data/drec/drec.txt", "multihead_root").sentences
    assert {e.type for s in sentences for e in s.entities} == {*drec.TYPES, ROOT_TYPE}
    heads = [sum(r.head == number for r in s.relations) for s in sentences for number in range(len(s.entities))]
    assert max(heads) > 1
    assert max(len(s.tokens) for s in sentences) > 150
    scores = score_sentences(sentences, sentences)
    assert scores["counts"]["gold_entities"] == sum(len(s.entities) - 1 for s in sentences)  # the root is none
    assert ROOT_TYPE not in scores["strict"]["per_type"]["entities"]
    process = run_command("bash", str(ROOT / "run_drec.sh"), "--rows=multihead", "--", *TINY, cwd=tmp_path)
    assert process.returncode == 0, process.stderr[-3000:]
    process = experiment(tmp_path, "drec", "--rows=dynamic_cman,multihead")
    assert process.returncode == 0, process.stderr[-3000:]
    assert "multihead-words-seed1: done" in process.stdout
    result = json.loads((tmp_path / "results/drec/dynamic_cman-words-seed1.json").read_text())
    assert [result["corpus"][split]["sentences"] for split in ("train", "dev", "test")] == [8, 2, 2]
    assert result["inputs"] == "words (trained vectors) + characters"
    assert "55.66" in process.stdout
    process = experiment(tmp_path, "decoding_time", "--corpus=drec")
    assert process.returncode == 0, process.stderr[-3000:]
    times = json.loads((tmp_path / "results/decoding_time/drec-words-seed1.json").read_text())
    assert times["corpus"]["sentences"] == 2
    # What is predicted of such a corpus, in JSON, is scored against the columns.
    gold, found = tmp_path / "data/drec/drec.txt", tmp_path / "found.json"
    found.write_text(dump_json(sentences))
    paths = (f"--gold={gold}", f"--predictions={found}", f"--json={tmp_path}/s.json")
    process = call_command("cman_tf.score", *paths, "--format=multihead_root")
    assert process.returncode == 0, process.stderr[-3000:]
    assert json.loads((tmp_path / "s.json").read_text())["strict"] == score_sentences(sentences, sentences)["strict"]
