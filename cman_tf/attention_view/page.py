"""The page of `cman-tf visualize --attention`: heat maps of attention, gates and pair scores."""

from __future__ import annotations

import base64
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from cman_tf.inference.attended import SentenceAttention, describe_unit, measure_entropy
from cman_tf.pages.rendering import render_page
from cman_tf.runs.files import write_atomically

_LEVELS = 65535  # of a number from 0 to 1, which takes two bytes


def write_attention_page(
    path: str | pathlib.Path, numbered: Sequence[tuple[int, SentenceAttention]], model_dir: str
) -> None:
    """Write one page without outside parts.

    Args:
      path: the file. It is replaced if it exists.
      numbered: the number of each sentence in the input, and its attention.
      model_dir: the model's directory, for the title.
    """
    write_atomically(path, render_attention(numbered, model_dir))


def render_attention(numbered: Sequence[tuple[int, SentenceAttention]], model_dir: str) -> str:
    """Render the page of `write_attention_page`."""
    types = sorted({e.type for _, shown in numbered for e in shown.prediction.sentence.entities})
    data = {"types": types, "sentences": [_describe(number, shown) for number, shown in numbered]}
    return render_page("attention.html.jinja", "cman_tf.attention_view", model_dir=model_dir, data=data)


def pack(values: np.ndarray) -> str:
    """Pack numbers from 0 to 1 for the page: two bytes each, the higher one first, in base64.

    >>> pack(np.array([0.0, 1.0]))
    'AAD//w=='
    """
    levels = np.clip(np.rint(np.asarray(values, np.float64) * _LEVELS), 0, _LEVELS)
    return base64.b64encode(levels.astype(">u2").tobytes()).decode("ascii")


def _describe(number: int, shown: SentenceAttention) -> dict[str, Any]:
    """Describe a sentence in plain values for the page's script."""
    prediction = shown.prediction
    sentence = prediction.sentence
    units = [
        {
            "name": describe_unit(name),
            "keys": "labels" if "label_" in name else "tokens",
            "heads": [pack(head) for head in weights],
            "entropy": measure_entropy(weights).mean(-1).round(2).tolist(),
        }
        for name, weights in shown.weights.items()
    ]
    return {
        "number": number,
        "tokens": list(shown.tokens),
        "tags": list(shown.attended_tags),
        "entities": [
            {"type": e.type, "start": e.start, "end": e.end, "score": round(score, 4), "state": ""}
            for e, score in zip(sentence.entities, prediction.entity_scores)
        ],
        "relations": [
            {"type": r.type, "head": r.head, "tail": r.tail, "score": round(score, 4), "state": ""}
            for r, score in zip(sentence.relations, prediction.relation_scores)
        ],
        "units": units,
        "gates": [
            {
                "name": describe_unit(name),
                "means": pack(gate.mean(-1)),
                "lows": pack(np.quantile(gate, 0.1, -1)),
                "highs": pack(np.quantile(gate, 0.9, -1)),
            }
            for name, gate in shown.gates.items()
        ],
        "pairs": [
            {"name": kind, "scores": pack(shown.pair_scores[:, :, place])}
            for place, kind in enumerate(shown.relation_types)
        ],
    }
