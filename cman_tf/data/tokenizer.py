"""From raw text to tokens as the corpora have them, with their places in the text."""

from __future__ import annotations

import re
import unicodedata

# A number with its separators; an abbreviation of single letters (U.S.); a word with
# inner hyphens or periods; an apostrophe with what follows it in a word, or one of the
# usual endings ("Lee 's", as CoNLL04 has them); a dash or an ellipsis; else one character that is not a blank.
_TOKEN = re.compile(
    r"""\d+(?:[.,:/]\d+)*(?:-?\w+)*
      | (?:[^\W\d_]\.){2,}
      | \w+(?:[-.]\w+)*
      | (?<=\w)['’]\w+
      | ['’](?:s|t|re|ve|ll|d|m|n)\b
      | -{2,} | \.{3,}
      | \S""",
    re.VERBOSE,
)
_ABBREVIATIONS = frozenset(
    "Mr Mrs Ms Dr Prof Gen Col Lt Sgt Capt Gov Sen Rep Rev St Jr Sr Inc Corp Co Ltd Bros No vs etc "
    "Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec "
    "Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Md Mass Mich Minn Miss Mo Mont Neb Nev "
    "Okla Ore Pa Tenn Tex Va Vt Wash Wis Wyo".split()
)
TOKENIZERS = ("v1",)  # names that a run's record may hold; today's rules are v1
SENTENCE_ENDS = frozenset(".!?。！？;")


def tokenize(text: str) -> list[tuple[str, int, int]]:
    """Tokens with the place of their first character and the place after their last.

    A period after a known abbreviation or a single capital letter stays with it,
    unless the text ends there.
    """
    found: list[tuple[str, int, int]] = []
    end_of_text = len(text.rstrip())
    # A combining mark belongs to its letter; \w does not know that, a letter in its place does.
    plain = "".join("x" if unicodedata.category(c) in ("Mn", "Mc") else c for c in text)
    for match in _TOKEN.finditer(plain):
        start, end = match.span()
        token = text[start:end]
        if token == "." and found and found[-1][2] == start and end != end_of_text:
            before = found[-1][0]
            if before in _ABBREVIATIONS or (len(before) == 1 and before.isupper()):
                found[-1] = (before + ".", found[-1][1], end)
                continue
        found.append((token, start, end))
    return found


def split_long_text(tokens: list[tuple[str, int, int]], limit: int) -> list[tuple[int, int]]:
    """Cut a long text into pieces of at most `limit` tokens, (start, end) of each.

    The cut is after the last sentence end in the piece's second half, if there is one.
    """
    cuts: list[tuple[int, int]] = []
    start = 0
    while len(tokens) - start > limit:
        end = start + limit
        for place in range(start + limit, start + limit // 2, -1):
            if tokens[place - 1][0] in SENTENCE_ENDS:
                end = place
                break
        cuts.append((start, end))
        start = end
    if start < len(tokens):
        cuts.append((start, len(tokens)))
    return cuts
