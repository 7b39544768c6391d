"""Finding entities and relations in raw text with a trained model."""

from __future__ import annotations

import dataclasses
import itertools
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.data.signatures import find_signatures
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.data.types import Document, Entity, Sentence
from cman_tf.data.windows import Window
from cman_tf.errors import DataError
from cman_tf.inference.constraints import DecodingOptions, check_symmetric
from cman_tf.inference.decoding import Prediction
from cman_tf.inference.description import ModelDescription, read_description
from cman_tf.inference.extraction import Extraction
from cman_tf.inference.inputs import ModelInput, as_list, give_entities, read_input, read_tokens
from cman_tf.inference.loading import load_described
from cman_tf.inference.pieces import MAX_TOKENS, cut_pieces, entities_inside, merge_predictions, relate_pieces
from cman_tf.inference.predictor import Predictor
from cman_tf.inference.tuned import DEFAULT, find_tuned

ON_LONG = ("window", "error")
_BLOCK = 512  # texts that `stream` reads before it yields, so that batches hold sentences of like length
_BLOCK_CHARACTERS = 1 << 20  # fewer if they are long
_EXPECTED = "str, cman_tf.Document, cman_tf.Sentence or a list of them"


class Extractor:
    """A trained model that finds entities and relations in raw text. Several threads may use one extractor.

    Args:
      directory: the directory of a run of `cman-tf train`, or what `read_description` found there.
      checkpoint: `best` (the best epoch on dev) or `last`.
      constrain_types: which types the arguments of a relation may have: `off` (any), `train` (those of the training
        data), or the path of a JSON file such as {"Live_In": [["Peop", "Loc"]]}.
      symmetric_relations: relation types without a direction. They are found in either direction and reported once.
      tokenizer: the name of the tokenizer that cuts raw text, as for `cman_tf.data.tokenizers.find_tokenizer`. None
        takes the one of the model's training.
      thresholds: `default` (0.5 for relations), or `tuned`: what `cman-tf tune-thresholds` stored with the model.
        Scores are calibrated then.
      **encoder: the place of the contextual encoder, under the names of the flags of `cman-tf train`: `encoder`,
        `elmo`, `elmo_options`, `elmo_weights`. It is needed if the encoder moved, and for a TensorFlow Hub module,
        which is only run if the caller names it. For a model that reads passages, `retrieve` is the place of its index.

    Attributes:
      entity_types: the entity types that the model knows.
      relation_types: the relation types that it knows.
      tokenizer: the name of the tokenizer that cuts raw text.

    Raises:
      DataError: if the directory holds no trained model, or if one of its files was changed.

    >>> extractor = Extractor("runs/sample")
    >>> extractor.extract("").entities
    ()
    """

    def __init__(
        self,
        directory: str | pathlib.Path | ModelDescription,
        checkpoint: str = "best",
        constrain_types: str | pathlib.Path = "off",
        symmetric_relations: Iterable[str] = (),
        tokenizer: str | None = None,
        thresholds: str = DEFAULT,
        **encoder: str,
    ) -> None:
        if not isinstance(directory, ModelDescription):
            directory = read_description(directory, checkpoint, encoder)
        directory.validate_new_text()
        vocabulary = directory.vocabulary
        self.entity_types = tuple(vocabulary.labels()["entities"])
        self.relation_types = tuple(vocabulary.relations)
        self._signatures = find_signatures(str(constrain_types), directory.directory, vocabulary)
        self._tuned = find_tuned(thresholds, directory)
        self._symmetric = check_symmetric(symmetric_relations, self.relation_types)
        self.tokenizer = tokenizer or directory.tokenizer
        self._tokenizer = find_tokenizer(self.tokenizer)
        self._directory = directory.directory
        self.model, self.vocabulary = load_described(directory)
        self._predictor = Predictor(self.model, self.vocabulary, marginals=True)

    def __repr__(self) -> str:
        return (
            f"Extractor({str(self._directory)!r}, {self.model.config.model}, entities: {', '.join(self.entity_types)}; "
            f"relations: {', '.join(self.relation_types)}; tokenizer: {self.tokenizer})"
        )

    def extract(
        self,
        text: Any = None,
        *,
        tokens: Iterable[str] | None = None,
        entities: Iterable[Entity] | None = None,
        given_entities: bool = False,
        split_sentences: bool = False,
        relation_threshold: float | None = None,
        entity_threshold: float | None = None,
        all_scores: bool = False,
        on_long: str = "window",
        batch_tokens: int = BATCH_TOKENS,
    ) -> Any:
        """Find entities and relations in a text, or in each text of a list.

        A text is read as one sentence unless it is to be split. A sentence of more than 400 tokens is read in
        overlapping windows, and `Extraction.pieces` says in how many.

        Args:
          text: a text, a `Document` or a `Sentence`; or a list of these.
          tokens: instead of a text, the tokens of one sentence.
          entities: the entities of these tokens, so that only relations are predicted. Their types are those of the
            model. `Extraction.entities` holds them in their order.
          given_entities: whether only relations are predicted, between the entities of sentences and documents, which
            are ignored otherwise.
          split_sentences: whether to split texts into sentences. Relations are found within a sentence.
          relation_threshold: a relation is found if its score is above this number, from 0 to 1. None: 0.5, or the
            tuned threshold of its type.
          entity_threshold: an entity is found if its score is at least this number, from 0 to 1. None: 0, or the tuned
            threshold.
          all_scores: whether `Extraction.candidates` holds the relations that are not above the threshold.
          on_long: `window`, or `error` to refuse sentences of more than 400 tokens.
          batch_tokens: approximate number of tokens in a batch. A smaller number takes less memory.

        Returns:
          An `Extraction`; for a list of texts a list of them.

        Raises:
          TypeError: if an argument is of the wrong kind.
          DataError: if a text or a token cannot be read, or if a number is out of its range.
        """
        _check(on_long, batch_tokens)
        options = self._choose_options(relation_threshold, entity_threshold, bool(all_scores))
        if tokens is not None and text is not None:
            raise TypeError("text and tokens are both given, expected one of them")
        if entities is not None and tokens is None and not isinstance(text, Sentence):
            raise TypeError("entities without tokens, expected tokens=, too, as entities are given in tokens")
        is_one = tokens is not None or isinstance(text, (str, bytes, bytearray, Document, Sentence))
        if tokens is not None:
            items = [read_tokens(tokens)]
        elif is_one:
            items = [self._read(text, split_sentences, given_entities, "text")]
        elif hasattr(text, "__next__"):
            raise TypeError(f"text is {type(text).__name__}, expected {_EXPECTED}; for many texts call stream")
        else:
            texts, first = as_list(text, "text", _EXPECTED), text.first if isinstance(text, _Block) else 0
            items = [
                self._read(one, split_sentences, given_entities, f"text {number}")
                for number, one in enumerate(texts, first)
            ]
        if entities is not None:
            items = [give_entities(items[0], entities, self.entity_types)]
        found = self._extract(items, options, on_long, batch_tokens)
        return found[0] if is_one else found

    def _choose_options(
        self, relation_threshold: float | None, entity_threshold: float | None, all_scores: bool
    ) -> DecodingOptions:
        """Return the options of a call. A threshold that the caller gives comes before the tuned ones."""
        chosen: dict[str, Any] = self._tuned.decoding_options() if self._tuned else {}
        if relation_threshold is not None:
            chosen |= {"relation_threshold": relation_threshold, "relation_thresholds": {}}
        if entity_threshold is not None:
            chosen |= {"entity_threshold": entity_threshold}
        return DecodingOptions(all_scores=all_scores, signatures=self._signatures, symmetric=self._symmetric, **chosen)

    def _read(self, text: object, split_sentences: bool, given_entities: bool, where: str) -> ModelInput:
        """Turn one text into an input, with its own entities if they are given."""
        item, entities = read_input(text, self._tokenizer, split_sentences, where)
        return give_entities(item, entities, self.entity_types, f"{where}, ") if given_entities else item

    def extract_all(self, texts: Iterable[Any], batch_tokens: int = BATCH_TOKENS, **options: Any) -> list[Extraction]:
        """Find entities and relations in several texts. See `extract`.

        Args:
          texts: the texts.
          batch_tokens: approximate number of tokens in a batch. A smaller number takes less memory.
          **options: the options of `extract`.

        Raises:
          TypeError: if `texts` is a single text, or if one of them is no text.
        """
        if isinstance(texts, (str, bytes)):
            raise TypeError("texts is one text, expected a list of texts; for one text call extract")
        return self.extract([*texts], batch_tokens=batch_tokens, **options)

    def stream(self, texts: Iterable[Any], **options: Any) -> Iterator[Extraction]:
        """Yield what is found in each of many texts, in their order, in memory that does not grow.

        Texts are read in blocks of at most 512, so that batches hold sentences of similar length.

        Args:
          texts: texts, documents or sentences, such as a generator of them.
          **options: the options of `extract`.

        Raises:
          TypeError: if `texts` is a single text, or if one of them is no text.

        >>> extractor = Extractor("runs/sample")
        >>> [len(found.tokens) for found in extractor.stream(["Ann left.", "So did Bo."])]
        [3, 4]
        """
        if isinstance(texts, (str, bytes, Document, Sentence)):
            raise TypeError(f"texts is {type(texts).__name__}, expected a list or generator of texts")
        for name in ("tokens", "entities"):
            if name in options:
                raise TypeError(f"{name} is no option of stream; give cman_tf.Sentence objects")
        if not hasattr(texts, "__iter__"):
            raise TypeError(f"texts is {type(texts).__name__}, expected a list or generator of texts")
        return self._stream(texts, options)

    def _stream(self, texts: Iterable[Any], options: dict[str, Any]) -> Iterator[Extraction]:
        block, size = _Block(0), 0
        for text in texts:
            block.append(text)
            size += len(text) if isinstance(text, str) else 1
            if len(block) == _BLOCK or size >= _BLOCK_CHARACTERS:
                yield from self.extract(block, **options)
                block, size = _Block(block.first + len(block)), 0
        if block:
            yield from self.extract(block, **options)

    def _extract(
        self, items: list[ModelInput], options: DecodingOptions, on_long: str, batch_tokens: int
    ) -> list[Extraction]:
        """Predict all pieces of some texts together. Either all texts have given entities or none has."""
        pieces = [cut_pieces(item) for item in items]
        if on_long == "error":
            _refuse_long(items, pieces)
        is_given = any(item.entities is not None for item in items)
        inside: list[list[list[int]]] = [[] for _ in items]
        sentences: list[Sentence] = []
        for number, (item, of_item) in enumerate(zip(items, pieces)):
            for piece in itertools.chain.from_iterable(of_item):
                positions, given = entities_inside(item, piece)
                inside[number].append(positions)
                sentences.append(Sentence(item.tokens[piece[0] : piece[1]], given))
        predictions: Iterator[Prediction] = iter(())
        if sentences and is_given:
            options = dataclasses.replace(options, entity_threshold=0.0)  # all given entities are kept
            predictions = iter(self._predictor.relate(sentences, batch_tokens, options))
        elif sentences:
            predictions = iter(self._predictor.predict(sentences, batch_tokens, options))
        if is_given:
            return [relate_pieces(item, of_item, predictions, options) for item, of_item in zip(items, inside)]
        return [merge_predictions(item, of_item, predictions, options) for item, of_item in zip(items, pieces)]


class _Block(list[Any]):
    """Some texts of a stream.

    Args:
      first: the number of the first one in the stream, for messages.
    """

    def __init__(self, first: int) -> None:
        super().__init__()
        self.first = first


def _check(on_long: str, batch_tokens: int) -> None:
    """Check two options of `extract`."""
    if on_long not in ON_LONG:
        raise DataError(f"on_long is {on_long!r}, expected one of {', '.join(ON_LONG)}")
    if type(batch_tokens) is not int:
        raise TypeError(f"batch_tokens is {type(batch_tokens).__name__}, expected a whole number above 0")
    if batch_tokens < 1:
        raise DataError(f"batch_tokens is {batch_tokens}, expected a whole number above 0")


def _refuse_long(items: list[ModelInput], pieces: list[list[list[Window]]]) -> None:
    """Raise DataError for the first sentence that was cut into windows."""
    for number, (item, of_item) in enumerate(zip(items, pieces)):
        for (start, end), windows in zip(item.sentences, of_item):
            if len(windows) > 1:
                where = f"text {number}" if len(items) > 1 else "text"
                raise DataError(
                    f"{where}: a sentence of {end - start} tokens, expected at most {MAX_TOKENS}; split the text, or "
                    "have it read in windows"
                )
