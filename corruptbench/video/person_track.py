"""Track the person through a video without labels: the detector follows from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions import ClipInfo
from corruptbench.detectors import Detector
from corruptbench.detectors.crops import extract, resize, square_crop, to_frame
from corruptbench.errors import InputError
from corruptbench.skeleton import joint_set
from corruptbench.video.probe import VideoFile
from corruptbench.video.reader import decode_timed
from corruptbench.video.timing import Timing, timing_of

#: A keypoint counts if its score is at least this; a person is seen if this many keypoints count.
MIN_SCORE, MIN_JOINTS = 0.3, 6
#: The next frame is searched in a square of this many times the last box.
SEARCH = 1.5


#: What a user should know about a video in which `track` finds no person.
NOBODY = (
    "no person was found: lengths are relative to the height of the picture, and corruptions that "
    "cover a person change nothing"
)


@dataclass(frozen=True)
class PersonTrack:
    """What one pass over a video finds.

    Attributes:
        info: length, size and rate, and the box and joints of the most visible person in each
            frame; a joint is NaN where it is not seen.
        timing: times of the frames.
    """

    info: ClipInfo
    timing: Timing


def track(video: VideoFile, detector: Detector) -> PersonTrack:
    """Follow the most visible person through a video; pictures are turned upright.

    The box bounds the keypoints that are seen. Where no person is seen it is NaN, and the whole
    next frame is searched. One frame is in memory at a time.

    Raises:
        InputError: the video cannot be decoded, has no frames, or its pictures change their size.
    """
    boxes: list[NDArray[np.float64]] = []
    joints: list[NDArray[np.float64]] = []
    shown: list[Fraction | None] = []
    nowhere = np.full(4, np.nan)
    size = (0, 0)
    for frame, time in decode_timed(video.path, upright=True):
        if boxes and frame.shape[:2] != size:
            raise InputError(
                f"{video.path}: pictures are {size[1]}x{size[0]} up to frame {len(boxes) - 1}, "
                f"then {frame.shape[1]}x{frame.shape[0]}; expected one size: convert the video"
            )
        size = frame.shape[:2]
        whole = np.array([0.0, 0.0, size[1], size[0]])
        last = boxes[-1] if boxes else nowhere
        lost = np.isnan(last[0])
        x0, y0, side = square_crop(whole if lost else last, 1.0 if lost else SEARCH)
        found = detector(resize(extract(frame, x0, y0, side), detector.input_size)[None])
        points = to_frame(found.keypoints, x0, y0, side, detector.input_size)[0]
        counts = found.scores[0] >= MIN_SCORE
        seen = points[counts].astype(np.float64)
        is_person = len(seen) >= MIN_JOINTS
        boxes.append(np.concatenate([seen.min(axis=0), seen.max(axis=0)]) if is_person else nowhere)
        joints.append(np.where(is_person & counts[:, None], points, np.nan))
        shown.append(time)
    if not boxes:
        raise InputError(f"{video.path}: holds no frames; expected a video file")
    timing = timing_of(video.facts.stated, shown)
    info = ClipInfo(
        len(boxes), *size, float(timing.rate), np.stack(boxes), np.stack(joints),
        joint_set(detector.layout).bones,
    )  # fmt: skip
    return PersonTrack(info, timing)
