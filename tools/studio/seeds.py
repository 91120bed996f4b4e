"""Random numbers that depend on a name alone."""

from __future__ import annotations

import hashlib

import numpy as np


def seeded(name: str) -> np.random.Generator:
    """Philox generator keyed by the SHA-256 of `name`."""
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
