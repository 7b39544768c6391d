"""The rules of the tokenizers after the Penn Treebank: `ptb`, and `hyphens`, which cuts as spaCy and ADE do."""

from __future__ import annotations

from cman_tf.data.tokenizers.compiler import Rule
from cman_tf.data.tokenizers.rules import (
    COMMON,
    DECIMAL,
    HYPHEN,
    LETTERS,
    MARKS,
    NO_WORD,
    NUMBER,
    PERIODS,
    RUN,
    SUSPENDED,
    keep_period,
)
from cman_tf.data.tokenizers.words import ABBREVIATIONS, JOINED_WORDS, any_of, spell

_NOT = f"{spell('n')} <quote> {spell('t')}"


def _before_clitics(word: str, letters: str) -> tuple[Rule, ...]:
    """Return the rules for a word before a clitic, which is the next token: Ann / 's, do / n't, they / 'd 've.

    Args:
      word: the pattern of a word.
      letters: the pattern of a word of letters.
    """
    have = f"<quote> {spell('ve')}"
    single = ["<quote> <s S d D m M>", *(f"<quote> {spell(short)}" for short in ("re", "ve", "ll"))]
    double = [f"<quote> {spell(short)} {have}" for short in ("d", "ll")]
    return (
        *(Rule(f"{letters} / {clitics} {NO_WORD}") for clitics in (f"{_NOT} {have}", _NOT)),
        *(Rule(f"{word} / {clitics} {NO_WORD}") for clitics in (*double, *single)),  # the earlier rule wins
    )


_CLITICS = (
    Rule(f"<quote> {any_of(spell(word) for word in ('s', 're', 've', 'll', 'd', 'm'))} / {NO_WORD}"),
    Rule(f"{_NOT} / {NO_WORD}"),
    *(Rule(f"{spell(first)} / {spell(second)} {NO_WORD}") for first, second in JOINED_WORDS),
    *(Rule(f"<quote> {spell('t')} / {spell(word)} {NO_WORD}") for word in ("is", "was")),
)
_WORD = f"{RUN} ((<- hyphen . _ />|<quote>) {RUN})*"
PTB = (
    *COMMON,
    *PERIODS,
    *_CLITICS,
    *_before_clitics(_WORD, LETTERS),
    SUSPENDED,
    DECIMAL,
    Rule(_WORD),
    Rule(f"{NUMBER} ({HYPHEN}? {RUN})*"),
    Rule("<capital>+ & <capital>+"),
    Rule("` `"),
    Rule("' '"),
)

# A word is cut at a hyphen between two letters or two digits, and at a slash before a letter: IL-2 - induced, mg / kg.
_A = f"<letter> (<unseen>* <letter attached>)* ((. | _ | \\( | \\) | \\)\\/) {LETTERS})*"
_D = f"0 {MARKS} (0 {MARKS})*"
_DIGITS = f"{_D} ((<. , : ; /> | \\( | \\)\\/?) {_D})*"
_TO_DIGIT = f"({HYPHEN} | \\/ | \\( | \\) | = | << \\>>)?"
_TO_LETTER = f"({HYPHEN} | \\/ | \\( | \\) | \\)\\/)?"
_CHEMICAL = (
    f"({_A} ({_TO_DIGIT} {_DIGITS} {_TO_LETTER} {_A})* ({_TO_DIGIT} {_DIGITS})?"
    f" | {_DIGITS} ({_TO_LETTER} {_A} {_TO_DIGIT} {_DIGITS})* ({_TO_LETTER} {_A})?)"
)
_INNER_QUOTES = f"{_CHEMICAL} (<quote> {RUN})*"
_SHORT = any_of(("e.g", "E.g", "i.e", "I.e", "a.m", "p.m", "A.m", "P.m", "v.s", "Ph.D"))
HYPHENS = (
    *COMMON,
    *keep_period(f"(<letter> {MARKS} .)* <capital> {MARKS}"),
    *keep_period(f"({_SHORT} | {any_of(ABBREVIATIONS)})"),
    *_CLITICS,
    *_before_clitics(_INNER_QUOTES, LETTERS),
    DECIMAL,
    Rule(_INNER_QUOTES),
    Rule(f"{LETTERS} \\+ / <outside , ) ;>"),  # Na+
    Rule(f"{_CHEMICAL} {HYPHEN} / <blank>"),  # 3- to 13-month
    Rule(spell("and") + "\\/" + spell("or")),
    Rule("\\/ -", after="+"),
    Rule(f"<- < \\>> {NUMBER}", after="blank end ( = <"),
)
