"""What a person detector is: whole pictures in, boxes of persons out.

It finds where persons are. A `detectors.base.Detector` then finds the joints in a crop. Person
detectors are not families of `detectors.base`, as they do not take crops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.crops import extract, resize

PERSON_DETECTORS: tuple[str, ...] = ("movenet:multipose",)

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class People:
    """The persons in each of N pictures.

    Attributes:
        boxes: float32 (N, P, 4), x0, y0, x1, y1 in pixels of the input, which spans [0, S].
        scores: float32 (N, P), larger is surer. Each picture has P persons; those that are not
            there have scores near 0.
    """

    boxes: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]


class PersonDetector(Protocol):
    """A detector of persons in whole pictures. Create one in each process.

    Attributes:
        name: one of `PERSON_DETECTORS`.
        input_size: side S of the input in pixels; see `fitted`.
        batch: number of pictures that should be given at once.
        least_score: a person of a smaller score is not there.
        weights_sha256: SHA-256 (hex) of the weights.
        runtime: what runs the network, for example "onnxruntime 1.32.0 cpu".
    """

    name: str
    input_size: int
    batch: int
    least_score: float
    weights_sha256: str
    runtime: str

    def __call__(self, pictures: Image) -> People:
        """Find the persons in pictures, uint8 (N, S, S, 3), RGB, S = `input_size`; N may be 0.

        Raises:
            DetectorError: wrong shape or dtype.
        """
        ...


def load_person_detector(name: str, device: str = "cpu") -> PersonDetector:
    """Return the person detector of this name, ready to run.

    Args:
        name: one of `PERSON_DETECTORS`.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        DetectorError: no such detector or device; weights missing or damaged.
    """
    if name not in PERSON_DETECTORS:
        raise DetectorError(
            f"there is no person detector '{name}'; expected one of {', '.join(PERSON_DETECTORS)}"
        )
    from corruptbench.detectors import multipose

    return multipose.load(device)


def fitted(picture: Image, size: int) -> Image:
    """Return a picture (H, W, 3) uint8 as the input of a person detector, (size, size, 3).

    The picture is made square with black at its right or lower edge, and resized.
    """
    return resize(extract(picture, 0, 0, max(picture.shape[:2])), size)


def to_picture(
    boxes: npt.NDArray[np.float32], width: int, height: int, size: int
) -> npt.NDArray[np.float64]:
    """Map boxes (..., 4) of inputs that `fitted` made into the picture, px, cut at its edges."""
    scaled = boxes.astype(np.float64) * (max(width, height) / size)
    return np.asarray(np.clip(scaled, 0, [width, height, width, height]))
