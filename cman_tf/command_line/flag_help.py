"""`--help`: what a command does and its flags in groups, with their values and defaults."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from absl import app, flags

from cman_tf.command_line.console import discard_output

if TYPE_CHECKING:
    from cman_tf.command_line.command import Command

FLAGS = flags.FLAGS
_OUR_GROUP = "cman_tf_group"  # attribute of a flag of ours; absl's own flags lack it
_FEW = 6  # choices that are shown in the place of a flag's value; more are listed behind its description
_COLUMN = 30  # where the flags' descriptions begin
_WIDTHS = 60, 120  # the narrowest and the widest text, in characters
_PLACEHOLDERS = {"int": "INTEGER", "float": "NUMBER"}


@contextlib.contextmanager
def flag_group(title: str, flag_values: flags.FlagValues = FLAGS) -> Iterator[None]:
    """The flags defined within this belong to a group of the help.

    A word between back quotes in a flag's description stands for its value: "The `file` to read." is shown as
    --data=FILE and "The file to read."

    Args:
      title: of the group.
      flag_values: that the flags are defined in.
    """
    before = set(flag_values)
    yield
    for name in flag_values:
        if name not in before:
            set_group(flag_values[name], title)


def set_group(flag: flags.Flag, title: str) -> None:
    """Put one flag into a group of the help."""
    setattr(flag, _OUR_GROUP, title)


def groups(flag_values: flags.FlagValues = FLAGS) -> dict[str, list[flags.Flag]]:
    """The groups and their flags, both in the order of their definition; absl's own flags are in none."""
    found: dict[str, list[flags.Flag]] = {}
    for name in flag_values:
        flag = flag_values[name]
        title = getattr(flag, _OUR_GROUP, None)
        if title and name == flag.name:  # not a flag's short name
            found.setdefault(title, []).append(flag)
    return found


def required_flags(flag_values: flags.FlagValues = FLAGS) -> list[str]:
    """Names of the flags that must be given: their default, nothing, does not pass their own checks."""
    every = [flag for group in groups(flag_values).values() for flag in group]
    return [f.name for f in every if f.default is None and not all(v.checker(None) for v in f.validators)]


def command_help(name: str, description: str | None, arguments: str = "", width: int | None = None) -> str:
    """The text of `--help`.

    Args:
      name: of the command.
      description: what it does, as the docstring of its module.
      arguments: those that are not flags, as the synopsis shows them.
      width: of the text in characters; None: that of the terminal.
    """
    width = width or min(max(shutil.get_terminal_size().columns, _WIDTHS[0]), _WIDTHS[1])
    needed = [f"--{flag}={_placeholder(FLAGS[flag])}" for flag in required_flags()]
    given = [*needed, "[--flag=value ...]"]
    # What stands behind -- are flags of another command, which no flag of this one may follow.
    words = [*given, arguments] if arguments.startswith("--") else [arguments, *given]
    synopsis = " ".join(["usage: cman-tf", name, *filter(None, words)])
    parts = [synopsis, _wrap_description(description or "", width)]
    for title, group in groups().items():
        parts.append("\n".join([f"{title}:", *(describe_flag(flag, width) for flag in group)]))
    last = (
        "Defaults are in brackets. --flagfile=FILE reads flags from a file, one a line; flags behind it on the command "
        "line override them. A file that ships with the package needs no path: --flagfile=conll04. --verbosity=1 "
        "shows TensorFlow's own messages. --helpfull also lists the flags of absl-py."
    )
    return "\n\n".join([*parts, textwrap.fill(last, width)])


def _wrap_description(description: str, width: int) -> str:
    """A docstring's paragraphs as wide as the terminal, its indented lines as they are."""
    wrapped = []
    for paragraph in re.split(r"\n\s*\n", description.strip()):
        indented = any(line.startswith(" ") for line in paragraph.splitlines())
        wrapped.append(paragraph.rstrip() if indented else textwrap.fill(" ".join(paragraph.split()), width))
    return "\n\n".join(wrapped)


def describe_flag(flag: flags.Flag, width: int) -> str:
    """A flag, its value, what it means and its default, in lines of at most `width` characters."""
    name = f"  --[no]{flag.name}" if flag.boolean else f"  --{flag.name}={_placeholder(flag)}"
    text = re.sub(r"^<[^>]*>: ", "", flag.help)  # absl puts an enum's choices before its description
    text = " ".join(text.replace("`", "").split())
    if len(_choices(flag)) > _FEW:
        text += f" One of {', '.join(_choices(flag))}."
    if flag.default not in (None, "", []):
        text += f" [{_written(flag.default)}]"
    lines = textwrap.wrap(text, width - _COLUMN, break_long_words=False, break_on_hyphens=False)
    if len(name) < _COLUMN - 1:
        return "\n".join([f"{name:{_COLUMN}}{lines[0]}", *(" " * _COLUMN + line for line in lines[1:])])
    return "\n".join([name, *(" " * _COLUMN + line for line in lines)])


def _choices(flag: flags.Flag) -> list[str]:
    return list(getattr(flag.parser, "enum_values", None) or [])


def _placeholder(flag: flags.Flag) -> str:
    """What stands for a flag's value: its choices, the word between back quotes, or its type."""
    choices = _choices(flag)
    if choices and len(choices) <= _FEW:
        return "|".join(choices)
    quoted = re.search(r"`([^`]+)`", flag.help)
    if quoted:
        return quoted[1].upper()
    if isinstance(flag.default, list):
        return "A,B,..."
    if choices:
        return "NAME"
    return _PLACEHOLDERS.get(flag.flag_type(), "TEXT")


def _written(default: Any) -> str:
    """A default as one would write it: yes or no for a switch."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return ",".join(default) if isinstance(default, list) else str(default)


class _HelpFlag(flags.BooleanFlag):
    """A flag that prints a text and ends the program, with exit code 0."""

    def __init__(self, name: str, text: Any, help: str, short_name: str | None = None) -> None:
        super().__init__(name, False, help, short_name=short_name, allow_override=True)
        self._text = text

    def parse(self, argument: Any) -> None:
        if self._parse(argument):
            try:
                print(self._text())
                sys.stdout.flush()
            except BrokenPipeError:  # the reader has seen enough
                discard_output()
            sys.exit(0)


def define_help_flags(command: Command) -> None:
    """`--help`, `-h` and `--helpfull` of a command, in place of absl's, which end with exit code 1."""
    app.define_help_flags()  # or app.run would define them over ours

    def usual() -> str:
        return command_help(command.name, command.description or "", command.arguments)

    def full() -> str:
        ours = {flag.name for group in groups().values() for flag in group}
        return f"{usual()}\n\nFlags of absl-py:\n{_absl_flags(ours)}"

    flags.DEFINE_flag(_HelpFlag("help", usual, "Show this help.", short_name="?"))
    flags.DEFINE_flag(_HelpFlag("h", usual, "The same as --help."))
    flags.DEFINE_flag(_HelpFlag("helpshort", usual, "The same as --help."))
    flags.DEFINE_flag(_HelpFlag("helpfull", full, "Show this help and the flags of absl-py."))


def _absl_flags(ours: Sequence[str] | set[str]) -> str:
    width = min(max(shutil.get_terminal_size().columns, _WIDTHS[0]), _WIDTHS[1])
    names = sorted({FLAGS[name].name for name in FLAGS} - set(ours))
    return "\n".join(describe_flag(FLAGS[name], width) for name in names)
