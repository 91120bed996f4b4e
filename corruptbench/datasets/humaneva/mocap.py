"""EXPERIMENTAL: 3D joints from HumanEva-I's motion capture, which does not store them.

The official support code derives 20 points from Vicon's virtual markers when a frame is asked for
(cur_frame.m, MarkerCoord2Xform.m, ComputeLimbParameters.m); VideoPose3D merges them to 15 joints.
This follows the descriptions of both and is tested on made-up bodies only: nobody has compared it
with the original on the real recordings yet. Labels that were converted with the official code go
first (`corruptbench.datasets.humaneva.labels`).

Two differences, both in frames that the original fills with nonsense or stops at: a frame is not
valid here if a virtual marker is missing, or the axes of a segment are not at right angles.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.near_misses import require_file
from corruptbench.errors import InputError
from corruptbench.formats import sandboxed

Array = NDArray[np.float64]

#: The markers on the skin. A frame in which one is missing is not valid. The two spellings of the
#: forearm marker are alternatives.
SURFACE = (
    ("RASI",), ("LASI",), ("LPSI",), ("RPSI",), ("STRN",), ("T10",), ("C7",), ("CLAV",), ("RBAK",),
    ("RSHO",), ("LSHO",), ("RUPA",), ("LUPA",), ("RELB",), ("LELB",), ("RWRA",), ("LWRA",),
    ("RWRB",), ("LWRB",), ("RFIN",), ("LFIN",), ("RFRM", "RFRA"), ("LFRM", "LFRA"), ("LBHD",),
    ("RBHD",), ("RFHD",), ("LFHD",), ("RTHI",), ("LTHI",), ("RKNE",), ("LKNE",), ("RTIB",),
    ("LTIB",), ("RANK",), ("LANK",), ("LHEE",), ("RHEE",), ("LTOE",), ("RTOE",),
)  # fmt: skip

#: Lengths in mm that the official code fixes: of the head, from the torso's origin to the pelvis,
#: and the radius of a marker.
HEAD, PELVIS_SHIFT, MARKER_RADIUS = 316.103, -50.0, 7.0

_AGAIN = "download and unpack Mocap_Data again"


@dataclass(frozen=True)
class Capture:
    """Markers of a trial: (n, M, 3) float64 mm, (0, 0, 0) where one is missing; and their M labels.

    A segment's frame is four markers in a row: origin, then points on its z, x and y axes.
    """

    path: Path
    markers: Array
    labels: list[str]

    def index(self, *names: str) -> int:
        """Return the first marker whose label contains a name; a subject may stand before it."""
        for i, label in enumerate(self.labels):
            if any(name in label for name in names):
                return i
        raise InputError(
            f"{self.path}: no marker {' or '.join(names)}; expected the labels of the official "
            f"motion capture files; {_AGAIN}"
        )


def read_capture(path: Path) -> Capture:
    """Return a ``Mocap_Data/*.mat``, as the official readc3d leaves it.

    Raises:
        InputError: when it is no such file, or lacks the markers or their labels.
    """
    return Capture(path, *run_matlab("capture", path, remedy=_AGAIN))


def run_matlab(function: str, path: Path, *arguments: str, remedy: str) -> Any:
    """Return what a function of `corruptbench.formats.matlab` reads, in the sandbox.

    Raises:
        InputError: when the file is missing, damaged, or lacks what the function reads.
    """
    require_file(path, "complete the data set")
    return sandboxed.read(f"matlab:{function}", path, *arguments, remedy=remedy)


def read_parameters(path: Path) -> dict[str, float]:
    """Read the subject's measures, ``Mocap_Data/<subject>.mp``: lines ``$Name = value``.

    Raises:
        InputError: when one that is needed is missing.
    """
    require_file(path, "expected the subject's measures: complete the data set")
    text = path.read_bytes().decode("latin-1")
    found = {k: float(v) for k, v in re.findall(r"\$(\w+)\s*=\s*(-?\d+(?:\.\d*)?)", text)}
    for name in ("LShoulderOffset", "RShoulderOffset"):
        if name not in found:
            raise InputError(f"{path}: no ${name}; expected lines '$Name = value'; {_AGAIN}")
    return found


def joints_of(
    trial: Capture, static: Capture, parameters: Mapping[str, float], positions: Array
) -> Array:
    """Return joints (F, 15, 3) float64 world mm of a trial; NaN where they are not valid.

    Args:
        trial: the recording.
        static: the subject at rest, ``Static.mat``.
        parameters: the subject's measures, mm.
        positions: frames (F,) in the trial, from 1 and fractional.
    """
    left, right = (static.markers[:, static.index(n)] for n in ("LSHO", "RSHO"))
    shoulder_width = float(np.linalg.norm(left - right, axis=1).mean()) / 2 - MARKER_RADIUS
    return _Body(trial, positions).joints(shoulder_width, parameters)


class _Body:
    """Points and segments of a trial at given positions; all arrays have F rows."""

    def __init__(self, trial: Capture, positions: Array) -> None:
        count = len(trial.markers)
        inside = (positions >= 1) & (positions < count)
        low = np.where(inside, np.floor(positions), 1).astype(int) - 1
        self.trial, self.low, self.share = trial, low, np.where(inside, positions - 1 - low, 0.0)
        self.high = low + (self.share > 0)
        surface = trial.markers[:, [trial.index(*names) for names in SURFACE]]
        is_complete = (surface.sum(axis=2) != 0).all(axis=1)
        self.valid = inside & is_complete[self.low] & is_complete[self.high]

    def _between(self, marker: int) -> Array:
        """Return a marker (2, F, 3) in the frames before and after."""
        ends = self.trial.markers[[self.low, self.low + 1], marker]
        self.valid &= (ends != 0).any(axis=2).all(axis=0)
        return np.asarray(ends)

    def point(self, name: str) -> Array:
        """Return a virtual marker (F, 3)."""
        before, after = self._between(self.trial.index(name))
        return np.asarray(before + self.share[:, None] * (after - before))

    def length(self, a: str, b: str) -> Array:
        """Return the mean distance (F, 1) of two virtual markers in the frames around."""
        first, second = (self.trial.markers[:, self.trial.index(n)] for n in (a, b))
        gap = np.linalg.norm(first - second, axis=1)
        return np.asarray((gap[self.low] + gap[self.high])[:, None] / 2)

    def axes(self, name: str) -> tuple[Array, Array]:
        """Return the axes x and z (F, 3) of a segment, turned evenly from one frame to the next."""
        start = self.trial.index(name)
        origin, z, x, y = (self._between(start + i) for i in range(4))
        axes = np.stack([x - origin, y - origin, z - origin], axis=3)
        axes /= np.maximum(np.linalg.norm(axes, axis=2, keepdims=True), 1e-9)
        square = np.abs(np.swapaxes(axes, 2, 3) @ axes - np.eye(3)).max(axis=(2, 3)) <= 1e-4
        square &= np.linalg.det(axes) > 0
        self.valid &= square.all(axis=0)
        before, after = np.where(square[..., None, None], axes, np.eye(3))
        turned = _slerp(before, after, self.share)
        return turned[:, :, 0], turned[:, :, 2]

    def joints(self, shoulder_width: float, parameters: Mapping[str, float]) -> Array:
        """Return (F, 15, 3); see `joints_of`."""
        x, z = self.axes("PELO")
        torso = self.length("TRXO", "PELO")
        pelvis = self.point("PELO") + PELVIS_SHIFT * x
        lean = np.arctan2(shoulder_width / 2, torso)
        upper_torso = pelvis + torso * (np.cos(lean) * z - np.sin(lean) * x)
        neck = self.point("TRXO")
        head = neck + HEAD * self.axes("HEDO")[1]
        arms = [self._arm(s, parameters[f"{s}ShoulderOffset"]) for s in "LR"]
        legs = [self._leg(s) for s in "LR"]
        points = [pelvis, (upper_torso + neck) / 2, *arms[0], *arms[1], *legs[0], *legs[1], head]
        joints = np.stack(points, axis=1)
        joints[~self.valid] = np.nan
        return joints

    def _arm(self, side: str, offset: float) -> tuple[Array, Array, Array]:
        """Return shoulder, elbow, wrist; upper arm and forearm lean by one angle, oppositely."""
        shoulder, old_elbow = self.point(f"{side}CLO"), self.point(f"{side}HUO")
        upper = self.length(f"{side}CLO", f"{side}HUO")
        lean = np.arctan2(offset / 2, upper)
        x, z = self.axes(f"{side}HUO")
        gap = old_elbow - (shoulder - upper * z)
        end = shoulder - upper * (np.cos(lean) * z + np.sin(lean) * x)
        x, z = self.axes(f"{side}RAO")
        fore = self.length(f"{side}HUO", f"{side}RAO")
        wrist = end + gap - fore * (np.cos(lean) * z - np.sin(lean) * x)
        return shoulder, end + gap / 2, wrist

    def _leg(self, side: str) -> tuple[Array, Array, Array]:
        """Return hip, knee, ankle; the knee is midway between thigh's end and shank's start."""
        hip, knee = self.point(f"{side}FEP"), self.point(f"{side}FEO")
        thigh = hip - self.length(f"{side}FEP", f"{side}FEO") * self.axes(f"{side}FEO")[1]
        ankle = knee - self.length(f"{side}FEO", f"{side}TIO") * self.axes(f"{side}TIO")[1]
        return hip, (thigh + knee) / 2, ankle


def _slerp(first: Array, second: Array, share: Array) -> Array:
    """Return rotations (F, 3, 3) between two that are less than half a turn apart.

    They are at ``share`` (F,) of the way, by Rodrigues' formula about the axis of the turn.
    """
    turn = np.swapaxes(first, 1, 2) @ second
    skew = (turn - np.swapaxes(turn, 1, 2)) / 2
    sine = np.sqrt((skew**2).sum(axis=(1, 2)) / 2)
    angle = np.arctan2(sine, (np.trace(turn, axis1=1, axis2=2) - 1) / 2) * share
    axis = skew / np.maximum(sine, 1e-12)[:, None, None]
    part = np.sin(angle)[:, None, None] * axis + (1 - np.cos(angle))[:, None, None] * (axis @ axis)
    return np.asarray(first @ (np.eye(3) + part))
