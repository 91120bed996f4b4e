"""Lengths of time in frames. People move as fast at any rate, so frames are those of 50 fps."""

from __future__ import annotations

#: Frames per second that the constants of all filters are stated for: that of Human3.6M.
RATE = 50.0


def scaled(frames: float, fps: float) -> float:
    """Return how many frames of a clip are as long as some frames at `RATE`."""
    return frames * fps / RATE


def window(frames: int, fps: float) -> int:
    """Return the odd number of frames, 1 or more, that is as long as some frames at `RATE`."""
    return 2 * round((scaled(frames, fps) - 1) / 2) + 1 if scaled(frames, fps) > 1 else 1
