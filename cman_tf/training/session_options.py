"""The files and the other choices of a training besides its configuration and its corpora."""

from __future__ import annotations

import dataclasses
from typing import Any

from cman_tf.inference.description import ModelDescription
from cman_tf.retrieving.contexts import Contexts
from cman_tf.training.profiled_batches import ProfiledBatches
from cman_tf.training.threads import count_threads


@dataclasses.dataclass(frozen=True)
class SessionOptions:
    """The files of a training besides its corpora.

    Attributes:
      model_dir: the run's directory.
      results_dir: the directory of the result file. None: results/ in `model_dir`.
      result_name: the name of the result file. None: CORPUS_MODEL_seedN.
      word_vectors: the file of word vectors, or None.
      kept_word_vectors: number of leading rows of that file to keep for words that the corpora do not contain.
      features: the file of the contextual encoder's features. None: a file named after the corpus and the encoder.
      format: the format in which the corpora were read, `auto` or a format's name.
      tokenizer: the tokenizer that cuts raw text for the model; `auto`: the one that agrees best with the corpus.
      flags: the flags that repeat the run, besides those of the configuration.
      strict_labels: whether types in dev or test that the training data does not have are an error.
      init_from: the trained model whose weights training starts from, or None.
      profiled: the batches that are profiled, or None.
      checkpoint_steps: the number of batches after which a checkpoint is saved within an epoch; 0 saves none.
      contexts: finds the contexts of sentences and knows those of the corpora, or None.
      threads: the number of threads that TensorFlow computes with, for the run's record.
    """

    model_dir: str
    results_dir: str | None = None
    result_name: str | None = None
    word_vectors: str | None = None
    kept_word_vectors: int = 20000
    features: str | None = None
    format: str = "auto"
    tokenizer: str = "auto"
    flags: dict[str, Any] = dataclasses.field(default_factory=dict)
    strict_labels: bool = False
    init_from: ModelDescription | None = None
    profiled: ProfiledBatches | None = None
    checkpoint_steps: int = 0
    contexts: Contexts | None = None
    threads: int = dataclasses.field(default_factory=count_threads)
