"""The first tokenizer, `v1`. It never changes, because runs were made with it. Others: `cman_tf.data.tokenizers`."""

from __future__ import annotations

import re
import unicodedata

# In this order: a number with its separators; an abbreviation of single letters (U.S.); a word with inner hyphens or
# periods; an apostrophe within a word with the letters after it; an apostrophe with one of the usual endings
# ("Lee 's", as in CoNLL04); a dash; an ellipsis; any other character that is not a blank.
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
SENTENCE_ENDS = frozenset(".!?。！？;")


def tokenize(text: str) -> list[tuple[str, int, int]]:
    """Cut a text into tokens.

    A period after a known abbreviation or a single capital letter is part of that token, unless the text ends there.

    Args:
      text: one sentence of raw text.

    Returns:
      For each token its text, its first character's place in `text`, and the place after its last character.
    """
    found: list[tuple[str, int, int]] = []
    end_of_text = len(text.rstrip())
    # A combining mark belongs to its letter, but \w does not match it. A letter in its place is matched.
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
    """Cut a long text into pieces.

    A piece ends after the last sentence end in its second half, if there is one.

    Args:
      tokens: the tokens, as `tokenize` returns them.
      limit: the most tokens in a piece.

    Returns:
      For each piece its first token and the token after its last.
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
