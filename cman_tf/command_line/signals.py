"""What Ctrl-C, SIGTERM and SIGHUP do: the command stops in one line, with the exit code that shells expect."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

STOPPED = "stopped"  # the line of a command that has nothing to add
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal that ends the command. Its argument, if it has one, is the line that is shown.

    Attributes:
      signal: the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(STOPPED)
        self.signal = number


def raise_on_signals() -> None:
    """Raise `Stopped` in the main thread when a signal asks the process to end. A second Ctrl-C ends it at once.

    Signals that the caller ignores, as nohup does with SIGHUP, stay ignored.
    """
    watched = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in watched:
        signal.signal(number, _raise)
    if signal.SIGINT in watched:
        _end_at_second_interrupt()


def end_stopped(error: KeyboardInterrupt) -> None:
    """Show the line of a signal that ended the command, and exit with 128 and the signal's number.

    Raises:
      SystemExit: always.
    """
    if error.args:
        print(error.args[0], file=sys.stderr, flush=True)
    raise SystemExit(128 + getattr(error, "signal", signal.SIGINT)) from None


def _raise(number: int, frame: FrameType | None) -> None:
    del frame
    for other in _SIGNALS:  # what follows ends the command; only a second Ctrl-C may end it faster
        signal.signal(other, _ignore)
    raise Stopped(number)


def _ignore(number: int, frame: FrameType | None) -> None:
    del number, frame


def _end_at_second_interrupt() -> None:
    """Start a thread that sees signals while the main thread is busy in TensorFlow, as Python's handlers do not."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def watch() -> None:
        interrupts = 0
        while True:
            numbers = os.read(reader, 64)
            interrupts += numbers.count(signal.SIGINT)
            if interrupts > 1 or not numbers:
                os._exit(128 + signal.SIGINT)

    threading.Thread(target=watch, name="signals", daemon=True).start()
