"""Starting commands of the package in processes that can be killed, without importing TensorFlow for each.

A server imports TensorFlow and forks a child for each command. TensorFlow starts no threads before it computes, so that
the child is as a process of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
from types import TracebackType
from typing import Any


class Server:
    """A server process. It has its own hash seed, as each start of Python has.

    Args:
      log: the file to which the commands' output is appended.
      folder: the working directory of the commands.
    """

    def __init__(self, log: pathlib.Path, folder: pathlib.Path) -> None:
        self._running = 0  # the process id of the command that runs
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CMAN_FSYNC": "off"}
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=environment,
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        if self._running:
            kill(self._running)
        self._process.kill()
        self._process.communicate()

    def start(self, module: str, arguments: list[str]) -> int:
        """Start a command, and return its process id, which is also that of its process group."""
        assert self._process.stdin
        print(json.dumps([module, arguments]), file=self._process.stdin, flush=True)
        self._running = int(self._read())
        return self._running

    def wait(self) -> int:
        """Wait until the command has ended, and return its exit code; negative for a signal."""
        code, self._running = int(self._read()), 0
        return code

    def _read(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the server has ended")
        return line


def kill(process: int) -> None:
    """Kill a command and the processes that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def _serve(log: str) -> None:
    import importlib

    import tensorflow as tf

    for module in ("train", "experiment", "training.protocols", "training.loop", "training.trainer"):
        importlib.import_module(f"cman_tf.{module}")
    output, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        module, arguments = json.loads(line)
        child = os.fork()
        if not child:
            _run(importlib.import_module(module).COMMAND, [module, *arguments], log, tf)
        with contextlib.suppress(PermissionError):
            os.setpgid(child, child)
        print(child, file=output, flush=True)
        status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), file=output, flush=True)


def _run(command: Any, argv: list[str], log: str, tf: Any) -> None:
    """Be a command."""
    os.setpgid(0, 0)
    where = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(where, stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    sys.argv = argv
    # Rewriting the graphs takes a third of the time of small models.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    code = 1
    try:
        command.run(argv)
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1])
