"""Cut tracks into the windows that a lifter takes, and join its poses: one for each frame.

A batch holds windows of one cell only. Which windows share a batch depends on the clips, and not on
the cells that were built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.frame_runs import listed
from corruptbench.lifters.contract import Contract

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]

#: Frames in a batch, repeated ones included. More would not be faster on a CPU, and a slow lifter
#: would not answer for a long time. A GPU needs more to be busy.
BATCH_FRAMES = {"cpu": 1024, "cuda": 32768}

#: Returns the output (B, H, T', J, 3) of a batch (B, T, K, C).
Forward = Callable[[Array32], Array32]


@dataclass(frozen=True)
class Strip:
    """Successive frames of one clip, as a lifter reads them.

    Attributes:
        name: of the clip, for messages.
        values: (F, K, C) float32.
    """

    name: str
    values: Array32


def poses_of(
    forward: Forward, strips: Sequence[Strip], contract: Contract, batch_frames: int
) -> list[Array32]:
    """Lift strips of one cell, by the rule of the contract's window.

    Args:
        forward: one pass of the lifter.
        strips: the strips; windows of several are in one batch.
        contract: contract of the lifter.
        batch_frames: most frames in a batch that has more than one window.

    Returns:
        For each strip (H, F, J, 3) float32 in the unit of the network's output.

    Raises:
        InputError: the lifter fails, or its output has another shape; names the clips.
    """
    views = [_windows(strip.values, contract) for strip in strips]
    order = sorted(range(len(views)), key=lambda i: views[i].shape[1])
    found: dict[int, list[Array32]] = {i: [] for i in order}
    for batch in _batches(views, order, contract, batch_frames):
        given = _stacked([views[p.strip][p.first : p.stop] for p in batch])
        try:
            out = forward(given)
        except InputError as error:
            names = list(dict.fromkeys(strips[p.strip].name for p in batch))
            raise InputError(f"{listed(names)}: {error}", error.parameter) from None
        place = 0
        for part in batch:
            count = part.stop - part.first
            found[part.strip].append(out[place : place + count])
            place += count
    return [
        _joined(np.concatenate(found[i]), len(strip.values), contract)
        for i, strip in enumerate(strips)
    ]


@dataclass(frozen=True)
class _Part:
    """Windows ``first`` to ``stop`` of one strip."""

    strip: int
    first: int
    stop: int


def _batches(
    views: Sequence[Array32], order: Sequence[int], contract: Contract, most: int
) -> Iterator[list[_Part]]:
    """Yield the parts of each batch; only a "sequence" may be padded to a longer one."""
    batch: list[_Part] = []
    room, length = 0, 0
    for i in order:
        count, frames = views[i].shape[:2]
        if contract.window == "sequence":
            room = most // frames - sum(p.stop - p.first for p in batch)
        if batch and (room <= 0 or (frames != length and contract.window != "sequence")):
            yield batch
            batch = []
        if not batch:
            room, length = max(1, most // frames), frames
        first = 0
        while first < count:
            stop = min(count, first + room)
            batch.append(_Part(i, first, stop))
            room, first = room - (stop - first), stop
            if first < count:
                yield batch
                batch, room = [], max(1, most // frames)
    if batch:
        yield batch


def _stacked(windows: Sequence[Array32]) -> Array32:
    """Return windows (N, T, K, C) as one batch; shorter ones repeat their last frame."""
    longest = max(w.shape[1] for w in windows)
    return np.concatenate([w.take(range(longest), axis=1, mode="clip") for w in windows])


def _windows(values: Array32, contract: Contract) -> Array32:
    """Return the windows (N, T, K, C) of a strip (F, K, C)."""
    frames, count = contract.frames, len(values)
    if contract.window == "clip" and count <= frames:
        return values[None]
    if contract.window in ("block", "clip"):
        padded = _padded(values, 0, max(frames - count, 0))
        last = len(padded) - frames
        return np.stack([padded[s : s + frames] for s in (*range(0, last, frames), last)])
    before = frames - 1 if contract.target == "last" else (frames - 1) // 2
    after = frames - 1 - before
    if contract.window == "sequence":
        # One frame more than needed: an exported graph may refuse exactly its receptive field.
        return _padded(values, before, after + 1)[None]
    views = np.lib.stride_tricks.sliding_window_view(_padded(values, before, after), frames, axis=0)
    return np.moveaxis(views, -1, 1)


def _padded(values: Array32, before: int, after: int) -> Array32:
    """Repeat the first and the last frame."""
    return values.take(np.arange(-before, len(values) + after), axis=0, mode="clip")


def _joined(out: Array32, count: int, contract: Contract) -> Array32:
    """Return the poses (H, F, J, 3) of the windows' outputs (N, H, T', J, 3).

    Blocks are full ones from the start. The last one ends with the clip, and what it has in common
    with the block before is not used, so that every frame is scored once.
    """
    if contract.window == "sequence":
        return out[0, :, :count]
    if contract.window == "centre":
        return out[:, :, 0].swapaxes(0, 1)
    frames = out.shape[2]
    used = count - frames * (len(out) - 1)  # of the last block
    parts = [*out[:-1], out[-1][:, -used:] if used < frames and len(out) > 1 else out[-1]]
    return np.concatenate(parts, axis=1)[:, :count]
