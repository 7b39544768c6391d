"""Names of files that are safe on every system, made from the ids of documents."""

from __future__ import annotations

import re
import unicodedata

from cman_tf.data.problems import Problems

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")  # by Windows
_MAX_BYTES = 120


class FileNames:
    """Chooses names of files, each once. Names that differ in case only are the same on some systems.

    Args:
      problems: the collector that counts documents whose id is not their file's name.

    >>> names = FileNames(Problems())
    >>> [names.choose(name) for name in ("a/b", "A_B", "c.d")]
    ['a_b', 'A_B-2', 'c.d']
    """

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._next: dict[str, int] = {}

    def choose(self, wanted: str) -> str:
        """Return a name, without an ending, that was not chosen before."""
        plain = re.sub(r"[^\w.-]+", "_", wanted).strip(".")
        plain = plain.encode()[:_MAX_BYTES].decode("utf-8", "ignore") or "_"
        if _RESERVED.fullmatch(plain):
            plain = f"_{plain}"
        name = plain
        while self._fold(name) in self._next:
            number = self._next[self._fold(plain)] = self._next[self._fold(plain)] + 1
            name = f"{plain}-{number}"
        self._next[self._fold(name)] = 1
        if name != wanted:
            self._problems.note("documents_whose_file_has_another_name")
        return name

    @staticmethod
    def _fold(name: str) -> str:
        return unicodedata.normalize("NFKC", name.casefold())
