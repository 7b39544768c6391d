"""Every reader, on changed copies of valid files: sentences, or one `DataError` of one line; nothing else.

CMAN_FUZZ_INPUTS sets the number of inputs (2,000 otherwise), CMAN_FUZZ_SEED the seed.
"""

import importlib.util
import os
import pathlib
import random
import zlib

import pytest
from format_checks import check_read, mutate

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.formats.corpus_files import write_corpus
from cman_tf.formats.registry import REGISTRY

NEEDS = {"spacy": "spacy"}
READERS = [
    name for name, format in REGISTRY.items() if format.read and importlib.util.find_spec(NEEDS.get(name, "json"))
]
INPUTS = int(os.environ.get("CMAN_FUZZ_INPUTS", "2000")) // len(READERS) + 1
SEED = int(os.environ.get("CMAN_FUZZ_SEED", "0"))

CORPUS = [
    Sentence(
        ("Ann", "Lee", "lives", "in", "Zürich", "😀", "."),
        (Entity("Per", 0, 2), Entity("Loc", 4, 5), Entity("X y", 5, 6)),
        (Relation("Live_In", 0, 1), Relation("Near", 1, 0)),
        id="d1.1",
        document_id="d1",
    ),
    Sentence(("It", "rains"), text="It  rains\r\n", offsets=((0, 2), (4, 9)), id="d1.2", document_id="d1"),
    Sentence(
        ("東京", "is", "big"),
        (Entity("Loc", 0, 1), Entity("Size", 2, 3)),
        (Relation("Is", 0, 1),),
        text="東京 is big",
        offsets=((0, 2), (3, 5), (6, 9)),
        id="d2",
        document_id="d2",
        entity_scores=(0.5, 0.75),
        relation_scores=(0.25,),
    ),
]


def write_valid(name, folder):
    """Write the corpus; returns the files that were written."""
    path = folder / f"corpus{REGISTRY[name].ending}"
    write_corpus(CORPUS, path, name, Problems())
    return path, sorted(path.iterdir()) if path.is_dir() else [path]


def change(content, chance):
    """Change a file's content; that of a compressed file is decompressed before."""
    try:
        inner = zlib.decompress(content)
    except zlib.error:
        return mutate(content, chance)
    if chance.random() < 0.1:
        return mutate(content, chance)
    changed = bytearray(inner)
    for _ in range(chance.randint(1, 3)):
        changed[chance.randrange(len(changed))] = chance.choice((0, 1, 0x80, 0x90, 0xFF, chance.randrange(256)))
    return zlib.compress(bytes(changed), 1)


@pytest.mark.parametrize("name", READERS)
def test_any_change_gives_sentences_or_one_error(name, tmp_path):
    path, files = write_valid(name if REGISTRY[name].is_written else "spert", tmp_path)
    chance = random.Random(f"{SEED} {name}")
    valid = {file: file.read_bytes() for file in files}
    assert check_read(str(path), name)
    good = 0
    for number in range(INPUTS):
        file = chance.choice(files)
        changed = change(valid[file], chance)
        file.write_bytes(changed)
        try:
            # Twice by the reader itself, once by the one that is recognised.
            format = "auto" if number % 3 == 2 else name
            good += check_read(str(path), format, predictions=number % 2 == 1, strict=number % 5 == 4)
        except BaseException:
            print(f"{name}, input {number} of seed {SEED}, {pathlib.Path(file).name}: {changed[:3000]!r}")
            raise
        file.write_bytes(valid[file])
    assert good  # not all changes are fatal
