"""What the scripts of this folder share: their texts, and writing the result with what it was measured on."""

from __future__ import annotations

import datetime
import json
import pathlib
import random
from collections.abc import Sequence
from typing import Any

from cman_tf.runs import provenance
from cman_tf.runs.files import write_atomically
from cman_tf.sample.generate import generate

RESULTS = pathlib.Path(__file__).resolve().parents[2] / "results" / "reliability"


def write_record(path: str | pathlib.Path, content: dict[str, Any], is_shown: bool = True) -> None:
    """Write the result of a script as a whole, with the commit, the environment and the time.

    Args:
      path: the file; empty: none, the result is only printed.
      content: what was measured.
      is_shown: whether it is printed, too.
    """
    finished = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    about = {"commit": provenance.commit(), "environment": provenance.environment(), "finished": finished}
    text = json.dumps({**content, **about}, indent=1, ensure_ascii=False) + "\n"
    if path:
        write_atomically(path, text)
    if is_shown:
        print(text, end="")


def make_texts(count: int, lengths: Sequence[int], seed: int = 1) -> list[str]:
    """Return texts of the words of the sample corpus.

    Args:
      count: how many.
      lengths: the numbers of words from which each text's is drawn.
      seed: of the draws. The same arguments give the same texts.
    """
    draw = random.Random(seed)
    words = [word for split in generate().values() for sentence in split for word in sentence.tokens]
    texts = []
    for _ in range(count):
        length = draw.choice(lengths)
        start = draw.randrange(len(words) - length)
        texts.append(" ".join(words[start : start + length]))
    return texts
