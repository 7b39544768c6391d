"""The layout of a file of CoNLL columns: what is between the columns, and which of them holds what."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable

from cman_tf.formats.tag_schemes import parse_tag

BORDER = "-DOCSTART-"  # the token of a line between two documents
_SAMPLE = 10_000  # lines from which the layout is found
_BLANKS = re.compile(" +")
_NUMBER = re.compile(r"[0-9]{1,9}")
_RANGE = re.compile(r"[0-9]+[-.][0-9]+")


@dataclasses.dataclass(frozen=True)
class Layout:
    """The layout of a file.

    Attributes:
      separator: a tab, or a blank if the columns have blanks between them.
      columns: the number of columns; the two for relations, which a sentence may have besides, are not counted.
      token: the place of the column of tokens, from 0.
      tag: the place of the column of tags; None if there is one column only, that of the tokens.
      first_index: what a sentence's first token has as its index; None if there is no column of indices.
      other_tags: the places of further columns with tags.
      line: the number of the first line with a token.
      is_regular: whether all lines of the sample have these columns and tags.
    """

    separator: str
    columns: int
    token: int = 0
    tag: int | None = None
    first_index: int | None = None
    other_tags: tuple[int, ...] = ()
    line: int = 0
    is_regular: bool = True

    def split(self, line: str) -> tuple[list[str], list[str]]:
        """Return the columns of a line, and the two columns for relations, if it has them."""
        return split_columns(line, self.separator)

    def is_comment(self, line: str) -> bool:
        """Whether a line is a comment: it begins with # and cannot be that of a token."""
        if not line.startswith("#"):
            return False
        columns, _ = self.split(line)
        return len(columns) != self.columns or (self.tag is not None and not parse_tag(columns[self.tag].strip(" ")))


def split_columns(line: str, separator: str) -> tuple[list[str], list[str]]:
    r"""Return the columns of a line, and the two columns for relations, if it has them.

    >>> split_columns("Ann\tB-Peop\t['Live_In']\t[3]", "\t")
    (['Ann', 'B-Peop'], ["['Live_In']", '[3]'])
    """
    if separator != "\t":
        return _BLANKS.split(line.rstrip(" \t")), []
    line = line.rstrip(" \t")
    columns = line.split("\t")
    if len(columns) > 3 and line.endswith("]") and _is_list(columns[-1]) and _is_list(columns[-2]):
        return columns[:-2], columns[-2:]
    return columns, []


def _is_list(column: str) -> bool:
    return column[:1] == "[" and column[-1:] == "]"


def is_border(line: str) -> bool:
    """Whether a line stands between two documents, with any number of columns."""
    return line.startswith(BORDER) and line[len(BORDER) : len(BORDER) + 1] in ("", " ", "\t")


def find_layout(lines: Iterable[tuple[int, str]], tag_column: int = 0) -> Layout | None:
    """Find the layout of a file from its first lines.

    The tags are in the last column of which most values are tags. If an earlier column has tags of the same types, as
    in corpora with nested entities, they are in the one of these with the most tags. The first column holds indices if
    it has numbers only, beginning with 0 or 1, and if the tags are not in the column after it.

    Args:
      lines: the lines with their numbers.
      tag_column: the column with the tags, counted from 1; 0 finds it.

    Returns:
      The layout; None if no line has a token.

    >>> find_layout(enumerate(["1 Ann NNP B-Peop", "2 left VBD O"])).token
    1
    """
    sample = [(number, line) for _, (number, line) in zip(range(_SAMPLE), lines)]
    rows = [(number, line) for number, line in sample if line.strip() and not is_border(line)]
    # Lines that begin with # may be comments. If all do, those with a tag at their end have tokens such as #nlp.
    rows = [row for row in rows if row[1][0] != "#"] or [row for row in rows if _ends_with_tag(row[1])]
    if not rows:
        return None
    first = rows[0]
    separator = _find_separator(first[1])
    count = len(split_columns(first[1], separator)[0])
    tagged = [0] * count
    types: list[Counter[str]] = [Counter() for _ in range(count)]
    total = regular = 0
    for _, line in rows:
        columns, _ = split_columns(line, separator)
        if is_range(columns[0]):
            continue
        total += 1
        if len(columns) == count:
            regular += 1
            for place, column in enumerate(columns):
                parsed = parse_tag(column.strip(" "))
                tagged[place] += parsed is not None
                if parsed and parsed[1]:
                    types[place][parsed[1]] += 1
    found = [place for place in range(1, count) if 2 * tagged[place] > regular]
    tag = tag_column - 1 if 1 < tag_column <= count else None
    if tag is None and found:
        alike = [place for place in found if types[place].keys() & types[found[-1]].keys()] or found[-1:]
        tag = max(alike, key=lambda place: (sum(types[place].values()), place))
    elif tag is None and count > 1:
        tag = count - 1
    indexed = None if tag is None or tag < 2 else _find_first_index((line for _, line in rows), separator, count)
    others = tuple(place for place in found if place != tag)
    is_regular = tag is not None and tagged[tag] == regular == total
    return Layout(separator, count, int(indexed is not None), tag, indexed, others, first[0], is_regular)


def _find_separator(line: str) -> str:
    return "\t" if "\t" in line else " "


def _ends_with_tag(line: str) -> bool:
    columns, _ = split_columns(line, _find_separator(line))
    return parse_tag(columns[-1].strip(" ")) is not None


def _find_first_index(lines: Iterable[str], separator: str, count: int) -> int | None:
    """Return the index of the first token, 0 or 1, if the first column holds numbers only, else None."""
    first = ""
    for line in lines:
        columns, _ = split_columns(line, separator)
        if len(columns) == count and not is_range(columns[0]):
            if not _NUMBER.fullmatch(columns[0]):
                return None
            first = first or columns[0]
    return int(first) if first in ("0", "1") else None


def is_range(index: str) -> bool:
    """Whether an index is that of a CoNLL-U line that is no token: `3-4` or `3.1`."""
    return _RANGE.fullmatch(index) is not None
