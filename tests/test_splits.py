"""Parts of a corpus."""

import pytest

from cman_tf.data.corpus import Corpus
from cman_tf.data.splits import hold_out_sentences, sample_fraction, split_in_folds, split_in_three
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError


def test_parts_of_a_corpus():
    """A smaller share is part of a larger one; parts keep the file's order, and lose and share nothing."""
    corpus = Corpus("x", "", [Sentence((str(number),)) for number in range(50)], {})

    def numbers(part):
        return [int(sentence.tokens[0]) for sentence in part.sentences]

    shares = [numbers(sample_fraction(corpus, share)) for share in (0.2, 0.4, 0.6, 0.8, 1.0)]
    assert [len(share) for share in shares] == [10, 20, 30, 40, 50]
    for small, large in zip(shares, shares[1:]):
        assert small == sorted(small) and set(small) < set(large)
    assert shares[0] != list(range(10))  # not just the first ones
    kept, dev = hold_out_sentences(corpus, 0.1)
    assert len(dev.sentences) == 5 and sorted(numbers(kept) + numbers(dev)) == list(range(50))
    thirds = [numbers(part) for part in split_in_three(corpus, (0.7, 0.15))]
    assert [len(part) for part in thirds] == [35, 7, 8] and sorted(sum(thirds, [])) == list(range(50))
    with pytest.raises(DataError, match="one sentence, expected at least two sentences to hold some of them out"):
        hold_out_sentences(Corpus("x", "", corpus.sentences[:1], {}), 0.1)
    with pytest.raises(DataError, match="2 sentences, expected at least 3 to split them into train, dev and test"):
        split_in_three(Corpus("x", "", corpus.sentences[:2], {}), (0.7, 0.15))
    for count in range(3, 12):  # no part is empty
        parts = split_in_three(Corpus("x", "", corpus.sentences[:count], {}), (0.7, 0.15))
        assert all(part.sentences for part in parts) and sum(len(part.sentences) for part in parts) == count


def test_documents_stay_together():
    """No document is in two parts, and folds are the whole corpus, each sentence once."""
    names = [f"d{number // 3}" for number in range(60)]
    corpus = Corpus("x", "", [Sentence((str(n),), document_id=name) for n, name in enumerate(names)], {})

    def documents(part):
        return {sentence.document_id for sentence in part.sentences}

    for parts in (hold_out_sentences(corpus, 0.2), split_in_three(corpus, (0.7, 0.15))):
        assert sum(len(documents(part)) for part in parts) == 20
        assert sum(len(part.sentences) for part in parts) == 60
    folds = split_in_folds(corpus, 4)
    assert sorted(int(s.tokens[0]) for _, test in folds for s in test.sentences) == list(range(60))
    for train, test in folds:
        assert not documents(train) & documents(test) and len(train.sentences) + len(test.sentences) == 60
    with pytest.raises(DataError, match="x: 20 documents, expected at least 21, one for each fold"):
        split_in_folds(corpus, 21)
