"""BVH motion files (as CMU's captures are commonly distributed): reader and writer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from .skeleton import Motion, Skeleton

CMU_UNIT_MM = 25.4 / 0.45
"""Length unit of CMU's skeletons: inches scaled by 0.45."""


def read_bvh(path: Path, unit_mm: float = CMU_UNIT_MM) -> Motion:
    """Read a BVH file; lengths are multiplied by `unit_mm` to give millimetres.

    An end site is called after its parent with the suffix `End`. Any channel order is understood;
    positions of joints other than the root are not (they would stretch bones).
    """
    words = iter(path.read_text().split())
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    channels: list[tuple[int, str]] = []
    stack: list[int] = []
    for word in words:
        if word in ("ROOT", "JOINT", "End"):
            parent = stack[-1] if stack else -1
            label = next(words)
            names.append(f"{names[parent]}End" if word == "End" else label)
            parents.append(parent)
            offsets.append([0.0, 0.0, 0.0])
        elif word == "{":
            stack.append(len(names) - 1)
        elif word == "}":
            stack.pop()
        elif word == "OFFSET":
            offsets[stack[-1]] = [float(next(words)) for _ in range(3)]
        elif word == "CHANNELS":
            count = int(next(words))
            channels += [(stack[-1], next(words)) for _ in range(count)]
        elif word == "MOTION":
            break
    frames, seconds = _motion_header(words)
    values = np.array([float(word) for word in words]).reshape(frames, len(channels))
    skeleton = Skeleton(tuple(names), tuple(parents), np.array(offsets) * unit_mm)
    root, rotvec = _decode(values, channels, len(names))
    root = root * unit_mm + skeleton.offsets_mm[0]
    return Motion(skeleton, 1.0 / seconds, root, rotvec, np.ones(frames, bool))


def write_bvh(motion: Motion, path: Path, unit_mm: float = CMU_UNIT_MM) -> None:
    """Write a motion as BVH, channels in CMU's order (Z, Y, X); leaves become end sites."""
    skeleton = motion.skeleton
    children: list[list[int]] = [[] for _ in skeleton.names]
    for joint, parent in enumerate(skeleton.parents):
        if parent >= 0:
            children[parent].append(joint)
    lines = ["HIERARCHY"]
    order: list[int] = []

    def joint_lines(joint: int, indent: str) -> None:
        offset = skeleton.offsets_mm[joint] / unit_mm
        if skeleton.parents[joint] < 0:
            offset = np.zeros(3)
        leaf = not children[joint]
        kind = "ROOT" if skeleton.parents[joint] < 0 else "JOINT"
        lines.append(f"{indent}End Site" if leaf else f"{indent}{kind} {skeleton.names[joint]}")
        lines.append(f"{indent}{{")
        lines.append(f"{indent}  OFFSET {offset[0]:.9f} {offset[1]:.9f} {offset[2]:.9f}")
        if not leaf:
            order.append(joint)
            place = "6 Xposition Yposition Zposition" if kind == "ROOT" else "3"
            lines.append(f"{indent}  CHANNELS {place} Zrotation Yrotation Xrotation")
        for child in children[joint]:
            joint_lines(child, f"{indent}  ")
        lines.append(f"{indent}}}")

    joint_lines(0, "")
    turns = Rotation.from_rotvec(motion.rotvec[:, order].reshape(-1, 3)).as_euler("ZYX", True)
    rows = np.hstack([motion.root_mm / unit_mm, turns.reshape(motion.frames, -1)])
    lines += ["MOTION", f"Frames: {motion.frames}", f"Frame Time: {1 / motion.rate_hz:.10f}"]
    lines += [" ".join(f"{value:.7f}" for value in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")


def _motion_header(words: Iterator[str]) -> tuple[int, float]:
    """Frame count and seconds per frame, from `Frames: n Frame Time: s`."""
    frames, seconds = 0, 0.0
    for word in words:
        if word == "Frames:":
            frames = int(next(words))
        elif word == "Time:":
            seconds = float(next(words))
            break
    return frames, seconds


def _decode(
    values: np.ndarray, channels: list[tuple[int, str]], joints: int
) -> tuple[np.ndarray, np.ndarray]:
    """Channel values (T, C) to root positions (T, 3), file units, and rotvec (T, J, 3)."""
    frames = len(values)
    root = np.zeros((frames, 3))
    rotvec = np.zeros((frames, joints, 3))
    turns: dict[int, list[tuple[str, int]]] = {}
    for column, (joint, name) in enumerate(channels):
        if name.endswith("rotation"):
            turns.setdefault(joint, []).append((name[0].upper(), column))
        elif joint == 0:
            root[:, "XYZ".index(name[0].upper())] = values[:, column]
        else:
            raise ValueError("a BVH joint with position channels would change bone lengths")
    for joint, axes in turns.items():
        order = "".join(axis for axis, _ in axes)
        angles = values[:, [column for _, column in axes]]
        rotvec[:, joint] = Rotation.from_euler(order, angles, degrees=True).as_rotvec()
    return root, rotvec
