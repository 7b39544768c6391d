"""The page to try a model by hand, in Chromium: typing, drawing, errors, and text that wants to be markup."""

import contextlib
import json

import pytest
from browser import WIDTHS, overflows
from fake_service import EVIL, start

pytestmark = [pytest.mark.e2e, pytest.mark.extra(name="serve")]


@pytest.fixture(scope="module")
def service(chromium):
    """Its model gives each entity and relation a type that is markup."""
    with start(type=EVIL) as process:
        yield process
        assert process.end() == (0, "")


@contextlib.contextmanager
def visit(browser, service, path="/", width="desktop", scheme="light", expected=()):
    """Open a page of the service. Afterwards nothing was asked of others, and the console holds what is expected."""
    page = browser.new_page(viewport={"width": WIDTHS[width], "height": 900}, color_scheme=scheme)
    page.set_default_timeout(10_000)
    noticed = []
    page.on("console", lambda message: noticed.append(message.text))
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.on("request", lambda request: noticed.append(request.url))
    page.goto(service.address + path)
    try:
        yield page
        assert page.title() != "hacked"
        ours = (service.address, "data:")
        assert [text for text in noticed if not text.startswith(ours)] == list(expected)
    finally:
        page.close()


def ask(page, text, keys=False):
    """Type a text and send it; returns what the page then says of it."""
    before = int(page.get_attribute("#form", "data-answers") or 0)
    page.fill("#text", text)
    if keys:
        page.press("#text", "Control+Enter")
    else:
        page.click("#send")
    page.wait_for_selector(f"#form[data-answers='{before + 1}']")
    return page.inner_text("#state") or page.inner_text("#problem")


@pytest.mark.parametrize("width, scheme", [("phone", "dark"), ("desktop", "light")])
def test_a_sentence_is_drawn(chromium, service, width, scheme):
    with visit(chromium, service, width=width, scheme=scheme) as page:
        assert page.input_value("#text") == "Nora Belvia works for Belaton Corp. of Darazen City."
        assert ask(page, "Ann Lee met Bo .", keys=True).startswith("Answered in")
        assert page.locator("#found .token").all_inner_texts() == ["Ann", "Lee", "met", "Bo", "."]
        assert (
            page.locator("#found .bar.first bdi").all_inner_texts()
            == [EVIL[:40] + f"\u2026 ({len(EVIL)} characters)"] * 3
        )
        assert page.locator("#found .arc .head").count() == 2
        rows = [row.split("\t") for row in page.locator("#found tbody tr").all_inner_texts()]
        assert [(row[0], row[1].strip(), row[-1]) for row in rows] == [(n, EVIL, "0.90") for n in ("Ann", "Lee", "Bo")]
        assert page.locator("#found .facts li").count() == 2
        assert json.loads(page.text_content("#answer"))["results"][0]["tokens"][0] == "Ann"
        assert EVIL in page.locator("#legend bdi").all_inner_texts()
        assert not overflows(page)


def test_options(chromium, service):
    with visit(chromium, service) as page:
        page.fill("#relation", "0.7")
        ask(page, "Ann met Bo .")
        assert page.locator("#found .facts li").count() == 0
        page.check("#all")
        ask(page, "Ann met Bo .")
        assert "below the threshold" in page.inner_text("#found .facts li")
        page.fill("#relation", "")  # the service's own threshold counts
        page.uncheck("#all")
        ask(page, "Ann met Bo .")
        assert "below" not in page.inner_text("#found .facts li")
        ask(page, "nobody .")
        assert "No entities." in page.inner_text("#found")
        ask(page, "")
        assert page.inner_text("#found") == "The text has no words."


def test_text_stays_text(chromium, service):
    texts = [
        f"Ann {EVIL} Bo",
        "Ann \u202egnp.exe\u202c \u2067Bo",
        "X" * 10_000,
        "Ann \u05d0\u05d1 Bo",
        "\u2028Ann\x00 \U0001f642",
    ]
    with visit(chromium, service, width="phone") as page:
        for text in texts:
            assert ask(page, text).startswith("Answered in")
            assert page.locator("#found img, #found script, #legend img").count() == 0
            assert not overflows(page)
            assert json.loads(page.text_content("#answer"))["results"][0]["text"] == text


def test_errors_are_shown(chromium, service):
    refused = "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
    with visit(chromium, service, expected=[refused]) as page:
        ask(page, "Ann met Bo .")
        assert ask(page, "bad") == "texts, item 0: a bad text, expected a good one"
        assert page.inner_text("#found") == "" and not page.is_visible("#json")
        assert ask(page, "Ann .").startswith("Answered in") and page.inner_text("#problem") == ""


def test_everything_can_be_reached_by_keyboard(chromium, service):
    with visit(chromium, service) as page:
        ask(page, "Ann met Bo .")
        page.focus("a")
        reached = []
        for _ in range(6):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        assert reached == ["text", "split", "all", "relation", "entity", "send"]
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        names = page.evaluate("[...document.querySelectorAll('input, textarea')].map((field) => field.labels.length)")
        assert names == [1, 1, 1, 1, 1]


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_the_page_of_the_api(chromium, service, width):
    with visit(chromium, service, "/docs", width) as page:
        assert page.locator("h2 code").all_inner_texts() == ["/extract", "/health", "/version", "/metrics"]
        page.click("a[href='#ExtractAnswer'] >> nth=0")
        assert page.is_visible("#ExtractAnswer") and not overflows(page)
