"""Rendering self-contained web pages from templates: everything is escaped, and nothing comes from the network."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

_SHARED = "cman_tf.pages"
# What could end a script or an attribute, and the two that end a line in older JavaScript.
_ESCAPES = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def to_script_json(value: Any) -> str:
    """Write a value as JSON that may stand in a `<script>` element.

    Args:
      value: what JSON can hold, with finite numbers.

    Returns:
      Compact JSON in which `<`, `>`, `&` and the line separators are escaped. Every JSON parser reads it.

    Raises:
      ValueError: if a number is not finite.

    >>> to_script_json({"type": "</script>"})
    '{"type":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(str.maketrans(_ESCAPES))


def render_page(template: str, package: str, **values: Any) -> str:
    """Render a page.

    A template may extend `base.html.jinja`. It has the filter `script_json` (see `to_script_json`), and the function
    `asset`, which gives the text of a style sheet or script: `<style>{{ asset("sentence.css") }}</style>`.

    Args:
      template: the name of a file in the package's folder `templates`.
      package: the package, such as `cman_tf.checking`.
      **values: what the template needs. Text is escaped; a name that is missing is an error.
    """
    return _environment(package).get_template(template).render(**values)


@functools.cache
def _environment(package: str) -> jinja2.Environment:
    """Return the environment of a package: its templates, then the shared ones."""
    import jinja2  # here, so that `--help` does not wait for it
    import markupsafe

    names = dict.fromkeys((package, _SHARED))
    loader = jinja2.ChoiceLoader([jinja2.PackageLoader(name) for name in names])
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["script_json"] = lambda value: markupsafe.Markup(to_script_json(value))
    environment.globals["asset"] = lambda name: markupsafe.Markup(loader.get_source(environment, name)[0])
    return environment
