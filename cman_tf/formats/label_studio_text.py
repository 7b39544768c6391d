"""Which of a task's values is the text that was annotated in Label Studio."""

from __future__ import annotations

from typing import Any

from cman_tf.errors import DataError
from cman_tf.formats.offsets import normalize_blanks
from cman_tf.formats.showing import show_name
from cman_tf.runs.json_values import as_object

_PROBED = 20  # as many spans tell the text from other values


def find_text(data: dict[str, Any], regions: list[dict[str, Any]], where: str) -> tuple[str, str]:
    """Find the annotated text among the values of a task.

    The export does not say which it is: a region names a tag of the labeling configuration. The text is the value of
    that name, or the only string, or the one in which the regions' texts stand, or the one named `text`.

    Args:
      data: the task's values.
      regions: the results that are spans.
      where: the task's place, for messages.

    Returns:
      The name of the tag, which is empty without regions, and the text.

    Raises:
      DataError: if no value is a string, or if it is not clear which is the text.
    """
    texts = {key: value for key, value in data.items() if type(value) is str}
    to_name = str(regions[0].get("to_name") or "") if regions else ""
    if to_name in texts:
        return to_name, texts[to_name]
    if len(texts) > 1:  # our own name for a document is no text
        texts = {key: value for key, value in texts.items() if key != "document_id"}
    if not texts:
        raise DataError(f"{where}: the data holds no text, expected a string such as data.text")
    if len(texts) > 1:
        fitting = {key: text for key, text in texts.items() if _holds(text, regions)}
        texts = fitting if regions and fitting else texts
    if len(texts) == 1 or "text" in texts:
        return to_name, texts.get("text", next(iter(texts.values())))
    names = ", ".join(show_name(key) for key in list(texts)[:3])
    raise DataError(f"{where}: {len(texts)} strings in the data ({names[:80]}), expected one, or one named text")


def _holds(text: str, regions: list[dict[str, Any]]) -> bool:
    """Return whether the texts of the first regions stand in a text."""
    plain = normalize_blanks(text)
    values = [as_object(region.get("value")) or {} for region in regions[:_PROBED]]
    return all(normalize_blanks(read_mention_text(value.get("text"), text)) in plain for value in values)


def read_mention_text(shown: Any, text: str) -> str:
    r"""Return the text of a span as it stands in the whole text. Label Studio writes \n for a line end.

    Args:
      shown: the span's text in the export.
      text: the whole text.

    Returns:
      The span's text; empty if the export does not give it, or not clearly.

    >>> read_mention_text("New\\nYork", "In New\nYork")
    'New\nYork'
    """
    if type(shown) is not str:
        return ""
    if "\\n" not in shown:
        return shown
    return "" if "\\n" in text else shown.replace("\\n", "\n")
