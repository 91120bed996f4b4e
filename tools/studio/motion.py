"""Motion capture: reading a folder, repairing glitches, changing the frame rate."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from .bvh import read_bvh
from .skeleton import Motion, Skeleton, forward_kinematics

GLITCH_SPEED_MM_S = 11_000.0
"""A joint faster than this may be a glitch; a football kick gets there too, but smoothly."""
GLITCH_JERK_MM = 110.0
"""Second difference of a joint's position per frame (at 60 Hz) that no human limb reaches."""
LONGEST_REPAIR_S = 0.2
"""Longer damage than this is not bridged but marked as invalid."""


class MotionFolder:
    """Motions of a folder: the packed form (`cmu_motions.json` + npz) and/or `*.bvh` files.

    A packed sequence goes by its key, a BVH file by its stem.
    """

    def __init__(self, folder: Path) -> None:
        self._bvh = {path.stem: path for path in sorted(folder.glob("*.bvh"))}
        self._packed: dict[str, int] = {}
        self._rate = 0.0
        index = folder / "cmu_motions.json"
        if index.exists():
            header = json.loads(index.read_text())
            self._rate = float(header["rate_hz"])
            self._skeleton = Skeleton(
                tuple(header["names"]), tuple(header["parents"]), np.array(header["offsets_mm"])
            )
            self._packed = {entry["key"]: entry["frames"] for entry in header["sequences"]}
            self._arrays = np.load(folder / "cmu_motions_60hz.npz")
        if not self._bvh and not self._packed:
            raise FileNotFoundError(f"{folder} holds neither cmu_motions.json nor *.bvh files")

    def keys(self) -> list[str]:
        """Names of all motions, sorted."""
        return sorted({*self._packed, *self._bvh})

    def read(self, key: str) -> Motion:
        """Return the motion as captured, at its own rate."""
        if key in self._packed:
            root = self._arrays[f"{key}.root_mm"].astype(np.float64)
            rotvec = self._arrays[f"{key}.rotvec"].astype(np.float64)
            return Motion(self._skeleton, self._rate, root, rotvec, np.ones(len(root), bool))
        if key in self._bvh:
            return read_bvh(self._bvh[key])
        raise KeyError(f"no motion called {key!r}")

    def read_clean(self, key: str, rate_hz: float) -> Motion:
        """Return the motion with glitches repaired, at `rate_hz`."""
        return resample(repair_glitches(self.read(key)), rate_hz)


def glitch_frames(motion: Motion) -> np.ndarray:
    """(T,) bool: frames in which some joint jumps as no human limb does."""
    place, _ = forward_kinematics(motion)
    step = np.linalg.norm(np.diff(place, axis=0), axis=-1) * motion.rate_hz
    bend = np.linalg.norm(place[2:] - 2 * place[1:-1] + place[:-2], axis=-1)
    limit = GLITCH_JERK_MM * (60.0 / motion.rate_hz) ** 2
    fast = np.maximum(step[1:], step[:-1]) > GLITCH_SPEED_MM_S
    bad = np.zeros(motion.frames, bool)
    bad[1:-1] = ((bend > limit) & fast).any(axis=1)
    return bad


def repair_glitches(motion: Motion) -> Motion:
    """Bridge short damage by interpolation and mark long damage as invalid.

    Flagged frames closer than 0.1 s belong to one stretch of damage; a stretch is widened by one
    frame on each side before it is bridged.
    """
    bad = np.flatnonzero(glitch_frames(motion))
    if len(bad) == 0:
        return motion
    near = max(1, round(0.1 * motion.rate_hz))
    runs = np.split(bad, np.flatnonzero(np.diff(bad) > near) + 1)
    root, rotvec = motion.root_mm.copy(), motion.rotvec.copy()
    valid = motion.valid.copy()
    for run in runs:
        before, after = int(run[0]) - 2, int(run[-1]) + 2
        inside = before >= 0 and after < motion.frames
        if not inside or after - before - 1 > LONGEST_REPAIR_S * motion.rate_hz:
            valid[max(before, 0) : after + 1] = False
            continue
        share = np.arange(1, after - before) / (after - before)
        root[before + 1 : after] = _lerp(root[before], root[after], share[:, None])
        rotvec[before + 1 : after] = _slerp(rotvec[before], rotvec[after], share[:, None])
    return Motion(motion.skeleton, motion.rate_hz, root, rotvec, valid)


def resample(motion: Motion, rate_hz: float) -> Motion:
    """Resample the motion to another frame rate; it starts at the same moment."""
    if rate_hz == motion.rate_hz:
        return motion
    count = int(np.floor((motion.frames - 1) * rate_hz / motion.rate_hz + 1e-9)) + 1
    moment = np.arange(count) * (motion.rate_hz / rate_hz)
    left = np.minimum(np.floor(moment + 1e-9).astype(int), motion.frames - 1)
    right = np.minimum(left + 1, motion.frames - 1)
    share = np.clip(moment - left, 0.0, 1.0)
    root = _lerp(motion.root_mm[left], motion.root_mm[right], share[:, None])
    rotvec = _slerp(motion.rotvec[left], motion.rotvec[right], share[:, None])
    valid = motion.valid[left] & (motion.valid[right] | (share == 0))
    return Motion(motion.skeleton, rate_hz, root, rotvec, valid)


def _lerp(start: np.ndarray, stop: np.ndarray, share: np.ndarray) -> np.ndarray:
    return start + (stop - start) * share


def _slerp(start: np.ndarray, stop: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Shortest-arc interpolation of rotation vectors, (J, 3) or (T, J, 3); `share` is (T, 1)."""
    shape = (len(share), *start.shape[-2:])
    first = Rotation.from_rotvec(np.array(np.broadcast_to(start, shape)).reshape(-1, 3))
    last = Rotation.from_rotvec(np.array(np.broadcast_to(stop, shape)).reshape(-1, 3))
    turn = (first.inv() * last).as_rotvec().reshape(shape) * share[:, :, None]
    return (first * Rotation.from_rotvec(turn.reshape(-1, 3))).as_rotvec().reshape(shape)
