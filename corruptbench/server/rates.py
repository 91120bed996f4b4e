"""How many requests a token may send: a bucket that fills steadily (token bucket)."""

from __future__ import annotations

import threading
import time
from collections import defaultdict


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
