"""The component of spaCy's pipelines."""

import subprocess
import sys
from unittest import mock

import pytest
from helpers import ROOT, import_extra, write_entry_points

import cman_tf
from cman_tf import Entity, Sentence
from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.errors import DataError

spacy = import_extra("spacy")
from spacy.tokens import Doc, Span  # noqa: E402

import cman_tf.integrations.spacy_pipe  # noqa: E402, F401, where the entry point is not installed
from cman_tf.integrations.spacy_relations import SpacyRelation, define_extension  # noqa: E402

pytestmark = pytest.mark.extra(name="spacy")
GOLDEN = str(ROOT / "tests" / "golden" / "dynamic_cman")
TEXT = "In Rome, Ann Lee works for Fox."
LOW = 0.04  # the small model finds few relations above 0.5


def make(*before, **config):
    nlp = spacy.blank("en")
    for name in before:
        nlp.add_pipe(name)
    nlp.add_pipe("cman_tf", config={"model": GOLDEN, "relation_threshold": LOW, **config})
    return nlp


@pytest.fixture(scope="module", autouse=True)
def load_once():
    """Pipelines with the same settings share a model, as loading and tracing one takes seconds."""
    load, loaded = cman_tf.load, {}

    def find(*arguments, **options):
        key = repr((arguments, sorted(options.items())))
        if key not in loaded:
            loaded[key] = load(*arguments, **options)
        return loaded[key]

    with mock.patch.object(cman_tf, "load", find):
        yield


@pytest.fixture(scope="module")
def nlp(load_once):
    return make()


@pytest.fixture(scope="module")
def model(golden):
    return golden("dynamic_cman")


def spans(doc):
    return [(e.label_, e.start, e.end) for e in doc.ents]


def relations(doc):
    return [(r.head.text, r.type, r.tail.text, round(r.score, 4)) for r in doc._.relations]


def test_entities_and_relations_are_those_of_the_extractor(nlp, model):
    doc = nlp(TEXT)
    expected = model.extract(tokens=[token.text for token in doc], relation_threshold=LOW)
    assert spans(doc) == [(e.type, e.start, e.end) for e in expected.entities] and doc.ents
    assert relations(doc) == [(r.head.text, r.type, r.tail.text, round(r.score, 4)) for r in expected.relations]
    first = doc._.relations[0]
    assert isinstance(first, SpacyRelation) and first.head in doc.ents and first.tail in doc.ents
    assert str(first) == f"{first.head.text} -- {first.type} -> {first.tail.text} ({first.score:.2f})"
    assert nlp.pipe_labels["cman_tf"] == ["Loc", "Org", "Peop"]
    assert nlp.analyze_pipes()["summary"]["cman_tf"]["assigns"] == ["doc.ents", "doc._.relations"]


def test_many_documents(nlp):
    """In their order; blank and empty ones have nothing, and tokens of blanks stay where they are."""
    texts = [TEXT, "", " \n ", "In Rome,  Ann Lee\n\nworks for Fox.", "Bo left."] * 3
    docs = list(nlp.pipe(iter(texts), batch_size=4))
    assert [doc.text for doc in docs] == texts
    assert [spans(doc) for doc in docs] == [spans(nlp(text)) for text in texts]
    assert [(e.text, e.label_) for e in docs[3].ents] == [("Rome", "Loc"), ("Ann Lee", "Peop"), ("Fox", "Org")]
    assert [bool(doc.ents) for doc in docs[:3]] == [True, False, False]
    assert [doc._.relations for doc in docs[1:3]] == [[], []]
    pairs = [(doc, context) for doc, context in nlp.pipe([(TEXT, 7)], as_tuples=True)]
    assert pairs[0][1] == 7 and spans(pairs[0][0]) == spans(docs[0])


def test_sentences_of_the_document_are_kept(nlp, model):
    """Relations are found within them only."""
    text = f"{TEXT} Bo Lee lives in Oslo."
    doc = make("sentencizer")(text)
    assert len(list(doc.sents)) == 2
    parts = [Sentence(tuple(token.text for token in sent)) for sent in doc.sents]
    expected = model.extract(cman_tf.Document("", tuple(parts)), relation_threshold=LOW)
    assert spans(doc) == [(e.type, e.start, e.end) for e in expected.entities]
    assert len(doc._.relations) == len(expected.relations) > 0
    assert all(r.head.sent == r.tail.sent for r in doc._.relations)


@pytest.fixture
def known(nlp):
    """A document that has entities, two of types that the model knows."""
    doc = nlp.make_doc(TEXT)
    doc.ents = [Span(doc, 1, 2, label="Loc"), Span(doc, 4, 5, label="Name"), Span(doc, 7, 8, label="Org")]
    return doc


def test_entities_that_the_document_has(nlp, known, model):
    before = spans(known)
    replaced = nlp(known.copy())
    assert spans(replaced) == spans(nlp(TEXT)) and spans(replaced) != before
    kept = make(ents="keep")(known.copy())
    assert spans(kept) == before  # Ann Lee overlaps with Name
    assert {r.head.text for r in kept._.relations} | {r.tail.text for r in kept._.relations} <= {"Rome", "Fox"}
    given = make(ents="given")(known.copy())
    assert spans(given) == before
    tokens = [token.text for token in known]
    expected = model.extract(tokens=tokens, entities=[Entity("Loc", 1, 2), Entity("Org", 7, 8)], relation_threshold=LOW)
    assert relations(given) == [(r.head.text, r.type, r.tail.text, round(r.score, 4)) for r in expected.relations]
    assert make(ents="given").pipe_labels["cman_tf"] == []


def test_documents_and_pipelines_are_saved(nlp, tmp_path):
    doc = nlp(TEXT)
    again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert relations(again) == relations(doc) and relations(doc.copy()) == relations(doc)
    nlp.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    config = loaded.get_pipe_meta("cman_tf").factory, loaded.config["components"]["cman_tf"]
    defaults = spacy.blank("en").get_factory_meta("cman_tf").default_config  # written out, to import little
    assert (defaults["batch_tokens"], defaults["relation_threshold"]) == (BATCH_TOKENS, None)
    assert config[0] == "cman_tf" and config[1]["model"] == GOLDEN and config[1]["relation_threshold"] == LOW
    assert (spans(loaded(TEXT)), relations(loaded(TEXT))) == (spans(doc), relations(doc))


def test_what_is_refused():
    with pytest.raises(DataError, match="no trained model here"):
        make(model="none")
    with pytest.raises(DataError, match="ents is 'all', expected one of replace, keep, given"):
        make(ents="all")
    with pytest.raises(DataError, match="relation_threshold is 2.0, expected a number from 0 to 1"):
        make(relation_threshold=2)
    with pytest.raises(DataError, match="on_long is 'cut'"):
        make(on_long="cut")


def test_an_attribute_of_another_component_stays():
    Doc.set_extension("others", default=3)
    with pytest.raises(DataError, match=r"doc._.others is defined by another component"):
        define_extension("others")
    define_extension("relations")
    define_extension("mine")
    assert spacy.blank("en")("x")._.mine == []
    doc = make(extension="mine")(TEXT)
    assert [r.type for r in doc._.mine] and doc._.relations == []


@pytest.mark.e2e
def test_installation_is_enough(tmp_path):
    """spaCy finds the component without an import. Where it is not used, next to nothing of the package is loaded.

    spaCy loads all components that other packages bring whenever a pipeline is made.
    """
    write_entry_points(tmp_path)
    program = f"""
import sys
sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]
import spacy
nlp = spacy.blank("en")
nlp.add_pipe("sentencizer")
nlp("One. Two.")
loaded = [m for m in sys.modules if m.partition(".")[0] in ("cman_tf", "tensorflow")]
assert "cman_tf.integrations.spacy_pipe" in loaded and "tensorflow" not in loaded and len(loaded) < 12, loaded
nlp.add_pipe("cman_tf", config={{"model": {GOLDEN!r}}})
print([e.text for e in nlp({TEXT!r}).ents])
"""
    process = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=False
    )
    assert process.stdout == "['Rome', 'Ann Lee', 'Fox']\n", process.stderr
