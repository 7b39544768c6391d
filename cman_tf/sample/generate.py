"""Write the sample corpus: made-up sentences with the types of CoNLL04.

    python -m cman_tf.sample.generate --output_dir=DIR

The sentences are drawn with a fixed seed. A made-up name can be a person, an organization or a location; only the words
around it show which. The words between two names often do not show which relation holds; only the names' types do. The
names of dev, and the names and phrasings of test, do not occur in training.
"""

from __future__ import annotations

import itertools
import pathlib
import random

from absl import flags

from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.formats.spert_json import dump_json
from cman_tf.runs.files import write_atomically
from cman_tf.sample.templates import CUES, ENDINGS, LINKS, OPENINGS, TEST, TEST_FRAMES, TRAIN, TRAIN_FRAMES

FLAGS = flags.FLAGS
SEED = 2020
SIZES = {"train": 200, "dev": 50, "test": 50}
RARE = {"train": 0.05, "dev": 0.05, "test": 0.9}  # share of the names in links that have a cue of the second row
_TYPES = {"P": "Peop", "O": "Org", "L": "Loc", "X": "Other"}
_STARTS = (
    "Bel",
    "Cor",
    "Dar",
    "Fen",
    "Gal",
    "Hal",
    "Jor",
    "Kel",
    "Lan",
    "Mar",
    "Nor",
    "Or",
    "Pel",
    "Ros",
    "Tal",
    "Ver",
)
_MIDDLES = ("a", "da", "de", "li", "mo", "ri", "va", "")
_ENDS = ("den", "dor", "las", "mond", "nes", "ston", "ton", "via", "win", "zen")
_FIRST = ("Ann", "Ben", "Carl", "Dora", "Emil", "Frida", "Gus", "Hana", "Ivo", "Jane", "Karl", "Lena", "Max", "Nora")
_MONTHS = ("March", "May", "June", "July", "Sept.", "Oct.")
_THINGS = ("acres", "dollars", "horses", "years", "tons of rice")


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Output"):
        flags.DEFINE_string(
            "output_dir", None, "`Directory` that train.json, dev.json and test.json go to.", required=True
        )


def split_names() -> dict[str, list[str]]:
    """Make up names, and divide them so that no name is in two splits."""
    names = sorted(map("".join, itertools.product(_STARTS, _MIDDLES, _ENDS)))
    random.Random(SEED).shuffle(names)
    return {"train": names[:120], "dev": names[120:180], "test": names[180:240]}


def _surface(kind: str, name: str, rng: random.Random) -> list[str]:
    """Draw the tokens of an entity.

    Args:
      kind: a key of `_TYPES`.
      name: the made-up name.
      rng: the random generator.
    """
    if kind == "X":
        number = str(rng.randint(2, 30))
        return [rng.choice(_MONTHS), number] if rng.random() < 0.5 else [number, *rng.choice(_THINGS).split()]
    if kind == "P" and rng.random() < 0.2:
        return [rng.choice(_FIRST), name]
    return [name]


class _Writer:
    """Writes one sentence, and holds its tokens, entities and relations so far.

    Args:
      names: the made-up names of the split.
      rare: share of the names in links that have a cue of the second row.
      rng: the random generator.
    """

    def __init__(self, names: list[str], rare: float, rng: random.Random) -> None:
        self.rng = rng
        self.rare = rare
        self.names = iter(rng.sample(names, len(names)))
        self.tokens: list[str] = []
        self.entities: list[Entity] = []
        self.relations: list[Relation] = []

    def entity(self, kind: str, cue: str) -> int:
        """Write an entity with its cue, and return the entity's position."""
        before, _, after = cue.partition("*")
        self.tokens += before.split()
        surface = [*_surface(kind, next(self.names), self.rng), *after.split()]  # "Corp." is part of the name
        self.entities.append(Entity(_TYPES[kind], len(self.tokens), len(self.tokens) + len(surface)))
        self.tokens += surface
        return len(self.entities) - 1

    def pattern(self, pattern: str, rare: float | None = None) -> None:
        """Write the words, names and links of a phrasing.

        Args:
          pattern: a phrasing of `templates`.
          rare: share of the names that have a cue of the second row; the others have a cue of the first row. None
            writes the names without cues.
        """
        words, _, facts = pattern.partition("|")
        slots: dict[str, int] = {}
        for word in words.split():
            if word == "&":
                self.pattern(self.rng.choice(LINKS), self.rare)
            elif word == "~":
                self.pattern(self.rng.choice("POL") + "1", 0.75)
            elif word[0] in _TYPES and word[1:].isdigit():
                cue = "*"
                if rare is not None and word[0] in CUES:
                    cue = self.rng.choice(CUES[word[0]][self.rng.random() < rare])
                slots[word] = self.entity(word[0], cue)
            else:
                self.tokens.append(word)
        for fact in filter(None, map(str.strip, facts.split(","))):
            relation, head, tail = fact.split()
            self.relations.append(Relation(relation, slots[head], slots[tail]))


def make_sentence(pattern: str, names: list[str], rare: float, rng: random.Random) -> Sentence:
    """Make a sentence from a phrasing, between an opening and an ending.

    Args:
      pattern: a phrasing of `templates`.
      names: the made-up names of the split.
      rare: share of the names in links that have a cue of the second row.
      rng: the random generator.
    """
    writer = _Writer(names, rare, rng)
    for part in (rng.choice(OPENINGS), pattern, rng.choice(ENDINGS)):
        writer.pattern(part)
    writer.tokens.append(".")
    if writer.entities[0].start:
        writer.tokens[0] = writer.tokens[0].capitalize()
    return Sentence(tuple(writer.tokens), tuple(writer.entities), tuple(writer.relations))


def generate() -> dict[str, list[Sentence]]:
    """Make all three splits. Every call gives the same sentences, and no sentence occurs twice."""
    names = split_names()
    rng = random.Random(SEED)
    corpus: dict[str, list[Sentence]] = {}
    for split, size in SIZES.items():
        test = split == "test"
        plain, frames = (TEST, TEST_FRAMES) if test else (TRAIN, TRAIN_FRAMES)
        found: dict[tuple[str, ...], Sentence] = {}
        plain, frames = itertools.cycle(plain), itertools.cycle(frames)
        while len(found) < size:
            for template in (next(plain), next(frames), next(frames)):
                sentence = make_sentence(template, names[split], RARE[split], rng)
                if len(found) < size:
                    found[sentence.tokens] = sentence
        sentences = list(found.values())
        rng.shuffle(sentences)
        corpus[split] = sentences
    return corpus


def main(arguments: list[str]) -> None:
    del arguments
    for split, sentences in generate().items():
        path = pathlib.Path(FLAGS.output_dir) / f"{split}.json"
        write_atomically(path, dump_json(sentences))
        print(f"{path}: {len(sentences)} sentences")


COMMAND = Command("sample.generate", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
