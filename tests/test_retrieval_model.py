"""Sentences that are read with a context: what the context may change, and cooperative training."""

import dataclasses

import numpy as np
import pytest
import reference
import tensorflow as tf
from helpers import SMALL

from cman_tf.data.batches import make_batch, make_example
from cman_tf.data.bucketing import LENGTH_STEP
from cman_tf.data.contexts import SEPARATOR, append_contexts
from cman_tf.inference.predictor import make_decoder
from cman_tf.models.context_features import ContextFeature, view_with_context
from cman_tf.models.factory import build_model
from cman_tf.models.losses import relation_divergence, tag_divergence
from cman_tf.models.variable_paths import name_variables
from cman_tf.training.step import compute_gradients


class Finder:
    """Contexts by the first token of a sentence; none for others."""

    def __init__(self, **contexts):
        self.contexts = contexts

    def find(self, sentences):
        return [tuple(self.contexts.get(tokens[0].lower(), "").split()) for tokens in sentences]


ROME = Finder(rome="Italy is far from Fox .", ann="Bo hired Lee")


@pytest.fixture
def make_retrieving(vocabulary):
    """Make a model that reads contexts, with the weights of one that does not."""

    def make(finder=ROME, **changes):
        tf.keras.utils.set_random_seed(3)
        config = dataclasses.replace(SMALL, retrieved_passages=1, **changes).resolved()
        model = build_model(config, vocabulary, None, finder)
        for variable in model.trainable_variables:
            variable.assign_add(tf.random.normal(variable.shape, stddev=0.3))
        return model

    return make


def batch_of(model, sentences, vocabulary, length=None):
    arrays = make_batch([make_example(s, vocabulary) for s in sentences], model.layout.features, 1, length)
    return {name: tf.constant(array) for name, array in arrays.items()}


def test_the_arrays_of_a_batch(make_retrieving, sentences, vocabulary):
    model = make_retrieving()
    batch = batch_of(model, sentences, vocabulary)
    assert {name for name in batch if not name.startswith("context_")} == {"lengths", "sentences", "tags", "relations"}
    assert batch["context_lengths"].numpy().tolist() == [8 + 1 + 3, 3, 5 + 1 + 6, 12]
    text = append_contexts(ROME, [sentences[2].tokens])[0]
    assert text == (*sentences[2].tokens, SEPARATOR, "Italy", "is", "far", "from", "Fox", ".")
    assert batch["context_words"].numpy()[2, :12].tolist() == vocabulary.word_ids(text).tolist()
    assert batch["context_words"].shape[1] % LENGTH_STEP == 0
    both = batch_of(make_retrieving(cooperative_weight=1.0), sentences, vocabulary)
    assert {"words", "context_words", "characters", "context_characters"} <= both.keys()


@pytest.mark.parametrize("changes", [{}, {"context_units": 2}, {"share": False}, {"separate_models": True}])
def test_without_contexts_it_is_the_model_that_reads_sentences(
    make_model, make_retrieving, sentences, vocabulary, changes
):
    """The same weights give the same answers where nothing was found."""
    changes = {"bsa_units": 2, **changes}
    plain = make_model(**{k: v for k, v in changes.items() if k != "context_units"})
    retrieving = make_retrieving(Finder(), **changes)
    assert [*name_variables(plain)] == [*name_variables(retrieving)]
    one = plain.decode(batch_of(plain, sentences, vocabulary), threshold=-1.0)
    two = retrieving.decode(batch_of(retrieving, sentences, vocabulary), threshold=-1.0)
    assert (one["tags"].numpy() == two["tags"].numpy()).all()
    mask = tf.sequence_mask([len(s.tokens) for s in sentences]).numpy()
    assert one["marginals"].numpy()[mask] == pytest.approx(two["marginals"].numpy()[mask], abs=1e-5)
    assert one["scores"].numpy() == pytest.approx(two["scores"].numpy(), abs=1e-5)


def test_a_context_is_read_and_cut_off(make_retrieving, sentences, vocabulary):
    """X^m is that of the equations on the whole text, cut after unit 1; another sentence's context changes nothing."""
    model = make_retrieving(bsa_units=2)
    batch = batch_of(model, sentences, vocabulary)
    context = model._divide(model.represent(batch), batch)[0][1]
    got = model.first_phase(model.represent(batch), batch["lengths"], context=context).ner.numpy()
    for row, sentence in enumerate(sentences):
        text = append_contexts(ROME, [sentence.tokens])[0]
        example = dataclasses.replace(make_example(sentence, vocabulary), tokens=text, words=vocabulary.word_ids(text))
        x = reference.represent(example, model.representation, vocabulary)
        x = reference.bsa(x, model.ner_units[0])[: len(sentence.tokens)]
        x = reference.bsa(x, model.ner_units[1])
        assert got[row, : len(x)] == pytest.approx(x, abs=1e-5)
    other = make_retrieving(Finder(rome="Something else entirely", ann="Bo hired Lee"), bsa_units=2)
    changed = batch_of(other, sentences, vocabulary)
    again = other.first_phase(other.represent(changed), changed["lengths"], context=other._divide(
        other.represent(changed), changed)[0][1]).ner.numpy()  # fmt: skip
    for row, sentence in enumerate(sentences):
        size = len(sentence.tokens)
        assert (np.abs(again[row, :size] - got[row, :size]).max() > 1e-4) == (row == 2)
    assert got.shape[1] == batch["tags"].shape[1]


def test_padding_and_company_change_nothing(make_retrieving, sentences, vocabulary):
    model = make_retrieving()
    together = make_decoder(model, marginals=True, threshold=-1.0)(batch_of(model, sentences, vocabulary, 15))
    for row, sentence in enumerate(sentences):
        alone = model.decode(batch_of(model, [sentence], vocabulary), threshold=-1.0)
        size = len(sentence.tokens)
        assert (alone["tags"].numpy()[0] == together["tags"].numpy()[row, :size]).all()
        assert alone["marginals"].numpy()[0] == pytest.approx(together["marginals"].numpy()[row, :size], abs=1e-5)
        mine = together["pairs"].numpy()[:, 0] == row
        assert alone["scores"].numpy() == pytest.approx(together["scores"].numpy()[mine], abs=1e-5)


def test_attention_is_that_of_the_sentence(make_retrieving, sentences, vocabulary):
    model = make_retrieving()
    found = model.decode(batch_of(model, sentences, vocabulary), attention=True)
    length = max(len(s.tokens) for s in sentences)
    assert found["self_attention_1"].shape[2:] == (length, length)


def test_divergences_by_hand():
    random = np.random.default_rng(0)
    p, q = random.dirichlet(np.ones(3), (2, 4)), random.dirichlet(np.ones(3), (2, 4))
    p[1, 2:], q[1, 2:] = 0, 0  # padding
    ratio = np.divide(p, q, out=np.ones_like(p), where=q > 0)
    expected = (p * np.log(ratio)).sum((1, 2))
    assert tag_divergence(p.astype("f4"), q.astype("f4")).numpy() == pytest.approx(expected, rel=1e-4)
    a, b = random.normal(size=(2, 2, 4, 4, 3))
    mask = (np.arange(4) < np.array([[4], [2]])).astype(float)
    u, v = reference.sigmoid(a), reference.sigmoid(b)
    terms = u * np.log(u / v) + (1 - u) * np.log((1 - u) / (1 - v))
    expected = (terms * mask[:, :, None, None] * mask[:, None, :, None]).sum((1, 2, 3))
    assert relation_divergence(a.astype("f4"), b.astype("f4"), [4, 2]).numpy() == pytest.approx(expected, rel=1e-4)
    assert relation_divergence(a.astype("f4"), a.astype("f4"), [4, 2]).numpy() == pytest.approx(0, abs=1e-4)


def losses_of(model, batch):
    labels = model.encode_labels(batch["tags"], batch["lengths"])
    return model.compute_losses(model.represent(batch), labels, batch, training=False)


def test_cooperative_loss_is_the_mean_of_both_views_and_their_divergence(
    make_model, make_retrieving, sentences, vocabulary
):
    alone, context = make_model(model="cman"), make_retrieving(model="cman")
    both = make_retrieving(model="cman", cooperative_weight=0.7)
    _, one = losses_of(alone, batch_of(alone, sentences, vocabulary))
    _, two = losses_of(context, batch_of(context, sentences, vocabulary))
    total, mean = losses_of(both, batch_of(both, sentences, vocabulary))
    for task in ("re", "first_ner"):
        assert float(mean[task]) == pytest.approx((float(one[task]) + float(two[task])) / 2, rel=1e-5)
    assert float(mean["divergence"]) > 0
    expected = float(mean["re"]) + float(mean["first_ner"]) + 0.7 * float(mean["divergence"])
    assert float(total) == pytest.approx(expected, rel=1e-5)


def test_the_view_with_contexts_is_the_teacher(make_retrieving, sentences, vocabulary):
    """The divergence has no gradient to the text with contexts."""
    model = make_retrieving(cooperative_weight=1.0)
    batch = batch_of(model, sentences, vocabulary)
    inputs, labels = model.represent(batch), model.encode_labels(batch["tags"], batch["lengths"])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        divergence = model.compute_losses(inputs, labels, batch, training=False)[1]["divergence"]
    gradient = tape.gradient(divergence, inputs).numpy()
    width = batch["context_words"].shape[1]
    assert (gradient[:, :width] == 0).all() and np.abs(gradient[:, width:]).max() > 0


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_every_weight_has_a_gradient(make_retrieving, sentences, vocabulary, weight):
    model = make_retrieving(cooperative_weight=weight)
    gradients, logs = compute_gradients(model, batch_of(model, sentences, vocabulary))
    assert all(gradient is not None for gradient in gradients)
    assert ("clean/divergence" in logs) == bool(weight)
    assert all(np.isfinite(tf.convert_to_tensor(g).numpy()).all() for g in gradients)


def test_the_view_has_the_names_of_a_batch(make_retrieving, sentences, vocabulary):
    model = make_retrieving()
    view = view_with_context(batch_of(model, sentences, vocabulary))
    assert view["tags"].shape == view["words"].shape and view["lengths"].numpy().tolist() == [12, 3, 12, 12]
    assert any(isinstance(feature, ContextFeature) for feature in model.layout.features)
