"""The report's figures: what they show, how they are labelled, and that they are small."""

import re
import sys

import pytest
from helpers import import_extra
from result_makers import collect, make_result, write_everything, write_results

from cman_tf.errors import DataError
from cman_tf.experiments.captions import make_group_figure, make_row_figure, make_size_figure
from cman_tf.experiments.figure_style import STYLES, _move_apart, shrink_svg
from cman_tf.experiments.figures import draw_groups, draw_rows, draw_sizes

import_extra("report")
pytestmark = pytest.mark.extra(name="report")


def texts_of(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


@pytest.fixture
def folder(tmp_path):
    write_everything(tmp_path)
    return tmp_path


def test_groups(folder):
    svg = draw_groups(collect(folder), "by_length", "test")
    texts = texts_of(svg)
    assert texts.count("dynamic CMAN") == 2  # beside its curve in each panel
    assert texts.count("Multi-head + AT") == 2
    assert {"Entities, words", "Relations, words", "0-19", "(7 entities)", "(4 relations)"} <= {*texts}
    for model in ("multihead", "dynamic_cman"):
        assert STYLES[model].color in svg
    assert STYLES["cman"].color not in svg
    assert draw_groups(collect(folder), "by_length", "test") == svg  # equal figures are equal files
    assert draw_groups(collect(folder)[1:2], "by_length", "test") is None


def test_rows_show_the_papers_scores_and_mark_the_axis(folder):
    texts = texts_of(draw_rows(collect(folder)))
    assert texts.count("paper") == 2
    assert "dynamic CMAN, words" in texts
    assert any(re.fullmatch(r"F1 on test in percent \(axis starts at \d+\)", text) for text in texts)


def test_sizes(folder):
    texts = texts_of(draw_sizes(collect(folder, "sizes")))
    assert texts.count("dynamic CMAN, words") == 2
    assert texts.count("paper") == 2  # the one point that the paper's text gives
    assert "Multi-head + AT, words" not in texts  # it has no second share


def test_captions_say_what_to_see(folder):
    lines = collect(folder)
    figure = make_group_figure("length_test", lines, "by_length", "test")
    assert "Missing: CMAN on words (not run)." in figure.caption
    assert "Best in the last group" in figure.caption
    assert figure.alt.startswith("F1 on test by the length of the sentence.")
    rows = make_row_figure("conll04", lines)
    assert "Highest here: Multi-head + AT on words for entities (100.00)" in rows.caption
    sizes = make_size_figure("sizes", collect(folder, "sizes"))
    assert "dynamic CMAN on words +0.00 entities and +0.00 relations (60 % to 100 %)" in sizes.caption


def test_figures_without_results(tmp_path):
    lines = collect(tmp_path)
    for figure in (
        make_group_figure("a", lines, "by_length", "dev"),
        make_row_figure("b", lines),
        make_size_figure("c", lines),
    ):
        assert figure.svg is None
        assert "Nothing was run" in figure.caption


def test_results_that_lack_the_groups_are_named(folder):
    write_results(folder, {"conll04/dynamic_cman-words-seed3": make_result(70.0, 3)})
    caption = make_group_figure("a", collect(folder), "by_length", "test").caption
    assert "dynamic CMAN on words (2 of 3 runs shown)" in caption


def test_text_stays_text_and_styles_are_written_once(folder):
    svg = draw_rows(collect(folder))
    assert svg.startswith("<svg")
    assert "style=" not in svg
    assert "<metadata" not in svg
    assert len(svg) < 25_000
    for used in re.findall(r"url\(#([\w-]+)\)|href=\"#([\w-]+)\"", svg):
        assert f'id="{used[0] or used[1]}"' in svg


def test_shrinking_keeps_what_is_seen():
    text = (
        '<!-- x --><svg><style>a{}</style><g id="unused" style="fill: #123456"><path d="M 1.23456 2.10001"/></g></svg>'
    )
    small = shrink_svg(text)
    assert 'id="unused"' not in small
    assert "M 1.23 2.1" in small
    name = re.search(r'class="(\w+)"', small)[1]
    assert f".{name}{{fill: #123456}}" in small


def test_labels_do_not_overlap():
    places = _move_apart([50.0, 50.1, 50.2, 80.0], 5.0, 40.0, 90.0)
    ordered = sorted(places)
    assert all(b - a > 4.9 for a, b in zip(ordered, ordered[1:]))
    assert places[:3] == sorted(places[:3])
    assert sum(places[:3]) / 3 == pytest.approx(50.1, abs=0.01)


def test_without_matplotlib_it_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DataError, match=r"matplotlib is not installed.*pip install 'cman-tf\[report\]'"):
        draw_rows(collect(folder))
