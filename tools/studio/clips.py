"""From a clip of the plan to the pose of its performer in the room."""

from __future__ import annotations

import numpy as np

from .framing import place_in_room
from .ground import settle
from .motion import MotionFolder
from .plan import RATE_HZ, Clip
from .retarget import retarget
from .rig import Pose, Rig, sole_points


def pose_clip(folder: MotionFolder, rig: Rig, clip: Clip) -> tuple[Pose, np.ndarray]:
    """Return the pose in the room and, per frame, whether a foot stands on the floor (T,)."""
    motion = folder.read_clean(clip.key, float(RATE_HZ))
    start, stop = clip.frame_range()
    stop = min(stop, motion.frames)
    if not motion.valid[start:stop].all():
        raise ValueError(f"{clip.name} uses damaged frames of {clip.key}")
    pose = retarget(motion, rig)
    soles = sole_points(rig, pose).reshape(pose.frames, -1, 3)
    lift, contact = settle(soles, float(RATE_HZ))
    pose = pose.moved(np.stack([np.zeros_like(lift), np.zeros_like(lift), lift], axis=1))
    pose, kept = place_in_room(rig, pose.cut(start, stop), clip.name)
    return pose, contact[start:stop][kept]
