"""2D pose detectors: square crops in, keypoints and scores out.

    >>> detector = load("movenet:lightning")                      # doctest: +SKIP
    >>> found = detector(crops)      # crops: uint8 (N, 192, 192, 3), RGB    # doctest: +SKIP
    >>> found.keypoints.shape, found.scores.shape                 # doctest: +SKIP
    ((N, 17, 2), (N, 17))

The package works without the rest of corruptbench. A family of detectors is one module in this
folder (`detectors.base`). Importing the package is cheap: torch and ONNX Runtime are imported only
when a detector needs them.
"""

from corruptbench.detectors.base import (
    Detections,
    Detector,
    DetectorError,
    families,
    load,
    score_meaning,
)

__all__ = ["Detections", "Detector", "DetectorError", "families", "load", "score_meaning"]
