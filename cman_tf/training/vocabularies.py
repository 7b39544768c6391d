"""The vocabularies that the protocol of a training needs."""

from __future__ import annotations

from cman_tf.data.corpus import Corpus
from cman_tf.data.splits import merge_corpora
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.data.word_vectors import forms, read_word_vectors
from cman_tf.errors import DataError
from cman_tf.training.progress import NO_PROGRESS, Progress


def make_vocabularies(
    corpora: dict[str, Corpus],
    protocol: str,
    vectors_file: str | None = None,
    kept: int = 20000,
    progress: Progress = NO_PROGRESS,
) -> dict[str, Vocabulary]:
    """Make the vocabularies that a protocol trains with.

    Args:
      corpora: the corpus of each split, by the name of the split. Dev and test must fit the vocabularies.
      protocol: the protocol, as in `Config`.
      vectors_file: the file of word vectors, or None if the vectors are trained.
      kept: number of leading rows of that file to keep for words that the corpora do not contain.
      progress: the object to which the number of word vectors is reported.

    Returns:
      `train`, the vocabulary of the training data, and `train_dev`, that of the training and dev data. The protocol
      decides which of them there are.

    Raises:
      DataError: if the training data has no relations, or if dev or test have types that it does not have.
    """
    vectors = None
    if vectors_file:
        needed = {form for c in corpora.values() for s in c.sentences for token in s.tokens for form in forms(token)}
        vectors = read_word_vectors(vectors_file, needed, kept)
    trained = {"train": corpora["train"]}
    if protocol != "best_dev":
        trained["train_dev"] = merge_corpora(corpora["train"], corpora["dev"])
    if protocol == "fixed_epochs":
        del trained["train"]
    vocabularies = {name: Vocabulary.build(corpus.sentences, vectors) for name, corpus in trained.items()}
    for vocabulary in vocabularies.values():
        if not vocabulary.relations:
            raise DataError(f"{corpora['train'].path}: no relations, expected some to train on")
        for split in ("dev", "test"):
            vocabulary.check(corpora[split].sentences, corpora[split].path)
    if vectors:
        vocabulary = list(vocabularies.values())[-1]
        covered = ", ".join(f"{split} {vocabulary.coverage(c.sentences):.1f} %" for split, c in corpora.items())
        progress.note(f"word vectors: {len(vectors[0])} kept of size {vectors[1].shape[1]}; tokens covered: {covered}")
    return vocabularies
