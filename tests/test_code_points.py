"""The classes of code points."""

import pytest

from cman_tf.data.tokenizers.code_points import CLASSES, GROUPS, classes_of_code_points, find_classes


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("a", "a"),
        ("'", "'"),
        ("7", "digit"),
        ("٣", "digit"),
        ("É", "upper"),
        ("é", "lower"),
        ("ß", "lower"),
        ("한", "lower"),
        ("中", "han"),
        ("か", "kana"),
        ("ー", "kana"),
        ("ก", "thai"),
        ("ັ", "mark"),
        ("\u0301", "mark"),
        ("\ufe0f", "selector"),
        ("\u200d", "zwj"),
        ("\ufeff", "invisible"),
        ("\u00ad", "invisible"),
        ("\u3000", "blank"),
        ("\u2028", "blank"),
        ("\x00", "blank"),
        ("’", "apostrophe"),
        ("—", "dash"),
        ("😀", "emoji"),
        ("🏽", "tone"),
        ("🇩", "regional"),
        ("€", "symbol"),
        ("。", "symbol"),
        ("\ud800", "surrogate"),
        ("\U0010ffff", "symbol"),
    ],
)
def test_classes(character, name):
    assert CLASSES[classes_of_code_points()[ord(character)]] == name


def test_every_blank_of_python_is_one():
    blank = CLASSES.index("blank")
    assert all(classes_of_code_points()[c] == blank for c in range(0x110000) if chr(c).isspace())


def test_groups_name_classes():
    assert all(find_classes(name) for name in GROUPS)
    assert len(CLASSES) == len(set(CLASSES)) < 256
