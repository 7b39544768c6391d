"""A command of `cman-tf`: its flags, its arguments and its errors."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from absl import app, flags

from cman_tf.command_line import console, flag_help, log_lines
from cman_tf.command_line.signals import end_stopped, raise_on_signals
from cman_tf.command_line.utf8_mode import escape_what_cannot_be_printed, restart_in_utf8_mode
from cman_tf.errors import DataError, one_line, quote, shorten_words
from cman_tf.flagfiles import find_flagfile

FLAGS = flags.FLAGS
_Given = TypeVar("_Given")
_LARGEST_FLAGFILE = 1 << 20  # bytes
_MESSAGE_LIMIT = 500  # characters of an error of absl's, which repeats what was given


@dataclasses.dataclass(frozen=True)
class Command:
    """What `cman-tf NAME` and `python -m cman_tf.NAME` run.

    Attributes:
      name: of the command, "train".
      description: docstring of its module: a line that says what it does, then examples and
        paragraphs. `--help` shows it.
      define_flags: defines the flags. It is called when the command runs, not when its module is imported,
        so that all of them can be imported together.
      main: does the work, given the program's name and the arguments that are not flags.
      arguments: those arguments as the help shows them, "NAME"; empty for a command that takes none.
      validate: checks the arguments, given as to `main`, without doing anything.
    """

    name: str
    description: str | None
    define_flags: Callable[[], None]
    main: Callable[[list[str]], Any]
    arguments: str = ""
    validate: Callable[[list[str]], Any] | None = None

    def run(self, argv: list[str] | None = None) -> None:
        """Parse the flags and do the work, then exit.

        Args:
          argv: the program's name and what follows it; None: those of this process.

        Raises:
          SystemExit: at the end; with one line for a user's mistake.
        """
        if argv is None:
            restart_in_utf8_mode()
        escape_what_cannot_be_printed()
        validate_streams()
        if argv is None and threading.current_thread() is threading.main_thread():
            raise_on_signals()
        self.define_flags()
        flag_help.define_help_flags(self)
        app.run(report_errors(self.main), argv, flags_parser=self._parse)

    def check(self, argv: list[str]) -> None:
        """Parse the flags and check the arguments without doing the work.

        Args:
          argv: the program's name and what follows it.

        Raises:
          SystemExit: with one line for a mistake.
        """
        self.define_flags()
        flag_help.define_help_flags(self)
        arguments = self._parse(argv)
        if self.validate:
            report_errors(self.validate)(arguments)

    def _parse(self, argv: list[str]) -> list[str]:
        log_lines.log_plainly()
        try:
            arguments = FLAGS(resolve_flagfiles(argv))
        except (flags.Error, DataError, OSError, UnicodeDecodeError) as error:
            if isinstance(error, OSError) and error.filename is None:
                raise SystemExit(_describe_full_output(error)) from None
            raise SystemExit(f"{self._describe(error)} ({self.name} --help lists the flags)") from None
        if len(arguments) > 1 and not self.arguments:
            raise SystemExit(f"{quote(arguments[1])}: not a flag; flags are given as --name=value ({self.name} --help)")
        return arguments

    def _describe(self, error: Exception) -> str:
        """An error of absl's in one line."""
        text = shorten_words(" ".join(str(error).split()))
        if isinstance(error, flags.IllegalFlagValueError) and text.endswith("must have a value other than None."):
            missing = [f"--{name}" for name in flag_help.required_flags() if FLAGS[name].value is None]
            if missing:
                return f"{self.name}: expected {' and '.join(missing)}"
        return f"{self.name}: {text if len(text) <= _MESSAGE_LIMIT else text[:_MESSAGE_LIMIT] + '...'}"


def validate_streams() -> None:
    """End the program in one line if it was started with a closed output, as by `>&-`."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, open to the end of the process
    if sys.stdout is None:
        raise SystemExit("standard output is closed, expected one to write to")
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115


def report_errors(main: Callable[[_Given], Any]) -> Callable[[_Given], Any]:
    """`main` with bad input as one clear line and a non-zero exit code."""

    def wrapped(arguments: _Given) -> Any:
        try:
            outcome = main(arguments)
            sys.stdout.flush()
            return outcome
        except DataError as error:
            raise SystemExit(str(error)) from None
        except KeyboardInterrupt as error:
            end_stopped(error)
        except ModuleNotFoundError as error:
            raise SystemExit(describe_missing_package(error)) from None
        except BrokenPipeError:  # the reader of the output has seen enough, as `head` has
            console.discard_output()
        except OSError as error:
            if error.filename is None:  # the output: a full disk, or /dev/full
                raise SystemExit(_describe_full_output(error)) from None
            where = shorten_words(one_line(os.fsdecode(error.filename)))
            raise SystemExit(f"{where}: {error.strerror or error}") from None
        except Exception as error:  # of packages that have no class for it that could be named here
            if not _is_out_of_memory(error):
                raise
            raise SystemExit("out of memory; smaller batches, shorter sentences or a smaller model need less") from None

    return wrapped


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether an error of Python's or TensorFlow's says that memory is used up."""
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError" and "OOM" in str(error)


def _describe_full_output(error: OSError) -> str:
    """One line about an output that cannot be written, as on a full disk or /dev/full."""
    try:
        name = os.readlink(f"/proc/self/fd/{sys.stdout.fileno()}")
    except (OSError, ValueError):
        name = ""
    console.discard_output()
    where = name if os.path.isabs(name) else "standard output"
    return f"{where}: {error.strerror or error}, expected to write the output there"


def describe_missing_package(error: ModuleNotFoundError) -> str:
    """One line about a package that is not installed, as after pip install --no-deps.

    Raises:
      ModuleNotFoundError: if the module is ours, and the error ours, too.
    """
    if error.name is None or error.name.startswith("cman_tf"):
        raise error
    return f"{error.name} is not installed; pip install cman-tf, without --no-deps, brings it"


def resolve_flagfiles(argv: list[str]) -> list[str]:
    """Arguments with each `--flagfile` that names one of the shipped files replaced by its path.

    Raises:
      DataError: if there is no such file.
    """
    resolved = []
    takes_value = False
    for position, argument in enumerate(argv):
        name, equals, value = argument.partition("=")
        if takes_value:
            argument = _find_readable(argument)
        elif name in ("--flagfile", "-flagfile") and equals:
            argument = f"{name}={_find_readable(value)}"
        elif argument == "--":
            return [*resolved, *argv[position:]]
        takes_value = argument in ("--flagfile", "-flagfile")
        resolved.append(argument)
    return resolved


def _find_readable(name: str) -> str:
    """Return the path of a flagfile.

    Raises:
      DataError: if there is no such file, or if it is not UTF-8 without a byte order mark.
    """
    path = find_flagfile(name)
    try:
        if path.stat().st_size > _LARGEST_FLAGFILE:
            raise DataError(f"{path}: over {_LARGEST_FLAGFILE >> 20} MiB, expected a flagfile")
        text = path.read_bytes().decode("utf-8")
        _validate_nothing_nested(path, text)
        if text.startswith("\ufeff"):
            raise DataError(f"{path}: begins with a byte order mark, expected a flagfile that is saved without it")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte 0x{error.object[error.start]:02x} is not UTF-8, expected a flagfile") from None
    return str(path)


def _validate_nothing_nested(path: pathlib.Path, text: str) -> None:
    """Raise DataError if the flags of a run name another flagfile, which training never writes.

    A run's directory may come from anyone, and absl would open the file, and show a part of it in an error.
    """
    if path.name != "flags.txt":
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip().lstrip("-").startswith("flagfile"):
            raise DataError(f"{path}, line {number}: {quote(line)} in the flags of a run, expected its settings")
