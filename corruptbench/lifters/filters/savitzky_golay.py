"""The Savitzky-Golay filter: a parabola is fitted to each window, and gives its middle.

After Savitzky and Golay, "Smoothing and Differentiation of Data by Simplified Least Squares
Procedures", Analytical Chemistry 1964. The constants are those of SmoothNet's evaluation (Zeng et
al., ECCV 2022).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from corruptbench.lifters.filters.frame_rate import window

Array = NDArray[np.float64]

#: Frames of the window at 50 fps, and the order of the polynomial.
WINDOW, ORDER = 31, 2


def smoothed(keypoints: Array, scores: Array, fps: float) -> Array:
    """Fit a parabola to each coordinate in a window over time.

    The window of a shorter clip is the longest odd one that fits, and a clip of one or two frames
    stays. At the ends of a clip the parabola of the last whole window goes on.

    Args:
        keypoints: (F, K, 2) px without gaps.
        scores: (F, K), not used.
        fps: frames per second; the window keeps its duration.

    Returns:
        (F, K, 2) px.
    """
    del scores
    frames = len(keypoints)
    length = min(window(WINDOW, fps), frames - 1 + frames % 2)
    if length <= ORDER:
        return keypoints
    return np.asarray(savgol_filter(keypoints, length, ORDER, axis=0, mode="interp"))
