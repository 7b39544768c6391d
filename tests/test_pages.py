"""What all pages share: escaping, no network, and the drawing of a sentence in a real browser."""

import json

import pytest
from browser import overflows, visit
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from mistakes import HOSTILE

from cman_tf.pages import rendering
from cman_tf.pages.rendering import to_script_json

PAGE = """{% extends "base.html.jinja" %}
{% block title %}{{ title }}{% endblock %}
{% block style %}{{ asset("sentence.css") }}{% endblock %}
{% block content %}<div id="here"></div>{% endblock %}
{% block script %}<script type="application/json" id="data">{{ sentences | script_json }}</script>
<script>{{ asset("sentence.js") }}
const find = (id) => document.getElementById(id);
for (const one of JSON.parse(find("data").textContent)) drawSentence(find("here"), one);
</script>{% endblock %}"""


def write_page(folder, *sentences, title="A page"):
    """A page that draws these sentences."""
    environment = rendering._environment("cman_tf.pages")
    path = folder / "page.html"
    path.write_text(environment.from_string(PAGE).render(sentences=sentences, title=title))
    return path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(JSON)
def test_json_for_scripts(value):
    """It is the same value, and no character in it ends a script or begins markup."""
    text = to_script_json(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


def test_numbers_that_are_not_finite():
    with pytest.raises(ValueError):
        to_script_json(float("nan"))


def test_pages_load_nothing():
    """The frame forbids the network, and no template or script asks for it."""
    for path in (ROOT / "cman_tf").glob("*/templates/*"):
        text = path.read_text().replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
        assert "http" not in text and "innerHTML" not in text and "@import" not in text, path
    assert "default-src 'none'" in (ROOT / "cman_tf" / "pages" / "templates" / "base.html.jinja").read_text()


LINE = {
    "tokens": "Nora Belvia , who was born in Darazen City , works for Belaton Corp. of Oslo .".split(),
    "entities": [
        {"start": 0, "end": 2, "type": "Peop", "state": "hit"},
        {"start": 6, "end": 9, "type": "Loc", "state": "false", "note": "boundary"},
        {"start": 7, "end": 9, "type": "Loc", "state": "miss"},
        {"start": 12, "end": 14, "type": "Org", "state": "", "dim": True},
    ],
    "relations": [
        {"head": 0, "tail": 1, "type": "Live_In", "state": "false", "score": 0.713},
        {"head": 0, "tail": 2, "type": "Live_In", "state": "miss"},
        {"head": 3, "tail": 0, "type": "Employs", "state": "hit"},
        {"head": 3, "tail": 3, "type": "Self", "state": ""},
    ],
}


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_a_sentence_is_drawn(chromium, tmp_path, width):
    """Every entity has a label with its state, every relation an arc or two halves, and a line in the list."""
    with visit(chromium, write_page(tmp_path, LINE), width) as page:
        assert page.locator(".bar.first").all_inner_texts() == ["✓ Peop", "✗ Loc", "○ Loc", "Org"]
        assert page.locator(".facts li").all_inner_texts() == [
            "✗Loc: in Darazen City (false alarm, boundary)",
            "✗Live_In: Nora Belvia → in Darazen City (false alarm, 0.71)",
            "○Live_In: Nora Belvia → Darazen City (missed)",
            "✓Employs: Belaton Corp. → Nora Belvia (hit)",
            "•Self: Belaton Corp. → Belaton Corp.",
        ]
        assert page.locator(".arc .head").count() == 4  # one arrow for each relation
        assert not overflows(page)
        if width == "desktop":
            assert sorted(page.locator(".arc text").all_text_contents()) == [
                *("Self", "○ Live_In", "✓ Employs", "✗ Live_In 0.71")
            ]
        else:
            lines = page.evaluate("new Set([...document.querySelectorAll('.cell')].map((c) => c.offsetTop)).size")
            assert lines > 1 and page.locator(".arc").count() > 4
        boxes = [label.bounding_box() for label in page.locator(".arc text").all()]
        for number, one in enumerate(boxes):  # no label covers another
            for other in boxes[:number]:
                apart = one["x"] + one["width"] <= other["x"] + 1 or other["x"] + other["width"] <= one["x"] + 1
                assert apart or abs(one["y"] - other["y"]) > 8


def test_an_arc_ends_at_its_entities(chromium, tmp_path):
    sentence = {**LINE, "relations": [{"head": 3, "tail": 0, "type": "Employs", "state": ""}]}
    with visit(chromium, write_page(tmp_path, sentence)) as page:
        arrow, bar = page.locator(".arc .head").bounding_box(), page.locator(".bar.first").first.bounding_box()
        assert bar["x"] - 5 < arrow["x"] < bar["x"] + 2 * bar["width"]
        word = page.locator(".token").first.bounding_box()
        assert arrow["y"] + arrow["height"] <= word["y"] + 1


def test_the_drawing_follows_the_window(chromium, tmp_path):
    with visit(chromium, write_page(tmp_path, LINE)) as page:
        before = page.locator(".arc").count()
        page.set_viewport_size({"width": 390, "height": 800})
        page.wait_for_function(f"() => document.querySelectorAll('.arc').length > {before}")
        assert not overflows(page)


def test_states_are_told_apart_without_colour(chromium, tmp_path):
    """Border and dashes differ, not only symbols and colours."""
    style = "(e) => getComputedStyle(e).borderTopStyle"
    with visit(chromium, write_page(tmp_path, LINE)) as page:
        bars = [page.locator(f".bar.first.{state}").evaluate(style) for state in ("hit", "miss", "false")]
        dashes = [
            page.locator(f".arc.{state} path").first.evaluate("(e) => getComputedStyle(e).strokeDasharray")
            for state in ("hit", "miss", "false")
        ]
    assert len(set(bars)) == 3 and len(set(dashes)) == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(chromium, tmp_path, scheme):
    """Text and labels have a contrast of 4.5 or more to what is behind them."""
    with visit(chromium, write_page(tmp_path, LINE), scheme=scheme) as page:
        colours = page.evaluate(
            """() => {
              const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
              const rgb = (text) => { canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
                                      return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
              const found = [];
              for (let n = 0; n < 8; n++) {
                const bar = document.createElement("span");
                bar.className = `bar hit kind-${n}`;
                document.querySelector(".tokens").append(bar);
                found.push([rgb(getComputedStyle(bar).color), rgb(getComputedStyle(bar).backgroundColor)]);
              }
              for (const name of ["--ink", "--muted", "--accent", "--hit", "--miss", "--false"]) {
                const style = getComputedStyle(document.documentElement);
                found.push([rgb(style.getPropertyValue(name)), rgb(style.getPropertyValue("--ground"))]);
              }
              return found;
            }"""
        )
    assert len(colours) == 14
    for one, other in colours:
        assert contrast(one, other) >= 4.5, (one, other)


def contrast(one, other):
    """The ratio of WCAG 2."""

    def luminance(colour):
        parts = [c / 255 / 12.92 if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_hostile_text_stays_text(chromium, tmp_path):
    sentences = [
        {
            "tokens": [text, "in", text],
            "entities": [
                {"start": 0, "end": 1, "type": text, "state": "hit", "note": text},
                {"start": 2, "end": 3, "type": text, "state": "miss"},
            ],
            "relations": [{"head": 0, "tail": 1, "type": text, "state": "false", "note": text}],
        }
        for text in HOSTILE
    ]
    with visit(chromium, write_page(tmp_path, *sentences, title=HOSTILE[1]), "phone") as page:
        assert page.locator(".sentence").count() == len(HOSTILE)
        assert page.title() == HOSTILE[1]
        assert page.locator("script").count() == 2 and page.locator("img").count() == 0
        assert not overflows(page)
        shown = page.locator(".sentence .cell:first-child bdi").first.text_content()
        assert shown == HOSTILE[0]


def test_too_much_to_draw_is_listed(chromium, tmp_path):
    """More overlapping entities and relations than fit: the list has what the drawing leaves out."""
    entities = [{"start": 0, "end": 3, "type": f"T{number}", "state": ""} for number in range(30)]
    relations = [{"head": n % 30, "tail": (n + 1) % 30, "type": "R", "state": ""} for n in range(100)]
    sentence = {"tokens": ["a", "b", "c"], "entities": entities, "relations": relations}
    with visit(chromium, write_page(tmp_path, sentence, {"tokens": []}), "phone") as page:
        assert page.locator(".bar.first").count() == 12
        assert page.locator(".facts li").count() == 18 + 100
        assert page.locator(".arc .head").count() == 40
        assert not overflows(page)


def test_scripts_from_right_to_left(chromium, tmp_path):
    sentence = {"tokens": ["שלום", "עולם"], "entities": [{"start": 0, "end": 1, "type": "Loc", "state": ""}]}
    with visit(chromium, write_page(tmp_path, sentence)) as page:
        first, second = (cell.bounding_box()["x"] for cell in page.locator(".cell").all())
        assert first > second
