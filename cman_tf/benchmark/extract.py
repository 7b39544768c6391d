"""How fast a trained model extracts: one text after another, and in batches."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from cman_tf.data.types import Sentence
from cman_tf.inference.extractor import Extractor

_CALLS = 50  # texts that are extracted one by one
_SHOWN = (10, 20, 40)  # lengths, in tokens, of which one call is timed


def measure(extractor: Extractor, sentences: Sequence[Sentence], repeats: int) -> dict[str, Any]:
    """Measure a call with one text, and calls with many.

    Args:
      extractor: the model.
      sentences: the sentences whose tokens are extracted from, as texts with blanks between the tokens.
      repeats: number of passes that are timed, after one that is not.

    Returns:
      The median milliseconds of a call by its number of tokens and for the sentences; the texts in a second one by one
      and in batches.
    """
    texts = [" ".join(sentence.tokens) for sentence in sentences]
    tokens = [token for sentence in sentences for token in sentence.tokens]
    tokens *= -(-max(_SHOWN) // len(tokens))
    one_by_one = texts[:_CALLS]
    result: dict[str, Any] = {"texts": len(texts), "calls": len(one_by_one) * repeats}
    for length in _SHOWN:
        call = tokens[:length]
        times = _time(lambda call=call: extractor.extract(tokens=call), _CALLS)
        result[f"median_milliseconds_of_{length}_tokens"] = 1e3 * statistics.median(times)
    calls = [t for text in one_by_one for t in _time(lambda text=text: extractor.extract(text), repeats)]
    result["median_milliseconds_of_a_call"] = 1e3 * statistics.median(calls)
    result["texts_per_second_one_by_one"] = len(calls) / sum(calls)
    result["texts_per_second_batched"] = len(texts) / statistics.median(
        _time(lambda: extractor.extract(texts), repeats)
    )
    return result


def _time(run: Callable[[], Any], repeats: int) -> list[float]:
    """Return the seconds of each of several runs, after one that is not timed."""
    times: list[float] = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times[1:]
