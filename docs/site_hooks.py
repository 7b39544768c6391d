"""Hooks of the documentation's build: the result files that the pages link to become part of the site."""

from __future__ import annotations

import pathlib
import re
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = pathlib.Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\]\(\.\./(results/[^)\s]*)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the result files, which lie beside docs/ in the repository."""
    for path in sorted((ROOT / "results").rglob("*.json")):
        name = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links to result files, which lead out of docs/ in the repository, lead to the site's copies."""
    return _LINK.sub(r"](\1)", markdown) if page.file.src_uri.count("/") == 0 else markdown
