"""Look for a person in a picture: near a place, at a point, or anywhere. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions import Frame
from corruptbench.detectors import Detector
from corruptbench.detectors.crops import MIN_SIDE, extract, resize, square_crop, to_frame

#: A keypoint counts if its score is at least this; a person is seen if this many keypoints count.
MIN_SCORE, MIN_JOINTS = 0.3, 6
#: The next frame is searched in a square of this many times the last box, and if nobody is there,
#: in a square of that many times.
SEARCH, SEARCH_AGAIN = 1.5, 3.0
#: Squares around a point: the smallest is this part of the longer side of the picture, each one is
#: this many times as large as the one before, and there are so many. Our own choice: a person of a
#: tenth of the picture is found, and one whose foot is pointed at in a picture that the person
#: fills.
SMALLEST, STEP, SIZES = 0.125, 2**0.5, 9
#: The bounds of keypoints lack the crown, hands and feet: a point this part of the longer side of
#: the box away from it is still on the person. Our own choice.
MARGIN = 0.1

Square = tuple[int, int, int]


@dataclass(frozen=True)
class Sighting:
    """A person in one picture.

    Attributes:
        box: (4,) float64 px, the bounds of the keypoints that are seen.
        joints: (J, 2) float64 px, NaN where a joint is not seen.
        score: mean of the keypoints that are seen.
    """

    box: NDArray[np.float64]
    joints: NDArray[np.float64]
    score: float

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a point lies in the box or within `MARGIN` of it."""
        edge = MARGIN * float((self.box[2:] - self.box[:2]).max())
        return bool(
            self.box[0] - edge <= x <= self.box[2] + edge
            and self.box[1] - edge <= y <= self.box[3] + edge
        )


def look(frame: Frame, square: Square, detector: Detector) -> Sighting | None:
    """Return the person in a square (x0, y0, side) of a picture; None if nobody is seen."""
    found = detector(resize(extract(frame, *square), detector.input_size)[None])
    points = to_frame(found.keypoints, *square, detector.input_size)[0].astype(np.float64)
    counts = found.scores[0] >= MIN_SCORE
    if counts.sum() < MIN_JOINTS:
        return None
    seen = points[counts]
    return Sighting(
        np.concatenate([seen.min(axis=0), seen.max(axis=0)]),
        np.where(counts[:, None], points, np.nan),
        float(found.scores[0][counts].mean()),
    )


def near(
    frame: Frame, box: NDArray[np.float64], detector: Detector, padding: float
) -> Sighting | None:
    """Return the person in the square of that padding around a box (4,) of an earlier picture."""
    return look(frame, square_crop(box, padding), detector)


def anywhere(frame: Frame, detector: Detector) -> Sighting | None:
    """Return the most visible person of the whole picture."""
    height, width = frame.shape[:2]
    return look(frame, square_crop([0, 0, width, height], 1.0), detector)


def at_point(frame: Frame, x: float, y: float, detector: Detector) -> Sighting | None:
    """Return the person at a point, px; None if nobody is there.

    Squares of several sizes around the point are searched. The sighting with the best score wins
    among those that hold the point.
    """
    found = (look(frame, square, detector) for square in squares(frame, x, y))
    there = [s for s in found if s is not None and s.holds(x, y)]
    return max(there, key=lambda s: s.score, default=None)


def squares(frame: Frame, x: float, y: float) -> Iterator[Square]:
    """Yield the squares around a point that are searched, the smallest first."""
    for k in range(SIZES):
        half = max(MIN_SIDE, SMALLEST * STEP**k * max(frame.shape[:2])) / 2
        yield square_crop([x - half, y - half, x + half, y + half], 1.0)
