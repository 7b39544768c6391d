"""The classes of code points: the alphabet of the tokenizers' rules.

Every printable ASCII character but the digits is a class of its own. Digits are one class. Beyond ASCII,
`code_points.txt` gives the classes by ranges. `end` is the class of the place after the text's last character, and of
the place before its first one.
"""

from __future__ import annotations

import functools
import pathlib

import numpy as np
import numpy.typing as npt

_FILE = pathlib.Path(__file__).with_name("code_points.txt")
_ASCII = tuple(chr(c) for c in range(33, 127) if not chr(c).isdigit())
_OTHERS = (
    "end digit blank symbol upper lower han kana thai mark selector zwj zwnj invisible tag emoji tone regional "
    "apostrophe dash hyphen surrogate"
)
CLASSES = (*_OTHERS.split(), *_ASCII)  # a class's number is its place
END = CLASSES.index("end")
CODE_POINTS = 0x110000

_LETTERS = tuple(c for c in _ASCII if c.isalpha())
_UPPER = tuple(c for c in _LETTERS if c.isupper())
# Names for several classes, beside the name of each class.
GROUPS: dict[str, tuple[str, ...]] = {
    "letter": (*_LETTERS, "upper", "lower"),
    "capital": (*_UPPER, "upper"),
    "small": tuple(c for c in (*_LETTERS, "lower") if c not in _UPPER),
    "quote": ("'", "apostrophe"),
    "ideograph": ("han", "kana", "thai"),
    "attached": ("mark", "selector"),
    "unseen": ("invisible", "zwj", "zwnj", "tag"),
    "ignored": ("blank", "surrogate", "invisible", "zwj", "zwnj", "tag", "selector"),
    "outside": ("end", "blank", "surrogate"),
}


@functools.lru_cache(maxsize=1)
def classes_of_code_points() -> npt.NDArray[np.uint8]:
    """Return the number of the class of each code point.

    >>> CLASSES[classes_of_code_points()[ord("é")]]
    'lower'
    """
    found = np.full(CODE_POINTS, CLASSES.index("symbol"), np.uint8)
    found[:0x80] = CLASSES.index("blank")  # control characters too
    for character in _ASCII:
        found[ord(character)] = CLASSES.index(character)
    found[ord("0") : ord("9") + 1] = CLASSES.index("digit")
    for line in _FILE.read_text(encoding="ascii").splitlines()[1:]:
        first, last, name = line.split()
        found[int(first, 16) : int(last, 16) + 1] = CLASSES.index(name)
    return found


def find_classes(name: str) -> frozenset[int]:
    """Return the numbers of the classes that a name stands for: a class, or one of `GROUPS`.

    Raises:
      KeyError: if there is no such name.
    """
    members = GROUPS.get(name) or ((name,) if name in CLASSES else ())
    if not members:
        raise KeyError(name)
    return frozenset(CLASSES.index(member) for member in members)
