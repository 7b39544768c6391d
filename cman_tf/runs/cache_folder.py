"""The folder in which downloaded encoders and word vectors are kept for all runs of a user."""

from __future__ import annotations

import os
import pathlib


def cache_folder() -> pathlib.Path:
    """Return the folder: `$CMAN_CACHE_DIR`, else `cman_tf` in `$XDG_CACHE_HOME` or `~/.cache`. It may not exist yet."""
    given = os.environ.get("CMAN_CACHE_DIR")
    if given:
        return pathlib.Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (pathlib.Path(base) if base else pathlib.Path.home() / ".cache") / "cman_tf"
