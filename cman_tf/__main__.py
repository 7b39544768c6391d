"""`cman-tf COMMAND ...` and `python -m cman_tf COMMAND ...`; without a command, the list of commands."""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import pathlib
import signal
import sys

_IS_PROGRAM = __name__ == "__main__" or pathlib.Path(sys.argv[0]).name == "cman-tf"
if _IS_PROGRAM and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while modules are imported is no traceback

import cman_tf  # noqa: E402
from cman_tf.command_line.command import describe_missing_package, report_errors, validate_streams  # noqa: E402

# In the order in which a user meets them.
COMMANDS = (
    "check",
    "convert",
    "train",
    "evaluate",
    "search",
    "tune-thresholds",
    "mixture",
    "predict",
    "extract",
    "score",
    "visualize",
    "compare",
    "serve",
    "export",
    "pack",
    "embed",
    "index",
    "download",
    "experiment",
    "report",
    "benchmark",
)


def find_module(command: str) -> str:
    """The module of a command: a file, or a folder that can be run."""
    name = f"cman_tf.{command.replace('-', '_')}"
    spec = importlib.util.find_spec(name)
    return f"{name}.__main__" if spec and spec.submodule_search_locations else name


def summarize(command: str) -> str:
    """The first line of a command's docstring, read without importing its module, which takes longer."""
    spec = importlib.util.find_spec(find_module(command))
    source = pathlib.Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def list_commands() -> str:
    """What `cman-tf` prints without a command."""
    width = max(map(len, COMMANDS))
    lines = [
        "usage: cman-tf COMMAND [--flag=value ...]",
        "",
        "Joint entity and relation extraction with CMAN and dynamic CMAN.",
        "",
        *(f"  {command:{width}}  {summarize(command)}" for command in COMMANDS),
        "",
        "cman-tf COMMAND --help shows a command's flags, cman-tf --version the version.",
    ]
    return "\n".join(lines)


@report_errors
def _show(text: str) -> None:
    """Print a text to standard output, if that is open and has room."""
    validate_streams()
    print(text)


def main() -> None:
    """Run the command that the first argument names."""
    program, *arguments = sys.argv
    if not arguments or arguments[0] in ("--help", "-h", "-help", "help"):
        _show(list_commands())
        return
    command, *rest = arguments
    if command in ("--version", "-version"):
        _show(f"cman-tf {cman_tf.__version__}")
        return
    if command not in COMMANDS:
        near = difflib.get_close_matches(command, COMMANDS, n=1, cutoff=0)[0]
        raise SystemExit(f"cman-tf {command}: no such command, did you mean {near}? cman-tf alone lists the commands")
    sys.argv = [f"{program} {command}", *rest]  # benchmark starts itself again with its own arguments
    try:
        module = importlib.import_module(find_module(command))
    except ModuleNotFoundError as error:
        raise SystemExit(describe_missing_package(error)) from None
    module.COMMAND.run()


if __name__ == "__main__":
    main()
