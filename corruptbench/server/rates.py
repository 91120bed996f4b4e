"""Limit the requests of a token: their rate, by a token bucket, and their number at once."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Rates:
    """Counts requests by key, in the memory of this process."""

    def __init__(self, per_minute: int) -> None:
        """Allow so many at once, and as many in each further minute."""
        self._most = float(per_minute)
        self._lock = threading.Lock()
        self._buckets: dict[int, tuple[float, float]] = defaultdict(lambda: (self._most, 0.0))

    def take(self, key: int, now: float | None = None) -> float:
        """Count a request; return the seconds until it is allowed, 0 if it is now.

        One that is not allowed now does not count.

        Args:
            key: whose request it is.
            now: seconds; the clock of the process by default.
        """
        now = time.monotonic() if now is None else now
        with self._lock:
            left, before = self._buckets[key]
            left = min(self._most, left + (now - before) * self._most / 60)
            allowed = left >= 1
            self._buckets[key] = (left - allowed, now)
        return 0.0 if allowed else (1 - left) * 60 / self._most


class AtOnce:
    """Counts the requests of a key that are under way, for one thread."""

    def __init__(self, most: int) -> None:
        """Allow so many."""
        self._most = most
        self._count: Counter[int] = Counter()

    @contextmanager
    def one(self, key: int) -> Iterator[bool]:
        """Count a request meanwhile, and tell whether it is allowed."""
        self._count[key] += 1
        try:
            yield self._count[key] <= self._most
        finally:
            self._count[key] -= 1
