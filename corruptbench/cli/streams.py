"""Make streams and signals safe: closed streams, odd characters, signals that end a program."""

from __future__ import annotations

import codecs
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from corruptbench.terminal import wrapped


def prepare() -> None:
    """Open what is closed on the null device, and never fail on a character.

    File names that are not UTF-8 are printed as the bytes that they are. Other characters that
    the terminal's encoding lacks are printed as escapes, with a backslash.
    """
    codecs.register_error("corruptbench", _encode_anyway)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="corruptbench")


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print a warning of Python as one line for people, without the line of code it comes from."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        print(wrapped(f"warning: {message}", sys.stderr), file=sys.stderr, flush=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


@contextmanager
def ending(came: list[int]) -> Iterator[None]:
    """End at SIGTERM and SIGHUP as at Ctrl-C, so that nothing half-written stays.

    Schedulers and terminals send them. A signal that the caller ignores stays ignored.

    Args:
        came: the numbers of the signals that came are added.
    """

    def end(number: int, _: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGTERM, signal.SIGHUP) if os.name == "posix" else ()
    before = {s: signal.getsignal(s) for s in signals}
    ours = [s for s, handler in before.items() if handler is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _encode_anyway(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(error)
