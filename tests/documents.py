"""What the tests of formats with character offsets share: documents by their text, and files with errors in them."""

import dataclasses
import functools
import random

from cman_tf.data.problems import Problems
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import annotate_text, group_consecutive
from cman_tf.formats.corpus_files import read_corpus, write_corpus


@dataclasses.dataclass(frozen=True)
class Spans:
    """A document: its text, its entities as (type, first character, end), its relations as (type, entity, entity)."""

    text: str
    entities: frozenset
    relations: frozenset


def list_spans(sentences):
    """Turn sentences into documents.

    At the edges of mentions blanks, and characters that tokenizers leave out, do not count.
    """
    found = []
    for group in group_consecutive(sentences):
        document = annotate_text(group)
        places = {}
        for mention in document.mentions:
            places[mention.key] = (mention.type, *trim(document.text, mention.start, mention.end))
        relations = {(link.type, places[link.head], places[link.tail]) for link in document.links}
        relations = {(kind, head, tail) for kind, head, tail in relations if head != tail}
        found.append(Spans(document.text, frozenset(places.values()), frozenset(relations)))
    return found


def trim(text, start, end):
    """A mention's place without what tokenizers leave out at its edges, or without blanks if nothing else is there."""
    seen = [n for n in range(start, end) if is_seen(text[n])]
    seen = seen or [n for n in range(start, end) if not text[n].isspace()]
    return seen[0], seen[-1] + 1


@functools.cache
def is_seen(character):
    return bool(find_tokenizer("characters").tokenize(character))


def write_and_read(sentences, path, name):
    """Write sentences and read them again; returns them with the problems of writing and of reading."""
    writing, reading = Problems(), Problems()
    write_corpus(sentences, path, name, writing)
    again = read_corpus(path, name, problems=reading).sentences
    assert read_corpus(path).sentences == again, "the format is not recognised"
    return again, writing, reading


def break_file(content, seed):
    """Change some bytes of a file: cut, double, replace, or put in what breaks parsers."""
    draw = random.Random(seed)
    pieces = [b"", b"\x00", b"\xff", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"-1", b"9" * 5000, b"1e999", b"null", b"{}"]
    pieces += [
        b"[]",
        b'"',
        b"\\ud800",
        b"\t",
        b"\n",
        b"\r\n",
        b",",
        b":",
        b" ",
        b";",
        b"NaN",
        b"\xc2\x85",
        b"true",
        b"'",
    ]
    for _ in range(draw.randint(1, 3)):
        start = draw.randrange(len(content) + 1)
        end = min(len(content), start + draw.choice([0, 0, 1, 1, 2, 5, 30]))
        put = draw.choice(pieces) if draw.random() < 0.8 else content[start:end] * 2
        content = content[:start] + put + content[end:]
    return content


def assert_reads_or_refuses(path, name, **options):
    """A file gives sentences or one short line."""
    try:
        corpus = read_corpus(path, name, problems=Problems(), **options)
    except DataError as error:
        message = str(error).replace(str(path), "F")
        assert str(error).startswith(str(path)), message
        assert len(message.splitlines()) == 1 and len(message) < 300, message
        return False
    write_corpus(corpus.sentences, path.parent / "again.json", problems=Problems())  # they are valid
    return True
