"""A corpus of DREC's shape: long advertisements, a root, many heads a token, chains of parts."""

import random

TYPES = (
    "Neighborhood",
    "Floor",
    "Extra_building",
    "Invalid",
    "Field",
    "Space",
    "Property",
    "Other",
    "Subspace",
)


def advertisement(number, generator, length):
    """The lines of one: each entity is part of the one before, the first of the root; some are equivalent."""
    tags, relations = ["O"] * length, {i: [] for i in range(length)}
    places = sorted(generator.sample(range(2, length - 2, 3), length // 8))
    before = 0
    for count, place in enumerate(places):
        kind = TYPES[(number + count) % len(TYPES)]
        tags[place : place + 2] = [f"B-{kind}", f"I-{kind}"]
        relations[place + 1].append(("Part-of", before))
        if count > 1:
            relations[place + 1].append(("Equivalent", places[count - 2] + 1))
        before = place + 1
    lines = [f"#doc {number}"]
    for i in range(length):
        found = relations[i] or [("N", i)]
        word = "ROOT" if i == 0 else f"{tags[i].lower()}{generator.randint(0, 3)}"
        lines.append(f"{i}\t{word}\t{tags[i]}\t{[kind for kind, _ in found]}\t{[head for _, head in found]}")
    return "\n".join(lines) + "\n"


def corpus(count=12, shortest=120, longest=200):
    """A file's text."""
    generator = random.Random(7)
    return "".join(advertisement(n, generator, generator.randint(shortest, longest)) for n in range(count))
