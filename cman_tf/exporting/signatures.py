"""The functions of an exported model: from strings to padded arrays of entities and relations.

The numeric core is the model's own `decode`. What comes before and after it is here as operations of a graph.

Shapes: B sentences, L tokens of the longest one, E entities and C relations of the sentence with most of them, n code
points of all texts, k tokens of all sentences.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import tensorflow as tf

from cman_tf.data.batches import TARGETS
from cman_tf.data.tokenizers.tables import Tables
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.exporting.code_point_tables import cut_strings
from cman_tf.exporting.entities import FoundEntities, TagTable, keep_entities
from cman_tf.exporting.graphs import Function, make_function
from cman_tf.exporting.relations import FoundRelations, RelationRules
from cman_tf.exporting.token_features import FROM_TOKENS, TokenFeatures
from cman_tf.exporting.tokenizing import GraphTokenizer
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.models.expert_features import name_array
from cman_tf.models.factory import Model
from cman_tf.models.mixture import Mixture

Tensors = Mapping[str, tf.Tensor]
TEXTS = {"texts": tf.TensorSpec([None], tf.string, "texts")}
TOKENS = {
    "tokens": tf.TensorSpec([None, None], tf.string, "tokens"),
    "lengths": tf.TensorSpec([None], tf.int32, "lengths"),
}


class Signatures:
    """The functions of a model.

    Args:
      model: the model with its weights.
      vocabulary: its vocabulary.
      options: what is kept of the model's output.
      tables: the tables of the tokenizer that cuts texts, or None for a model that takes only tokens.

    Attributes:
      features: the arrays that the caller gives for each batch beside tokens: those of a contextual encoder.
      words: the tables from words to their ids, one for each vocabulary.
    """

    def __init__(
        self, model: Model | Mixture, vocabulary: Vocabulary, options: DecodingOptions, tables: Tables | None
    ) -> None:
        self._model, self._options = model, options
        self._tags, self._relation_types = TagTable(vocabulary.tags), tf.constant([*vocabulary.relations, ""])[:-1]
        self._rules = RelationRules(vocabulary.relations, self._tags.types, options)
        self._tokenizer = None if tables is None else GraphTokenizer(tables)
        # Each expert of a mixture has a vocabulary of its own.
        vocabularies = model.vocabularies if isinstance(model, Mixture) else [vocabulary]
        self._lookups = [TokenFeatures(own) for own in vocabularies]
        self._names = (
            [lambda name, number=number: name_array(number, name) for number in range(len(vocabularies))]
            if isinstance(model, Mixture)
            else [lambda name: name]
        )
        self.words = [lookup.words for lookup in self._lookups]
        known = {*TARGETS, *(rename(name) for rename in self._names for name in FROM_TOKENS)}
        self.features = {
            name: tf.TensorSpec(spec.shape, spec.dtype, name)
            for name, spec in model.signature.items()
            if name not in known
        }

    @functools.cached_property
    def _decoder(self) -> tuple[Function, list[tf.Variable]]:
        """The function that runs the model, and its weights. All signatures call it: its graph is there once."""
        with tf.init_scope():
            return make_function(
                lambda tokens, lengths, **features: self.decode(tokens, lengths, features), {**TOKENS, **self.features}
            )

    @property
    def weights(self) -> list[tf.Variable]:
        """The variables that the functions read. A saved module must hold them, as well as `words`."""
        return self._decoder[1]

    @property
    def reads_texts(self) -> bool:
        """Whether there is a tokenizer for texts."""
        return self._tokenizer is not None

    def read_texts(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Find the entities and relations of texts. Each is one sentence.

        Args:
          texts: UTF-8, string [B].

        Returns:
          The arrays of `read_features`, and these: `tokens`, string [B, L]; `token_counts`, int32 [B]; `token_starts`
          and `token_ends`, int32 [B, L]; `entity_char_starts` and `entity_char_ends`, int32 [B, E]; `entity_texts`,
          string [B, E]. Places count code points from the text's beginning.
        """
        assert self._tokenizer is not None
        given = tf.shape(texts)[0]
        # One more text, so that no array is ever without rows.
        decoded = tf.strings.unicode_decode(tf.concat([texts, [""]], 0), "UTF-8")
        codes, splits = decoded.values, tf.cast(decoded.row_splits, tf.int32)
        rows, starts, ends = self._tokenizer.tokenize(codes, splits)
        first = tf.gather(splits, rows)
        arrays = {
            "tokens": cut_strings(codes, first + starts, first + ends),
            "token_starts": starts,
            "token_ends": ends,
        }
        counts = _count(rows, given + 1)
        padded = _pad_rows(arrays, rows, counts)
        entities, relations = self._run(padded["tokens"], counts, {})
        result = self._describe(entities, relations, given)
        # The offsets of the entities' first and last tokens.
        begins = tf.gather_nd(padded["token_starts"], tf.stack([entities.rows, entities.starts], 1))
        after = tf.gather_nd(padded["token_ends"], tf.stack([entities.rows, entities.ends - 1], 1))
        first = tf.gather(splits, entities.rows)
        arrays = {
            "entity_char_starts": begins,
            "entity_char_ends": after,
            "entity_texts": cut_strings(codes, first + begins, first + after),
        }
        of_entities = _pad_rows(arrays, entities.rows, _count(entities.rows, given + 1))
        result |= {name: array[:given] for name, array in of_entities.items()}
        result |= {name: array[:given] for name, array in padded.items()}
        return {**result, "token_counts": counts[:given]}

    def read_tokens(self, tokens: tf.Tensor, lengths: tf.Tensor) -> dict[str, tf.Tensor]:
        """Find the entities and relations of sentences that are cut into tokens, as `read_features` does."""
        return self.read_features(tokens, lengths)

    def read_features(self, tokens: tf.Tensor, lengths: tf.Tensor, **features: tf.Tensor) -> dict[str, tf.Tensor]:
        """Find the entities and relations of sentences that are cut into tokens.

        Args:
          tokens: UTF-8, string [B, L], right-padded with anything.
          lengths: the number of tokens of each sentence, int32 [B].
          **features: the arrays of `features`, by name.

        Returns:
          `entity_counts`, int32 [B]; `entity_types`, string [B, E]; `entity_starts` and `entity_ends`, the first token
          and the one after the last, int32 [B, E]; `entity_scores`, float32 [B, E]. `relation_counts`, int32 [B];
          `relation_types`, string [B, C]; `relation_heads` and `relation_tails`, positions among the sentence's
          entities, int32 [B, C]; `relation_scores`, float32 [B, C]. Whole numbers are padded with -1, texts with the
          empty text, scores with 0.
        """
        given = tf.shape(tokens)[0]
        is_filled = tf.sequence_mask(lengths, tf.shape(tokens)[1]) & (tokens != "")
        filled = tf.reduce_sum(tf.cast(is_filled, tf.int32), 1)
        message = "lengths: each must be the number of tokens of its sentence, and no token may be empty"
        with tf.control_dependencies([tf.raw_ops.Assert(condition=tf.reduce_all(filled == lengths), data=[message])]):
            lengths = tf.concat([lengths, [0]], 0)
        tokens = tf.pad(tokens, [[0, 1], [0, 0]])
        padding = [[0, 1], [0, tf.cast(tf.shape(tokens)[1] == 0, tf.int32)], [0, 0], [0, 0]]
        contextual = [name for name in features if name.endswith("contextual")]
        features = {**features, **{name: tf.pad(features[name], padding) for name in contextual}}
        return self._describe(*self._run(tokens, lengths, features), given)

    def _run(self, tokens: tf.Tensor, lengths: tf.Tensor, features: Tensors) -> tuple[FoundEntities, FoundRelations]:
        """Call the function that runs the model, with shapes that are the same for all signatures."""
        tokens = tf.pad(tokens, [[0, 0], [0, tf.cast(tf.shape(tokens)[1] == 0, tf.int32)]])
        return self._decoder[0](tokens=tokens, lengths=lengths, **features)

    def decode(self, tokens: tf.Tensor, lengths: tf.Tensor, features: Tensors) -> tuple[FoundEntities, FoundRelations]:
        """Run the model.

        Args:
          tokens: UTF-8, string [B, L], L at least 1.
          lengths: int32 [B], at least one of them 0.
          features: the arrays of `features`, by name.

        Returns:
          The entities and relations of all sentences.
        """
        made = {
            rename(name): array
            for lookup, rename in zip(self._lookups, self._names)
            for name, array in lookup.look_up(tokens, lengths).items()
        }
        batch = {
            "lengths": lengths,
            "sentences": tf.size(lengths),
            "tags": tf.zeros(tf.shape(tokens), tf.int32),
            "relations": tf.zeros([0, 4], tf.int32),
            **{name: made[name] for name in made if name in self._model.signature},
            **features,
        }
        output = self._model.decode(batch, threshold=self._options.relation_threshold)
        entities = self._tags.find_entities(output["tags"], lengths, output["marginals"])
        entities = keep_entities(entities, self._options.entity_threshold)
        return entities, self._rules.find_relations(entities, output["pairs"], output["scores"])

    def _describe(self, entities: FoundEntities, relations: FoundRelations, given: tf.Tensor) -> dict[str, tf.Tensor]:
        """Give each sentence a row, without the last one, which is empty."""
        counts, relation_counts = _count(entities.rows, given + 1), _count(relations.rows, given + 1)
        first = tf.gather(tf.cumsum(counts, exclusive=True), relations.rows)
        of_entities = {
            "entity_types": tf.gather(tf.constant([*self._tags.types, ""]), entities.types),
            "entity_starts": entities.starts,
            "entity_ends": entities.ends,
            "entity_scores": entities.scores,
        }
        of_relations = {
            "relation_types": tf.gather(self._relation_types, relations.types),
            "relation_heads": relations.heads - first,
            "relation_tails": relations.tails - first,
            "relation_scores": relations.scores,
        }
        result = {
            "entity_counts": counts,
            **_pad_rows(of_entities, entities.rows, counts),
            "relation_counts": relation_counts,
            **_pad_rows(of_relations, relations.rows, relation_counts),
        }
        return {name: array[:given] for name, array in result.items()}


def _count(rows: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Count the values of each sentence: from the number of each value's sentence, int32 [k], to int32 [count]."""
    return tf.math.unsorted_segment_sum(tf.ones_like(rows), rows, count)


def _pad_rows(arrays: Tensors, rows: tf.Tensor, counts: tf.Tensor) -> dict[str, tf.Tensor]:
    """Give each sentence a row of its values.

    Args:
      arrays: the values of all sentences, one sentence after another, [k].
      rows: the number of each value's sentence, int32 [k].
      counts: the number of each sentence's values, int32 [B].

    Returns:
      [B, most values of a sentence], padded with -1, "" or 0.
    """
    columns = tf.range(tf.size(rows)) - tf.gather(tf.cumsum(counts, exclusive=True), rows)
    places, shape = tf.stack([rows, columns], 1), tf.stack([tf.size(counts), tf.reduce_max(counts)])
    padding = {tf.int32: -1, tf.string: "", tf.float32: 0.0}
    return {
        name: tf.tensor_scatter_nd_update(tf.fill(shape, padding[values.dtype]), places, values)
        for name, values in arrays.items()
    }
