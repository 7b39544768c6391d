"""Messages never repeat more than 100 characters of input, whatever is long: a token, a type, an id, a line, a name.

CMAN_FUZZ_INPUTS sets the number of inputs (1,200 otherwise), CMAN_FUZZ_SEED the seed.
"""

import json
import os
import random
import re

import pytest
from format_checks import mutate
from hypothesis import given
from hypothesis import strategies as st
from test_reader_fuzz import CORPUS, READERS, SEED

from cman_tf.data.problems import Problems
from cman_tf.errors import DataError, quote
from cman_tf.formats.corpus_files import read_corpus, write_corpus
from cman_tf.formats.registry import REGISTRY

INPUTS = int(os.environ.get("CMAN_FUZZ_INPUTS", "1200")) // len(READERS) + 1
PIECES = ("x", "ab ", "é", "9", "\u202e", "a/")
SHOWN = 100


def find_repeated(text, piece):
    """Return what a message shows of an input that repeats a piece, if it is more than 100 characters."""
    shown = "|".join({re.escape(piece), re.escape(ascii(piece)[1:-1])})
    return next((found[0] for found in re.finditer(f"(?:{shown})+", text) if len(found[0]) > SHOWN + len(piece)), "")


def make_long(content, draw):
    """Put a long text into a file: into a word of it, or into a value of JSON; perhaps damage it, too."""
    piece = draw.choice(PIECES)
    long = piece * (1500 // len(piece))
    text = content.decode("utf-8", "replace")
    places = [found.span() for found in re.finditer(r'\w+|"[^"]*"', text)]
    start, end = draw.choice(places) if places else (0, 0)
    inner = text[start:end]
    changed = json.dumps(long) if inner.startswith('"') else long
    raw = (text[:start] + changed + text[end:]).encode()
    return (mutate(raw, draw) if draw.random() < 0.7 else raw), piece


@pytest.mark.parametrize("name", [name for name in READERS if name != "spacy"])
def test_readers(name, tmp_path):
    path = tmp_path / f"corpus{REGISTRY[name].ending}"
    write_corpus(CORPUS, path, name if REGISTRY[name].is_written else "spert", Problems())
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    valid = {file: file.read_bytes() for file in files}
    draw = random.Random(f"{SEED} {name}")
    for _ in range(INPUTS):
        file = draw.choice(files)
        changed, piece = make_long(valid[file], draw)
        file.write_bytes(changed)
        seen = []
        problems = Problems(strict=draw.random() < 0.3, sink=lambda problem, seen=seen: seen.append(" ".join(problem)))
        try:
            read_corpus(path, draw.choice((name, "auto")), draw.random() < 0.5, problems)
        except DataError as error:
            seen.append(str(error))
        for message in [*seen, *problems.summarize()]:
            assert not find_repeated(message, piece), (name, message, changed[:500])
        file.write_bytes(valid[file])


@given(st.text(), st.integers(1, 300), st.integers(4, 100))
def test_quoted_input_is_short_and_printable(piece, times, limit):
    for value in (piece * times, [piece] * times, {piece: piece * times}, 10**times):
        quoted = quote(value, limit)
        assert quoted.isprintable() and len(quoted) <= limit + 5


@given(st.text(min_size=1, max_size=5), st.integers(1, 3000))
def test_no_message_is_long(piece, times):
    message = str(DataError(f"{piece * times}: {piece * times}, expected less"))
    assert len(message) <= 2100 and message.isprintable()
    assert max(map(len, re.split(r"[\s/]", message))) <= SHOWN
