"""Pages in Debian's Chromium, which Playwright drives. Tests that ask for it are skipped, saying so, without."""

import contextlib
import shutil

import pytest

WIDTHS = {"phone": 390, "desktop": 1200}


@contextlib.contextmanager
def open_chromium():
    """Start a headless browser, or skip the test."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not on PATH (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def visit(browser, path, width="desktop", scheme="light"):
    """Open a file of ours; afterwards nothing was on the console and nothing was asked of the network.

    Args:
      browser: from the fixture `chromium`.
      path: the page.
      width: a key of `WIDTHS`.
      scheme: light or dark.
    """
    page = browser.new_page(viewport={"width": WIDTHS[width], "height": 900}, color_scheme=scheme)
    page.set_default_timeout(10_000)
    noticed = []
    page.on("console", lambda message: noticed.append(message.text))
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.on("dialog", lambda dialog: (noticed.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: noticed.append(request.url))
    address = path.resolve().as_uri()
    page.goto(address)
    try:
        yield page
        # Data addresses, such as that of the empty icon, are part of the page.
        assert [text for text in noticed if text != address and not text.startswith("data:")] == []
    finally:
        page.close()


def overflows(page):
    """Whether the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def expect(locator):
    """Playwright's assertions about an element, which wait until they hold."""
    from playwright import sync_api

    return sync_api.expect(locator)
