"""What the commands' `main` functions share: flags of `Config`, and errors as one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from absl import app

from cman_tf.errors import DataError
from cman_tf.runs.flagfile import FIELDS, config_from_flags, define_config_flags

__all__ = ["FIELDS", "config_from_flags", "define_config_flags", "report_errors", "run", "whole_numbers"]


def whole_numbers(texts: Sequence[str]) -> bool:
    """Whether a flag's list is one of whole numbers, for a validator."""
    return bool(texts) and all(text.isdecimal() for text in texts)


def report_errors(main: Callable[[list[str]], Any]) -> Callable[[list[str]], Any]:
    """`main` with bad input as one clear line and a non-zero exit."""

    def wrapped(arguments: list[str]) -> Any:
        try:
            return main(arguments)
        except DataError as error:
            raise SystemExit(str(error)) from None
        except OSError as error:
            if error.filename is None:
                raise
            raise SystemExit(f"{error.filename}: {error.strerror}") from None

    return wrapped


def run(main: Callable[[list[str]], Any]) -> None:
    """Run a command that takes flags only, `report_errors`."""

    def without_arguments(arguments: list[str]) -> Any:
        if len(arguments) > 1:
            raise DataError(f"{arguments[1]!r}: not a flag; flags are given as --name=value (--help lists them)")
        return main(arguments)

    app.run(report_errors(without_arguments))
