"""Rules and their tables."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.data.tokenizers.compiler import Rule, compile_rules
from cman_tf.data.tokenizers.patterns import Automaton
from cman_tf.data.tokenizers.tables import MAX_LOOKAHEAD, TableRunner

BLANKS = Rule("<blank>+", is_skipped=True)


def cut(rules, text):
    return [token for token, _, _ in TableRunner(compile_rules(rules)).tokenize(text)]


def patterns():
    """Patterns that mean the same to `re`."""
    return st.recursive(
        st.sampled_from("abc"),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
            st.tuples(inner, st.sampled_from("*+?")).map(lambda pair: f"({pair[0]}){pair[1]}"),
        ),
        max_leaves=6,
    )


@given(patterns(), st.text("abc", max_size=10))
def test_the_longest_match_wins(pattern, text):
    expected, place = [], 0
    while place < len(text):
        ends = [end for end in range(place + 1, len(text) + 1) if re.fullmatch(pattern, text[place:end])]
        end = max(ends, default=place + 1)
        expected.append(text[place:end])
        place = end
    assert cut([Rule(pattern)], text) == expected


def test_what_must_follow_is_no_part_of_the_token():
    rules = [BLANKS, Rule("<letter>+"), Rule("<letter>+ / \\/ <x y>"), Rule("\\/x")]
    assert cut(rules, "ab/x ab/z") == ["ab", "/x", "ab", "/", "z"]


def test_what_stands_before():
    rules = [BLANKS, Rule("<letter>+"), Rule("' <letter>+", after="letter")]
    assert cut(rules, "a'b 'b") == ["a", "'b", "'", "b"]
    assert cut([Rule("<letter>", after="end"), Rule("<letter>+", after="^end")], "aaa") == ["a", "aa"]


def test_of_equal_matches_the_earlier_rule_counts():
    assert cut([Rule("a", is_skipped=True), Rule("<letter>")], "ab") == ["b"]
    assert cut([Rule("<letter>"), Rule("a", is_skipped=True)], "ab") == ["a", "b"]


def test_looking_ahead_has_a_bound():
    rules = [Rule("a"), Rule("a+b")]
    assert cut(rules, "a" * 50 + "b") == ["a" * 50 + "b"]
    assert cut(rules, "a" * (MAX_LOOKAHEAD + 50) + "b")[0] == "a"


def test_classes_that_no_rule_tells_apart_share_a_column():
    tables = compile_rules([Rule("<digit>+"), Rule("a")])
    assert len(set(tables.columns.tolist())) == tables.steps.shape[1] == 5  # digits, a, what is ignored, end, the rest
    assert np.all(tables.steps[0] == 0)


@pytest.mark.parametrize("pattern", ["(a", "a)", "*a", "a / b+", "a | / b c*", "|*"])
def test_patterns_that_are_none(pattern):
    with pytest.raises(ValueError, match="without|after"):
        Automaton().add_rule(pattern, 0)


def test_unknown_classes():
    with pytest.raises(KeyError, match="nothing"):
        Automaton().add_rule("<nothing>", 0)
