"""Commands read and write UTF-8 in every locale."""

from __future__ import annotations

import io
import os
import sys


def restart_in_utf8_mode() -> None:
    """Start this process again in Python's UTF-8 mode if it decodes file names and arguments as anything else.

    In a locale such as C, with PYTHONUTF8=0, a name like `Łódź.json` becomes text that cannot be written to a result
    file, and flag files are read as ASCII. Python cannot change this in a running process. Python 3.9 does not know its
    own arguments, so there nothing happens.
    """
    arguments: list[str] = getattr(sys, "orig_argv", [])
    is_utf8 = sys.getfilesystemencoding().lower() == "utf-8"
    if is_utf8 or "utf8" in sys._xoptions or not arguments or not sys.executable:
        return
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *arguments[1:]])


def escape_what_cannot_be_printed() -> None:
    """Let standard output show characters that it cannot encode as escapes, instead of ending in an error.

    File names may hold any bytes, and standard output may be encoded as ASCII.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
