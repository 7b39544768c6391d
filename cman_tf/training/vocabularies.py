"""The vocabularies that the protocol of a training needs."""

from __future__ import annotations

from cman_tf.data.contexts import ContextFinder, with_contexts
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
    strict_labels: bool = False,
    finder: ContextFinder | None = None,
) -> dict[str, Vocabulary]:
    """Make the vocabularies that a protocol trains with.

    Args:
      corpora: the corpus of each split, by the name of the split.
      protocol: the protocol, as in `Config`.
      vectors_file: the file of word vectors, or None if the vectors are trained.
      kept: number of leading rows of that file to keep for words that the corpora do not contain.
      progress: the object to which the number of word vectors and unknown types are reported.
      strict_labels: whether types in dev or test that the training data does not have are an error.
      finder: finds the contexts of sentences, whose words and characters are to be known, too; or None.

    Returns:
      `train`, the vocabulary of the training data, and `train_dev`, that of the training and dev data. The protocol
      decides which of them there are.

    Raises:
      DataError: if the training data has no entities, or for types that it does not have if `strict_labels` is true.
    """
    vectors = None
    if vectors_file:
        read = [with_contexts(corpus, finder) for corpus in corpora.values()] if finder else [*corpora.values()]
        needed = {form for c in read for s in c.sentences for token in s.tokens for form in forms(token)}
        vectors = read_word_vectors(vectors_file, needed, kept)
    trained = {"train": corpora["train"]}
    if protocol != "best_dev":
        trained["train_dev"] = merge_corpora(corpora["train"], corpora["dev"])
    if protocol == "fixed_epochs":
        del trained["train"]
    contexts = {n: with_contexts(corpus, finder).sentences if finder else [] for n, corpus in trained.items()}
    vocabularies = {
        name: Vocabulary.build([*corpus.sentences, *contexts[name]], vectors) for name, corpus in trained.items()
    }
    last = list(vocabularies.values())[-1]
    if len(last.tags) < 2:
        raise DataError(f"{corpora['train'].path}: no entities, expected some to train on")
    if not last.relations:
        progress.note("relations: none in the training data; the model learns entities alone")
    for split in ("dev", "test"):
        for line in last.describe_unknown(corpora[split].sentences, corpora[split].path, strict_labels):
            progress.note(line)
    if vectors:
        covered = ", ".join(f"{split} {last.coverage(c.sentences):.1f} %" for split, c in corpora.items())
        progress.note(f"word vectors: {len(vectors[0])} kept of size {vectors[1].shape[1]}; tokens covered: {covered}")
    return vocabularies
