"""Checks that the tests of several formats share."""

import copy
import json
import random

from helpers import write_file

from cman_tf.data.problems import Problems
from cman_tf.data.types import validate_sentence
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus


def read_text(folder, text, format="auto", **options):
    """Write a text into a file and read its sentences."""
    return read_corpus(write_file(folder, text, "corpus"), format, **options).sentences


def check_read(path, format, predictions=False, strict=False):
    """Read a file, which may give sentences, or one error of one line; nothing else.

    Returns:
      Whether there were sentences.
    """
    try:
        corpus = read_corpus(path, format, predictions, Problems(strict=strict))
    except DataError as error:
        text = str(error)
        assert len(text.splitlines()) == 1 and len(text.replace(path, "")) < 280, text
        return False
    assert corpus.sentences
    for sentence in corpus.sentences:
        validate_sentence(sentence, "what was read")
    return True


def mutate(content, chance):
    """Change some bytes, or some values of JSON, of a file.

    Args:
      content: the file's bytes.
      chance: a `random.Random`.
    """
    changed = bytearray(content)
    lines = _parse(content)
    if lines and chance.random() < 0.5:
        return mutate_json(lines, chance)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed) + 1)
        end = min(len(changed), place + chance.choice((1, 1, 2, 5, 20)))
        kind = chance.randrange(5)
        if kind == 0:
            changed[place:end] = b""
        elif kind == 1:
            changed[place:place] = changed[place:end]
        elif kind == 2 and place < len(changed):
            changed[place] ^= 1 << chance.randrange(8)
        elif kind == 3:
            changed[place:place] = chance.choice(_PIECES)
        elif len(changed):
            other = chance.randrange(len(changed))
            changed[place:end] = changed[other : other + end - place]
    return bytes(changed)


_PIECES = (b"\n", b"\t", b" ", b"\r\n", b"#", b"-DOCSTART-", b"9" * 400, b"-1", b"\xff", b"\xe2\x80\xa8", b"[", b"\x00")
_VALUES = (
    None,
    True,
    -1,
    0,
    7,
    2**62,
    10**400,
    0.5,
    1e308,
    "",
    " ",
    "x",
    "\ud800",
    "a\nb\u2028c",
    "long" * 200,
    "\x7f" * 60,
    [],
    {},
    [[]],
    [0, 0],
    {"a": 1},
)


def _parse(content):
    """The values of JSON lines, or of a whole file of JSON; none for other files."""
    if content[:1] not in (b"[", b"{"):
        return []
    for parts in (content.splitlines(), [content]):
        try:
            return [json.loads(part) for part in parts]
        except ValueError:
            continue
    return []


def mutate_json(lines, chance):
    """Put other values into JSON, remove or repeat values, or nest them deeply. JSON lines keep their lines."""
    for _ in range(chance.randint(1, 3)):
        _mutate_value(lines, chance)
    text = "\n".join(json.dumps(line) for line in lines)
    if chance.random() < 0.05:
        text = text.replace("[", "[" * chance.choice((50, 5000)), 1)
    return text.encode()


def _mutate_value(root, chance):
    """Change one value somewhere below a list or an object."""
    node = root
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = chance.choice(keys)
        if not isinstance(node[key], (list, dict)) or not node[key] or chance.random() < 0.2:
            break
        node = node[key]
    kind = chance.randrange(4)
    if kind == 0 and node is not root:
        del node[key]
    elif kind == 1:
        node[key] = [node[key]] if chance.random() < 0.5 else {"a": node[key]}
    elif kind == 2 and isinstance(node, list):
        node.insert(key, copy.deepcopy(node[key]))
    else:
        node[key] = copy.deepcopy(chance.choice(_VALUES))


def fuzz(folder, content, format, count=100, seed=0, name="corpus"):
    """Read many changed copies of a valid file; see `check_read`.

    Args:
      folder: where the copies are written.
      content: the file's bytes.
      format: the format's name.
      count: the number of copies.
      seed: of the changes.
      name: the file's name.

    Returns:
      The number of copies that gave sentences.
    """
    chance = random.Random(seed)
    path = folder / name
    path.write_bytes(content)
    assert check_read(str(path), format)
    good = 0
    for number in range(count):
        changed = mutate(content, chance)
        path.write_bytes(changed)
        try:
            good += check_read(str(path), format, predictions=number % 2 == 1, strict=number % 4 > 1)
        except BaseException:
            print(f"input {number} of seed {seed}: {changed[:2000]!r}")
            raise
    return good
