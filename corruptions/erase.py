"""Erasing: flat patches cover parts of the body for a while.

Models temporary occlusion as the loss of what lies under a patch. It does not model the object that
hides it. All patches come and go together, in the episodes of `corruptions._episodes`. In one
episode a patch stays on one place of the body: a point of a bone between two joints, and any point
of the skeleton is as likely as any other. It moves with that bone. Without joints or bones it stays
at one place of the person's box. All places, sizes and colors are drawn once for the clip. All
numbers are our own choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._boxes import visible
from corruptbench.corruptions._episodes import episode_at, episodes
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """How much is erased, and for how long.

    Attributes:
        patches: number of patches in an episode.
        side: mean side of a patch, as a fraction of the person's box height.
        share: fraction of the frames in which the patches are there.
        episode: mean time for which they stay, seconds.
    """

    patches: int
    side: float
    share: float
    episode: float


SEVERITIES = (
    Params(patches=2, side=0.18, share=0.2, episode=0.5),
    Params(patches=3, side=0.20, share=0.3, episode=0.6),
    Params(patches=4, side=0.22, share=0.4, episode=0.7),
    Params(patches=5, side=0.24, share=0.5, episode=0.8),
    Params(patches=6, side=0.26, share=0.6, episode=0.9),
)

#: Patches are up to this many times longer than wide, or wider than long.
ASPECT = 1.8
#: In every frame of an episode one patch alone hides more than this fraction of the person's box.
#: All patches of an episode grow by this factor until one does, at most so many times.
HIDDEN, GROWTH, STEPS = 0.05, 1.1, 60


@dataclass(frozen=True)
class Patches:
    """The patches of one episode, in the order in which they are painted.

    Attributes:
        sides: (patches, frames, 4) int64, the whole pixels of each: columns x0 to x1 - 1, rows y0
            to y1 - 1. They may lie outside of the picture. A frame without a person has none.
        colors: R, G, B of each.
    """

    sides: NDArray[np.int64]
    colors: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Draws:
    """All episodes of the clip, in order, and the patches of each."""

    episodes: tuple[range, ...]
    patches: tuple[Patches, ...]


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:
    """Draw the patches of every episode."""
    found, boxes = episodes(info, params.share, key, mean=params.episode), visible(info)
    side, patches = params.side * info.person_height, []
    for i, frames in enumerate(found):
        within = slice(frames.start, frames.stop)
        where = [(half, i, patch, 0) for patch in range(params.patches) for half in (0, 1)]
        numbers = key.words(np.array(where, dtype=np.uint32)).reshape(-1, 8) / 2**32
        stretch = np.array([ASPECT ** (float(n) - 0.5) for n in numbers[:, 2]])
        size = side * np.stack([stretch, 1 / stretch], axis=1)
        sides = _grown(_centers(info, within, numbers), size, boxes[within])
        colors = 32 + np.floor(192 * numbers[:, 3:6]).astype(int)
        patches.append(Patches(sides, tuple((r, g, b) for r, g, b in colors.tolist())))
    return Draws(found, tuple(patches))


def _centers(info: ClipInfo, within: slice, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where the patches of an episode are, (patches, frames, 2) px."""
    if info.joints is not None:
        places = _on_bones(info, within, numbers[:, 0])
        if places is not None:
            return places
    u, v = 0.1 + 0.8 * numbers[:, 0], 0.05 + 0.9 * numbers[:, 1]
    return _from_box(np.stack([u, v], axis=1)[:, None], info.boxes[within])


def _grown(
    centers: NDArray[np.float64], size: NDArray[np.float64], boxes: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the pixels of patches around centers, moved into the boxes; see `GROWTH`."""
    inside = np.minimum(np.maximum(centers, boxes[:, :2]), boxes[:, 2:])
    for _ in range(STEPS):
        sides = _sides(inside, size)
        if _hidden(sides, boxes) > HIDDEN:
            break
        size = size * GROWTH
    return sides


def _on_bones(
    info: ClipInfo, within: slice, along: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the place of each patch on the skeleton, (patches, frames, 2) px.

    A patch's number, 0 to 1, counts along all bones, end to end, each as long as it is on average
    in these frames. In a frame without one of the two joints the place within the box is that
    between the nearest frames with both. None if no bone has a length.
    """
    assert info.joints is not None
    joints, boxes = info.joints[within].swapaxes(0, 1), info.boxes[within]
    pairs = np.array(info.bones, dtype=np.int64).reshape(-1, 2)
    start, way = joints[pairs[:, 0]], joints[pairs[:, 1]] - joints[pairs[:, 0]]
    known = np.isfinite(way).all(axis=-1) & np.isfinite(boxes[:, 0])  # (bones, frames)
    lengths = np.where(known, np.sqrt((way**2).sum(axis=-1)), 0)
    reach = np.cumsum(lengths.sum(axis=1) / np.maximum(known.sum(axis=1), 1))
    if not (reach.size and 0 < reach[-1] < np.inf):
        return None
    targets = along * reach[-1]
    bones = np.searchsorted(reach, targets, side="right")
    before = np.concatenate([[0.0], reach])[bones]
    part = (targets - before) / (reach[bones] - before)
    places = start[bones] + way[bones] * part[:, None, None]
    return np.stack([_bridged(*one, boxes) for one in zip(places, known[bones], strict=True)])


def _bridged(
    place: NDArray[np.float64], known: NDArray[np.bool_], boxes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a place (F, 2) px with the frames filled in which it is not known."""
    if known.all():
        return place
    relative = (place[known] - boxes[known, :2]) / _extent(boxes[known])
    times = np.arange(len(place))
    filled = [np.interp(times, times[known], relative[:, axis]) for axis in (0, 1)]
    return np.where(known[:, None], place, _from_box(np.stack(filled, axis=1), boxes))


def _extent(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return width and height of boxes (..., 4), at least one pixel each."""
    return np.maximum(boxes[..., 2:] - boxes[..., :2], 1.0)


def _from_box(places: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places (..., F, 2) within boxes (F, 4), 0 to 1, as px."""
    return boxes[:, :2] + places * _extent(boxes)


def _sides(centers: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the whole pixels of patches (P, F, 2) of a size (P, 2), (P, F, 4); none at NaN."""
    half = size[:, None] / 2
    sides = np.nan_to_num(np.concatenate([centers - half, centers + half], axis=-1), nan=-1.0)
    return np.asarray(np.floor(sides + 0.5), dtype=np.int64)


def _hidden(sides: NDArray[np.int64], boxes: NDArray[np.float64]) -> float:
    """Return the largest part of a box (F, 4) that one patch hides, in the frame with the least."""
    low, high = np.maximum(sides[..., :2], boxes[:, :2]), np.minimum(sides[..., 2:], boxes[:, 2:])
    areas = np.maximum(high - low, 0).prod(axis=-1) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=-1)
    return float(np.nan_to_num(areas, nan=1.0).max(axis=0).min())


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of frame ``t`` with its patches painted, (h, w, 3) uint8."""
    out = frames[t][region.slices].copy()
    for rows, columns, color in _shown(t, draws, region):
        out[rows, columns] = color
    return out


def cover(t: int, draws: Draws, region: Region) -> NDArray[np.uint8]:
    """Return 255 under a patch and 0 beside it, (h, w) uint8."""
    out = np.zeros((region.y1 - region.y0, region.x1 - region.x0), dtype=np.uint8)
    for rows, columns, _ in _shown(t, draws, region):
        out[rows, columns] = 255
    return out


def _shown(
    t: int, draws: Draws, region: Region
) -> Iterator[tuple[slice, slice, tuple[int, int, int]]]:
    """Yield rows and columns within the region, and color, of each patch of frame ``t``."""
    index = episode_at(draws.episodes, t)
    if index is None:
        return
    patches = draws.patches[index]
    low, high = (region.x0, region.y0) * 2, (region.x1, region.y1) * 2
    sides = patches.sides[:, t - draws.episodes[index].start].clip(low, high) - low
    for (x0, y0, x1, y1), color in zip(sides.tolist(), patches.colors, strict=True):
        yield slice(y0, y1), slice(x0, x1), color


CORRUPTION = Corruption(
    name="erase",
    family="temporary occlusion",
    version=3,
    scope="clip",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
    cover=cover,
)
