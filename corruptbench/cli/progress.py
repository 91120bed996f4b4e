"""Progress of long work: a live bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

INTERVAL = 10.0  # seconds between lines


class Meter:
    """Counts units of work and shows their rate and the time left.

    Use as a context manager; call `advance` with the units done since the last call.
    """

    def __init__(self, label: str, total: int, unit: str) -> None:
        """``unit`` is what is counted, in the plural ("crops")."""
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self.note = ""
        self._began = self._said = time.monotonic()
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn(unit + " {task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(label, total=total, rate="", note="")

    def __enter__(self) -> Meter:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
        if kind is None and not self._console.is_terminal:
            self._say()

    def advance(self, units: int, note: str = "") -> None:
        """Adds finished units; ``note`` stays until the next one."""
        self.done += units
        self.note = note or self.note
        self._bar.update(
            self._task, completed=self.done, rate=f"{self.rate():.3g}/s", note=self.note
        )
        if not self._console.is_terminal and time.monotonic() - self._said > INTERVAL:
            self._say()

    def rate(self) -> float:
        """Units per second since the start."""
        return self.done / max(time.monotonic() - self._began, 1e-9)

    def _say(self) -> None:
        self._said = time.monotonic()
        left = f"{(self.total - self.done) / self.rate():.0f} s" if self.done else "unknown time"
        self._console.print(
            f"{self.label}: {self.done}/{self.total} {self.unit}, {self.rate():.3g}/s, "
            f"{left} left {self.note}".rstrip(),
            highlight=False,
            soft_wrap=True,
        )
