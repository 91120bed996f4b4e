"""Clips for the benchmarks: of the studio set, with larger pictures, and longer."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import cv2
import numpy as np

from corruptbench.corruptions import Frame
from corruptbench.datasets import Clip, open_dataset
from corruptbench.video.reader import decode, frame_rate
from corruptbench.video.writer import write_video


def studio_clip(frames: int) -> Clip:
    """Return the first frames of a test clip of the studio set, with a person in all of them."""
    dataset = open_dataset("studio", None)
    clips = map(dataset.load, dataset.clip_ids())
    clip = next(c for c in clips if c.video.is_file() and np.isfinite(c.boxes[:frames]).all())
    boxes = None if clip.person_boxes is None else clip.person_boxes[:frames]
    return replace(clip, joints=clip.joints[:frames], person_boxes=boxes)


def enlarged(clip: Clip, side: int, folder: Path) -> Clip:
    """Return a clip whose pictures are enlarged to this side, with its video in a folder."""
    factor, video = side / clip.camera.width, folder / f"{side}.mp4"
    write_video(video, (_resized(f, side) for f in decode(clip.video)), frame_rate(clip.video))
    camera = replace(
        clip.camera,
        width=side,
        height=side,
        focal_length=factor * clip.camera.focal_length,
        principal_point=factor * clip.camera.principal_point,
    )
    boxes = None if clip.person_boxes is None else clip.person_boxes * factor
    return replace(clip, video=video, camera=camera, person_boxes=boxes)


def _resized(frame: Frame, side: int) -> Frame:
    return np.asarray(cv2.resize(frame, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def repeated(clip: Clip, times: int, folder: Path) -> Clip:
    """Return a clip that shows the same frames so many times, with its video in a folder."""
    video, frames = folder / f"{times}-times.mp4", list(decode(clip.video))[: len(clip.joints)]
    every = chain.from_iterable(repeat(frames, times))
    write_video(video, every, frame_rate(clip.video))
    boxes = None if clip.person_boxes is None else np.tile(clip.person_boxes, (times, 1))
    joints = np.tile(clip.joints, (times, 1, 1))
    return replace(clip, video=video, joints=joints, person_boxes=boxes)
