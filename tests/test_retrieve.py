"""train --retrieve and --image_index, and what the other commands do with such a model."""

import json
import shutil

import numpy as np
import pytest
from helpers import TINY_FLAGS, call_command, fails_with, import_extra

import cman_tf
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.inference.predictor import Predictor

import_extra("retrieval")
pytestmark = [pytest.mark.e2e, pytest.mark.extra(name="retrieval")]
TEXT = "Ann Lee lives in Rome ."


@pytest.fixture
def index(passage_index):
    return passage_index


@pytest.fixture
def run(retrieving):
    return retrieving


def test_what_training_says_and_keeps(run, index):
    shown = (run / "stdout").read_text()
    assert f"retrieved: at most 10 passages and 12 tokens of {index} for each sentence; passages left out: " in shown
    assert "same text" in shown  # the training sentences are in the index, and are not given to themselves
    kept = json.loads((run / "run" / "retrieval.json").read_text())
    assert (
        kept["place"] == str(index)
        and "retrieval.json" in json.loads((run / "run" / "record.json").read_text())["files"]
        and kept["tokenizer"] == "default"
    )
    result = json.loads(next((run / "run" / "results").glob("*.json")).read_text())
    assert result["retrieval"]["fingerprint"] == kept["fingerprint"]
    assert sum(result["retrieval"]["left_out"].values()) >= 8
    assert result["flags"]["retrieved_passages"] == 10 and result["flags"]["retrieve"] == str(index)
    assert list((run / "retrieved").glob("*.jsonl"))


def test_a_trained_model_asks_the_same_index(run, index, eight_sentences, tmp_path):
    (tmp_path / "text.txt").write_text(f"{TEXT}\n")
    predicted = call_command("cman_tf.predict", f"--model_dir={run}/run", f"--input={tmp_path}/text.txt")
    assert json.loads(predicted.stdout)["tokens"] == TEXT.split()
    evaluate = [f"--model_dir={run}/run", f"--data={eight_sentences}/test.json"]
    scored = call_command("cman_tf.evaluate", *evaluate, f"--json={tmp_path}/scores.json", cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr
    result = json.loads(next((run / "run" / "results").glob("*.json")).read_text())
    assert json.loads((tmp_path / "scores.json").read_text())["strict"]["micro"] == result["test"]["strict"]["micro"]
    packed = call_command("cman_tf.pack", f"--model_dir={run}/run", f"--output={tmp_path}/packed")
    assert packed.returncode == 0 and (tmp_path / "packed" / "retrieval.json").exists()
    assert f"; needs {index}, which is not in it" in packed.stdout
    fails_with(
        call_command("cman_tf.export", f"--model_dir={run}/run", f"--export_dir={tmp_path}/exported"),
        "a model that retrieves passages cannot be exported; --retrieve=none exports it without",
    )


def test_without_passages(run, eight_sentences, tmp_path):
    """A model reads sentences alone on request: the same numbers from the run, a packed copy and the API."""
    model = shutil.copytree(run / "run", tmp_path / "model")
    sentences = read_corpus(eight_sentences / "test.json").sentences

    def score(model):
        outputs = Predictor(model.model, model.vocabulary, marginals=True).outputs(sentences)
        return np.concatenate([output.marginals for output in outputs])

    alone = score(cman_tf.load(model, retrieve="none"))
    assert np.abs(alone - score(cman_tf.load(model))).max() > 1e-5
    evaluate = ["--data", f"{eight_sentences}/test.json", "--retrieve=none"]
    assert call_command("cman_tf.evaluate", f"--model_dir={model}", *evaluate).returncode == 0
    packed = ["cman_tf.pack", f"--model_dir={model}", f"--output={tmp_path}/packed", "--retrieve=none"]
    assert call_command(*packed).returncode == 0
    assert not (tmp_path / "packed" / "retrieval.json").exists()
    assert score(cman_tf.load(tmp_path / "packed")) == pytest.approx(alone, abs=1e-2)  # half precision
    for value in (5, b"index", ["index"], ""):
        with pytest.raises(cman_tf.DataError, match="^retrieve is .*, expected a place, as text or a Path$"):
            cman_tf.load(model, retrieve=value)
    assert score(cman_tf.load(model, retrieve=None)).shape == alone.shape
    refused = call_command("cman_tf.evaluate", *evaluate[:2], f"--model_dir={model}", "--retrieve=")
    fails_with(refused, "--retrieve is empty, expected a place, or none")
    both = [*evaluate, "--image_index=a,b", f"--model_dir={model}"]
    fails_with(call_command("cman_tf.evaluate", *both), "--retrieve=none and --image_index, expected one of them")


def test_an_index_that_is_missing_moved_or_changed(run, index, eight_sentences, tmp_path):
    def evaluate(directory, *arguments):
        command = [f"--model_dir={directory}", f"--data={eight_sentences}/test.json", *arguments]
        return call_command("cman_tf.evaluate", *command, cwd=tmp_path)

    model = shutil.copytree(run / "run", tmp_path / "model")
    place = json.loads((model / "retrieval.json").read_text())
    (model / "retrieval.json").write_text(json.dumps({**place, "place": f"{tmp_path}/gone"}))
    (model / "record.json").unlink()
    content = json.loads((model / "run.json").read_text())
    (model / "run.json").write_text(json.dumps({**content, "record": False}))
    fails_with(evaluate(model), "the model retrieves passages from")
    fails_with(evaluate(model), "no such directory", "; --retrieve says where it is now, --retrieve=none does")
    moved = shutil.copytree(index, tmp_path / "moved")
    assert evaluate(model, f"--retrieve={moved}").returncode == 0
    (tmp_path / "other.txt").write_text("Another corpus.\n\nOf two passages.\n")
    assert call_command("cman_tf.index", f"{tmp_path}/other.txt", f"{tmp_path}/other").returncode == 0
    fails_with(
        evaluate(model, f"--retrieve={tmp_path}/other"),
        "has other content (fingerprint",
        "expected the same content as",
    )
    (model / "retrieval.json").unlink()
    fails_with(evaluate(model), "no retrieval.json, expected what training wrote")


def test_what_is_refused_before_training(index, eight_sentences, trained, tmp_path):
    def refuse(message, *arguments):
        command = [f"--data_dir={eight_sentences}", f"--model_dir={tmp_path}/new", *arguments]
        fails_with(call_command("cman_tf.train", *command, cwd=tmp_path), message)
        assert not (tmp_path / "new").exists()

    refuse("no such directory, expected an index", "--retrieve=nowhere")
    refuse("--retrieved_passages=3 without a place that they come from, expected --retr", "--retrieved_passages=3")
    refuse("--retrieved_passages=0 with a place that", f"--retrieve={index}", "--retrieved_passages=0")
    refuse("--cooperative_weight=1.0 without passages, expected --retrieve=INDEX", "--cooperative_weight=1")
    refuse("--context_units=2 without passages", "--context_units=2")
    refuse("--retrieved_tokens=50 without passages", "--retrieved_tokens=50")
    refuse("--image_index without --image_queries, expected both", "--image_index=a.npy,b.jsonl")
    refuse("--cooperative_weight=1.0 without passages", "--retrieve=none", "--cooperative_weight=1")
    refuse("expected at most --bsa_units=2", f"--retrieve={index}", "--context_units=3")
    refuse("expected --model=cman or dynamic_cman", f"--retrieve={index}", "--model=multihead")
    refuse("--retrieve and --image_index, expected one", f"--retrieve={index}", "--image_index=a,b")
    refuse("--image_queries without --image_index", "--image_queries=a.npy")
    refuse("expected FEATURES.npy,TEXTS.jsonl", "--image_index=a.npy", "--image_queries=c.npy")
    plain = [f"--model_dir={trained('dynamic_cman')}", f"--data={eight_sentences}/test.json"]
    refused = call_command("cman_tf.evaluate", *plain, f"--retrieve={index}")
    fails_with(refused, "the model retrieves no passages, expected no --retrieve")
    assert call_command("cman_tf.evaluate", *plain, "--retrieve=none").returncode == 0  # which it does anyway


def test_passages_by_images(eight_sentences, tmp_path):
    """Made-up features: the query vector of a sentence is next to the text of the same number."""
    count = len(json.loads((eight_sentences / "train.json").read_text()))
    random = np.random.default_rng(0)
    features = random.normal(size=(count, 4)).astype(np.float32)
    np.save(tmp_path / "features.npy", features)
    lines = [json.dumps({"text": f"A picture of number {number} ."}) for number in range(count)]
    (tmp_path / "texts.jsonl").write_text("\n".join(lines) + "\n")
    np.save(tmp_path / "queries.npy", features * 2)
    images = ["--image_index=features.npy,texts.jsonl", f"--image_queries={','.join(['queries.npy'] * 3)}"]
    train = [f"--data_dir={eight_sentences}", "--epochs=1", *TINY_FLAGS, "--noxla", "--retrieved_passages=1"]
    process = call_command("cman_tf.train", *train, *images, "--model_dir=run", cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    kept = sorted((tmp_path / "retrieved").glob("*.jsonl"))
    found = [json.loads(line) for line in kept[0].read_text().splitlines()[1:]]
    assert [passages[0]["number"] for passages in found] == list(range(count))
    evaluate = ["--model_dir=run", f"--data={eight_sentences}/test.json"]
    fails_with(call_command("cman_tf.evaluate", *evaluate, cwd=tmp_path), "--image_queries: 0 files, expected 1: of")
    scored = call_command("cman_tf.evaluate", *evaluate, images[0], "--image_queries=queries.npy", cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr
    (tmp_path / "text.txt").write_text("A new sentence .\n")
    fails_with(
        call_command("cman_tf.predict", "--model_dir=run", "--input=text.txt", cwd=tmp_path),
        "the model finds passages by images, and new text has no query vectors; cman-tf evaluate takes data with",
    )
    alone = call_command("cman_tf.predict", "--model_dir=run", "--input=text.txt", "--retrieve=none", cwd=tmp_path)
    assert json.loads(alone.stdout)["tokens"] == "A new sentence .".split()
    with pytest.raises(cman_tf.DataError, match="finds passages by images"):
        cman_tf.load(tmp_path / "run")
    other = json.loads((eight_sentences / "test.json").read_text())
    other[0]["tokens"].append("more")
    (tmp_path / "other.json").write_text(json.dumps(other))
    wrong = ["--model_dir=run", "--data=other.json", images[0], "--image_queries=queries.npy"]
    fails_with(
        call_command("cman_tf.evaluate", *wrong, cwd=tmp_path),
        "queries.npy: the query vectors of other sentences in training, expected those of other.json",
    )
    np.save(tmp_path / "new.npy", features)
    assert call_command("cman_tf.evaluate", *wrong[:3], "--image_queries=new.npy", cwd=tmp_path).returncode == 0
    fails_with(
        call_command("cman_tf.train", *train, images[0], "--image_queries=queries.npy", "--model_dir=b", cwd=tmp_path),
        "--image_queries: 1 files, expected 3: of train, dev, test",
    )
