"""Person boxes for a video without labels: the detector follows the person from frame to frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.build.video import decode, frame_rate
from corruptbench.errors import InputError
from corruptions import ClipFacts
from detectors import Detector
from detectors.crops import extract, resize, square_crop, to_frame

#: A keypoint counts from this score on; a person is seen when this many do.
MIN_SCORE, MIN_JOINTS = 0.3, 6
#: The next frame is searched in a square of this many times the last box.
SEARCH = 1.5


def facts_of_video(path: Path, detector: Detector) -> ClipFacts:
    """Facts of any video: its length and size, and a tracked box of its most visible person.

    The box bounds the keypoints that are seen; where nobody is, it is NaN, and the next frame is
    searched as a whole. One pass over the video, one frame in memory.

    Raises:
        InputError: when the video cannot be decoded or holds no frame.
    """
    boxes: list[NDArray[np.float64]] = []
    nowhere = np.full(4, np.nan)
    size = (0, 0)
    for frame in decode(path):
        size = frame.shape[:2]
        whole = np.array([0.0, 0.0, size[1], size[0]])
        last = boxes[-1] if boxes else nowhere
        lost = np.isnan(last[0])
        x0, y0, side = square_crop(whole if lost else last, 1.0 if lost else SEARCH)
        found = detector(resize(extract(frame, x0, y0, side), detector.input_size)[None])
        points = to_frame(found.keypoints, x0, y0, side, detector.input_size)[0]
        seen = points[found.scores[0] >= MIN_SCORE].astype(np.float64)
        box = np.concatenate([seen.min(axis=0), seen.max(axis=0)]) if len(seen) else nowhere
        boxes.append(box if len(seen) >= MIN_JOINTS else nowhere)
    if not boxes:
        raise InputError(f"{path}: holds no frames")
    return ClipFacts(
        frames=len(boxes),
        height=size[0],
        width=size[1],
        fps=float(frame_rate(path)),
        boxes=np.stack(boxes),
    )
