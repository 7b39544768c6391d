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

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cman_tf.data.bio import OUTSIDE, entities_from_tags, tags_from_entities
from cman_tf.data.problems import Problems
from cman_tf.data.types import ROOT, Entity, Sentence, validate_sentence
from cman_tf.errors import DataError
from cman_tf.formats import spert_json
from cman_tf.formats.base import Format
from cman_tf.formats.json_records import quote
from cman_tf.formats.relation_columns import (
    Attached,
    Place,
    choose_entities,
    choose_relations,
    collect_relations,
    format_columns,
    read_columns,
    replace_line_ends,
)
from cman_tf.formats.source import Head, Source


class _Row(NamedTuple):
    """The line of one token."""

    token: str
    tag: str
    attached: Attached


def _read_row(line: str, number: int, index: int, path: str) -> _Row:
    """Parse one line.

    Args:
      line: the line without its line end.
      number: the line's number in the file, from 1.
      index: the token's index in its sentence, from 0.
      path: the file's path, for messages.
    """
    columns = line.split("\t")
    if len(columns) != 5:
        where = f"{path}, line {number}"
        raise DataError(
            f"{where}: {len(columns)} columns, expected 5 with tabs between (index, token, tag, relations, heads)"
        )
    given, token, tag, relations_text, heads_text = columns
    place = Place(path, number, token)
    if not token.strip():
        raise DataError(f"{place}: empty token, expected text")
    if given != str(index):
        raise DataError(f"{place}: index {quote(given)}, expected {index}")
    if tag != OUTSIDE and (tag[:2] not in ("B-", "I-") or not tag[2:].strip()):
        raise DataError(f"{place}: tag {quote(tag)}, expected O, B-TYPE or I-TYPE")
    return _Row(token, tag, read_columns(relations_text, heads_text, place))


def _finish(name: str, rows: Sequence[_Row], source: Source, root: bool) -> Sentence:
    """Make a sentence from its rows.

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
    relations, unattached = collect_relations([row.attached for row in rows], entities, source)
    return Sentence(tuple(row.token for row in rows), tuple(entities), relations, name, unattached)


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
        raise DataError(
            f"{source.path}, line {number - 1}: sentence {quote(name)} without tokens, expected at least one"
        )
    return _finish(name, rows, source, root)


def _read_root(source: Source) -> Iterable[Sentence]:
    """Read a corpus with roots (DREC). Predictions for such a corpus are JSON, with the root among the entities."""
    if source.text.lstrip().startswith(("[", "{")):
        return spert_json.read_sentences(source)
    return read_sentences(source, root=True)


def _sniff(head: Head) -> bool:
    first = head.text.partition("\n")[0]
    return first.startswith("#doc") and "\t" not in first


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
      DataError: for a sentence that no reader could have made, or for more relations at a token than the reader allows.
    """
    for number, sentence in enumerate(sentences):
        where = f"sentence {number}"
        validate_sentence(sentence, where)
        sentence = _clean(sentence, where, problems)
        lines = [f"#doc {sentence.id or number}"]
        flat, written = _choose_entities(sentence, root, where, problems)
        attached = choose_relations(sentence, written, where, problems)
        tags = tags_from_entities(flat, len(sentence.tokens))
        for index, (token, tag) in enumerate(zip(sentence.tokens, tags)):
            columns = format_columns(attached.get(index, ()), index, where)
            lines.append("\t".join([str(index), token, tag, *columns]))
        yield "\n".join(lines) + "\n"


def _clean(sentence: Sentence, where: str, problems: Problems) -> Sentence:
    """Replace tabs and line ends in the sentence's tokens, types and name."""
    return dataclasses.replace(
        sentence,
        tokens=tuple(replace_line_ends(token, where, problems) for token in sentence.tokens),
        entities=tuple(
            dataclasses.replace(e, type=replace_line_ends(e.type, where, problems)) for e in sentence.entities
        ),
        id=replace_line_ends(sentence.id, where, problems),
    )


def _choose_entities(
    sentence: Sentence, root: bool, where: str, problems: Problems
) -> tuple[list[Entity], set[Entity]]:
    """Return the entities that the tags can hold, in text order, and the set of them with the root."""
    flat = choose_entities((e for e in sentence.entities if e.type != ROOT), where, problems)
    written = set(flat)
    at_root = Entity(ROOT, 0, 1)
    for entity in dict.fromkeys(e for e in sentence.entities if e.type == ROOT):
        if root and entity == at_root and not (flat and flat[0].start == 0):
            written.add(entity)
        else:
            problems.mend("root", where, f"a root at token {entity.start}, which this format cannot hold")
    return flat, written


FORMAT = Format(
    "multihead",
    _sniff,
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
