"""What the official data holds: subjects, recordings, cameras, frames and sizes.

The numbers in ``official.json`` come from ``metadata.xml``, which is distributed with the Human3.6M
code, as published in several open repositories. A recording has a quarter as many labels as
motion-capture samples (200 Hz), rounded down. Each video has a few frames more. In eight recordings
(five of them S9's) the labels end long before the video. They were released like that, and the
field's test set has them like that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

#: In the order of the metadata.
CAMERAS = ("54138969", "55011271", "58860488", "60457274")
#: Those whose labels are published.
SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
#: Frames per second of videos and labels.
FPS = 50.0


@dataclass(frozen=True)
class Official:
    """The content of ``official.json``.

    Attributes:
        w0: the 300 camera numbers, in the order of metadata.xml; see `cameras`.
        heights: subject to the height of the pictures of each of `CAMERAS`, pixels.
        frames: subject to recording to the number of labels, then that of the video frames of each
            of `CAMERAS`. Recordings have their canonical names, see `files.canonical`.
    """

    w0: tuple[float, ...]
    heights: dict[str, list[int]]
    frames: dict[str, dict[str, list[int]]]


@cache
def official() -> Official:
    """Return the tables."""
    record = json.loads(files(__package__).joinpath("official.json").read_bytes())
    return Official(tuple(record["w0"]), record["heights"], record["frames"])


def size(subject: str, camera: str) -> tuple[int, int]:
    """Return width and height of the pictures, pixels.

    All of S7's are 1000x1002, as metadata.xml and the pictures say. VideoPose3D and those after it
    normalize S7's second and third camera as 1000x1000, which shifts these training clips by one
    pixel; the test subjects' sizes are the same in both.
    """
    return 1000, official().heights[subject][CAMERAS.index(camera)]


def label_frames(subject: str, sequence: str) -> int:
    """Return the official number of labels of a recording."""
    return official().frames[subject][sequence][0]


def video_frames(subject: str, sequence: str, camera: str) -> int:
    """Return the official number of frames of a video."""
    return official().frames[subject][sequence][1 + CAMERAS.index(camera)]
