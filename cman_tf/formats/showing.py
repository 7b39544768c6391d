"""How messages show what stands in a file: short, and on one line."""

from __future__ import annotations

SHOWN = 40  # characters


def show_name(text: str) -> str:
    r"""Return the first 40 characters of a name, in quotation marks if they would not print on one line.

    >>> show_name("T1"), show_name("a\nb")
    ('T1', "'a\\nb'")
    """
    short = text[:SHOWN]
    return short if short.isprintable() and short.strip() else ascii(short)[: 2 * SHOWN]


def show_text(text: str) -> str:
    r"""Return the first 40 characters of a text in quotation marks.

    >>> show_text("New\nYork")
    "'New\\nYork'"
    """
    return repr(text[:SHOWN])
