"""CoNLL columns: one line for each token, with the token first and the tag last; blank lines separate sentences.

    -DOCSTART- -X- -X- O

    Ada NNP B-NP B-PER
    Reed NNP I-NP I-PER
    works VBZ B-VP O

Any number of columns is read, with tabs or blanks between them. A first column that counts the tokens of each sentence
is left out. The tags are in the last column that has tags; `ReadOptions.tag_column` names another. The scheme is IOB1,
IOB2, BIOES or BILOU. It is found by a first pass over the file, which takes no memory. Two further columns may hold
relations, in the notation of `relation_columns`; tabs must then be between the columns. A line -DOCSTART- or a comment
`# newdoc` stands between two documents; `# sent_id = NAME` names a sentence; other comments are left out.

The writer writes the token and its IOB2 tag with a tab between them, and the two further columns in sentences with
relations.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from cman_tf.data.bio import tags_from_entities
from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence, validate_sentence
from cman_tf.errors import DataError
from cman_tf.formats.base import Format
from cman_tf.formats.conll_layout import BORDER, Layout, find_layout, is_border, is_range
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
from cman_tf.formats.source import HEAD_BYTES, Head, Source
from cman_tf.formats.tag_schemes import OUTSIDE, SchemeFinder, decode_tags, parse_tag

_DOCUMENT = re.compile(r"#\s*(?:newdoc\b(?:\s+id\s*=)?|begin document\b)\s*(.*)")
_NAME = re.compile(r"#\s*sent_id\s*=\s*(.*\S)")
_NO_RELATIONS = Attached(Place("", 0, ""), (), ())


class _Reader:
    """Reads one file, line by line.

    Args:
      source: the file.
      layout: its layout.
      scheme: the scheme of its tags.
    """

    def __init__(self, source: Source, layout: Layout, scheme: str) -> None:
        self._source, self._layout, self._scheme = source, layout, scheme
        self._document, self._documents, self._in_document = "", 0, 0
        self._start()

    def _start(self) -> None:
        """Begin a new sentence."""
        self._name = ""
        self._tokens: list[str] = []
        self._tags: list[tuple[str, str]] = []
        self._attached: list[Attached] = []
        self._rows = 0

    def read(self) -> Iterator[Sentence]:
        """Yield the sentences."""
        for number, line in self._source.lines():
            border = is_border(line)
            if border or not line.strip():
                yield from self._finish()
            if border:
                self._start_document("")
            elif self._layout.is_comment(line):
                if match := _DOCUMENT.match(line):
                    yield from self._finish()
                    self._start_document(match[1].strip())
                elif match := _NAME.match(line):
                    self._name = match[1]
                self._source.problems.note("comment_lines")
            elif line.strip():
                self._add_row(line, number)
        yield from self._finish()

    def _start_document(self, name: str) -> None:
        self._documents += 1
        self._document, self._in_document = name or str(self._documents), 0

    def _add_row(self, line: str, number: int) -> None:
        layout = self._layout
        columns, relations = layout.split(line)
        if len(columns) != layout.columns:
            where = f"{self._source.path}, line {number}"
            raise DataError(f"{where}: {len(columns)} columns, expected {layout.columns} as in line {layout.line}")
        if layout.first_index is not None:
            if is_range(columns[0]):
                self._source.problems.note("lines_of_multiword_tokens")
                return
            expected = str(layout.first_index + self._rows)
            if columns[0] != expected:
                where = f"{self._source.path}, line {number}"
                raise DataError(f"{where}: index {quote(columns[0])}, expected {expected}")
        self._rows += 1
        token = columns[layout.token]
        place = Place(self._source.path, number, token)
        if not token.strip():
            if relations or any(row is not _NO_RELATIONS for row in self._attached):
                raise DataError(f"{place}: a blank token in a sentence with relations, expected text")
            self._source.problems.mend("blank token", str(place), "the token is blank, expected text")
            return
        tag = columns[layout.tag].strip(" ") if layout.tag is not None else OUTSIDE
        parsed = parse_tag(tag)
        if parsed is None:
            raise DataError(
                f"{place}: tag {quote(tag)} in column {(layout.tag or 0) + 1}, expected O, B-TYPE, I-TYPE, or "
                "another tag of IOB1, IOB2, BIOES or BILOU"
            )
        attached = _NO_RELATIONS
        if relations:
            attached = read_columns(relations[0], relations[1], place)
            if layout.first_index:
                attached = attached._replace(heads=[head - layout.first_index for head in attached.heads])
        self._tokens.append(token)
        self._tags.append(parsed)
        self._attached.append(attached)

    def _finish(self) -> Iterator[Sentence]:
        """Yield the sentence that ends here, if there is one."""
        if self._tokens:
            entities, orphans, unfinished = decode_tags(self._tags)
            if self._scheme != "IOB1":
                self._source.problems.note("inside_tags_without_begin", orphans)
            if self._scheme in ("BIOES", "BILOU"):
                self._source.problems.note("entities_without_an_end_tag", unfinished)
            relations, unattached = collect_relations(self._attached, entities, self._source)
            self._in_document += 1
            name = self._name or (f"{self._document}.{self._in_document}" if self._document else "")
            yield Sentence(
                tuple(self._tokens), tuple(entities), relations, name, unattached, document_id=self._document
            )
        self._start()


def read_sentences(source: Source) -> Iterator[Sentence]:
    """Yield the sentences of a file.

    The collector's counts say how the file was read: `tags_in_scheme_IOB1` (or BIOES, BILOU), and which column with
    tags was taken if there are several.

    Raises:
      DataError: naming the file, the line, the token and what was expected.
    """
    quiet = dataclasses.replace(source, problems=Problems())  # the second pass reports
    layout = find_layout(quiet.lines(), source.options.tag_column)
    if layout is None:
        return
    if layout.tag is not None and layout.other_tags:
        others = "_".join(str(place + 1) for place in layout.other_tags)
        source.problems.note(f"tags_in_column_{layout.tag + 1}_read_and_not_in_{others}")
    scheme = _find_scheme(quiet, layout)
    source.problems.note("inside_tags_without_begin", 0)
    if scheme != "IOB2":
        source.problems.note(f"tags_in_scheme_{scheme}")
    yield from _Reader(source, layout, scheme).read()


def _find_scheme(source: Source, layout: Layout) -> str:
    """Find the scheme of a file's tags by reading all of them.

    Raises:
      DataError: naming the first line at which the tags mix two schemes.
    """
    finder = SchemeFinder()
    if layout.tag is None:
        return finder.scheme
    for number, line in source.lines():
        if not line.strip() or is_border(line):
            finder.end_sentence()
            continue
        columns, _ = layout.split(line)
        tag = columns[layout.tag].strip(" ") if len(columns) == layout.columns else OUTSIDE
        parsed = parse_tag(tag)
        if parsed:
            finder.add(*parsed)
        if not finder.scheme:
            raise DataError(
                f"{source.path}, line {number}: tag {quote(tag)} mixes BIOES (E-, S-) and BILOU (L-, U-), "
                "expected tags of one scheme"
            )
    return finder.scheme


def _sniff(head: Head) -> bool:
    lines = head.text.split("\n")
    if len(head.raw) >= HEAD_BYTES:
        lines = lines[:-1]  # the last one is cut
    layout = find_layout(enumerate(line.rstrip("\r") for line in lines))
    return layout is not None and layout.is_regular


def write_sentences(sentences: Iterable[Sentence], problems: Problems) -> Iterator[str]:
    """Yield the text of a file with these sentences.

    Where entities overlap, only one of them can be written; the others and their relations are reported and left out,
    as are relations named `N`. Tabs and line ends in tokens and types become blanks. Texts and names of sentences and
    documents are not written; a line -DOCSTART- stands before each document that has a name.

    Args:
      sentences: the sentences.
      problems: the collector to which changes and omissions are reported.

    Raises:
      DataError: for a sentence that no reader could have made, or for more relations at a token than the reader allows.
    """
    document, bordered = "", False
    for number, sentence in enumerate(sentences):
        where = f"sentence {number}"
        validate_sentence(sentence, where)
        lines: list[str] = []
        if sentence.document_id != document or (bordered and not document):
            lines, bordered = [f"{BORDER}\t{OUTSIDE}", ""], True
        document = sentence.document_id
        written = choose_entities(sentence.entities, where, problems)
        attached = choose_relations(sentence, written, where, problems)
        cleaned = [dataclasses.replace(e, type=_clean_type(e.type, where, problems)) for e in written]
        tags = tags_from_entities(cleaned, len(sentence.tokens))
        has_relations = any(attached.values())
        for index, (token, tag) in enumerate(zip(sentence.tokens, tags)):
            columns = [_clean_token(token, where, problems), tag]
            if has_relations:
                columns += format_columns(attached.get(index, ()), index, where)
            lines.append("\t".join(columns))
        yield "\n".join([*lines, "", ""])


def _clean_token(token: str, where: str, problems: Problems) -> str:
    """Return a token that the format can hold, and report what is changed."""
    cleaned = replace_line_ends(token, where, problems)
    if cleaned.startswith("\ufeff"):
        problems.mend("token with a byte order mark", where, "a token begins with U+FEFF, which is left out")
        cleaned = cleaned.lstrip("\ufeff").strip() or "_"
    if is_border(cleaned):
        problems.mend("token named -DOCSTART-", where, "-DOCSTART- stands between documents, DOCSTART is written")
        cleaned = cleaned.replace(BORDER, "DOCSTART")
    return cleaned


def _clean_type(kind: str, where: str, problems: Problems) -> str:
    cleaned = replace_line_ends(kind, where, problems)
    if cleaned != cleaned.strip(" "):
        problems.mend("type with blanks at its edges", where, f"{quote(kind)}, the blanks are left out")
    return cleaned.strip(" ")


FORMAT = Format(
    name="conll",
    description="CoNLL columns: token first, tag last (IOB1, IOB2, BIOES, BILOU), with or without relations",
    sniff=_sniff,
    read=read_sentences,
    write=write_sentences,
    start="'TOKEN ... TAG'",
    ending=".conll",
)
