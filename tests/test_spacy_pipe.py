"""The part of a spaCy pipeline: entities and relations in spaCy's own tokens."""

import os
import subprocess
import sys

import pytest
from helpers import ROOT

import cman_tf
from cman_tf.errors import DataError

spacy = pytest.importorskip("spacy", reason="spaCy is not installed")
from cman_tf.integrations import spacy_pipe  # noqa: E402

TEXT = "John Weaver, president of Delta Corp. of Atlanta, was born in Macon, Ga."


@pytest.fixture(scope="module")
def nlp():
    pipeline = spacy.blank("en")
    pipeline.add_pipe("cman_tf")
    return pipeline


def describe(doc):
    return [(e.label_, e.start, e.end) for e in doc.ents], [str(r) for r in doc._.relations]


def test_a_document_has_what_the_model_finds_in_its_tokens(nlp):
    doc = nlp(TEXT)
    found = cman_tf.load("conll04").extract(tokens=[token.text for token in doc])
    assert describe(doc)[0] == [(e.type, e.start, e.end) for e in found.entities]
    assert [(r.head.start, r.head.label_, r.type, r.tail.end, r.tail.label_) for r in doc._.relations] == [
        (r.head.start, r.head.type, r.type, r.tail.end, r.tail.type) for r in found.relations
    ]
    assert [r.score for r in doc._.relations] == pytest.approx([r.score for r in found.relations], abs=1e-5)
    assert [e._.cman_score for e in doc.ents] == pytest.approx([e.score for e in found.entities], abs=1e-5)
    assert len(doc._.relations) > 1 and doc[0:1]._.cman_score is None


def test_many_documents_and_blank_ones(nlp):
    texts = [TEXT, "", "  \n", "Bo Lee lives in Rome.", TEXT]
    docs = list(nlp.pipe(texts, batch_size=2))
    assert [doc.text for doc in docs] == texts
    assert [describe(doc) for doc in docs] == [describe(nlp(text)) for text in texts]
    assert docs[1].ents == () and docs[1]._.relations == []


def test_sentences_and_blank_tokens():
    """Relations stay within a sentence; line breaks, which are tokens of spaCy, are not read."""
    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    pipeline.add_pipe("cman_tf")
    first, second = "Ann Lee lives in Rome.", "Bo Ford works for Delta Corp. today."
    doc = pipeline(f"{first} {second}")
    alone = [spacy.blank("en")(text) for text in (first, second)]
    part = pipeline.get_pipe("cman_tf")
    for one in alone:
        part(one)
    assert [str(r) for r in doc._.relations] == [str(r) for one in alone for r in one._.relations]
    broken = pipeline("Ann Lee\n\nlives in Rome.")
    assert [e.text for e in broken.ents if "\n" in e.text.strip()] in ([], ["Ann Lee\n\nlives"])
    assert len(broken) == 7


def test_a_document_is_written_and_read(nlp):
    doc = nlp(TEXT)
    again = spacy.tokens.Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert describe(again) == describe(doc)


def test_a_pipeline_is_written_and_read(nlp, tmp_path):
    nlp.to_disk(tmp_path / "pipeline")
    assert describe(spacy.load(tmp_path / "pipeline")(TEXT)) == describe(nlp(TEXT))


def test_earlier_entities_stay_if_they_are_to():
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "MINE", "pattern": "president of Delta"}])
    pipeline.add_pipe("cman_tf", config={"overwrite_ents": False})
    doc = pipeline(TEXT)
    assert ("MINE", "president of Delta") in [(e.label_, e.text) for e in doc.ents]
    assert "Delta Corp." not in [e.text for e in doc.ents] and "John Weaver" in [e.text for e in doc.ents]
    assert any("Delta Corp." in str(relation) for relation in doc._.relations)


def test_thresholds_and_models():
    pipeline = spacy.blank("en")
    pipeline.add_pipe("cman_tf", config={"relation_threshold": 1.0})
    assert pipeline(TEXT)._.relations == [] and pipeline(TEXT).ents
    assert pipeline.get_pipe("cman_tf").labels == ("Loc", "Org", "Other", "Peop")
    with pytest.raises(DataError, match="no trained model here"):
        spacy.blank("en").add_pipe("cman_tf", config={"model": "runs/absent"})


def test_another_process_is_refused(nlp, monkeypatch):
    monkeypatch.setattr(spacy_pipe.os, "getpid", lambda: -1)
    with pytest.raises(DataError, match="expected nlp.pipe with n_process=1"):
        nlp(TEXT)


@pytest.mark.e2e
def test_spacy_finds_the_part_by_itself(tmp_path):
    """By the entry point that the installation writes; TensorFlow is not imported before it is used."""
    command = [sys.executable, "setup.py", "-q", "egg_info", f"--egg-base={tmp_path}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    code = (
        "import sys, spacy; from spacy.language import Language\n"
        "nlp = spacy.blank('en')\n"
        "assert Language.has_factory('cman_tf') and 'tensorflow' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=environment)
