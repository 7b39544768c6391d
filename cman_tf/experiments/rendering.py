"""The report as Markdown with figures beside it, or as one HTML file, from the templates in templates/."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from cman_tf.experiments.lines import GAP
from cman_tf.experiments.sections import Section
from cman_tf.experiments.tables import Table

TITLE = "Results: every table and figure of both papers"
# Backslashes only where both GitHub and Python-Markdown read them; entities for the rest.
_SPECIAL = re.compile(r"[\\`*\[\]<>|~$]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|:(?=//)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # a terminal would obey them
_ENTITIES = {":": "&#58;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "~": "&#126;", "$": "&#36;", "&": "&amp;"}
_BLOCK_START = re.compile(r"^([#+-](?=[#+\-\s]|$)|\d+(?=[.)](?:\s|$)))")
_NUMBER = re.compile(r"^[<+-]? ?\d")


def render_markdown(sections: Sequence[Section], source: str, figures: str) -> str:
    """Render the report as Markdown.

    Args:
      sections: Its content.
      source: The directory of the result files, for the first line.
      figures: Where the figures are, relative to the document.
    """
    return _render("results.md.jinja", sections=sections, title=TITLE, source=source, figures=figures)


def render_html(sections: Sequence[Section], source: str) -> str:
    """Render the report as one HTML file that loads nothing else."""
    return _render("report.html.jinja", sections=sections, title=TITLE, source=source)


def render_readme_block(table: Table) -> str:
    """Render the README's results: a table and the notes below it."""
    return _render("readme_block.md.jinja", table=table)


def escape_markdown(text: str) -> Markup:
    """Escape text so that Markdown shows it as it is, on one line and within a table's cell."""
    line = _CONTROL.sub("\ufffd", " ".join(text.split()))
    line = _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), line)
    return Markup(_BLOCK_START.sub(lambda start: f"{start[1]}\\" if start[1].isdigit() else f"\\{start[1]}", line))


def list_numeric_columns(table: Table) -> list[bool]:
    """Whether each column holds numbers, which are aligned to the right."""
    columns = [[row[number] for row in table.rows] for number in range(len(table.header))]
    return [all(_NUMBER.match(cell) for cell in cells if cell not in ("", GAP)) for cells in columns]


def _render(template: str, **values: Any) -> str:
    import jinja2  # not at the top: --help does without

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("cman_tf.experiments"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(md=escape_markdown, svg=Markup, anchor=_make_anchor, numeric=list_numeric_columns)
    return environment.get_template(template).render(**values, GAP=GAP)


def _make_anchor(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")
