"""A median, which drops short outliers, then a mean over time weighted by the squared score.

The weights are relative: pixel noise lowers all scores of a clip alike, and then a limit of the
score would leave nothing. The filter and its constants are our own choice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from corruptbench.lifters.filters.frame_rate import scaled, window

Array = NDArray[np.float64]

#: Frames of the median, and standard deviation of the Gaussian in frames, at 50 fps.
MEDIAN, SIGMA = 9, 2.0
#: The Gaussian ends after so many standard deviations: 8 frames at 50 fps. That is scipy's default.
TRUNCATE = 4.0


def smoothed(keypoints: Array, scores: Array, fps: float) -> Array:
    """Take the median of each coordinate, then the mean by score^2 times a Gaussian over time.

    Where no frame of the Gaussian has a score, its weights are those of the Gaussian alone. At the
    ends of a clip the median sees the clip reflected, and the mean is over the frames that exist.

    Args:
        keypoints: (F, K, 2) px without gaps.
        scores: (F, K); what is below 0 counts as 0.
        fps: frames per second; both lengths keep their duration.

    Returns:
        (F, K, 2) px.
    """
    middle = median_filter(keypoints, (window(MEDIAN, fps), 1, 1), mode="reflect")
    weights = np.square(np.maximum(scores, 0.0))[..., None]
    summed, total = _blurred(weights * middle, fps), _blurred(weights, fps)
    plain = _blurred(middle, fps) / _blurred(np.ones((len(middle), 1, 1)), fps)
    return np.where(total > 0, summed / np.where(total > 0, total, 1.0), plain)


def _blurred(values: Array, fps: float) -> Array:
    """Return sums over time (F, ...), weighted by a Gaussian; frames outside count as 0."""
    sigma = scaled(SIGMA, fps)
    found = gaussian_filter1d(values, sigma, axis=0, mode="constant", truncate=TRUNCATE)
    return np.asarray(found)
