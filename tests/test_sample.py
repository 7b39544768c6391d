"""The sample corpus: as its generator writes it, and no answer without context."""

from collections import Counter

from cman_tf.data.corpus import read_corpus
from cman_tf.data.sentence import Entity, Sentence
from cman_tf.sample import DIRECTORY
from cman_tf.sample.generate import SIZES, generate, split_names
from cman_tf.scoring.strict import score


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
    assert score(train, by_name)["strict"]["micro"]["entities"]["f1"] < 60
