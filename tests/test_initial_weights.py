"""Training that starts from a trained model: known types and words keep their weights, new ones are added."""

import dataclasses

import numpy as np
import pytest
from helpers import ROOT, call_command, fails_with

from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.errors import DataError
from cman_tf.inference.description import read_description
from cman_tf.inference.loading import load_described
from cman_tf.inference.predictor import Predictor
from cman_tf.models.factory import build_model
from cman_tf.training.initial_weights import start_from

GOLDEN = ROOT / "tests" / "golden"  # has no CMAN
NEW = Sentence(
    ("Ärger", "in", "Rome"),
    (Entity("Aaa", 0, 1), Entity("Loc", 2, 3)),
    (Relation("Aab", 0, 1), Relation("Live_In", 1, 0)),
)


def predict_scores(model, vocabulary, sentences):
    predictions = Predictor(model, vocabulary, marginals=True).predict(sentences)
    return [(p.sentence.entities, np.round(p.relation_scores, 5).tolist()) for p in predictions]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cman", "dynamic_cman", "multihead"])
def test_a_copy_predicts_the_same(name, trained, sentences):
    description = read_description(trained(name))
    original = load_described(description)
    copy = build_model(description.config, original.vocabulary, None)
    start_from(copy, original.vocabulary, description)
    for one, other in zip(original.model.variables, copy.variables):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.name)
    expected = predict_scores(original.model, original.vocabulary, sentences)
    assert predict_scores(copy, original.vocabulary, sentences) == expected


@pytest.mark.parametrize("name", [pytest.param("cman", marks=pytest.mark.slow), "dynamic_cman", "multihead"])
def test_new_types_come_beside_the_known_ones(name, trained):
    """Types and words that sort before the known ones shift their places; the weights move with them."""
    description = read_description(trained(name) if name == "dynamic_cman" else GOLDEN / name)
    original = load_described(description)
    vocabulary = Vocabulary.build([NEW]).extend(original.vocabulary)
    assert set(original.vocabulary.relations) < set(vocabulary.relations)
    model = build_model(description.config, vocabulary, None)
    fresh = {id(variable): variable.numpy() for variable in model.variables}
    start_from(model, vocabulary, description)

    def places(kind):
        return [getattr(vocabulary, kind).index(item) for item in getattr(original.vocabulary, kind)]

    tags, relations = places("tags"), places("relations")
    old, new = original.model, model
    np.testing.assert_array_equal(
        old.representation.words.table.numpy(), new.representation.words.table.numpy()[places("words")]
    )
    transitions = [v.numpy() for v in (*old.variables, *new.variables) if "transitions" in v.name]
    np.testing.assert_array_equal(transitions[0], transitions[len(transitions) // 2][np.ix_(tags, tags)])
    known = [*relations, len(vocabulary.relations)] if name == "multihead" else relations  # its last one is "none"
    np.testing.assert_array_equal(old.scorer.v.numpy(), new.scorer.v.numpy()[known])
    added = vocabulary.relations.index("Aab")
    np.testing.assert_array_equal(fresh[id(new.scorer.v)][added], new.scorer.v.numpy()[added])
    if name != "multihead":  # U has d~ columns for each relation
        size = description.config.relation_size
        columns = [place * size + step for place in relations for step in range(size)]
        np.testing.assert_array_equal(old.scorer.u.numpy(), new.scorer.u.numpy()[:, columns])


def test_another_architecture_is_refused(trained):
    description = read_description(trained("cman"))
    vocabulary = load_described(description).vocabulary
    wider = dataclasses.replace(description.config, relation_size=description.config.relation_size + 1)
    with pytest.raises(DataError, match="expected .*; settings differ|expected .* its settings differ"):
        start_from(build_model(wider, vocabulary, None), vocabulary, description)


@pytest.mark.e2e
def test_training_starts_from_a_run(trained, eight_sentences, tmp_path):
    arguments = (f"--data={eight_sentences}", f"--init_from={trained('cman')}", f"--model_dir={tmp_path}/run")
    process = call_command("cman_tf.train", *arguments, "--epochs=1")
    assert process.returncode == 0, process.stderr
    assert "recipe: the settings of the trained model (cman)" in process.stdout
    again = call_command("cman_tf.train", *arguments, "--epochs=1")
    assert again.returncode == 0 and "epoch 1" not in again.stderr
    other = (f"--data={eight_sentences}", f"--init_from={trained('dynamic_cman')}", f"--model_dir={tmp_path}/run")
    fails_with(call_command("cman_tf.train", *other, "--epochs=1"), "expected")
