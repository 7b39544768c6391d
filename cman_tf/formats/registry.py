"""The formats of corpus files, by name."""

from __future__ import annotations

import importlib

from cman_tf.errors import DataError
from cman_tf.formats.base import Format
from cman_tf.formats.json_records import quote
from cman_tf.formats.source import Head

# The modules of the formats, each with the names of its `Format`s. `detect_format` tries them in this order.
_MODULES = {
    "brat": ("FORMAT",),
    "spacy_docbin": ("FORMAT",),
    "spacy_json": ("FORMAT",),
    "dygie_lines": ("FORMAT",),
    "label_studio": ("FORMAT",),
    "triples": ("FORMAT", "TABLE_FORMAT"),
    "doccano": ("FORMAT",),
    "spert_json": ("FORMAT", "LINES_FORMAT"),
    "multihead_columns": ("FORMAT", "ROOT_FORMAT"),
    "conll_columns": ("FORMAT",),
    "cypher": ("FORMAT",),
}


def _load() -> dict[str, Format]:
    found: dict[str, Format] = {}
    for name, attributes in _MODULES.items():
        module = importlib.import_module(f"cman_tf.formats.{name}")
        for attribute in attributes:
            entry: Format = getattr(module, attribute)
            found[entry.name] = entry
    return found


REGISTRY: dict[str, Format] = _load()
AUTO = "auto"
READ_FORMATS = (AUTO, *sorted(f.name for f in REGISTRY.values() if f.read))  # the choices of --format
WRITTEN_FORMATS = tuple(sorted(f.name for f in REGISTRY.values() if f.is_written))  # the choices of --to
FORMATS = READ_FORMATS
FEW_LINES = 4  # fewer lines of text may look like a table by chance


def recognize_format(head: Head) -> Format | None:
    """Return the first format that recognises a file by its beginning, or a folder by its files; None if none does."""
    return next((candidate for candidate in REGISTRY.values() if candidate.sniff(head)), None)


def detect_format(head: Head) -> Format:
    """Recognise the format of a file from its beginning, or that of a folder from the names of its files.

    Args:
      head: the beginning of the file.

    Raises:
      DataError: if no format recognises it.
    """
    found = recognize_format(head)
    if found:
        return found
    if head.names:
        shown = ", ".join(head.names[:3])
        raise DataError(
            f"{head.path}: a folder with {shown}, expected one file, a folder with train, dev and test files, or one "
            "with brat's .txt and .ann files"
        )
    names = ", ".join(READ_FORMATS[1:])
    shown = quote(head.text.partition("\n")[0], 20)
    raise DataError(
        f"{head.path}, line 1: {shown}, expected a file of a known format ({names}); if it is one, give --format"
    )


def find_format(name: str, written: bool = False) -> Format:
    """Return the format of this name.

    Args:
      name: the name.
      written: whether the format must be one that can be written; else it must be one that can be read.

    Raises:
      DataError: listing the names.
    """
    names = WRITTEN_FORMATS if written else READ_FORMATS[1:]
    if name not in names:
        raise DataError(f"format {quote(name)}, expected one of {', '.join(names)}")
    return REGISTRY[name]
