"""The multi-head column format of Bekoulis et al. (2018): reader and writer.

A sentence begins with a line `#doc ID`. One line for each token follows. It has five columns with tabs between them:
index, token, BIO tag, list of relations, list of heads:

    16<TAB>Grande<TAB>B-Loc<TAB>['N']<TAB>[16]
    17<TAB>Isle<TAB>I-Loc<TAB>['Located_In']<TAB>[22]

A relation stands in the line of the last token of its first argument; its head is the last token of the second
argument. `N` means "no relation", with the token itself as the head. In DREC, token 0 is a root that relations may
point to. The reader makes it an entity of type `ROOT`.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from cman_tf.data.bio import OUTSIDE, entities_from_tags, flat_entities, tags_from_entities
from cman_tf.data.problems import Problems
from cman_tf.data.types import ROOT, Entity, Relation, Sentence, index_tokens, validate_sentence
from cman_tf.errors import DataError
from cman_tf.formats import spert_json
from cman_tf.formats.base import Format
from cman_tf.formats.source import Head, Source
from cman_tf.runs.json_values import as_list, types_in

NO_RELATION = "N"
_MAX_LIST_CHARACTERS = 10_000  # limits the text that ast.literal_eval parses
_EXAMPLES = {"relations": "['Live_In']", "heads": "[7]"}


class _Row(NamedTuple):
    """The line of one token."""

    line: int
    token: str
    tag: str
    relations: list[str]
    heads: list[int]


def _read_list(text: str, item_type: type, what: str, where: str) -> list[Any]:
    """Parse a column that holds a list.

    Args:
      text: the column.
      item_type: `str` or `int`.
      what: the plural name of the items, `relations` or `heads`, for messages.
      where: the file, the line and the token, for messages.
    """
    if len(text) > _MAX_LIST_CHARACTERS:
        raise DataError(f"{where}: list of {what} of {len(text)} characters, expected at most {_MAX_LIST_CHARACTERS}")
    try:
        value = as_list(ast.literal_eval(text))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = None
    if value is None or any(kind is not item_type for kind in types_in(value)):
        raise DataError(f"{where}: {text[:40]!r} is not a list of {what}, expected for example {_EXAMPLES[what]}")
    return value


def _read_row(line: str, number: int, index: int, path: str) -> _Row:
    """Parse one line.

    Args:
      line: the line without its line end.
      number: the line's number in the file, from 1.
      index: the token's index in its sentence, from 0.
      path: the file's path, for messages.
    """
    where = f"{path}, line {number}"
    columns = line.split("\t")
    if len(columns) != 5:
        raise DataError(
            f"{where}: {len(columns)} columns, expected 5 with tabs between (index, token, tag, relations, heads)"
        )
    given, token, tag, relations_text, heads_text = columns
    where = f"{where}, token {token!r}"
    if not token.strip():
        raise DataError(f"{where}: empty token, expected text")
    if given != str(index):
        raise DataError(f"{where}: index {given!r}, expected {index}")
    if tag != OUTSIDE and (tag[:2] not in ("B-", "I-") or not tag[2:]):
        raise DataError(f"{where}: tag {tag!r}, expected O, B-TYPE or I-TYPE")
    relations: list[str] = _read_list(relations_text, str, "relations", where)
    heads: list[int] = _read_list(heads_text, int, "heads", where)
    if len(relations) != len(heads) or not relations:
        raise DataError(
            f"{where}: {len(relations)} relations and {len(heads)} heads, expected equal numbers, at least one"
        )
    if any("\ud800" <= c <= "\udfff" for name in relations for c in name):
        raise DataError(f"{where}: a relation's name contains half a character (a lone surrogate), expected text")
    return _Row(number, token, tag, relations, heads)


def _finish(name: str, rows: Sequence[_Row], source: Source, root: bool) -> Sentence:
    """Make a sentence from its rows.

    In predictions, a relation between any two tokens of two entities becomes a relation between the entities,
    relations without two entities are kept apart, and duplicates count once. The scorer of Bekoulis et al. does so.

    Args:
      name: the sentence's id.
      rows: one row for each token.
      source: the file.
      root: whether token 0 is a root that relations may point to.
    """
    entities, orphans = entities_from_tags([row.tag for row in rows])
    source.problems.note("inside_tags_without_begin", orphans)
    if root and rows[0].tag == OUTSIDE:
        entities.insert(0, Entity(ROOT, 0, 1))
    owner = index_tokens(entities)
    found: dict[Relation, None] = {}
    unattached: dict[tuple[str, int, int], None] = {}
    for position, row in enumerate(rows):
        where = f"{source.path}, line {row.line}, token {row.token!r}"
        for kind, head in zip(row.relations, row.heads):
            if not 0 <= head < len(rows):
                raise DataError(f"{where}: head {head}, expected a token index from 0 to {len(rows) - 1}")
            if kind == NO_RELATION:
                continue
            if not kind:
                raise DataError(f"{where}: a relation without a name, expected a name")
            if source.predictions and (position not in owner or owner.get(head) in (None, owner[position])):
                unattached[(kind, position, head)] = None
                continue
            if head == position:
                source.problems.mend("self relation", where, f"{kind} from the token to itself, expected another token")
                continue
            outside = next((end for end in (position, head) if end not in owner), None)
            if outside is not None:
                source.problems.mend(
                    "relation without an entity",
                    where,
                    f"{kind} at token {outside}, which is in no entity, expected a token of an entity",
                )
                continue
            relation = Relation(kind, owner[position], owner[head])
            if relation.head == relation.tail:
                source.problems.mend("self relation", where, f"{kind} from an entity to itself, expected two entities")
                continue
            if relation in found and not source.predictions:
                source.problems.mend(
                    "duplicate relation", where, f"{kind} to token {head} is given twice, expected it once"
                )
            found[relation] = None
    return Sentence(tuple(row.token for row in rows), tuple(entities), tuple(found), name, tuple(unattached))


def read_sentences(source: Source, root: bool = False) -> Iterator[Sentence]:
    """Yield the sentences of a file.

    Args:
      source: the file.
      root: whether token 0 is a root that relations may point to.

    Raises:
      DataError: naming the file, the line, the token and what was expected.
    """
    name: str | None = None
    rows: list[_Row] = []
    number = 0
    source.problems.note("inside_tags_without_begin", 0)
    for number, line in source.lines():
        if line.startswith("#doc"):
            if name is not None:
                yield _finish_named(name, rows, number, source, root)
            name, rows = line[4:].strip(), []
        elif line.strip():
            if name is None:
                raise DataError(
                    f"{source.path}, line {number}: a token before the first sentence, expected a line '#doc ID'"
                )
            rows.append(_read_row(line, number, len(rows), source.path))
    if name is not None:
        yield _finish_named(name, rows, number + 1, source, root)


def _finish_named(name: str, rows: Sequence[_Row], number: int, source: Source, root: bool) -> Sentence:
    """Make a sentence from its rows, given the number of the line after them."""
    if not rows:
        raise DataError(f"{source.path}, line {number - 1}: sentence {name!r} without tokens, expected at least one")
    return _finish(name, rows, source, root)


def _read_root(source: Source) -> Iterable[Sentence]:
    """Read a corpus with roots (DREC). Predictions for such a corpus are JSON, with the root among the entities."""
    if source.text.lstrip().startswith(("[", "{")):
        return spert_json.read_sentences(source)
    return read_sentences(source, root=True)


def _is_columns(head: Head) -> bool:
    return head.text.startswith("#doc")


def write_sentences(sentences: Iterable[Sentence], problems: Problems, root: bool = False) -> Iterator[str]:
    """Yield the text of a file with these sentences.

    The format has one BIO tag for each token and names a relation by the last tokens of its entities. Where entities
    overlap, only one of them can be written; the others and their relations are reported and left out, as are
    relations named `N`, which the format keeps for "no relation". Text, offsets and document ids are not written.

    Args:
      sentences: the sentences.
      problems: the collector to which omissions are reported.
      root: whether token 0 may be a root that relations point to.

    Raises:
      DataError: for a sentence that no reader could have made, for a token or a name with a tab or a line end, or for
        more relations at a token than the reader allows.
    """
    for number, sentence in enumerate(sentences):
        where = f"sentence {number}"
        validate_sentence(sentence, where)
        for text in (sentence.id, *sentence.tokens, *(e.type for e in sentence.entities)):
            if any(c in text for c in "\t\n\r"):
                raise DataError(f"{where}: {text[:40]!r} contains a tab or a line end, expected text without them")
        lines = [f"#doc {sentence.id or number}"]
        flat, written = _choose_entities(sentence, root, where, problems)
        attached = _choose_relations(sentence, written, where, problems)
        tags = tags_from_entities(flat, len(sentence.tokens))
        for index, (token, tag) in enumerate(zip(sentence.tokens, tags)):
            pairs = attached.get(index, [(NO_RELATION, index)])
            lists = [str([kind for kind, _ in pairs]), str([head for _, head in pairs])]
            if max(map(len, lists)) > _MAX_LIST_CHARACTERS:
                raise DataError(
                    f"{where}, token {index}: {len(pairs)} relations, expected a list of at most "
                    f"{_MAX_LIST_CHARACTERS} characters"
                )
            lines.append("\t".join([str(index), token, tag, *lists]))
        yield "\n".join(lines) + "\n"


def _choose_entities(
    sentence: Sentence, root: bool, where: str, problems: Problems
) -> tuple[list[Entity], set[Entity]]:
    """Return the entities that the tags can hold, in text order, and the set of them with the root."""
    different = list(dict.fromkeys(sentence.entities))
    if len(different) < len(sentence.entities):
        problems.mend("duplicate entity", where, "an entity is given twice, expected it once")
    flat = flat_entities([e for e in different if e.type != ROOT])
    written = set(flat)
    at_root = Entity(ROOT, 0, 1)
    if root and at_root in different and not (flat and flat[0].start == 0):
        written.add(at_root)
    for entity in different:
        if entity not in written and entity.type == ROOT:
            problems.mend("root", where, f"a root at token {entity.start}, which this format cannot hold")
        elif entity not in written:
            problems.mend("overlapping entity", where, f"{entity.type} at token {entity.start} overlaps another")
    return flat, written


def _choose_relations(
    sentence: Sentence, written: set[Entity], where: str, problems: Problems
) -> dict[int, list[tuple[str, int]]]:
    """Return for each token the (relation, head) pairs of its line, leaving out what the format cannot hold."""
    attached: dict[int, dict[tuple[str, int], None]] = {}
    for relation in sentence.relations:
        head, tail = (sentence.entities[end] for end in (relation.head, relation.tail))
        pair = (relation.type, tail.end - 1)
        if relation.type == NO_RELATION:
            problems.mend("relation named N", where, "N means no relation in this format, expected another name")
        elif not {head, tail} <= written:
            problems.mend("relation on an omitted entity", where, f"{relation.type} cannot be written")
        elif pair in attached.setdefault(head.end - 1, {}):
            problems.mend("duplicate relation", where, f"{relation.type} is given twice, expected it once")
        else:
            attached[head.end - 1][pair] = None
    for kind, head, tail in sentence.unattached_relations:
        if kind == NO_RELATION:
            problems.mend("relation named N", where, "N means no relation in this format, expected another name")
        else:
            attached.setdefault(head, {})[(kind, tail)] = None
    return {token: list(pairs) for token, pairs in attached.items() if pairs}


FORMAT = Format(
    "multihead",
    _is_columns,
    read_sentences,
    write_sentences,
    description="the columns of Bekoulis et al. (2018)",
    start="'#doc ID'",
    ending=".txt",
)
ROOT_FORMAT = Format(
    "multihead_root",
    read=_read_root,
    write=functools.partial(write_sentences, root=True),
    description="the same with a root at token 0, to which relations may point (DREC)",
    ending=".txt",
)
