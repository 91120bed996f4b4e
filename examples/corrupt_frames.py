"""Corrupt the pictures of a folder: ``python corrupt_frames.py IN OUT [CORRUPTION] [SEVERITY]``.

The pictures are the frames of one clip, in the order of their names.
"""

import sys
from pathlib import Path

import cv2

import corruptbench as cb

source, target = Path(sys.argv[1]), Path(sys.argv[2])
name = sys.argv[3] if len(sys.argv) > 3 else "gaussian_noise"
severity = int(sys.argv[4]) if len(sys.argv) > 4 else 3

paths = sorted(p for p in source.iterdir() if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
frames = [cv2.cvtColor(cv2.imread(str(p)), cv2.COLOR_BGR2RGB) for p in paths]  # OpenCV reads BGR

target.mkdir(parents=True, exist_ok=True)
for path, frame in zip(paths, cb.corrupt(frames, name, severity), strict=True):
    cv2.imwrite(str(target / f"{path.stem}.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
print(f"{len(paths)} pictures in {target}")
