"""Reader of the multi-head column format of Bekoulis et al. (2018).

A sentence opens with a line `#doc ID`; a line a token follows, five columns
between tabs: index, token, BIO tag, list of relations, list of heads:

    16<TAB>Grande<TAB>B-Loc<TAB>['N']<TAB>[16]
    17<TAB>Isle<TAB>I-Loc<TAB>['Located_In']<TAB>[22]

A relation stands on the last token of its first argument; its head is the last
token of the second argument. `N` is "no relation", its head the token itself. In DREC
token 0 is a root that relations may point to; it becomes an entity of type `ROOT`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from cman_tf.data.bio import entities_from_tags
from cman_tf.data.types import ROOT, Entity, Relation, Sentence, entity_at
from cman_tf.errors import DataError

NO_RELATION = "N"
_MAX_LIST_CHARACTERS = 10_000  # ast.literal_eval is only ever given a bounded text


def _read_list(text: str, item_type: type, what: str, where: str) -> list:
    if len(text) > _MAX_LIST_CHARACTERS:
        raise DataError(f"{where}: list of {what} of {len(text)} characters, expected at most {_MAX_LIST_CHARACTERS}")
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = None
    if not isinstance(value, list) or not all(type(item) is item_type for item in value):
        raise DataError(f"{where}: {text[:40]!r} is no list of {what}, expected for example {_EXAMPLES[what]}")
    return value


_EXAMPLES = {"relations": "['Live_In']", "heads": "[7]"}


def _read_token(line: str, index: int, where: str) -> tuple[str, str, list[str], list[int]]:
    columns = line.split("\t")
    if len(columns) != 5:
        raise DataError(
            f"{where}: {len(columns)} columns, expected 5 between tabs (index, token, tag, relations, heads)"
        )
    number, token, tag, relations_text, heads_text = columns
    where = f"{where}, token {token!r}"
    if not token.strip():
        raise DataError(f"{where}: empty token, expected text")
    if number != str(index):
        raise DataError(f"{where}: index {number!r}, expected {index}")
    if tag != "O" and (tag[:2] not in ("B-", "I-") or not tag[2:]):
        raise DataError(f"{where}: tag {tag!r}, expected O, B-TYPE or I-TYPE")
    relations = _read_list(relations_text, str, "relations", where)
    heads = _read_list(heads_text, int, "heads", where)
    if len(relations) != len(heads) or not relations:
        raise DataError(f"{where}: {len(relations)} relations and {len(heads)} heads, expected as many, one at least")
    return token, tag, relations, heads


def _finish(name: str, rows: list, lines: list[int], path: str, predictions: bool, root: bool) -> tuple[Sentence, int]:
    """The sentence of the rows read, and its count of inside tags without begin.

    Of predictions, relations are lifted from any token of an entity to the entity, those
    that have no two entities are kept apart, and what is said twice is taken once, as the
    scorer of Bekoulis et al. does.
    """
    entities, orphans = entities_from_tags([row[1] for row in rows])
    if root and rows[0][1] == "O":
        entities.insert(0, Entity(ROOT, 0, 1))
    owner = entity_at(entities)
    found: list[Relation] = []
    unattached_relations: list[tuple[str, int, int]] = []
    for position, (token, _, relations, heads) in enumerate(rows):
        where = f"{path}, line {lines[position]}, token {token!r}"
        for kind, head in zip(relations, heads):
            if not 0 <= head < len(rows):
                raise DataError(f"{where}: head {head}, expected a token index from 0 to {len(rows) - 1}")
            if kind == NO_RELATION:
                continue
            if not kind:
                raise DataError(f"{where}: a relation without a name, expected one")
            if predictions and (position not in owner or owner.get(head) in (None, owner[position])):
                unattached_relations.append((kind, position, head))
                continue
            if head == position:
                raise DataError(f"{where}: {kind} from the token to itself, expected another token")
            for end in (position, head):
                if end not in owner:
                    raise DataError(f"{where}: {kind} at token {end}, which is in no entity, expected one that is")
            relation = Relation(kind, owner[position], owner[head])
            if relation.head == relation.tail:
                raise DataError(f"{where}: {kind} from an entity to itself, expected two entities")
            if relation in found and predictions:
                continue
            if relation in found:
                raise DataError(f"{where}: {kind} to token {head} a second time, expected it once")
            found.append(relation)
    return Sentence(
        tuple(row[0] for row in rows), tuple(entities), tuple(found), name, tuple(dict.fromkeys(unattached_relations))
    ), orphans


def parse_columns(
    lines: Iterable[str], path: str, predictions: bool = False, root: bool = False
) -> tuple[list[Sentence], dict[str, int]]:
    """Sentences of a file's lines and counts of what was mended in reading.

    Args:
      lines: of the file.
      path: its name, for messages.
      predictions: relations need not stand on entities (`Sentence.unattached_relations`).
      root: token 0 is one that relations may point to.

    Raises:
      DataError: with the file, the line, the token and what was expected.
    """
    sentences: list[Sentence] = []
    orphans = 0
    name, rows, numbers = None, [], []
    for number, line in enumerate([*lines, "#doc"], start=1):
        line = line.rstrip("\r\n")
        if line.startswith("#doc"):
            if name is not None:
                if not rows:
                    raise DataError(
                        f"{path}, line {number - 1}: sentence {name!r} without tokens, expected one at least"
                    )
                sentence, mended = _finish(name, rows, numbers, path, predictions, root)
                sentences.append(sentence)
                orphans += mended
            name, rows, numbers = line[4:].strip(), [], []
        elif line.strip():
            if name is None:
                raise DataError(f"{path}, line {number}: a token before any sentence, expected a line '#doc ID' first")
            rows.append(_read_token(line, len(rows), f"{path}, line {number}"))
            numbers.append(number)
    return sentences, {"inside_tags_without_begin": orphans}
