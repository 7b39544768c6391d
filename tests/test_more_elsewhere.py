"""Models that retrieve, and mixtures, in other places: with encoders, folds and devices, served and in pipelines."""

import json
import shutil

import pytest
from fake_service import Process
from helpers import TINY_FLAGS, call_command, fails_with, import_extra, run_command
from tiny_bert import SPELLING, write_bert

import cman_tf

import_extra("retrieval")
pytestmark = [pytest.mark.e2e, pytest.mark.extra(name="retrieval")]
TEXT = "Ann Lee lives in Rome ."
SMALL_RUN = (*TINY_FLAGS, "--epochs=1", "--noxla", "--retrieved_passages=2", "--retrieved_tokens=8")


def call(*arguments, cwd, command="cman_tf.train"):
    """Call a command that is to succeed; returns what it printed."""
    process = call_command(command, *map(str, arguments), cwd=cwd)
    assert process.returncode == 0, process.stderr[-3000:]
    return process.stdout


@pytest.fixture(scope="module")
def other_index(shared):
    """An index of another corpus."""

    def make(folder):
        (folder / "other.txt").write_text("Oslo is a port.\n\nFox News hired Bo in Oslo.\n")
        call("other.txt", "index", cwd=folder, command="cman_tf.index")

    return shared("other_index", make) / "index"


@pytest.fixture(params=["retrieving", "mixture"])
def directory(request):
    """A run that retrieves, or a mixture."""
    return request.getfixturevalue(request.param) / "run"


@pytest.fixture
def expected(directory):
    return cman_tf.load(directory).extract(TEXT).to_dict()


def without_scores(answer):
    kinds = ("entities", "relations")
    return [[{k: v for k, v in item.items() if k != "score"} for item in answer[kind]] for kind in kinds]


@pytest.mark.extra(name="serve")
def test_it_is_served(directory, expected):
    import_extra("serve")
    with Process("-m", "cman_tf", "serve", f"--model_dir={directory}", "--port=0") as service:
        status, content = service.extract({"texts": [TEXT]})
        assert status == 200 and without_scores(content["results"][0]) == without_scores(expected)
        assert service.end() == (0, "")


@pytest.mark.extra(name="spacy")
def test_it_is_a_part_of_a_pipeline(directory, expected):
    spacy = import_extra("spacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("cman_tf", config={"model": str(directory)})
    doc = nlp(TEXT)
    assert [(e.label_, e.text) for e in doc.ents] == [(e["type"], e["text"]) for e in expected["entities"]]


@pytest.mark.slow
@pytest.mark.extra(name="ray")
def test_it_extracts(directory, tmp_path):
    import_extra("ray")
    (tmp_path / "texts.txt").write_text(f"{TEXT}\n" * 3)
    model, texts = f"--model_dir={directory}", f"--input={tmp_path}/texts.txt"
    process = run_command("cman_tf.extract", model, texts, f"--output_dir={tmp_path}/out", "--workers=1")
    assert process.returncode == 0, process.stderr
    found = "".join(path.read_text() for path in sorted((tmp_path / "out").glob("part-*")))
    assert found == call_command("cman_tf.predict", model, texts).stdout


def test_thresholds_are_tuned(directory, held_out, tmp_path):
    run = shutil.copytree(directory, tmp_path / "run")
    data = f"--data={held_out.parent}/test.json"
    call(f"--model_dir={run}", data, "--fewest=1", cwd=tmp_path, command="cman_tf.tune_thresholds")
    assert set(json.loads((run / "thresholds.json").read_text())["relations"]["thresholds"]) >= {"Work_For"}
    call(f"--model_dir={run}", data, "--thresholds=tuned", cwd=tmp_path, command="cman_tf.evaluate")


@pytest.mark.slow
@pytest.mark.extra(name="transformers")
@pytest.mark.parametrize("tuned", [False, True])
def test_an_encoder_reads_the_passages_too(tuned, passage_index, eight_sentences, tmp_path):
    """A frozen one reads sentence and passages as one text; its vectors are kept apart from those without passages."""
    import_extra("transformers")
    (tmp_path / "bert").mkdir()
    write_bert(tmp_path / "bert", SPELLING)
    more = ["--tune_encoder"] if tuned else []
    flags = [f"--data_dir={eight_sentences}", f"--encoder={tmp_path}/bert", *more]
    call(*flags, *SMALL_RUN, f"--retrieve={passage_index}", "--model_dir=run", cwd=tmp_path)
    kept = {path.name.split("-")[1] for path in (tmp_path / "features").glob("*")} if not tuned else {"retrieved"}
    assert kept == {"retrieved"}
    model = cman_tf.load(tmp_path / "run")
    assert model.extract(TEXT).tokens == tuple(TEXT.split())
    scored = call("--model_dir=run", f"--data={eight_sentences}/test.json", "--json=s.json", cwd=tmp_path,
                   command="cman_tf.evaluate")  # fmt: skip
    (result,) = (tmp_path / "run" / "results").glob("*.json")
    test = json.loads(result.read_text())["test"]["strict"]["micro"]
    assert scored and json.loads((tmp_path / "s.json").read_text())["strict"]["micro"] == test


@pytest.mark.slow
def test_each_fold_retrieves(passage_index, eight_sentences, tmp_path):
    data = [f"--data={eight_sentences}/train.json", "--folds=2", f"--retrieve={passage_index}"]
    shown = call(*data, *SMALL_RUN, "--model_dir=run", cwd=tmp_path)
    assert shown.count("\nretrieved: at most 2 passages and 8 tokens") == 2
    assert len(list((tmp_path / "run").glob("*/retrieval.json"))) == 2


@pytest.mark.slow
def test_a_run_starts_from_one_that_retrieves(retrieving, other_index, eight_sentences, tmp_path):
    """From another corpus, too: the weights are the same, and the new run has an index of its own."""
    flags = [f"--data_dir={eight_sentences}", f"--init_from={retrieving}/run", *SMALL_RUN]
    call(*flags, f"--retrieve={other_index}", "--model_dir=run", cwd=tmp_path)
    assert json.loads((tmp_path / "run" / "retrieval.json").read_text())["place"] == str(other_index)
    bare = [f for f in flags if "retrieved" not in f]
    fails_with(call_command("cman_tf.train", *bare, "--model_dir=bare", cwd=tmp_path), "the model reads passages, exp")
    call(*bare, "--retrieve=none", "--model_dir=alone", cwd=tmp_path)
    assert not (tmp_path / "alone" / "retrieval.json").exists()
    plain = [*[f for f in flags if "retrieved" not in f], "--retrieved_passages=0", "--cooperative_weight=0"]
    call(*plain, "--model_dir=plain", cwd=tmp_path)
    assert not (tmp_path / "plain" / "retrieval.json").exists()


def test_experts_that_ask_different_indexes(
    retrieving, passage_index, other_index, held_out, eight_sentences, tmp_path
):
    """--retrieve names the new place of one of them; the other one finds its own where it was."""
    flags = [f"--data_dir={eight_sentences}", f"--retrieve={other_index}", *SMALL_RUN]
    call(*flags, "--model_dir=second", cwd=tmp_path)
    moved = shutil.copytree(other_index, tmp_path / "moved")
    arguments = [f"--experts={retrieving}/run,second", f"--data={held_out}", "--folds=2", "--gate=uniform"]
    call(*arguments, f"--retrieve={moved}", "--model_dir=mixture", cwd=tmp_path, command="cman_tf.mixture")
    expected = cman_tf.load(tmp_path / "mixture").extract(TEXT)
    assert cman_tf.load(tmp_path / "mixture", retrieve=str(moved)).extract(TEXT) == expected
    both = f"{shutil.copytree(passage_index, tmp_path / 'first')},{moved}"
    assert cman_tf.load(tmp_path / "mixture", retrieve=both).extract(TEXT) == expected
    alone = cman_tf.load(tmp_path / "mixture", retrieve="none").extract(TEXT)
    assert alone["tokens"] == expected["tokens"]
    export = ["--model_dir=mixture", "--export_dir=exported", "--tokenizer=default"]
    fails_with(
        call_command("cman_tf.export", *export, cwd=tmp_path), "experts/1: a model that retrieves passages cannot"
    )
    (tmp_path / "third.txt").write_text("A third corpus.\n")
    call("third.txt", "third", cwd=tmp_path, command="cman_tf.index")
    with pytest.raises(cman_tf.DataError, match="no expert was trained with .*third, expected indexes of the same"):
        cman_tf.load(tmp_path / "mixture", retrieve=f"{moved},{tmp_path}/third")
    evaluate = ["--model_dir=mixture", f"--data={held_out}", "--retrieve=third"]
    fails_with(call_command("cman_tf.evaluate", *evaluate, cwd=tmp_path), "has other content (fingerprint")


def test_a_mixture_without_passages_refuses_an_index(mixture, passage_index, held_out):
    evaluate = [f"--model_dir={mixture}/run", f"--data={held_out}", f"--retrieve={passage_index}"]
    fails_with(call_command("cman_tf.evaluate", *evaluate), "no expert needs it, expected no --retrieve")


@pytest.mark.slow
def test_several_devices(passage_index, eight_sentences, tmp_path):
    data = [f"--data_dir={eight_sentences}", f"--retrieve={passage_index}", "--cooperative_weight=0.1"]
    run = [*SMALL_RUN, "--strategy=mirrored", "--replicas=2", "--model_dir=run"]
    process = run_command("cman_tf.train", *data, *run, cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "run" / "retrieval.json").exists()
    again = [*data, *run[:-1], f"--init_from={tmp_path}/run", "--model_dir=again"]
    process = run_command("cman_tf.train", *again, cwd=tmp_path)
    assert process.returncode == 0, process.stderr


def test_more_passages_take_more_memory(vocabulary):
    """Cooperative training reads each sentence twice."""
    from cman_tf.config import Config
    from cman_tf.models.memory import estimate_training

    def estimate(**changes):
        return estimate_training(Config(batch_size=64, **changes).resolved(), vocabulary, 60)

    plain, reading = estimate(), estimate(retrieved_passages=10)
    assert plain < reading < estimate(retrieved_passages=10, retrieved_tokens=400)
    assert reading < estimate(retrieved_passages=10, cooperative_weight=0.1)
