"""The two columns for relations that the column formats share: a list of relations and a list of heads.

A relation stands in the line of the last token of its first argument; its head is the last token of the second
argument. `N` means "no relation", with the token itself as the head:

    Grande  B-Loc  ['N']           [0]
    Isle    I-Loc  ['Located_In']  [5]
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cman_tf.data.bio import flat_entities
from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence, index_tokens
from cman_tf.errors import DataError
from cman_tf.formats.json_records import quote, shorten
from cman_tf.formats.source import Source
from cman_tf.runs.json_values import as_list, types_in

NO_RELATION = "N"
_NONE = str([NO_RELATION])
_HEAD = re.compile(r"\[[0-9]{1,9}\]")
_MAX_LIST_CHARACTERS = 10_000  # limits the text that ast.literal_eval parses
_EXAMPLES = {"relations": "['Live_In']", "heads": "[7]"}


class Place(NamedTuple):
    """The place of a token in a file; as text it is what messages begin with."""

    path: str
    line: int
    token: str

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}, token {quote(self.token)}"


class Attached(NamedTuple):
    """The relations in the line of one token.

    Attributes:
      place: the token's place in the file.
      relations: the types.
      heads: for each type the token of the other argument, counted from 0.
    """

    place: Place
    relations: Sequence[str]
    heads: Sequence[int]


def read_columns(relations_text: str, heads_text: str, where: Place) -> Attached:
    """Parse the two columns.

    Args:
      relations_text: the column of relations, such as `['Live_In']`.
      heads_text: the column of heads, such as `[7]`.
      where: the token's place in the file.

    Raises:
      DataError: if a column is not such a list, or if the lists have different lengths.
    """
    if relations_text == _NONE and _HEAD.fullmatch(heads_text):  # most lines; this is much faster
        return Attached(where, (NO_RELATION,), (int(heads_text[1:-1]),))
    relations: list[str] = _read_list(relations_text, str, "relations", where)
    heads: list[int] = _read_list(heads_text, int, "heads", where)
    if len(relations) != len(heads) or not relations:
        raise DataError(
            f"{where}: {len(relations)} relations and {len(heads)} heads, expected equal numbers, at least one"
        )
    if any("\ud800" <= c <= "\udfff" for name in relations for c in name):
        raise DataError(f"{where}: a relation's name contains half a character (a lone surrogate), expected text")
    return Attached(where, relations, heads)


def _read_list(text: str, item_type: type, what: str, where: Place) -> list[Any]:
    """Parse a column that holds a list.

    Args:
      text: the column.
      item_type: `str` or `int`.
      what: the plural name of the items, `relations` or `heads`, for messages.
      where: the token's place in the file.
    """
    if len(text) > _MAX_LIST_CHARACTERS:
        raise DataError(f"{where}: list of {what} of {len(text)} characters, expected at most {_MAX_LIST_CHARACTERS}")
    try:
        value = as_list(ast.literal_eval(text))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = None
    if value is None or any(kind is not item_type for kind in types_in(value)):
        raise DataError(f"{where}: {quote(text)} is not a list of {what}, expected for example {_EXAMPLES[what]}")
    return value


def collect_relations(
    rows: Sequence[Attached], entities: Sequence[Entity], source: Source
) -> tuple[tuple[Relation, ...], tuple[tuple[str, int, int], ...]]:
    """Turn the relations between tokens into relations between entities.

    In predictions, a relation between any two tokens of two entities becomes a relation between the entities,
    relations without two entities are kept apart, and duplicates count once. The scorer of Bekoulis et al. does so.

    Args:
      rows: the relations of each token of the sentence.
      entities: the sentence's entities, which do not overlap.
      source: the file.

    Returns:
      The relations, and the unattached relations (see `Sentence`).

    Raises:
      DataError: for a head outside of the sentence or a relation without a name.
    """
    owner = index_tokens(entities)
    found: dict[Relation, None] = {}
    unattached: dict[tuple[str, int, int], None] = {}
    for position, row in enumerate(rows):
        for kind, head in zip(row.relations, row.heads):
            if not 0 <= head < len(rows):
                shown = shorten(str(head), 20)
                raise DataError(f"{row.place}: head {shown}, expected a token index from 0 to {len(rows) - 1}")
            if kind == NO_RELATION:
                continue
            where = str(row.place)
            if not kind.strip():
                raise DataError(f"{where}: a relation without a name, expected a name")
            if source.predictions and (position not in owner or owner.get(head) in (None, owner[position])):
                unattached[(kind, position, head)] = None
                continue
            name = shorten(kind)
            if head == position:
                source.problems.mend("self relation", where, f"{name} from the token to itself, expected another token")
                continue
            outside = next((end for end in (position, head) if end not in owner), None)
            if outside is not None:
                source.problems.mend(
                    "relation without an entity",
                    where,
                    f"{name} at token {outside}, which is in no entity, expected a token of an entity",
                )
                continue
            relation = Relation(kind, owner[position], owner[head])
            if relation.head == relation.tail:
                source.problems.mend("self relation", where, f"{name} from an entity to itself, expected two entities")
                continue
            if relation in found and not source.predictions:
                source.problems.mend(
                    "duplicate relation", where, f"{name} to token {head} is given twice, expected it once"
                )
            found[relation] = None
    return tuple(found), tuple(unattached)


def choose_entities(entities: Iterable[Entity], where: str, problems: Problems) -> list[Entity]:
    """Return the entities that one tag for each token can hold, in text order, and report the others."""
    items = list(entities)
    different = list(dict.fromkeys(items))
    if len(different) < len(items):
        problems.mend("duplicate entity", where, "an entity is given twice, expected it once")
    flat = flat_entities(different)
    written = set(flat)
    for entity in different:
        if entity not in written:
            shown = f"{shorten(entity.type)} at token {entity.start} overlaps another"
            problems.mend("overlapping entity", where, shown)
    return flat


def choose_relations(
    sentence: Sentence, written: Iterable[Entity], where: str, problems: Problems
) -> dict[int, dict[tuple[str, int], None]]:
    """Return for each token the (relation, head) pairs of its line, and report what the columns cannot hold.

    Args:
      sentence: the sentence.
      written: the entities that are written.
      where: the sentence's place, for messages.
      problems: the collector to which omissions are reported.
    """
    kept = set(written)
    attached: dict[int, dict[tuple[str, int], None]] = {}
    for relation in sentence.relations:
        head, tail = (sentence.entities[end] for end in (relation.head, relation.tail))
        pair = (relation.type, tail.end - 1)
        if relation.type == NO_RELATION:
            problems.mend("relation named N", where, "N means no relation in this format, expected another name")
        elif not {head, tail} <= kept:
            problems.mend("relation on an omitted entity", where, f"{shorten(relation.type)} cannot be written")
        elif pair in attached.setdefault(head.end - 1, {}):
            shown = f"{shorten(relation.type)} is given twice, expected it once"
            problems.mend("duplicate relation", where, shown)
        else:
            attached[head.end - 1][pair] = None
    for kind, head, tail in sentence.unattached_relations:
        if kind == NO_RELATION:
            problems.mend("relation named N", where, "N means no relation in this format, expected another name")
        else:
            attached.setdefault(head, {})[(kind, tail)] = None
    return attached


def format_columns(pairs: Iterable[tuple[str, int]], token: int, where: str) -> list[str]:
    """Return the two columns of a token.

    Args:
      pairs: the relations of the token's line, each with its head.
      token: the token's index.
      where: the sentence's place, for messages.

    Raises:
      DataError: for more relations than the reader allows.
    """
    items = list(pairs) or [(NO_RELATION, token)]
    columns = [str([kind for kind, _ in items]), str([head for _, head in items])]
    if max(map(len, columns)) > _MAX_LIST_CHARACTERS:
        raise DataError(
            f"{where}, token {token}: {len(items)} relations, expected a list of at most "
            f"{_MAX_LIST_CHARACTERS} characters"
        )
    return columns


def replace_line_ends(text: str, where: str, problems: Problems) -> str:
    """Replace each run of tabs and line ends in a text by a blank, and report it."""
    if not any(c in text for c in "\t\n\r"):
        return text
    shown = f"{quote(text)} contains a tab or a line end, which becomes a blank"
    problems.mend("text with a tab or a line end", where, shown)
    return re.sub(r"[\t\n\r]+", " ", text)
