"""Track the person through a video without labels: the detector follows from frame to frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from corruptbench.corruptions import ClipInfo, Frame
from corruptbench.detectors import Detector
from corruptbench.errors import InputError
from corruptbench.skeleton import joint_set
from corruptbench.video.box_table import BoxTable, boxes_of
from corruptbench.video.person_search import (
    SEARCH,
    SEARCH_AGAIN,
    Sighting,
    anywhere,
    at_point,
    near,
)
from corruptbench.video.probe import VideoFile
from corruptbench.video.reader import decode_timed
from corruptbench.video.timing import UNSTATED, Timing, timing_of
from corruptbench.video.track_changes import Seen, changes, differs, leap, remembered

#: What a user should know about a video in which `track` finds no person.
NOBODY = (
    "no person was found: lengths are relative to the height of the picture, and corruptions that "
    "cover a person change nothing"
)

#: Where another person was seen, too, only who is within this part of a person's length of the last
#: place is surely the one followed. Our own choice: in a film of two people who touch, the one
#: followed was found again within 0.13, and a mixture of both people at 0.19.
NEAR = 0.15

Point = tuple[float, float]
_Time = Fraction | None


@dataclass(frozen=True)
class PersonTrack:
    """What one pass over a video finds.

    Attributes:
        info: length, size and rate, and the box and joints of the person in each frame; a joint is
            NaN where it is not seen. Boxes from a table come without joints.
        timing: times of the frames.
    """

    info: ClipInfo
    timing: Timing

    @property
    def empty(self) -> list[int]:
        """The frames that show nobody."""
        return np.flatnonzero(np.isnan(self.info.boxes[:, 0])).tolist()

    @property
    def seconds(self) -> list[float]:
        """The time of each frame."""
        times, rate = self.timing.times, self.timing.rate
        return [float(t / rate if times is None else times[t]) for t in range(self.info.frames)]

    @property
    def changes(self) -> list[int]:
        """The frames in which the person may be another one; see `video.track_changes`."""
        return changes(self.info.boxes, self.info.joints, self.seconds)


def track(video: VideoFile, detector: Detector, person: Point | None = None) -> PersonTrack:
    """Follow one person through a video; pictures are turned upright.

    The box bounds the keypoints that are seen; it is NaN where no person is seen. `Follower` says
    where a person is searched. One frame is in memory at a time.

    Args:
        video: the file.
        detector: finds the person.
        person: x, y px of the upright picture: a point on the person to follow, in the first frame
            in which somebody is found there. None: the most visible person is followed.

    Raises:
        InputError: the video cannot be decoded, has no frames, or its pictures change their size;
            or the point is outside of the picture, or nobody is ever found there.
    """
    follow, found, shown = Follower(detector, person), list[Sighting | None](), list[_Time]()
    size = (0, 0)
    for frame, time in _passing(video):
        size = frame.shape[:2]
        if person is not None and not shown:
            _check_point(video, person, size)
        seconds = len(shown) / (video.facts.stated or UNSTATED) if time is None else time
        found.append(follow(frame, float(seconds)))
        shown.append(time)
    if person is not None and not any(found):
        raise InputError(
            f"{video.path}: nobody is found at {_named(person)} in any frame; expected x,y of a "
            "point on a person, px of the upright picture"
        )
    joints = joint_set(detector.layout)
    nobody = np.full(4, np.nan), np.full((len(joints), 2), np.nan)
    boxes, points = zip(*(nobody if s is None else (s.box, s.joints) for s in found), strict=True)
    timing = timing_of(video.facts.stated, shown)
    info = ClipInfo(
        len(found), *size, float(timing.rate), np.stack(boxes), np.stack(points), joints.bones
    )
    return PersonTrack(info, timing)


def track_of(video: VideoFile, table: BoxTable) -> PersonTrack:
    """Return the track that a table of boxes gives a video; no joint is known.

    Raises:
        InputError: as `track` and `boxes_of` do.
    """
    shown, size = list[_Time](), (0, 0)
    for frame, time in _passing(video):
        size = frame.shape[:2]
        shown.append(time)
    boxes = boxes_of(table, len(shown), size[1], size[0])
    timing = timing_of(video.facts.stated, shown)
    return PersonTrack(ClipInfo(len(shown), *size, float(timing.rate), boxes), timing)


class Follower:
    """Follows one person from frame to frame."""

    def __init__(self, detector: Detector, person: Point | None) -> None:
        """Begin with the person at a point, px, and follow nobody else; None: whoever is seen.

        With a point, a sighting that may be another person (`video.track_changes`) counts as
        nobody. So does whoever is not quite near and nearer to such a sighting than to the person.
        """
        self._detector, self._person = detector, person
        self._recent: list[Seen] = []
        self._others: list[Seen] = []
        self._frame = -1

    def __call__(self, frame: Frame, seconds: float) -> Sighting | None:
        """Return the person in the next frame (H, W, 3), shown at that time; None for nobody."""
        self._frame += 1
        for found in self._candidates(frame):
            if found is None:
                continue
            seen = Seen(self._frame, seconds, found.box, found.joints)
            if self._person is None or not self._is_other(seen):
                self._recent = remembered(self._recent, seen)
                return found
            self._others = remembered(self._others, seen)
        return None

    def _candidates(self, frame: Frame) -> Iterator[Sighting | None]:
        """Yield who is seen near the last place, then farther away."""
        if self._recent:
            last = self._recent[-1].box
            yield near(frame, last, self._detector, SEARCH)
            yield near(frame, last, self._detector, SEARCH_AGAIN)
        elif self._person is not None:
            yield at_point(frame, *self._person, self._detector)
            return
        yield anywhere(frame, self._detector)

    def _is_other(self, seen: Seen) -> bool:
        if differs(self._recent, seen):
            return True
        away = leap(self._recent[-1], seen) if self._recent else 0.0
        return away > NEAR and any(leap(other, seen) < away for other in self._others)


def _passing(video: VideoFile) -> Iterator[tuple[Frame, _Time]]:
    """Yield the upright frames of a video and their times; all are of one size."""
    count, size = 0, (0, 0)
    for frame, time in decode_timed(video.path, upright=True):
        if count and frame.shape[:2] != size:
            raise InputError(
                f"{video.path}: pictures are {size[1]}x{size[0]} up to frame {count - 1}, "
                f"then {frame.shape[1]}x{frame.shape[0]}; expected one size: convert the video"
            )
        count, size = count + 1, frame.shape[:2]
        yield frame, time
    if not count:
        raise InputError(f"{video.path}: holds no frames; expected a video file")


def _check_point(video: VideoFile, point: Point, size: tuple[int, int]) -> None:
    if not (0 <= point[0] <= size[1] and 0 <= point[1] <= size[0]):
        raise InputError(
            f"{video.path}: the point {_named(point)} is outside of the picture of "
            f"{size[1]}x{size[0]} px; expected x,y in px of the upright picture"
        )


def _named(point: Point) -> str:
    return f"{point[0]:g},{point[1]:g}"
