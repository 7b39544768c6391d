"""The model that comes with the package."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from helpers import ROOT, run_command

import cman_tf
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.inference.description import read_description
from cman_tf.pretrained import DEFAULT_MODEL, find_model, list_models
from cman_tf.scoring.score import score_sentences
from cman_tf.tune_thresholds import validate_own

CARD = ROOT / "docs" / "models" / "conll04.md"
FOLDER = find_model("conll04")


def test_names_and_directories(tmp_path, monkeypatch):
    """An existing directory wins over a name."""
    assert list_models() == ["conll04"] and DEFAULT_MODEL in list_models()
    monkeypatch.chdir(tmp_path)
    assert find_model("conll04") == FOLDER
    (tmp_path / "conll04").mkdir()
    assert str(find_model("conll04")) == "conll04"
    assert str(find_model("../conll04")) == "../conll04"
    assert str(find_model("other")) == "other"


def test_predict_needs_no_model_directory(tmp_path):
    """The first thing that a user types after the installation."""
    sentence = "Lee Harvey Oswald killed President Kennedy in Dallas, Texas.\n"
    process = run_command("cman_tf", "predict", "--format=text", input=sentence, cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert process.stderr == "model: conll04, which comes with the package; --model_dir names another\n"
    assert [line.split(" (")[0] for line in process.stdout.splitlines()[1:]] == [
        "  Peop: Lee Harvey Oswald",
        "  Peop: President Kennedy",
        "  Loc: Dallas",
        "  Loc: Texas",
        "  Lee Harvey Oswald -- Kill -> President Kennedy",
        "  Dallas -- Located_In -> Texas",
    ]


def test_the_files(data_dir):
    """At most 12 MB; words of GloVe only; no name of two words or more that stands in the corpus."""
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 12e6
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {"flags.txt", "record.json", "signatures.json", "vocabulary.json", "word_vectors.npy"} | {
        *("weights.json", "weights.npy")
    }
    words = json.loads((FOLDER / "vocabulary.json").read_text())["words"]
    assert len(words) == 40001 and words[1:5] == ["the", ",", ".", "of"]  # GloVe's order, by frequency
    text = "".join((FOLDER / name).read_text() for name in sorted(names) if not name.endswith(".npy"))
    assert "/" not in (FOLDER / "flags.txt").read_text()
    files = [data_dir / "conll04_spert" / f"conll04_{split}.json" for split in ("train", "dev", "test")]
    corpora = [read_corpus(path).sentences for path in files]
    mentions = {tuple(s.tokens[e.start : e.end]) for sentences in corpora for s in sentences for e in s.entities}
    longer = {" ".join(mention) for mention in mentions if len(mention) > 1}
    assert len(longer) > 1000 and not [mention for mention in longer if mention in text]


def test_the_card_gives_the_score_of_these_files(data_dir):
    """The numbers of the card are those that the shipped files have on CoNLL04's test data."""
    found = cman_tf.load("conll04")
    corpus = read_corpus(data_dir / "conll04_spert" / "conll04_test.json")
    predicted = [p.sentence for p in found._predictor.predict(corpus.sentences)]
    micro = score_sentences(corpus.sentences, predicted, found.vocabulary.labels())["strict"]["micro"]
    card = CARD.read_text()
    for task in ("entities", "relations"):
        row = re.search(rf"\| {task} \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", card)
        for shown, name in zip(row.groups(), ("precision", "recall", "f1")):
            assert abs(float(shown) - micro[task][name]) < 0.3, (task, name)  # rounding differs between processors


def test_the_description_needs_no_tensorflow():
    code = (
        "import sys; from cman_tf.inference.description import read_description\n"
        "read_description('conll04'); assert 'tensorflow' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd="/")
    assert read_description("conll04").tokenizer == "conll04"


def test_the_package_is_not_changed(tmp_path):
    """Thresholds are not stored with the model of the package; the message says what to do."""
    with pytest.raises(DataError, match="conll04: belongs to the package, .*cman-tf pack --model_dir=conll04"):
        validate_own(read_description("conll04"))
    own = tmp_path / "conll04"
    shutil.copytree(FOLDER, own)
    validate_own(read_description(own))
