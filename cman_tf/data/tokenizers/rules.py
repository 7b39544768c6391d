"""The rules of the built-in tokenizers, and what they have in common. `patterns` describes the rules' language.

The rules of a tokenizer never change once a released version has trained models with it, because a model's record
holds only its name. Other rules get another name.
"""

from __future__ import annotations

from cman_tf.data.tokenizers.compiler import Rule
from cman_tf.data.tokenizers.words import ABBREVIATIONS, any_of, spell

# Pieces of patterns. Characters that are not seen, such as the soft hyphen, may stand inside of a word.
NO_WORD = "<^letter digit attached>"
MORE = "(<unseen>* <letter digit attached>)*"
RUN = f"<letter digit> {MORE}"
LETTERS = "<letter> (<unseen>* <letter attached>)*"
MARKS = "(<unseen>* <attached>)*"
HYPHEN = "<- hyphen>"
NUMBER = "0+ (<. , : />0+)*"
WORD = f"{RUN} (<- hyphen . _>{RUN})*"
# O'Neil, d'Arc
NAME = f"(O|D|L|d|l) <quote> <capital> {MORE} ({HYPHEN} {RUN})*"

_PICTURE = "<emoji> <tone attached>*"
_IN_URL = "<letter digit attached ideograph . _ ~ : / ? # [ ] @ ! $ & ' ( ) * + , ; = % ->"
_URL_END = "<letter digit attached ideograph / # = & _ ~ % + $ * @ ->"
_URL = f"{_IN_URL}* {_URL_END}"

BLANKS = Rule("<ignored>+", is_skipped=True)
# Emoji that are one picture, and flags.
PICTURES = (Rule(f"{_PICTURE} (<zwj> {_PICTURE})* <tag>*"), Rule("<regional> <regional>"))
SINGLE_CHARACTERS = Rule(f"<^ignored end> {MARKS}")
ADDRESSES = (
    Rule(f"({spell('http')} {spell('s')}? | {spell('ftp')}) :\\/\\/ {_URL}"),
    Rule(f"{spell('www')} . {_URL}"),
    Rule(f"<letter digit> <letter digit attached . _ % + ->* @ {RUN} (<. ->+{RUN})* . {LETTERS}"),
)
LINES_AND_DOTS = (Rule("- -+"), Rule("<dash>+"), Rule("_+"), Rule(". . .+"), Rule("- (L|R) (C|R|S) B -"))
COMMON = (BLANKS, *PICTURES, SINGLE_CHARACTERS, *ADDRESSES, *LINES_AND_DOTS)


def keep_period(pattern: str) -> tuple[Rule, Rule]:
    """Return the rules for a period that is part of the token before it, unless the text ends behind it."""
    return Rule(f"{pattern} ."), Rule(f"{pattern} / . <end>")


# U.S., Mr., J., D-Calif.
_ACRONYM = f"(<letter> {MARKS} .)+ <letter> {MARKS}"
# long- and medium-range, .38-caliber
SUSPENDED = Rule(f"{WORD} {HYPHEN} / <blank>")
DECIMAL = Rule(f". {NUMBER} ({HYPHEN}? {RUN})*", after="^letter digit attached . ) ]")
PERIODS = (
    Rule(f"{_ACRONYM} . ({HYPHEN} {RUN})+"),  # U.S.-led
    *keep_period(f"({RUN} {HYPHEN})? ({_ACRONYM} | {any_of(ABBREVIATIONS)})"),
    *keep_period(f"<capital> {MARKS}"),
)

_CLITICS = any_of(spell(word) for word in ("s", "t", "re", "ve", "ll", "d", "m", "n"))
_CONLL04_CLITICS = (
    Rule(f"<quote> {RUN}", after="letter digit attached"),  # don 't
    Rule(f"<quote> {_CLITICS} / {NO_WORD}"),
    Rule(f"<quote> 0 0 s / {NO_WORD}"),  # the '60s
)

CHARACTERS = (BLANKS, *PICTURES, SINGLE_CHARACTERS)
WHITESPACE = (
    BLANKS,
    Rule("<^ignored end> ((<zwj zwnj invisible tag selector>)* <^ignored end> | <selector>)*"),
)
DEFAULT = (
    *COMMON,
    *_CONLL04_CLITICS,
    *PERIODS,
    SUSPENDED,
    DECIMAL,
    Rule(WORD),
    Rule(NAME),
    Rule(f"{NUMBER} ({HYPHEN}? {RUN})*"),
)
# Numbers are cut at commas, and a currency sign is part of its number: $160 , 000
CONLL04 = (
    *COMMON,
    *_CONLL04_CLITICS,
    *PERIODS,
    SUSPENDED,
    DECIMAL,
    Rule(WORD),
    Rule(f"$? 0+ (<. : />0+)* ({HYPHEN}? {RUN})*"),
)
