"""The result of a check as a web page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def render_page(result: Mapping[str, Any]) -> str:
    """Render the result of `cman-tf check` as one HTML page without outside parts. Everything is escaped.

    Args:
      result: the object that `--json` writes.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("cman_tf.checking"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("check.html.jinja").render(**result)
