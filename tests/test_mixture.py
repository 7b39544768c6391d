"""The command mixture: what it writes, and that every other command takes it like a run."""

import json
import re
import shutil

import numpy as np
import pytest
from helpers import call_command, fails_with

import cman_tf
from cman_tf.errors import DataError
from cman_tf.inference.description import read_description
from cman_tf.runs.files import file_lock

pytestmark = pytest.mark.e2e
TEXT = "Ann Lee lives in Rome."


@pytest.fixture(scope="module")
def experts(trained):
    return f"{trained('dynamic_cman')},{trained('multihead')}"


def test_what_it_shows_and_writes(mixture, experts):
    shown = (mixture / "stdout").read_text()
    for name in (f"expert 1, {experts.split(',')[0]}", "expert 2,", "average", "gate"):
        assert re.search(rf"^{re.escape(name)}.* +\d+\.\d\d +\d+\.\d\d", shown, re.M), name
    assert re.search(r"^dev, gate minus expert [12]: entities [+-]\d+\.\d\d \[.*p=\d", shown, re.M)
    assert "pairs with a relation" in shown and "all tokens" in shown
    report = json.loads((mixture / "run" / "report.json").read_text())
    assert [path.rsplit("/", 1)[1] for path in report["experts"]] == ["run", "run"] and report["gate"] == "fitted"
    assert set(report["dev"]["scores"]) == {"expert 1", "expert 2", "average", "gate"}
    for load in report["load"].values():
        assert sum(load["mean"]) == pytest.approx(1, abs=1e-3) == pytest.approx(sum(load["largest"]), abs=1e-3)
    for curves in report["fit"]["held_out_losses"].values():
        assert {kind: len(losses) for kind, losses in curves.items()} == {"constant": 31, "by features": 31}
    assert {path.name for path in (mixture / "run").iterdir()} == {
        *("mixture.json", "gates.npy", "report.json", "experts", "signatures.json"),
    }


def test_experts_are_copied_as_they_are(mixture, experts, held_out):
    """In full precision, so that a copy has the scores of the run, to the last digit."""
    scores = []
    for number, run in enumerate(experts.split(","), 1):
        for directory in (run, mixture / "run" / "experts" / str(number)):
            extractor = cman_tf.load(directory)
            scores.append(extractor.extract(TEXT))
    assert scores[0] == scores[1] and scores[2] == scores[3]


def test_it_is_used_like_a_run(mixture, held_out, tmp_path):
    """evaluate, predict, load and export agree."""
    run = f"--model_dir={mixture}/run"
    data = f"--data={held_out.parent}/test.json"
    evaluated = call_command("cman_tf.evaluate", run, data, f"--json={tmp_path}/scores.json")
    assert evaluated.returncode == 0, evaluated.stderr
    report = json.loads((mixture / "run" / "report.json").read_text())
    scores = json.loads((tmp_path / "scores.json").read_text())["strict"]["micro"]
    assert {task: scores[task]["f1"] for task in ("entities", "relations")} == report["test"]["scores"]["gate"]
    (tmp_path / "text.txt").write_text(f"{TEXT}\n")
    predicted = call_command("cman_tf.predict", run, f"--input={tmp_path}/text.txt")
    answer = json.loads(predicted.stdout)
    assert answer["entities"] == cman_tf.load(mixture / "run").extract(TEXT)["entities"]
    exported = call_command("cman_tf.export", run, f"--export_dir={tmp_path}/exported", "--tokenizer=default")
    assert exported.returncode == 0, exported.stderr
    import tensorflow as tf

    texts = tf.saved_model.load(str(tmp_path / "exported")).signatures["texts"]
    found = texts(texts=tf.constant([answer["text"]]))
    assert [kind.decode() for kind in found["entity_types"][0].numpy()] == [e["type"] for e in answer["entities"]]
    expected = [e["score"] for e in answer["entities"]]
    assert found["entity_scores"][0].numpy() == pytest.approx(expected, abs=1e-3)
    assert json.loads((tmp_path / "exported" / "export.json").read_text())["experts"][1]["model"] == "multihead"
    with pytest.raises(cman_tf.DataError, match=r"exported: an exported model, .*; tf.saved_model.load reads exported"):
        cman_tf.load(tmp_path / "exported")


def test_uniform_gate_and_argmax(experts, held_out, tmp_path):
    arguments = [f"--experts={experts}", f"--data={held_out}", "--gate=uniform", "--decoding=argmax", "--folds=2"]
    process = call_command("cman_tf.mixture", *arguments, f"--model_dir={tmp_path}/run")
    assert process.returncode == 0, process.stderr
    assert "fitting" not in process.stdout
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["dev"]["scores"]["gate"] == report["dev"]["scores"]["average"] and "test" not in report
    assert report["load"]["pairs"]["mean"] == [0.5, 0.5] and report["fit"]["steps"] == {"tokens": 0, "pairs": 0}
    assert report["fit"]["kinds"] == {"tokens": "uniform", "pairs": "uniform"}
    assert (np.load(tmp_path / "run" / "gates.npy") == 0).all()
    assert cman_tf.load(tmp_path / "run").model.decoding == "argmax"


def test_what_is_refused(experts, held_out, mixture, trained, eight_sentences, tmp_path):
    def refuse(message, **changes):
        given = {"experts": experts, "data": held_out, "model_dir": tmp_path / "new", **changes}
        fails_with(call_command("cman_tf.mixture", *(f"--{k}={v}" for k, v in given.items())), message)
        assert not (tmp_path / "new").exists()

    run = trained("dynamic_cman")
    refuse("1 model, expected 2 to 8", experts=run)
    refuse("are the same model, expected different ones", experts=f"{run},{run}/../{run.name}")
    refuse("within the expert", model_dir=run / "inside")
    refuse("would be overwritten while it is read", json=held_out, overwrite="true")
    with file_lock(run):
        refuse("is being trained, expected a finished run")
    refuse("exists, expected a new directory", model_dir=mixture)
    refuse("sentences, expected data that no model was trained on", data=eight_sentences / "train.json")
    changed = tmp_path / "same.json"
    changed.write_text((eight_sentences / "train.json").read_text() + "\n")
    refuse("sentences, expected data that no model was trained on", data=changed)
    refuse("the sentences that the gates are fitted on, expected others", test=held_out)
    refuse("held_out.json: 8 sentences, expected at least --folds=9", folds=9)
    refuse("a mixture, expected the run of one model", experts=f"{run},{mixture}/run")
    refuse("no trained model here", experts=f"{run},{tmp_path}")
    other = shutil.copytree(run, tmp_path / "other")
    vocabulary = json.loads((other / "vocabulary.json").read_text())
    vocabulary["tags"] = [tag.replace("Peop", "Person") for tag in vocabulary["tags"]]
    (other / "vocabulary.json").write_text(json.dumps(vocabulary))
    (other / "record.json").unlink()
    run_json = json.loads((other / "run.json").read_text())
    run_json.pop("record", None)
    (other / "run.json").write_text(json.dumps(run_json))
    refuse("other tags than", experts=f"{run},{other}")
    run_of_mixture = f"--model_dir={mixture}/run"
    fails_with(call_command("cman_tf.tune_thresholds", run_of_mixture), "does not know its dev data; give --data=FILE")
    fails_with(
        call_command("cman_tf.evaluate", run_of_mixture, f"--data={held_out}", "--relation_candidates=tokens"),
        "a mixture always predicts between the last tokens",
    )
    fails_with(
        call_command("cman_tf.evaluate", run_of_mixture, f"--data={held_out}", "--checkpoint=last"),
        "a mixture has no checkpoint 'last'",
    )
    fails_with(
        call_command("cman_tf.train", "--data_dir=sample", f"--init_from={mixture}/run", f"--model_dir={tmp_path}/new"),
        "a mixture, expected the run of one model",
    )
    fails_with(
        call_command("cman_tf.pack", run_of_mixture, f"--output={tmp_path}/packed"), "a mixture, whose experts are"
    )
    fails_with(
        call_command("cman_tf.visualize", str(held_out), "--attention", run_of_mixture, f"--html={tmp_path}/x.html"),
        "a mixture",
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mixture.json", b"{}", "mixture.json: "),
        ("mixture.json", b'{"experts": [], "decoding": "beam", "gates": ""}', "mixture.json: "),
        ("mixture.json", json.dumps({"experts": [], "decoding": "viterbi", "gates": "0" * 64}).encode(), "0 experts"),
        ("gates.npy", b"\x80\x04K\x01.", "gates.npy: differs from mixture.json"),
        ("experts/2/vocabulary.json", b"{}", "vocabulary.json"),
        ("experts/1/record.json", b"{}", "record.json: differs from mixture.json"),
    ],
)
def test_damage_is_one_line(mixture, tmp_path, name, content, message):
    run = shutil.copytree(mixture / "run", tmp_path / "run")
    (run / name).write_bytes(content)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_description(run)
    assert "\n" not in str(caught.value)


def test_gates_of_another_mixture(mixture, tmp_path):
    from cman_tf.inference.mixture_files import write_mixture_file

    run = shutil.copytree(mixture / "run", tmp_path / "run")
    write_mixture_file(run, np.zeros(3, np.float32), 2, "viterbi")
    with pytest.raises(DataError, match=r"gates.npy: float32 \[3\], expected float32 \["):
        cman_tf.load(run)
