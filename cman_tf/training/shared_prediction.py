"""Prediction by several processes: each runs the network on a part of the batches, and all get all the results."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from cman_tf.data.batches import Example
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.predictor import Decoder, Predictor
from cman_tf.models.factory import Model


class SharedPredictor(Predictor):
    """A predictor that shares the work with those of the other processes. All must call it with the same sentences.

    Args:
      model: the model with its weights, which are the same in all processes.
      vocabulary: the vocabulary that the model was trained with.
      process: the number of this process, from 0.
      processes: the number of processes.
      gather: returns the contents that all processes give, in their order.
    """

    def __init__(
        self,
        model: Model,
        vocabulary: Vocabulary,
        process: int,
        processes: int,
        gather: Callable[[bytes], list[bytes]],
    ) -> None:
        super().__init__(model, vocabulary)
        self._process, self._processes, self._gather = process, processes, gather

    def _decode(
        self, examples: Sequence[Example], batch_tokens: int, decoder: Decoder
    ) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Decode this process' examples, and gather the outputs once."""
        mine = range(self._process, len(examples), self._processes)
        found = {}
        for place, output in super()._decode([examples[row] for row in mine], batch_tokens, decoder):
            found[mine[place]] = output
        for content in self._gather(pack_outputs(found)):
            yield from unpack_outputs(content)


def pack_outputs(outputs: dict[int, dict[str, np.ndarray]]) -> bytes:
    """Write the outputs of some sentences as bytes: those of one name behind each other, and their sizes.

    >>> packed = pack_outputs({3: {"tags": np.array([1, 0])}, 5: {"tags": np.array([2])}})
    >>> [(row, output["tags"].tolist()) for row, output in unpack_outputs(packed)]
    [(3, [1, 0]), (5, [2])]
    """
    arrays: dict[str, Any] = {"rows": np.array(list(outputs), np.int64)}
    for name in next(iter(outputs.values()), {}):
        values = [output[name] for output in outputs.values()]
        arrays[f"value_{name}"] = np.concatenate(values)
        arrays[f"size_{name}"] = np.array([len(value) for value in values], np.int64)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def unpack_outputs(content: bytes) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Read what `pack_outputs` wrote: the position of each sentence and its output."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        names = [name.removeprefix("value_") for name in arrays.files if name.startswith("value_")]
        values = {name: np.split(arrays[f"value_{name}"], np.cumsum(arrays[f"size_{name}"])[:-1]) for name in names}
        for number, row in enumerate(arrays["rows"]):
            yield int(row), {name: values[name][number] for name in names}
