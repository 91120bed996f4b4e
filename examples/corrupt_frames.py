"""Corrupt the pictures of a folder: ``python corrupt_frames.py IN OUT [CORRUPTION] [SEVERITY]``.

The pictures are the frames of one clip, in the order of their names.
"""

import argparse
from pathlib import Path

import cv2

import corruptbench as cb

parser = argparse.ArgumentParser(description="Corrupt the pictures of a folder.")
parser.add_argument("source", type=Path, help="folder of .png, .jpg or .jpeg files")
parser.add_argument("target", type=Path, help="folder to write to")
parser.add_argument("name", nargs="?", default="gaussian_noise", help="of the corruption")
parser.add_argument("severity", nargs="?", type=int, default=3, help="1 to 5")
given = parser.parse_args()

paths = sorted(p for p in given.source.glob("*") if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
if not paths:
    parser.error(f"{given.source}: no pictures; expected a folder of .png, .jpg or .jpeg files")
frames = [cv2.cvtColor(cv2.imread(str(p)), cv2.COLOR_BGR2RGB) for p in paths]  # OpenCV reads BGR

given.target.mkdir(parents=True, exist_ok=True)
for path, frame in zip(paths, cb.corrupt(frames, given.name, given.severity), strict=True):
    cv2.imwrite(str(given.target / f"{path.stem}.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
print(f"{len(paths)} pictures in {given.target}")
