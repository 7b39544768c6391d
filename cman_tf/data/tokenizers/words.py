"""Word lists of the tokenizers' rules, and how they become patterns."""

from __future__ import annotations

from collections.abc import Iterable

# A period behind them is part of the token, unless the text ends there.
TITLES = "Mr Mrs Ms Messrs Dr Prof Gen Col Maj Lt Sgt Cpl Capt Cmdr Adm Gov Sen Rep Reps Sens Rev Hon St Jr Sr"
COMPANIES = "Inc Corp Co Cos Ltd Bros Assn"
MONTHS = "Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec"
STATES = (
    "Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Kans Ky La Md Mass Mich Minn Miss Mo Mont Neb Nev Okla Ore Pa "
    "Penn Tenn Tex Va Vt Wash Wis Wyo"
)
OTHERS = "No vs etc"
ABBREVIATIONS = tuple(f"{TITLES} {COMPANIES} {MONTHS} {STATES} {OTHERS}".split())
# Words that the Penn Treebank cuts in two, although there is no apostrophe between the parts.
JOINED_WORDS = (("can", "not"), ("gon", "na"), ("got", "ta"), ("wan", "na"), ("lem", "me"), ("gim", "me"))


def spell(word: str) -> str:
    """Return the pattern of a word in small or capital letters."""
    return "".join(f"<{c.lower()} {c.upper()}>" if c.isalpha() else c for c in word)


def any_of(words: Iterable[str]) -> str:
    """Return the pattern of a choice of words."""
    return f"({'|'.join(words)})"
