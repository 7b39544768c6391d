"""The words of a text, alike for passages and queries: for BM25, and for the guard against leakage."""

from __future__ import annotations

import re
import unicodedata

WORDS_VERSION = 1  # of `fold`, `find_words` and STOP_WORDS; an index of another version is made again
# English words that are left out of the index and of queries: those of Lucene.
STOP_WORDS = frozenset(
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this "
    "to was will with".split()
)
# Scripts that write no blanks between words: each character is a word.
_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Japanese, Chinese
)
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
_LEFT_OUT = frozenset(("Mn", "Mc", "Me", "Cf"))  # combining marks, and characters that are not seen


def fold(text: str) -> str:
    """Return a text without differences that do not matter to a reader.

    Letters become small, forms that Unicode holds compatible become one, and accents, soft hyphens and characters of no
    width are left out.

    >>> fold("Ｃａｆé\u00ad STRASSE"), fold("cafe strasse")
    ('cafe strasse', 'cafe strasse')
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in folded if unicodedata.category(c) not in _LEFT_OUT)


def split_words(text: str) -> list[str]:
    """Return the words of a text: runs of letters and digits, folded.

    >>> split_words("U.S.-made: the café's 2nd")
    ['u', 's', 'made', 'the', 'cafe', 's', '2nd']
    """
    return _WORD.findall(fold(text))


def find_words(text: str) -> list[str]:
    """Return the words by which BM25 finds a text: those of `split_words` without stop words.

    >>> find_words("The town is in Italy.")
    ['town', 'italy']
    """
    return [word for word in split_words(text) if word not in STOP_WORDS]
