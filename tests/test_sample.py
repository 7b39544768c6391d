"""The sample corpus: as its generator writes it, and no answer without context."""

from collections import Counter

from cman_tf.data.types import Entity, Sentence
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.sample import DIRECTORY
from cman_tf.sample.generate import SIZES, generate, split_names
from cman_tf.scoring.score import score_sentences


def test_shipped_corpus_is_the_generators():
    corpus = generate()
    for split, sentences in corpus.items():
        assert read_corpus(DIRECTORY / f"{split}.json").sentences == sentences
        assert len(sentences) == SIZES[split]


def test_types_and_variety():
    for split, sentences in generate().items():
        assert {e.type for s in sentences for e in s.entities} == {"Loc", "Org", "Other", "Peop"}, split
        assert {r.type for s in sentences for r in s.relations} == {
            "Kill",
            "Live_In",
            "Located_In",
            "OrgBased_In",
            "Work_For",
        }, split
        assert sum(len(s.relations) > 1 for s in sentences) > len(sentences) / 4
        assert sum(not s.relations for s in sentences) > len(sentences) / 20


def test_names_and_phrasings_of_test_are_new():
    names = {split: set(found) for split, found in split_names().items()}
    assert not names["train"] & names["dev"]
    assert not names["train"] & names["test"]
    corpus = generate()

    def shapes(split):
        every = names["train"] | names["dev"] | names["test"]
        return {" ".join("*" if t in every else t for t in s.tokens) for s in corpus[split]}

    assert not shapes("train") & shapes("test")


def test_names_alone_do_not_tell_the_type():
    """A name is a person here, a place there: a tagger by name alone is far off, even on its training data."""
    train = generate()["train"]
    votes = {}
    for sentence in train:
        for e in sentence.entities:
            for token in sentence.tokens[e.start : e.end]:
                votes.setdefault(token, Counter())[e.type] += 1
    by_name = []
    for sentence in train:
        entities = [
            Entity(votes[token].most_common(1)[0][0], place, place + 1)
            for place, token in enumerate(sentence.tokens)
            if token in votes
        ]
        by_name.append(Sentence(sentence.tokens, tuple(entities)))
    assert score_sentences(train, by_name)["strict"]["micro"]["entities"]["f1"] < 60


def _pairs(sentences):
    """Each ordered pair of entities with what is between them and its relation, if any."""
    for sentence in sentences:
        relations = {(r.head, r.tail): r.type for r in sentence.relations}
        for i, head in enumerate(sentence.entities):
            for j, tail in enumerate(sentence.entities):
                if i != j:
                    between = sentence.tokens[min(head.end, tail.end) : max(head.start, tail.start)]
                    link = tuple(token for token in between if token in ("of", "'s", "and", ","))
                    adjacent = abs(i - j) == 1
                    yield (link, adjacent, i < j), (head.type, tail.type), relations.get((i, j), "")


def _link_f1(train, test, with_labels):
    """Relation F1 on gold entities of always answering what training has most often."""
    votes = {}
    for link, labels, relation in _pairs(train):
        votes.setdefault((link, labels if with_labels else ()), Counter())[relation] += 1
    right = predicted = gold = 0
    for link, labels, relation in _pairs(test):
        found = votes.get((link, labels if with_labels else ()), Counter({"": 1})).most_common(1)[0][0]
        right += bool(found) and found == relation
        predicted += bool(found)
        gold += bool(relation)
    return 200.0 * right / (predicted + gold)


def test_the_words_between_do_not_tell_the_relation_but_the_labels_do():
    corpus = generate()
    assert _link_f1(corpus["train"], corpus["test"], with_labels=False) < 30
    assert _link_f1(corpus["train"], corpus["test"], with_labels=True) > 80
