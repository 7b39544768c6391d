"""The protocols that contextual encoders follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, Union

from numpy.typing import NDArray


class ContextualEncoder(Protocol):
    """A frozen encoder, or a cache of its vectors: it returns vectors for the tokens of whole sentences.

    Attributes:
      name: the encoder's name in results.
      layers: N, the number of layers whose vectors it returns.
      size: C, the width of a layer.
    """

    name: str
    layers: int
    size: int

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[Any]]:
        """Return float32 [L, N, C] for each sentence of L tokens.

        A sentence's vectors do not depend on the other sentences in the call.
        """
        ...


class Wordpieces(NamedTuple):
    """Sentences cut into word pieces, as a transformer reads them.

    A sentence that is longer than the transformer's limit is read in several windows.
    Shapes: W windows, P word pieces in the longest window, Q word pieces of all sentences.

    Attributes:
      ids: int32 [W, P], right-padded.
      lengths: int32 [W], number of word pieces in each window.
      places: int32 [Q, 4], for each word piece its window, its position there, its sentence and its word.
    """

    ids: NDArray[Any]
    lengths: NDArray[Any]
    places: NDArray[Any]


class TunableEncoder(Protocol):
    """An encoder that is trained with the model. Batches hold word pieces instead of vectors.

    Attributes:
      name: the encoder's name in results.
      layers: N, the number of layers, with the embeddings as the first.
      size: C, the width of a layer.
    """

    name: str
    layers: int
    size: int

    def split(self, sentences: Sequence[Sequence[str]]) -> Wordpieces:
        """Cut sentences into word pieces."""
        ...

    def make_layer(self) -> Any:
        """Make the Keras layer with the encoder's weights: from word pieces [W, P] to float32 [W, P, N, C]."""
        ...


AnyEncoder = Union[ContextualEncoder, TunableEncoder]
