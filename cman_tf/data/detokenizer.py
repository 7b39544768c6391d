"""Text rebuilt from tokens, for corpora that keep only tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cman_tf.data.tokenizers.code_points import classes_of_code_points, find_classes

_TO_THE_LEFT = frozenset(", . ; : ? ! ) ] } % '' ” » … .. ... n't n’t N'T N’T".split())
_TO_THE_RIGHT = frozenset("( [ { `` “ ‘ „ « $ £ € ¥ US$ ` ¿ ¡".split())
_HYPHENS = frozenset("-\u2010\u2011")
_SUSPENDED = frozenset("and or to und oder et ou".split())  # pre- and post-operative
_JOINED_WORDS = frozenset((("gon", "na"), ("got", "ta"), ("wan", "na"), ("lem", "me"), ("gim", "me")))
_CLITIC = re.compile(r"['’]\w+")
_ELISION = re.compile(r"(?i)(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|un|[dns]?[ae]ll|su(?:ll)?|quest|quell)['’]")
_SIGNED = re.compile(r"[A-Z][A-Za-z]?\d+")  # CD4+, Ca2+
_SHORT_NUMBER = re.compile(r"(?:.*\D)?\d{1,3}", re.DOTALL)
_THOUSANDS = re.compile(r"\d{3}(?:\.\d+)?")
_WIDE = "。，、！？：；（）「」『』《》〈〉【】・～％"  # punctuation of scripts that write no blanks
_WITHOUT_BLANKS = find_classes("ideograph")


def rebuild_text(tokens: Sequence[str], join_hyphens: bool = True) -> tuple[str, list[tuple[int, int]]]:
    """Rebuild the text that tokens were cut from, as it was probably written.

    Punctuation, clitics, brackets and quotes are joined to their words. Tokens never change: `-LRB-` stays `-LRB-`.

    Args:
      tokens: the tokens of one sentence.
      join_hyphens: whether a lone hyphen between words was inside of a word, as in ADE. Otherwise it is a dash.

    Returns:
      The text, and for each token its first character and the character after its last.

    >>> rebuild_text(["Ann", "'s", "well", "-", "known", "town", "(", "Oslo", ")", "."])[0]
    "Ann's well-known town (Oslo)."
    """
    parts: list[str] = []
    offsets: list[tuple[int, int]] = []
    place = 0
    for token, is_joined in zip(tokens, find_joints(tokens, join_hyphens)):
        if parts and not is_joined:
            parts.append(" ")
            place += 1
        parts.append(token)
        offsets.append((place, place + len(token)))
        place += len(token)
    return "".join(parts), offsets


def find_joints(tokens: Sequence[str], join_hyphens: bool = True) -> list[bool]:
    """Return for each token whether it follows the one before it without a blank. See `rebuild_text`."""
    if all(len(token) == 1 for token in tokens) and any(map(_is_wide, tokens)):  # cut by characters
        return [number > 0 for number in range(len(tokens))]
    joints: list[bool] = []
    quotes = _Quotes(tokens)
    was_right = False
    for number, token in enumerate(tokens):
        before = tokens[number - 1] if number else ""
        after = tokens[number + 1] if number + 1 < len(tokens) else ""
        quote = quotes.read(number)
        left, right = quote or _find_sides(token, before, after, join_hyphens)
        if token in _HYPHENS and after in _SUSPENDED and not _HYPHENS.issuperset(tokens[number + 2 : number + 3]):
            right = False  # pre- and post-operative, but mid-to-late
        are_joined = (before, token) in _JOINED_WORDS or _is_wide(before[-1:]) or _is_wide(token[:1])
        joints.append(bool(before) and (was_right or left or are_joined))
        was_right = right
    return joints


def _find_sides(token: str, before: str, after: str, join_hyphens: bool) -> tuple[bool, bool]:
    """Return whether a token that is no quote is joined to the one on its left, and to the one on its right."""
    is_between_words = _ends_word(before) and _begins_word(after)
    if token in _HYPHENS:
        is_inside = join_hyphens and is_between_words
        return is_inside, is_inside
    if token == "/":
        return is_between_words, is_between_words
    if token == ",":
        return True, bool(_THOUSANDS.fullmatch(after) and _SHORT_NUMBER.fullmatch(before))  # 3 , 000
    if token == "+":
        return bool(_SIGNED.fullmatch(before)), after.startswith("/")
    if token == "#":
        return False, after[:1].isdigit()
    is_clitic = _CLITIC.fullmatch(token) is not None and _ends_word(before)
    is_elision = _ELISION.fullmatch(token) is not None and _begins_word(after)
    return token in _TO_THE_LEFT or is_clitic, token in _TO_THE_RIGHT or is_elision


def _ends_word(token: str) -> bool:
    return token[-1:].isalnum() or token[-1:] in (")", "]", "'", "’", "+")


def _begins_word(token: str) -> bool:
    return token[:1].isalnum() or token[:1] in ("(", "[")


def _is_wide(character: str) -> bool:
    """Return whether a character needs no blank beside it: Han, Kana, Thai, and punctuation of their width."""
    if not character or character.isascii():
        return False
    return character in _WIDE or int(classes_of_code_points()[ord(character)]) in _WITHOUT_BLANKS


class _Quotes:
    """Tells opening from closing quotes, from the first token of a sentence to its last.

    Args:
      tokens: the tokens of the sentence.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._is_open = {'"': False, "'": False, "`": False}
        self._left_over = {mark: sum(token == mark for token in tokens) for mark in ('"', "'")}

    def read(self, number: int) -> tuple[bool, bool] | None:
        """Read the next token.

        Args:
          number: the place of the token.

        Returns:
          Whether it is joined to the token on its left and to the one on its right; None if it is no plain quote.
        """
        token = self._tokens[number]
        before = self._tokens[number - 1] if number else ""
        after = self._tokens[number + 1] if number + 1 < len(self._tokens) else ""
        if token == "`":
            self._is_open["`"] = True
            return (before == "`", True)
        if token not in self._left_over:
            return None
        self._left_over[token] -= 1
        if token == "'" and (before == "'" or after == "'"):  # '' as two tokens
            self._is_open["`"] = False
            return (True, after == "'")
        if token == "'" and self._is_open["`"]:
            self._is_open["`"] = False
            return (True, False)
        if token == "'" and not self._is_open["'"] and before[-1:] in ("s", "S", "z", "x"):  # the boys' room
            return (True, False)
        opens = not self._is_open[token] and self._left_over[token] > 0 and bool(after)
        if not opens and not self._is_open[token]:  # one quote without another
            opens = not before or not (before[-1:] in ".,?!" or not after)
        self._is_open[token] = opens
        return (not opens, opens)
