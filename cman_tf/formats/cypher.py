r"""Cypher: statements that put the entities and relations into a graph database.

An entity is a node with its type as label and its words as name. A relation carries the sentence, the arguments' places
in it and the score.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.formats.annotated_text import Mention
from cman_tf.formats.annotating import annotate_sentences, count_entity_scores, list_relations
from cman_tf.formats.base import Format
from cman_tf.formats.offsets import normalize_blanks

_ESCAPED = {"'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def write_statements(sentences: Iterable[Sentence], problems: Problems) -> Iterator[str]:
    """Yield one statement a line: first a sentence's entities without relations, then its relations.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    for name, document_name, document in annotate_sentences(sentences, problems):
        alone, relations = list_relations(document)
        count_entity_scores(document, problems)
        for mention in alone:
            yield f"MERGE ({_write_node('n', mention)});\n"
        text = quote_text(document.text) if relations else ""  # once, as it may be long and have many relations
        for link, head, tail in relations:
            places = f"head_start: {head.start}, head_end: {head.end}, tail_start: {tail.start}, tail_end: {tail.end}"
            names = f"sentence_id: {quote_text(name)}, document_id: {quote_text(document_name)}"
            about = f"sentence: {text}, {names}, {places}"
            score = "" if link.score is None else f" SET r.score = {float(link.score)!r}"
            yield (
                f"MERGE ({_write_node('h', head)}) MERGE ({_write_node('t', tail)}) "
                f"MERGE (h)-[r:{quote_name(link.type)} {{{about}}}]->(t){score};\n"
            )


def _write_node(variable: str, mention: Mention) -> str:
    return f"{variable}:{quote_name(mention.type)} {{name: {quote_text(normalize_blanks(mention.text))}}}"


def quote_name(name: str) -> str:
    r"""Return a label or a relation type in backticks.

    Cypher reads `\u0060` as a backtick, even there; so a backslash is written as a code point.

    >>> quote_name("Live`In")
    '`Live``In`'
    """
    plain = "".join(f"\\u{ord(c):04X}" if c == "\\" or not c.isprintable() and c <= "\uffff" else c for c in name)
    return "`" + plain.replace("`", "``") + "`"


def quote_text(text: str) -> str:
    r"""Return a string in quotation marks.

    Some versions of Cypher read `\u0027` as a quotation mark even after a backslash; so the letter u after a backslash
    is written as a code point.

    >>> print(quote_text("Ann's\nhome"))
    'Ann\'s\nhome'
    """
    parts: list[str] = []
    for part in re.split(r"(\\[uU]?)", text):
        if part.startswith("\\"):
            parts.append("\\\\" + (f"\\u{ord(part[1]):04X}" if part[1:] else ""))
        else:
            parts += [_ESCAPED.get(c) or (c if c.isprintable() or c > "\uffff" else f"\\u{ord(c):04X}") for c in part]
    return "'" + "".join(parts) + "'"


FORMAT = Format(
    name="cypher",
    description="Cypher statements for a graph database, with sentence, offsets and score; only written",
    write=write_statements,
    ending=".cypher",
)
