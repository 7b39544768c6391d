"""What a model directory holds beside the weights, read and checked without TensorFlow."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cman_tf.config import Config
from cman_tf.data.corpus import Corpus
from cman_tf.data.tokenizers import TOKENIZER_NAMES, is_spacy_name
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.encoders.source import Source, find_again, load_source
from cman_tf.errors import DataError, quote
from cman_tf.inference.mixture_files import FILE, is_mixture, read_experts
from cman_tf.pretrained import find_model, is_shipped
from cman_tf.retrieving.names import IMAGES, NOTHING, RETRIEVAL_FLAGS, TEXT
from cman_tf.retrieving.recorded import Place, find_retrieval
from cman_tf.runs.containment import validate_contained
from cman_tf.runs.flagfile import config_of_run
from cman_tf.runs.model_directory import find_checkpoint, validate_model_directory
from cman_tf.runs.record import read_record, verify_record


def _name_place(name: str, value: object) -> str:
    """Return the value of a flag as text; a path may be given as a `Path`.

    Raises:
      DataError: if it is something else, or empty.
    """
    if not isinstance(value, (str, pathlib.PurePath)) or not str(value):
        raise DataError(f"{name} is {quote(value)}, expected a place, as text or a Path")
    return str(value)


class ModelDescription(NamedTuple):
    """A trained model, ready to be loaded.

    Attributes:
      directory: the run's directory.
      checkpoint: path of the weights, without an ending.
      config: of the run.
      vocabulary: of the model.
      encoder: the contextual encoder, if the model needs one.
      encoder_shape: its number of layers and their size.
      tokenizer: the name of the tokenizer that cuts raw text, as for `cman_tf.data.tokenizers.find_tokenizer`.
      experts: the experts of a mixture. Its configuration and vocabulary are those of the first one.
      retrieval: where passages come from, if the model reads passages.
      evaluated: the corpora to predict, each a name and the tokens of its sentences, for passages by images.
    """

    directory: pathlib.Path
    checkpoint: str
    config: Config
    vocabulary: Vocabulary
    encoder: Source | None
    encoder_shape: tuple[int, int] | None
    tokenizer: str = "v1"
    experts: tuple[ModelDescription, ...] = ()
    retrieval: Place | None = None
    evaluated: tuple[tuple[str, Sequence[tuple[str, ...]]], ...] = ()

    def evaluating(self, corpora: Sequence[Corpus]) -> ModelDescription:
        """Return the description of a model that is to predict some corpora, for it and its experts."""
        given = tuple((corpus.path, [s.tokens for s in corpus.sentences]) for corpus in corpora)
        experts = tuple(expert._replace(evaluated=given) for expert in self.experts)
        return self._replace(evaluated=given, experts=experts)

    def validate_new_text(self) -> None:
        """Check that the model can predict sentences that belong to no corpus.

        Raises:
          DataError: if it, or an expert of it, finds passages by images.
        """
        for model in (self, *self.experts):
            if model.retrieval and model.retrieval.flag == IMAGES:
                raise DataError(
                    f"{model.directory}: the model finds passages by images, and new text has no query vectors; "
                    "cman-tf evaluate takes data with them, --retrieve=none does without passages"
                )

    @property
    def needs_encoder(self) -> bool:
        """Whether the model, or an expert of it, reads the vectors of a contextual encoder."""
        return any(model.encoder is not None for model in (self, *self.experts))


def read_description(
    directory: str | pathlib.Path,
    checkpoint: str = "best",
    encoder_flags: Mapping[str, str] | None = None,
    finds_passages: bool = True,
) -> ModelDescription:
    """Read all of a model that can be read without TensorFlow.

    Args:
      directory: the directory of a run of `cman-tf train` or of `cman-tf mixture`, or the name of a model that comes
        with the package.
      checkpoint: `best` (the best epoch on dev) or `last`.
      encoder_flags: the flags that give the place of the contextual encoder and of passages, by name, as in
        `cman_tf.encoders.names.ENCODER_FLAGS` and `cman_tf.retrieving.names.RETRIEVAL_FLAGS`. Without them, both are
        looked for where they were in training.
      finds_passages: whether what passages come from is looked for. Weights alone can be loaded without.

    Raises:
      DataError: if the run has no finished epoch, if its encoder is not found or has changed, or if a file differs
        from the one that training recorded.
    """
    folder = find_model(directory)
    given = {name: _name_place(name, value) for name, value in (encoder_flags or {}).items() if value is not None}
    if is_mixture(folder):
        experts = read_experts(folder, checkpoint, given, read_description)
        config = dataclasses.replace(experts[0].config, model="mixture", relation_candidates="entities")
        tokenizer = experts[0].tokenizer
        vocabulary = experts[0].vocabulary
        return ModelDescription(folder, str(folder / FILE), config, vocabulary, None, None, tokenizer, (*experts,))
    validate_model_directory(folder)
    if not is_shipped(folder):  # package managers may install the package's own files as links
        validate_contained(folder)
    weights = find_checkpoint(folder, checkpoint)
    record = read_record(folder)
    tokenizer = record["tokenizer"] if record else "v1"
    verify_record(folder, weights, (*TOKENIZER_NAMES, *([tokenizer] if is_spacy_name(tokenizer) else [])))
    vocabulary = Vocabulary.load(folder)
    places = {name: given.pop(name) for name in RETRIEVAL_FLAGS if name in given}
    retrieval = find_retrieval(folder, places) if finds_passages else None
    needed = load_source(folder)
    config = config_of_run(folder / "flags.txt")
    if places.get(TEXT) == NOTHING:
        config = config.without_passages()
    if needed is None:
        if given:
            flags = ", ".join(f"--{name}" for name in given)
            raise DataError(f"{folder}: the model has no contextual encoder, expected no {flags}")
        return ModelDescription(folder, weights, config, vocabulary, None, None, tokenizer, retrieval=retrieval)
    encoder = find_again(folder, given)
    return ModelDescription(folder, weights, config, vocabulary, encoder, needed[1], tokenizer, retrieval=retrieval)
