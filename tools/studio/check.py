"""Checking a written data set from its files alone: `python -m tools.studio.check --root ROOT`.

Prints bone lengths, margins, frame counts and stream properties, and with `--sheet FILE` draws the
labels over decoded frames.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow.parquet as pq

from .cameras import Camera
from .joints import PARENTS
from .seeds import seeded

_TREE = tuple((parent, joint) for joint, parent in enumerate(PARENTS) if parent >= 0)
_RIGHT, _LEFT, _MIDDLE = (255, 60, 40), (50, 90, 255), (60, 230, 60)


def read_cameras(header: dict) -> dict[str, Camera]:
    """Cameras of a dataset.json."""
    return {
        name: Camera(
            name,
            tuple(entry["focal_length"]),
            tuple(entry["principal_point"]),
            np.array(entry["rotation"]),
            np.array(entry["position"]),
        )
        for name, entry in header["cameras"].items()
    }


def read_joints(path: Path) -> dict[str, np.ndarray]:
    """Joints (T, 17, 3) mm per sequence, frames checked to count up from 0."""
    table = pq.read_table(path)
    names = np.array(table["sequence"].to_pylist())
    frames = table["frame"].to_numpy()
    joints = np.array(table["joints"].combine_chunks().flatten()).reshape(-1, 17, 3)
    result = {}
    for name in dict.fromkeys(names.tolist()):
        rows = np.flatnonzero(names == name)
        if not np.array_equal(frames[rows], np.arange(len(rows))):
            raise ValueError(f"{path}: frames of {name} do not count up from 0")
        result[name] = joints[rows].astype(np.float64)
    return result


def bone_spread_mm(joints: list[np.ndarray]) -> float:
    """Largest difference of a bone's length over all frames of a subject."""
    pose = np.concatenate(joints)
    lengths = np.stack([np.linalg.norm(pose[:, a] - pose[:, b], axis=1) for a, b in _TREE])
    return float(np.ptp(lengths, axis=1).max())


def margin_px(joints: np.ndarray, cameras: dict[str, Camera], size: tuple[int, int]) -> float:
    """Smallest distance of any joint to any picture's border."""
    pixels = np.stack([camera.project(joints) for camera in cameras.values()])
    return float(min(pixels.min(), (np.array(size) - pixels).min()))


def check_video(path: Path, frames: int, rate: int) -> list[str]:
    """Describe what is wrong with a video, in words; decodes it all."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        decoded = [frame.pts * stream.time_base for frame in container.decode(stream)]
        facts = {
            "codec": (context.name, "h264"),
            "pixels": (context.pix_fmt, "yuv420p"),
            "rate": (stream.average_rate, rate),
            "range": (int(context.color_range), 1),
            "matrix": (int(context.colorspace), 1),
            "primaries": (int(context.color_primaries), 1),
            "transfer": (int(context.color_trc), 1),
            "frames": (len(decoded), frames),
            "even": ([round(t * rate) for t in decoded], list(range(len(decoded)))),
        }
    return [f"{path.name}: {key} is {is_}" for key, (is_, want) in facts.items() if is_ != want]


def draw(picture: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return the 17 joints over a picture: right red, left blue, middle green."""
    picture = picture.copy()
    colour = [_MIDDLE] * 17
    for joint in (1, 2, 3, 14, 15, 16):
        colour[joint] = _RIGHT
    for joint in (4, 5, 6, 11, 12, 13):
        colour[joint] = _LEFT
    at = [tuple(round(float(value) * 16) for value in pixel - 0.5) for pixel in pixels]
    for a, b in _TREE:
        cv2.line(picture, at[a], at[b], colour[b], 1, cv2.LINE_AA, 4)
    for joint in range(17):
        cv2.circle(picture, at[joint], 40, colour[joint], -1, cv2.LINE_AA, 4)
    return picture


def sheet(root: Path, header: dict, labels: dict[str, dict[str, np.ndarray]]) -> np.ndarray:
    """Sixteen frames with labels: subjects, sequences and cameras in turn."""
    cameras = read_cameras(header)
    videos = [
        (subject, sequence)
        for subject, sequences in header["sequences"].items()
        for sequence in sequences
        if all((root / "videos" / subject / f"{sequence}.{cam}.mp4").exists() for cam in cameras)
    ]
    rng = seeded("contact sheet")
    picked = [videos[i] for i in np.linspace(0, len(videos) - 1, 16).astype(int)]
    tiles = []
    for number, (subject, sequence) in enumerate(picked):
        name = list(cameras)[(number + number // 4) % len(cameras)]
        joints = labels[subject][sequence]
        frame = int(rng.integers(len(joints)))
        with av.open(str(root / "videos" / subject / f"{sequence}.{name}.mp4")) as container:
            picture = next(
                image.to_ndarray(format="rgb24")
                for index, image in enumerate(container.decode(video=0))
                if index == frame
            )
        tile = draw(picture, cameras[name].project(joints[frame]))
        text = f"{subject} {sequence} {name} #{frame}"
        cv2.putText(
            tile, text, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 20), 1, cv2.LINE_AA
        )
        tiles.append(tile)
    return np.vstack([np.hstack(tiles[row : row + 4]) for row in range(0, 16, 4)])


def main() -> None:
    """Command line; exits with 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.studio.check", description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--sheet", type=Path, help="write a contact sheet (PNG)")
    options = parser.parse_args()
    header = json.loads((options.root / "dataset.json").read_text())
    cameras = read_cameras(header)
    first = next(iter(header["cameras"].values()))
    labels, wrong, videos = {}, [], 0
    for subject, sequences in header["sequences"].items():
        labels[subject] = read_joints(options.root / "labels" / f"{subject}.parquet")
        if set(labels[subject]) != set(sequences):
            wrong.append(f"{subject}: labels and dataset.json name different sequences")
        spread = bone_spread_mm(list(labels[subject].values()))
        margin = min(
            margin_px(joints, cameras, (first["width"], first["height"]))
            for joints in labels[subject].values()
        )
        count = sum(len(joints) for joints in labels[subject].values())
        print(f"{subject}: {count} frames, bone spread {spread:.4f} mm, margin {margin:.1f} px")
        for sequence, joints in labels[subject].items():
            for name in cameras:
                path = options.root / "videos" / subject / f"{sequence}.{name}.mp4"
                if path.exists():
                    videos += 1
                    wrong += check_video(path, len(joints), header["fps"])
    size = sum(path.stat().st_size for path in options.root.rglob("*") if path.is_file())
    print(f"{videos} videos checked, {size / 1e6:.2f} MB in all, {len(wrong)} complaints")
    print("\n".join(wrong))
    if options.sheet:
        cv2.imwrite(str(options.sheet), sheet(options.root, header, labels)[..., ::-1])
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
