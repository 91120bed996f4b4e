"""Run models whose input has a size of its own, which need not be square, as detectors of crops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from corruptbench.detectors.base import Detections, check_crops, no_detections
from corruptbench.detectors.inputs import Input, crop_size, fitted, margins
from corruptbench.detectors.joint_orders import MIRRORED

Array = npt.NDArray[np.float32]
#: Pictures (N, H, W, 3) uint8 RGB to points (N, K, 2), px of the picture, continuous, and scores
#: (N, K).
Find = Callable[[npt.NDArray[np.uint8]], tuple[Array, Array]]


@dataclass
class TopDownDetector:
    """A loaded model; see `detectors.base.Detector` for the attributes that are not listed here.

    Attributes:
        size: of the model's input.
        find: runs the model. It raises DetectorError where the model gives what it may not give.
    """

    name: str
    layout: str
    score_meaning: str
    size: Input
    find: Find
    runtime: str
    weights_sha256: str
    batch: int
    input_size: int = field(init=False)

    def __post_init__(self) -> None:
        self.input_size = crop_size(self.size)

    def __call__(self, crops: npt.NDArray[np.uint8]) -> Detections:
        """Detect the person in each crop: see `detectors.base.Detector`.

        Raises:
            DetectorError: also if the model gives numbers that are not finite, or that do not fit
                what its files say.
        """
        check_crops(crops, self.input_size, self.name)
        if len(crops) == 0:
            return no_detections(len(MIRRORED[self.layout]))
        points, scores = self.find(fitted(crops, self.size))
        keypoints = points - np.array(margins(self.size), np.float32)
        return Detections(np.ascontiguousarray(keypoints), np.ascontiguousarray(scores))
