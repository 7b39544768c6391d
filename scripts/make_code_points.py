"""Write cman_tf/data/tokenizers/code_points.txt: the class of every code point beyond ASCII, for the tokenizers.

    python scripts/make_code_points.py > cman_tf/data/tokenizers/code_points.txt

The file is kept in the repository, so that a tokenizer cuts alike under every version of Python and of Unicode. A
changed file changes the tokenizers of trained models: give a tokenizer that changes a new name.
"""

import unicodedata

_EXPLICIT = (  # the first range that holds a code point decides
    ("zwj", ((0x200D, 0x200D),)),
    ("zwnj", ((0x200C, 0x200C),)),
    ("invisible", ((0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200B), (0x200E, 0x200F))),
    ("invisible", ((0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF))),
    ("tag", ((0xE0001, 0xE007F),)),
    ("selector", ((0x180B, 0x180D), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))),
    ("surrogate", ((0xD800, 0xDFFF),)),
    ("apostrophe", ((0x2019, 0x2019), (0xFF07, 0xFF07))),
    ("hyphen", ((0x2010, 0x2011),)),
    ("dash", ((0x2012, 0x2015),)),
    ("regional", ((0x1F1E6, 0x1F1FF),)),
    ("tone", ((0x1F3FB, 0x1F3FF),)),
    ("emoji", ((0x203C, 0x203C), (0x2049, 0x2049), (0x2139, 0x2139), (0x2194, 0x2199), (0x21A9, 0x21AA))),
    ("emoji", ((0x231A, 0x231B), (0x2328, 0x2328), (0x23CF, 0x23CF), (0x23E9, 0x23FA), (0x24C2, 0x24C2))),
    ("emoji", ((0x25AA, 0x25AB), (0x25B6, 0x25B6), (0x25C0, 0x25C0), (0x25FB, 0x25FE), (0x2600, 0x27BF))),
    ("emoji", ((0x2934, 0x2935), (0x2B05, 0x2B07), (0x2B1B, 0x2B1C), (0x2B50, 0x2B55), (0x1F000, 0x1FAFF))),
    ("han", ((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3400, 0x4DBF), (0x4E00, 0x9FFF))),
    ("han", ((0xF900, 0xFAFF), (0x20000, 0x3FFFD))),
    ("kana", ((0x3031, 0x3035), (0x3041, 0x3096), (0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF))),
    ("kana", ((0x31F0, 0x31FF), (0xFF66, 0xFF9F), (0x1AFF0, 0x1AFFF), (0x1B000, 0x1B16F))),
)
_WITHOUT_BLANKS = ("THAI", "LAO", "KHMER", "MYANMAR")  # scripts that write no blanks between words


def classify(code_point: int) -> str:
    """Return the class of a code point beyond ASCII."""
    for name, ranges in _EXPLICIT:
        if any(first <= code_point <= last for first, last in ranges):
            return name
    character = chr(code_point)
    category = unicodedata.category(character)
    if category[0] == "M":
        return "mark"
    if category == "Nd":
        return "digit"
    if category[0] == "Z" or category == "Cc":
        return "blank"
    if category[0] == "L" or category in ("Nl", "No"):
        if unicodedata.name(character, "").startswith(_WITHOUT_BLANKS):
            return "thai"
        return "upper" if category in ("Lu", "Lt") else "lower"
    return "symbol"


def main() -> None:
    print(f"# The classes of code points: first, last, class. Unicode {unicodedata.unidata_version}; the rest: symbol.")
    first, last_name = 0x80, classify(0x80)
    for code_point in range(0x81, 0x110001):
        name = classify(code_point) if code_point < 0x110000 else ""
        if name != last_name:
            if last_name != "symbol":
                print(f"{first:X} {code_point - 1:X} {last_name}")
            first, last_name = code_point, name


if __name__ == "__main__":
    main()
