"""Rendering clips into videos, one clip at a time per process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .cameras import CAMERAS
from .clips import pose_clip
from .layout import video_path
from .motion import MotionFolder
from .outfit import dress
from .people import SUBJECTS
from .plan import RATE_HZ, Clip
from .renderer import Renderer
from .rig import skin_transforms
from .skinning import Skin
from .video import VideoFile

_FEET = ("LeftFoot", "LeftToeBase", "RightFoot", "RightToeBase")


@dataclass(frozen=True)
class Job:
    """One clip to render from `motions` into `root` at x264's constant rate factor `crf`."""

    motions: Path
    root: Path
    clip: Clip
    crf: int


def missing_cameras(job: Job) -> list[str]:
    """Names of the cameras whose video is not there yet."""
    names = [camera.name for camera in CAMERAS]
    return [name for name in names if not video_path(job.root, job.clip, name).exists()]


def render(job: Job) -> tuple[str, int]:
    """Render the missing videos of a clip; returns its name and the number of pictures drawn."""
    cameras = missing_cameras(job)
    if not cameras:
        return job.clip.name, 0
    _, rig = dress(SUBJECTS[job.clip.subject])
    pose, _ = pose_clip(_folder(job.motions), rig, job.clip)
    transforms = skin_transforms(rig, pose)
    feet = pose.place_mm[:, [rig.index(name) for name in _FEET]]
    renderer, skin = _tools(job.clip.subject)
    files = {
        name: VideoFile(video_path(job.root, job.clip, name), RATE_HZ, job.crf) for name in cameras
    }
    try:
        for frame in range(pose.frames):
            renderer.set_pose(*skin.posed(transforms[frame]), feet[frame])
            for name, file in files.items():
                file.add(renderer.picture(name))
        for file in files.values():
            file.finish()
    except BaseException:
        for file in files.values():
            file.abandon()
        raise
    return job.clip.name, pose.frames * len(cameras)


@cache
def _folder(path: Path) -> MotionFolder:
    return MotionFolder(path)


@cache
def _tools(subject: str) -> tuple[Renderer, Skin]:
    """Return renderer and skin of a subject, kept for the process's next clip."""
    dressed, _ = dress(SUBJECTS[subject])
    return Renderer(SUBJECTS[subject], dressed, CAMERAS), Skin(dressed)
