"""A mixture of experts beside NumPy: marginals, gates, decoding, pairs."""

import itertools

import numpy as np
import pytest
import reference
import tensorflow as tf

from cman_tf.data.batches import make_batch, make_example
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.predictor import Predictor, make_decoder
from cman_tf.models.mixture import Mixture, list_forbidden


@pytest.fixture
def mixture(make_model, vocabulary, sentences):
    """Dynamic CMAN and the baseline, with random gates. The second one's words have other ids."""
    made = Mixture([make_model(model="dynamic_cman"), make_model(model="multihead")], [vocabulary, vocabulary])
    made.build_gates()
    tf.random.set_seed(1)
    for gate in made.gates():
        for weight in (*gate.kernels, gate.bias):
            weight.assign(tf.random.normal(weight.shape))
    return made


def batch_of(mixture, sentences, length=None):
    examples = [make_example(sentence, mixture.vocabularies[0]) for sentence in sentences]
    arrays = make_batch(examples, mixture.layout.features, 1, length)
    return {name: tf.constant(array) for name, array in arrays.items()}


def marginals_by_enumeration(potentials, transitions):
    """Pr(y_i = t) from the scores of all sequences, float64 [L, T]."""
    length, tags = potentials.shape
    found, total = np.zeros((length, tags)), 0.0
    for path in itertools.product(range(tags), repeat=length):
        score = np.exp(reference_score(potentials, transitions, path))
        total += score
        found[np.arange(length), path] += score
    return found / total


def reference_score(potentials, transitions, path):
    return potentials[np.arange(len(path)), path].sum() + sum(transitions[a, b] for a, b in zip(path, path[1:]))


def test_marginals_are_those_of_all_sequences(mixture, sentences):
    """Three tokens have few enough tag sequences to sum over all of them."""
    batch = batch_of(mixture, sentences[1:2])
    states = mixture.inspect(batch)
    for number, expert in enumerate(mixture.experts):
        name = f"expert{number + 1}_"
        own = {key.replace(name, ""): value for key, value in batch.items()}
        analysis = expert.analyze({key: own[key] for key in expert.signature})
        expected = marginals_by_enumeration(
            analysis.potentials[0].numpy().astype(float), np.asarray(analysis.crf.transitions, float)
        )
        assert states.marginals[0, :, number].numpy() == pytest.approx(expected, abs=1e-5)


def test_mixed_probabilities_and_gates(mixture, sentences):
    batch = batch_of(mixture, sentences)
    states = mixture.inspect(batch)
    kernel, bias = (np.asarray(w, float) for w in (*mixture.token_gate.kernels, mixture.token_gate.bias))
    gate = reference.softmax(states.tokens.numpy().astype(float) @ kernel + bias)
    expected = np.einsum("ble,blet->blt", gate, states.marginals.numpy().astype(float))
    output = mixture.decode(batch)
    tags, lengths = output["tags"].numpy(), batch["lengths"].numpy()
    for row, length in enumerate(lengths):
        got = output["marginals"][row, :length].numpy()
        assert got == pytest.approx(expected[row, np.arange(length), tags[row, :length]], abs=1e-5)


def test_viterbi_finds_the_best_allowed_sequence(mixture, vocabulary):
    tags = ["O", "B-A", "I-A", "B-B", "I-B"]
    mixture.starts, mixture.follows = list_forbidden(tags)
    random = np.random.default_rng(0)
    for _ in range(20):
        mixed = random.dirichlet(np.full(5, 0.5), 4).astype(np.float32)
        best = max(
            (p for p in itertools.product(range(5), repeat=4) if is_allowed([tags[t] for t in p])),
            key=lambda path: np.log(mixed[np.arange(4), path]).sum(),
        )
        assert mixture.find_tags(mixed[None], [4]).numpy()[0].tolist() == list(best)
    mixture.decoding = "argmax"
    assert mixture.find_tags(mixed[None], [3]).numpy()[0].tolist() == [*mixed[:3].argmax(-1), 0]


def is_allowed(tags):
    return all(
        not tag.startswith("I-") or before[2:] == tag[2:] and before != "O" for before, tag in zip(["O", *tags], tags)
    )


def test_scores_of_pairs(mixture, sentences):
    """All pairs of last tokens, and those of given entities, beside NumPy."""
    batch = batch_of(mixture, sentences)
    states = mixture.inspect(batch, given_entities=True)
    features = states.relations.numpy().astype(float)
    head, tail = (np.asarray(kernel, float) for kernel in mixture.scorer.gate.kernels)
    width = int(mixture.experts[0].scorer.u.shape[0])
    given = mixture.decode(batch, given_entities=True)
    pairs = given["pairs"].numpy()
    assert len(pairs) == 7 and given["scores"].shape == (7, mixture.scorer.relations)
    for (sentence, i, j), score in zip(pairs.tolist(), given["scores"].numpy()):
        x, y = features[sentence, i], features[sentence, j]
        gate = reference.softmax((x @ head + y @ tail + mixture.scorer.gate.bias.numpy())[None])[0]
        both = np.stack([x, y])
        experts = [
            reference.relation_scores(part, expert.scorer)[0, 1, : mixture.scorer.relations]
            for part, expert in zip((both[:, :width], both[:, width:]), mixture.experts)
        ]
        assert score == pytest.approx(sum(w * reference.sigmoid(s) for w, s in zip(gate, experts)), abs=1e-5)
    found = mixture.decode(batch, threshold=-1.0)
    again = mixture.scorer.score_pairs(mixture.inspect(batch).relations, found["pairs"])
    assert found["scores"].numpy() == pytest.approx(again.numpy(), abs=1e-6)


def test_equal_gates_are_the_average_and_one_sided_gates_are_one_expert(mixture, sentences):
    batch = batch_of(mixture, sentences)
    for gate in mixture.gates():
        for weight in (*gate.kernels, gate.bias):
            weight.assign(tf.zeros_like(weight))
    states = mixture.inspect(batch)
    mixed = mixture.token_gate(states.tokens)
    assert (mixed.numpy() == 0.5).all()
    for gate in mixture.gates():
        gate.bias.assign([50.0, -50.0])
    mixture.decoding = "argmax"
    marginals = mixture.inspect(batch).marginals[:, :, 0].numpy()
    output = mixture.decode(batch)
    mask = tf.sequence_mask(batch["lengths"]).numpy()
    assert (output["tags"].numpy()[mask] == marginals.argmax(-1)[mask]).all()


def test_padding_and_company_change_nothing(mixture, sentences):
    alone = [mixture.decode(batch_of(mixture, [sentence]), threshold=-1.0) for sentence in sentences]
    together = mixture.decode(batch_of(mixture, sentences, 17), threshold=-1.0)
    compiled = make_decoder(mixture, marginals=True, threshold=-1.0)(batch_of(mixture, sentences))
    for row, (one, sentence) in enumerate(zip(alone, sentences)):
        length = len(sentence.tokens)
        for other in (together, compiled):
            assert (one["tags"].numpy()[0] == other["tags"].numpy()[row, :length]).all()
            assert one["marginals"].numpy()[0] == pytest.approx(other["marginals"].numpy()[row, :length], abs=1e-5)
            mine = other["pairs"].numpy()[:, 0] == row
            assert (one["pairs"].numpy()[:, 1:] == other["pairs"].numpy()[mine, 1:]).all()
            assert one["scores"].numpy() == pytest.approx(other["scores"].numpy()[mine], abs=1e-5)


def test_each_expert_reads_its_own_vocabulary(make_model, vocabulary, sentences):
    """Words and characters in another order have other ids; the expert's own decide."""
    other = Vocabulary(
        [vocabulary.words[0], *reversed(vocabulary.words[1:])], vocabulary.characters, vocabulary.tags,
        vocabulary.relations,
    )  # fmt: skip
    model = make_model()
    both = Mixture([model, model], [vocabulary, other])
    both.build_gates()
    arrays = batch_of(both, sentences)
    mask = tf.sequence_mask(arrays["lengths"]).numpy()
    for number, own in ((1, vocabulary), (2, other)):
        ids = np.concatenate([own.word_ids(sentence.tokens) for sentence in sentences])
        assert (arrays[f"expert{number}_words"].numpy()[mask] == ids).all()


def test_a_mixture_of_one_model_with_itself_is_that_model(make_model, vocabulary, sentences):
    """The average of a model with itself has its probabilities; argmax of them may differ from Viterbi on its CRF."""
    model = make_model()
    both = Mixture([model, model], [vocabulary, vocabulary])
    both.build_gates()
    one = Predictor(model, vocabulary, marginals=True).relate(sentences)
    two = Predictor(both, vocabulary, marginals=True).relate(sentences)
    for a, b in zip(one, two):
        assert a.sentence.relations == b.sentence.relations
        assert a.entity_scores == pytest.approx(b.entity_scores, abs=1e-5)
        assert a.relation_scores == pytest.approx(b.relation_scores, abs=1e-5)


def test_nothing_of_a_mixture_is_trained(mixture):
    assert mixture.trainable_variables == []
