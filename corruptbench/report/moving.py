"""Pack the worst and the best clips for the page's script, which draws them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from corruptbench.report.body import kept_bones
from corruptbench.report.companions import Extract
from corruptbench.report.evidence import Evidence
from corruptbench.report.extremes import cell_title, clip_title
from corruptbench.report.pictures import Pictures, Sprite
from corruptbench.skeleton import JointSet, joint_set

#: A number that stands for a missing one, and the units of one side of the 2D view.
MISSING, SIDE = -32768, 10_000
#: Margin around all keypoints where there is no picture, of the larger side.
_MARGIN = 0.06


class Moving(NamedTuple):
    """One clip that the script draws: its titles in words, and its numbers."""

    rank: str
    title: str
    cell: str
    words: str
    spark: Markup
    data: dict[str, Any]

    @property
    def best(self) -> bool:
        """Whether it is one of the best clips."""
        return self.rank.startswith("best")


def moving(evidence: Evidence, pictures: Pictures) -> list[Moving] | None:
    """Pack the extracts; None where their file is missing."""
    if evidence.extracts is None:
        return None
    joints = joint_set(evidence.result.scoring.joints)
    return [_moving(e, joints, pictures.sprites.get(e.rank)) for e in evidence.extracts]


def _moving(extract: Extract, joints: JointSet, sprite: Sprite | None) -> Moving:
    pictured, views = _views(extract, sprite)
    units = (extract.keypoints - views[pictured][:, None, :2]) / views[pictured][:, None, 2:] * SIDE
    layout = joint_set(extract.layout)
    data: dict[str, Any] = {
        "frames": extract.frames.tolist(),
        "error": np.round(extract.error.astype(np.float64), 1).tolist(),
        "keypoints": packed(units),
        "keypointBones": _sided(layout, layout.joints),
        "predicted": packed(extract.predicted),
        "target": packed(extract.target),
        "bones": _sided(joints, extract.joints),
        "side": SIDE,
        "missing": MISSING,
    }
    if sprite is not None:
        data |= {"sprite": sprite.source, "pictured": pictured.tolist()}
    words = (
        f"Frames {extract.frames[0]} to {extract.frames[-1]}: mean error "
        f"{extract.error.mean():.0f} mm, from {extract.error.min():.0f} to "
        f"{extract.error.max():.0f} mm."
    )
    title, cell = clip_title(extract.key), cell_title(extract.key)
    return Moving(extract.rank, title, cell, words, spark(extract.error), data)


def spark(error: NDArray[np.float32]) -> Markup:
    """Draw errors (F,) over the slider of the frames, from 0 to the greatest."""
    top, last = max(float(error.max()), 1.0), max(len(error) - 1, 1)
    corners = " ".join(
        f"{100 * i / last:.1f},{30 - 28 * float(value) / top:.1f}" for i, value in enumerate(error)
    )
    return Markup(
        '<svg class="spark" viewBox="0 0 100 31" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline points="{}"/></svg>'
    ).format(corners)


def _views(extract: Extract, sprite: Sprite | None) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return for each frame the place of its view, and the views: left, top and side, px.

    A frame between two pictures has the earlier one. Without pictures all frames have one view.
    """
    if sprite is not None:
        places = np.searchsorted(sprite.frames, extract.frames, side="right") - 1
        return np.maximum(places, 0), sprite.views
    found = extract.keypoints[np.isfinite(extract.keypoints).all(axis=2)].astype(np.float64)
    low, high = (found.min(axis=0), found.max(axis=0)) if len(found) else (np.zeros(2), np.ones(2))
    side = max(float((high - low).max()), 1.0) * (1 + 2 * _MARGIN)
    left, top = (low + high - side) / 2
    return np.zeros(len(extract.frames), dtype=np.intp), np.array([[left, top, side]])


def packed(values: NDArray[np.floating[Any]]) -> str:
    """Return whole numbers as base64 of little-endian int16; a missing one is `MISSING`."""
    kept = np.clip(np.nan_to_num(np.rint(values), nan=MISSING), MISSING, 32767)
    return base64.b64encode(kept.astype("<i2").tobytes()).decode()


def _sided(joints: JointSet, names: Sequence[str]) -> list[list[int]]:
    """Return bones as two places in ``names`` and a side: 0 middle, 1 left, 2 right."""
    order = {name: i for i, name in enumerate(names)}
    whole = [(joints.joints[a], joints.joints[b]) for a, b in joints.bones]
    pairs = whole if len(order) == len(joints) else kept_bones(joints, names)
    return [[order[a], order[b], max(_side(a), _side(b))] for a, b in pairs]


def _side(name: str) -> int:
    return 1 if name.startswith("left_") else 2 if name.startswith("right_") else 0
