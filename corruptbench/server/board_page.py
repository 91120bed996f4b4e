"""The board as page and as JSON, made again when a row has changed."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from corruptbench.evaluation.heading import heading
from corruptbench.leaderboard import (
    SubmissionError,
    placed_rows,
    read_board,
    read_paired,
    read_resampled,
)
from corruptbench.leaderboard.board.folder import RESULT_FILE, rows
from corruptbench.leaderboard.compact import encoded
from corruptbench.leaderboard.exports.json_rows import benchmarks
from corruptbench.leaderboard.page.render import html
from corruptbench.manifest import Manifest
from corruptbench.progress import note
from corruptbench.server.headers import policy_of
from corruptbench.server.rounding import rounded_pairs, rounded_result

#: Seconds for which the folder is not looked at again, and that in units of the time that the last
#: page took: so at most a tenth of a processor makes pages. Our own choice.
FRESH, PAUSE = 1.0, 9.0


class Content(NamedTuple):
    """Hold the bytes of an answer, and the same compressed with gzip."""

    plain: bytes
    zipped: bytes


class Shown(NamedTuple):
    """Hold the page and the table of one state of the board. They are compressed once for all.

    Attributes:
        page: HTML.
        table: JSON.
        tag: digest of both.
        policy: what the page may load and run.
    """

    page: Content
    table: Content
    tag: str
    policy: str


def content(plain: bytes) -> Content:
    """Compress the bytes of an answer."""
    return Content(plain, gzip.compress(plain, 6))


class BoardPage:
    """Keeps what is served. While it is made again, the last one is served."""

    def __init__(self, board: Path, manifests: Sequence[Manifest]) -> None:
        """Serve the board of a folder; titles come from the manifests."""
        self._board, self._headings = board, {m.id: heading(m) for m in manifests}
        self._making = threading.Lock()
        self._state: object = None
        self._until = 0.0
        self._shown: Shown | None = None

    def get(self) -> Shown:
        """Return what is served now."""
        shown = self._shown
        if shown is not None and time.monotonic() < self._until:
            return shown
        if not self._making.acquire(blocking=shown is None):
            assert shown is not None
            return shown  # another thread makes the next one
        try:
            began, state = time.monotonic(), _state(self._board)
            if self._shown is None or state != self._state:
                self._shown, self._state = self._made(), state
            now = time.monotonic()
            self._until = now + max(FRESH, PAUSE * (now - began))
            return self._shown
        finally:
            self._making.release()

    def _made(self) -> Shown:
        results, problems = read_board(self._board)
        for problem in problems:
            note(f"left out: {problem}")
        paired = read_paired(results, self._board)
        resampled = read_resampled(results, self._board).resampled
        results = [rounded_result(result) for result in results]
        text = html(results, self._headings, rounded_pairs(paired), resampled)
        page = encoded(text)
        table = json.dumps(benchmarks(placed_rows(results, resampled))).encode()
        tag = hashlib.sha256(page + table).hexdigest()[:32]
        return Shown(content(page), content(table), tag, policy_of(text))


def _state(board: Path) -> object:
    """Return what changes with each row."""
    try:
        found = [(str(row), (row / RESULT_FILE).stat().st_mtime_ns) for row in rows(board)]
    except (OSError, SubmissionError):
        return object()
    return found
