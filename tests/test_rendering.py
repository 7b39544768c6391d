"""Markdown and HTML: what is printed is escaped, and the page stands alone."""

import html
import re

import markdown
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cman_tf.experiments.figures import Figure
from cman_tf.experiments.rendering import escape_markdown, list_numeric_columns, render_html, render_markdown
from cman_tf.experiments.sections import Section
from cman_tf.experiments.tables import Table

NASTY = "a|b <script>alert(1)</script> *x* _y_ [z](http://z) `c` & &lt; $d$ \\ ~~e~~"


def sections(text=NASTY):
    table = Table(text, (text, "F1"), ((text, "81.20 ± 0.45"), ("b", "not run")), (text,))
    figure = Figure("one", '<svg viewBox="0 0 1 1"></svg>', text, text)
    missing = Figure("two", None, text, text)
    return [Section(text, (text,), (table,), (figure, missing))]


def test_markdown_escapes_everything():
    text = render_markdown(sections(), NASTY, "figures")
    assert "<script" not in text
    assert "](http" not in text.replace("\\](http", "")
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert [line.count("|") for line in tables] == [3] * 4
    assert text.count("figures/one.svg") == 1
    assert "two.svg" not in text


def test_markdown_has_no_links_and_nothing_that_a_terminal_obeys():
    assert escape_markdown("https://example.org \x1b[31m\x07") == "https&#58;//example.org \ufffd\\[31m\ufffd"


def test_html_escapes_everything():
    page = render_html(sections(), NASTY)
    assert "<script" not in page
    assert page.count(html.escape(NASTY, quote=False)) >= 8
    assert page.count("<svg") == 1
    assert '<td class="gap">not run</td>' in page
    assert page.count("<caption>") == page.count("<table>") == 1
    assert re.search(r'role="img" aria-label="a\|b &lt;script', page)
    assert not re.search(r"\bsrc=|\bhref=(?!\"#)", page)  # it loads nothing


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
def test_escaped_text_is_shown_as_it_is(text):
    """As a paragraph and in a table's cell, by the Markdown that the documentation's site uses."""
    shown = " ".join(text.split())
    escaped = escape_markdown(text)
    assert "\n" not in escaped
    paragraph = markdown.markdown(f"x {escaped} x", extensions=["tables"])
    assert " ".join(html.unescape(re.sub(r"</?p>", "", paragraph)).split()) == f"x {shown} x".replace("  ", " ")
    table = markdown.markdown(f"| a | b |\n| --- | --- |\n| x {escaped} x | c |", extensions=["tables"])
    cells = re.findall(r"<td>(.*?)</td>", table)
    assert [" ".join(html.unescape(cell).split()) for cell in cells] == [f"x {shown} x".replace("  ", " "), "c"]


@pytest.mark.parametrize("text", ["- a", "+ a", "# a", "## a", "1. a", "12) a", "---", "> a", "* a"])
def test_a_paragraph_does_not_begin_a_block(text):
    assert html.unescape(markdown.markdown(escape_markdown(text))) == f"<p>{text}</p>"


def test_numbers_are_left_alone():
    for text in ("81.20 ± 0.45", "-2.30", "+3.48 / +5.14", "conll04/cman_mlp-minilm-seed1.json"):
        assert escape_markdown(text) == text


def test_numeric_columns():
    table = Table("", ("a", "b", "c"), (("x", "1.0", "not run"), ("2", "< 0.001", "")))
    assert list_numeric_columns(table) == [False, True, True]
