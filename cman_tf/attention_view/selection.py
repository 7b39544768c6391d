"""Which sentences of some inputs are shown: `--sentences=1,3-5`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

from cman_tf.data.problems import Problems
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.inference.inputs import read_input
from cman_tf.inference.reading import InputReader

MAX_TOKENS = 120  # of a sentence whose heat maps are shown
MAX_SENTENCES = 20
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def parse_numbers(text: str) -> list[int]:
    """Read a list of numbers and ranges.

    Args:
      text: such as `1,3-5`. Numbers count from 1.

    Returns:
      The numbers, each once, in the order in which they are given.

    Raises:
      DataError: if it is no such list, or if it has more than 20 numbers.

    >>> parse_numbers("4,1-3,2")
    [4, 1, 2, 3]
    """
    found: dict[int, None] = {}
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else 0
        if not 1 <= first <= last:
            raise DataError(f"--sentences={text[:40]}: {part[:20]!a}, expected numbers from 1 and ranges, as in 1,3-5")
        if last - first >= MAX_SENTENCES or len(found) + last - first >= MAX_SENTENCES:
            raise DataError(f"--sentences={text[:40]}: expected at most {MAX_SENTENCES} sentences")
        found.update(dict.fromkeys(range(first, last + 1)))
    return list(found)


def choose_sentences(
    paths: Sequence[str], numbers: Sequence[int], input_format: str, tokenizer: str
) -> list[tuple[int, Sentence]]:
    """Read the chosen sentences of some inputs, and no more than is needed for them.

    Args:
      paths: files or folders that `cman-tf predict` reads. Their sentences are counted together, from 1.
      numbers: the numbers of the sentences.
      input_format: as for `InputReader`.
      tokenizer: the name of the tokenizer that cuts raw text.

    Returns:
      The number of each sentence, and the sentence, in the order of `numbers`.

    Raises:
      DataError: if there are fewer sentences, or if one is too long.
    """
    found: dict[int, Sentence] = {}
    count, wanted = 0, {*numbers}
    for count, sentence in enumerate(_read_sentences(paths, input_format, tokenizer), start=1):
        if count in wanted:
            if len(sentence.tokens) > MAX_TOKENS:
                raise DataError(
                    f"sentence {count}: {len(sentence.tokens)} tokens, expected at most {MAX_TOKENS} to show attention"
                )
            found[count] = sentence
        if len(found) == len(wanted):
            break
    else:
        missing = min(wanted - found.keys())
        raise DataError(
            f"--sentences={missing}: {', '.join(paths)} has {count} sentences, expected one from 1 to {count}"
        )
    return [(number, found[number]) for number in numbers]


def _read_sentences(paths: Sequence[str], input_format: str, tokenizer: str) -> Iterable[Sentence]:
    """Yield the sentences of the inputs that have tokens."""
    cutter = find_tokenizer(tokenizer)
    for path in paths:
        reader = InputReader(None if path == "-" else path, input_format, "stop", Problems(), sys.stdin.buffer)
        records = reader.open(cutter.name)
        try:
            for record in records:
                item, _ = read_input(record.content, cutter, reader.is_document, record.where)
                for start, end in item.sentences:
                    yield Sentence(item.tokens[start:end])
        finally:
            reader.close()
