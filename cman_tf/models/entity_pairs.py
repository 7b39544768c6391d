"""The pairs of tokens whose relations are scored: the last tokens of two predicted entities.

Shapes: B batch, L tokens, T tags, P pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from cman_tf.data.bio import OUTSIDE


def make_tag_tables(tags: Sequence[str]) -> tuple[tf.Tensor, tf.Tensor]:
    """Describe each tag by numbers.

    Args:
      tags: the T tags, in the order of their ids.

    Returns:
      For each tag whether it is an inside tag, bool [T], and the number of its type, int32 [T], -1 for `O`.
    """
    types = [tag[2:] for tag in tags]
    numbers = [-1 if tag == OUTSIDE else types.index(tag[2:]) for tag in tags]
    return tf.constant([tag.startswith("I-") for tag in tags]), tf.constant(numbers)


def list_token_pairs(lengths: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """List all ordered pairs of two different tokens.

    Args:
      lengths: int32 [B].
      length: L, the number of tokens to which the sentences are padded, int32 scalar.

    Returns:
      int32 [P, 3], with sentence, head token and tail token.
    """
    mask = tf.sequence_mask(lengths, length)
    pairs = tf.cast(tf.where(mask[:, :, None] & mask[:, None, :]), tf.int32)
    return tf.boolean_mask(pairs, pairs[:, 1] != pairs[:, 2])


def find_last_tokens(tags: tf.Tensor, lengths: tf.Tensor, inside: tf.Tensor, kind: tf.Tensor) -> tf.Tensor:
    """Find the last tokens of entities: those of an entity that no inside tag of the same type follows.

    Args:
      tags: tag ids, int32 [B, L].
      lengths: int32 [B].
      inside: whether a tag is an inside tag, bool [T], from `make_tag_tables`.
      kind: the number of a tag's type, int32 [T], from `make_tag_tables`.

    Returns:
      bool [B, L].
    """
    mask = tf.sequence_mask(lengths, tf.shape(tags)[1])
    tags = tf.where(mask, tags, 0)
    following = tf.pad(tags[:, 1:], [[0, 0], [0, 1]])  # 0 is O
    this_kind, next_kind = tf.gather(kind, tags), tf.gather(kind, following)
    goes_on = tf.gather(inside, following) & (this_kind == next_kind)
    return mask & (this_kind >= 0) & ~goes_on
