"""What a contextual encoder has to offer, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, Union

import numpy as np


class ContextualEncoder(Protocol):
    """A frozen encoder, or a cache of one: it gives vectors for the tokens of whole sentences.

    Attributes:
      name: what results call it.
      layers: N, the number of its layers whose vectors it gives.
      size: C, the width of a layer.
    """

    name: str
    layers: int
    size: int

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Give float32 [L, N, C] for each sentence of L tokens.

        A sentence's vectors do not depend on the other sentences in the call.
        """
        ...


class Wordpieces(NamedTuple):
    """What a transformer reads of some sentences.

    Shapes: W windows, P word pieces of the longest one, Q word pieces of all sentences.

    Attributes:
      ids: int32 [W, P], right-padded.
      lengths: int32 [W].
      places: int32 [Q, 4], each word piece's window, its position there, its sentence and its word.
    """

    ids: np.ndarray
    lengths: np.ndarray
    places: np.ndarray


class TunableEncoder(Protocol):
    """An encoder that is trained with the model: batches hold word pieces in place of vectors.

    Attributes:
      name: what results call it.
      layers: N, its embeddings included.
      size: C.
    """

    name: str
    layers: int
    size: int

    def split(self, sentences: Sequence[Sequence[str]]) -> Wordpieces:
        """Cut sentences into word pieces."""
        ...

    def make_layer(self) -> Any:
        """Make the Keras layer with the encoder's weights: word pieces [W, P] to [W, P, N, C]."""
        ...


AnyEncoder = Union[ContextualEncoder, TunableEncoder]
