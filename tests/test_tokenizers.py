"""The named tokenizers."""

import sys
import time
import types

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cman_tf.data.tokenizer import tokenize as tokenize_v1
from cman_tf.data.tokenizers import TOKENIZER_NAMES, find_tokenizer
from cman_tf.data.tokenizers.code_points import CLASSES, classes_of_code_points, find_classes
from cman_tf.data.tokenizers.registry import find_tables
from cman_tf.errors import DataError

BUILT_IN = [name for name in TOKENIZER_NAMES if name != "v1"]
WORD_CUTTING = ["default", "conll04", "ptb", "hyphens"]
IGNORED = find_classes("ignored")
FAMILY = "👨\u200d👩\u200d👧"


def cut(name, text):
    return [token for token, _, _ in find_tokenizer(name).tokenize(text)]


def is_ignored(character):
    return int(classes_of_code_points()[ord(character)]) in IGNORED


@pytest.mark.parametrize("name", WORD_CUTTING)
@pytest.mark.parametrize(
    "tokens",
    [
        "See https://example.org/a/b?x=1&y=2#top , e.g. www.example.org ,",
        "write ada.reed+x@mail.example.org now",
        f"Ann 😀 🇩🇪 {FAMILY} 👍🏽 ❤️ 1️⃣ .",
        "cafe\u0301 हिन्दी co\u00adoperate نمی\u200cخواهم",
        "Mr. Lee of Calif. , U.S. , left .",
        "yes -- no ... well ( she [ said ] )",
        "-LRB- x -RRB-",
        "3.5 10:30 IL-2 v2.1.3 10 %",
        "a .38-caliber gun",
    ],
)
def test_what_stays_whole_everywhere(name, tokens):
    assert cut(name, tokens) == tokens.split()


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        ("default", "I can't say it's Ada's; they'd've", "I can 't say it 's Ada 's ; they 'd 've"),
        ("default", "O'Neil’s don’t, in the '60s", "O'Neil ’s don ’t , in the '60s"),
        ("default", "It cost $1,234.50 (50-to 70-mph).", "It cost $ 1,234.50 ( 50-to 70-mph ) ."),
        ("default", "a self-made man, mid- and long-term", "a self-made man , mid- and long-term"),
        ("conll04", "O'Brien paid $160,000.", "O 'Brien paid $160 , 000 ."),
        ("conll04", "``No,'' he said", "` ` No , ' ' he said"),
        ("ptb", "I don't, can’t, cannot: it's", "I do n't , ca n’t , can not : it 's"),
        ("ptb", "they'd've wouldn't've o'clock", "they 'd 've would n't 've o'clock"),
        ("ptb", "``No,'' (he) said \"so\"", "`` No , '' ( he ) said \" so \""),
        ("ptb", "AT&T and/or O'Neil's $3.50", "AT&T and/or O'Neil 's $ 3.50"),
        ("hyphens", "Methotrexate-induced rash.", "Methotrexate - induced rash ."),
        ("hyphens", "A 25-year-old on 5-FU and IL-2", "A 25-year - old on 5-FU and IL-2"),
        ("hyphens", "5 mg/kg, 2-16 %, +/-3, m(2)/day", "5 mg / kg , 2 - 16 % , + /- 3 , m(2)/day"),
        ("hyphens", "Crohn's and/or Na+ (r = -0.37; <3)", "Crohn 's and/or Na+ ( r = -0.37 ; <3 )"),
        ("hyphens", "given i.v. and e.g. 1,200 of mechanism(s)", "given i.v . and e.g. 1,200 of mechanism(s )"),
        ("whitespace", " Ann's  home.\nA-b ", "Ann's home. A-b"),
        ("characters", f"ab, e\u0301 {FAMILY}", f"a b , e\u0301 {FAMILY}"),
    ],
)
def test_conventions(name, text, tokens):
    assert cut(name, text) == tokens.split()


@pytest.mark.parametrize("name", WORD_CUTTING)
def test_a_period_at_the_end_is_a_token(name):
    for text in ("He lives in Calif.", "He is in the U.S. ", "by J.\ufeff"):
        assert cut(name, text)[-1] == "."


@pytest.mark.parametrize("name", [*WORD_CUTTING, "characters"])
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("张三住在北京。", list("张三住在北京。")),
        ("カタカナ", list("カタカナ")),
        ("ที่นี่", ["ที่", "นี่"]),
        ("한국어", ["한국어"]),
    ],
)
def test_scripts_without_blanks(name, text, tokens):
    if name != "characters" or text != "한국어":  # Hangul has blanks
        assert cut(name, text) == tokens


@pytest.mark.parametrize("name", BUILT_IN)
def test_characters_that_are_not_seen_are_no_tokens(name):
    assert cut(name, "\ufeffA \u200bB \u00ad \u200f C\u200b\ud800") == ["A", "B", "C"]
    assert cut(name, "") == cut(name, " \n\t\ufeff\u00a0\x00") == []


@pytest.mark.parametrize("name", BUILT_IN)
@given(text=st.one_of(st.text(), st.text("ab'’-./&$%,1:() A\u0301\u200d\ufeffn中😀🇩@tS_", max_size=30)))
@example(text="Mr. É. d'Arc--\u0301a...\u00a0x\u200by 1,2.3")
def test_any_text_is_covered(name, text):
    """Offsets slice back to the tokens, in order, and every character outside them is a blank or not seen."""
    end_before = 0
    for token, start, end in find_tokenizer(name).tokenize(text):
        assert token and text[start:end] == token and not all(map(is_ignored, token))
        assert start >= end_before and all(map(is_ignored, text[end_before:start]))
        end_before = end
    assert all(map(is_ignored, text[end_before:]))


def run_plainly(tables, text):
    """The steps of the description in `tables`, one by one."""
    columns = [int(tables.columns[classes_of_code_points()[ord(c)]]) for c in text]
    while columns and tables.is_ignored[columns[-1]]:
        columns.pop()
    length, end_column = len(columns), int(tables.columns[CLASSES.index("end")])
    columns.append(end_column)
    start, tokens = 0, []
    while start < length:
        state = tables.starts[columns[start - 1] if start else end_column]
        end, matched = start + 1, 0
        for place in range(start, length + 1):
            state = tables.steps[state, columns[place]]
            if state == 0:
                break
            if tables.lookaheads[state] >= 0:
                end, matched = place + 1 - tables.lookaheads[state], state
        if not tables.is_skipped[matched]:
            tokens.append(text[start:end])
        start = end
    return tokens


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_tables_are_all_that_a_runner_needs(name):
    text = f"Dr. O'Neil's $1,200 don't-know 5-FU x@y.org {FAMILY} 中文 (a/b)... \ufeff"
    assert run_plainly(find_tables(name), text) == cut(name, text)


# A changed fingerprint changes what trained models read: add a tokenizer with another name instead.
FINGERPRINTS = {
    "default": "588c410f471ee8d7",
    "conll04": "97dbc79c40e9066c",
    "ptb": "dd1c996cee2be76e",
    "hyphens": "4916939e64ebb89b",
    "whitespace": "efd133eb260651ca",
    "characters": "7667522214b21d43",
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_tables_are_frozen(name):
    assert find_tables(name).fingerprint()[:16] == FINGERPRINTS[name]
    assert find_tables(name).steps.nbytes < 400_000


@pytest.mark.parametrize("name", WORD_CUTTING)
@pytest.mark.parametrize("piece", ["a+", "http://", "a.", "U.", "x\u200d", "don't ", "1,", "'", "a@"])
def test_time_is_linear(name, piece):
    text = piece * (100_000 // len(piece))
    begin = time.process_time()
    find_tokenizer(name).tokenize(text)
    assert time.process_time() - begin < 5


def test_v1_is_the_old_one():
    assert find_tokenizer("v1").tokenize is tokenize_v1
    assert find_tokenizer("v1").name == "v1"


@pytest.mark.parametrize("name", ["", "spacy", "spacy:", "PTB", "x\ny" * 50])
def test_unknown_names(name):
    with pytest.raises(DataError, match="^tokenizer '.*expected one of v1, default.*spacy:en$") as error:
        find_tokenizer(name)
    assert len(str(error.value)) < 300


def test_spacy_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(DataError, match=r"spacy:en: spaCy is not installed .*pip install 'cman-tf\[spacy\]'"):
        find_tokenizer("spacy:en")


def test_spacy(monkeypatch):
    """With a stand-in for spaCy."""

    def blank(language):
        if language == "xx-unknown":
            raise ImportError("[E048] Can't import language\n xx-unknown")
        words = [types.SimpleNamespace(text=text, idx=idx) for text, idx in (("Ann", 0), ("  ", 3), ("left", 5))]
        return types.SimpleNamespace(tokenizer=lambda text: words)

    monkeypatch.setitem(sys.modules, "spacy", types.SimpleNamespace(blank=blank))
    assert find_tokenizer("spacy:qq").tokenize("Ann   left") == [("Ann", 0, 3), ("left", 5, 9)]
    with pytest.raises(DataError, match="spacy:xx-unknown: .*expected a language"):
        find_tokenizer("spacy:xx-unknown")


def test_a_name_is_text():
    with pytest.raises(TypeError, match="the tokenizer's name is int, expected str"):
        find_tokenizer(5)
