"""Take the screenshots of the documentation: docs/figures/visualize_*.png and compare_desktop.png.

    cman-tf convert sample/test.json test.json --to=spert
    cman-tf predict --model_dir=runs/sample --input=test.json --output=found.json
    cman-tf predict --model_dir=runs/sample --input=test.json --relation_threshold=0.8 --output=sure.json
    python scripts/screenshots.py test.json found.json sure.json docs/figures

It needs Debian's chromium, and Playwright of the test extra.
"""

from __future__ import annotations

import pathlib
import shutil
import sys
import tempfile
from typing import Any

from playwright.sync_api import sync_playwright

from cman_tf.comparing.comparison import compare_predictions
from cman_tf.comparing.page import render_comparison
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.visualizing.page import make_page

SIZES = {"phone": (390, 780), "desktop": (1100, 820)}


def take(browser: Any, page: str, target: pathlib.Path, size: str, scheme: str, choice: str) -> None:
    """Take one screenshot of the list of sentences.

    Args:
      browser: Playwright's.
      page: the HTML.
      target: the file to write.
      size: a key of `SIZES`.
      scheme: light or dark.
      choice: the beginning of a choice of "Show".
    """
    width, height = SIZES[size]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "page.html")
        path.write_text(page, encoding="utf-8")
        tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        tab.goto(path.as_uri())
        options = tab.locator("#kind option").all_text_contents()
        tab.select_option("#kind", label=next(option for option in options if option.startswith(choice)))
        tab.select_option("#sort", "marks")
        tab.locator("#controls").evaluate("(element) => element.scrollIntoView()")
        tab.screenshot(path=str(target))
        tab.close()


def main(gold: str, first: str, second: str, folder: str) -> None:
    """Take all screenshots.

    Args:
      gold: the file with the gold sentences.
      first: a file with predictions for them.
      second: another one.
      folder: where to write.
    """
    right = read_corpus(gold).sentences
    found, other = (read_corpus(path, predictions=True).sentences for path in (first, second))
    errors = make_page(right, found, pathlib.Path(first).name).html
    names = [pathlib.Path(path).name for path in (first, second)]
    differences = render_comparison(compare_predictions(right, found, other), names)
    place = pathlib.Path(folder)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        take(browser, errors, place / "visualize_desktop.png", "desktop", "light", "Errors")
        take(browser, errors, place / "visualize_phone.png", "phone", "dark", "Errors")
        take(browser, differences, place / "compare_desktop.png", "desktop", "light", "Differences")
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
