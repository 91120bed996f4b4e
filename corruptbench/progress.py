"""Progress of long work: a live bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from corruptbench.terminal import wrapped

INTERVAL = 10.0  # seconds between lines


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, "1 clip" or "2 clips"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def short_number(value: float) -> str:
    """Return a number in three digits, or whole from 100 on: "0.254", "27.2" or "2,540"."""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """Return a time in words, such as "40 s", "12 min", "27 h" or "5 days"."""
    for limit, unit, size in ((90, "s", 1), (5400, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return f"{max(seconds / size, 1):.0f} {unit}"
    return f"{seconds / 86400:,.0f} days"


def megabytes(size: int) -> str:
    """Return a number of bytes in words, such as "32 MB", "2.9 GB" or "1.5 TB"."""
    for limit, unit, bytes_of_one in ((999.5e6, "MB", 1e6), (999.5e9, "GB", 1e9)):
        if size < limit:
            return f"{short_number(size / bytes_of_one)} {unit}"
    return f"{short_number(size / 1e12)} TB"


def note(text: str) -> None:
    """Print a line for people on stderr."""
    if sys.stderr is not None:  # None where it was closed when Python started
        print(wrapped(text, sys.stderr), file=sys.stderr, flush=True)


class Meter:
    """Counts units of work and shows their rate and the time left.

    Use as a context manager; call `advance` with the units done since the last call.
    """

    def __init__(self, label: str, total: int, unit: str) -> None:
        """Count up to ``total``; ``unit`` is what is counted, in the plural ("crops")."""
        from rich import progress as bars
        from rich.console import Console

        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self.note = ""
        self._began = self._said = time.monotonic()
        # Not is_terminal of the console: FORCE_COLOR makes that true in a log file.
        self._live = sys.stderr.isatty()
        self._bar = bars.Progress(
            "{task.description}",
            bars.BarColumn(bar_width=24),
            bars.MofNCompleteColumn(),
            unit + " {task.fields[rate]}",
            bars.TimeElapsedColumn(),
            "left",
            bars.TimeRemainingColumn(),
            "{task.fields[note]}",
            console=Console(stderr=True),
            disable=not self._live,
        )
        self._task = self._bar.add_task(label, total=total, rate="", note="")

    def __enter__(self) -> Meter:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._bar.stop()
        if kind is None and not self._live:
            self._say()

    def advance(self, units: int, note: str = "") -> None:
        """Add finished units; ``note`` stays until the next one."""
        self.done += units
        self.note = note or self.note
        rate = f"{short_number(self.rate())}/s"
        self._bar.update(self._task, completed=self.done, rate=rate, note=self.note)
        if not self._live and time.monotonic() - self._said > INTERVAL:
            self._say()

    def rate(self) -> float:
        """Return the units per second since the start."""
        return self.done / max(time.monotonic() - self._began, 1e-9)

    def _say(self) -> None:
        self._said = time.monotonic()
        rest = self.total - self.done
        left = "unknown time" if not self.done else duration(rest / self.rate()) if rest else "0 s"
        note(
            f"{self.label}: {self.done}/{self.total} {self.unit}, {short_number(self.rate())}/s, "
            f"{left} left {self.note}".rstrip()
        )


@contextmanager
def meter(label: str, total: int, unit: str, shown: bool) -> Iterator[Callable[[int, str], None]]:
    """Give a function that advances a meter, or does nothing unless ``shown``."""
    if not shown or sys.stderr is None:
        yield lambda units, note: None  # noqa: ARG005
        return
    with Meter(label, total, unit) as shown_meter:
        yield shown_meter.advance
