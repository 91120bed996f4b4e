"""Compare the predicted poses of a clip with its labels: sums over its frames.

Only the sums of the clean cells are kept, none of the predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.evaluation import metrics

Array = NDArray[np.float64]

#: Lags of the predictions that are tried, frames, on steps over so many frames. Of 0
#: (places) to 8, a step of 2 gave the baseline's lag the smallest standard error.
LAGS, STEP = np.arange(-30, 31), 2


@dataclass(frozen=True)
class Likeness:
    """Sums over the frames of a clip that compare predicted poses with labels.

    Attributes:
        sizes: (2,) root mean square distances of the joints from their mean, mm: predictions,
            labels.
        motion: (2,) root mean square distances of the joints from their mean place in the clip.
        axes: (2, 3, 3) products of each predicted axis (rows) with each axis of the labels, over
            root-relative joints: as they are, and with left and right of the predictions exchanged.
        squares: (2, 3) squares of each axis: predictions, labels.
        apart: (J, J) squared distances of each predicted joint from each joint of the labels.
        middle: (J, 3) mm, the labels of the frame in the middle, root-relative.
        lagged: (3, lags) products of the steps of predictions and of labels ``LAGS`` frames
            earlier, and the squares of the two over the same frames.
    """

    sizes: Array
    motion: Array
    axes: Array
    squares: Array
    apart: Array
    middle: Array
    lagged: Array


def likeness(predicted: Array, target: Array, sides: Sequence[int], root: int) -> Likeness | None:
    """Compare the predicted poses of one clip with its labels; None without a frame to compare.

    Args:
        predicted: (F, J, 3) mm, in camera axes.
        target: (F, J, 3) mm; NaN where a label is not valid.
        sides: J indices that exchange left and right.
        root: index of the root joint.
    """
    usable = metrics.is_valid_pose(predicted) & metrics.is_valid_pose(target)
    if not usable.any():
        return None
    pair = np.where(usable[:, None, None], np.stack([predicted, target]), 0)
    pair = pair - pair[:, :, root : root + 1]
    seen = pair[:, usable]
    both = (seen[0], seen[0][:, list(sides)])
    return Likeness(
        sizes=_rms(seen - seen.mean(axis=2, keepdims=True)).sum(axis=1),
        motion=_rms(seen - seen.mean(axis=1, keepdims=True)).sum(axis=1),
        axes=np.stack([np.einsum("fja,fjb->ab", p, seen[1]) for p in both]),
        squares=np.einsum("pfja,pfja->pa", seen, seen),
        apart=_apart(seen),
        middle=seen[1, seen.shape[1] // 2],
        lagged=_lagged(pair[:, STEP:] - pair[:, :-STEP], usable[STEP:] & usable[:-STEP]),
    )


def _rms(poses: Array) -> Array:
    """Return the root mean square length of the joints of poses (..., J, 3), (...)."""
    return np.asarray(np.sqrt((poses**2).sum(axis=-1).mean(axis=-1)))


def _apart(pair: Array) -> Array:
    """Return the squared distances (J, J) of two stacks of poses (2, F, J, 3), over the frames."""
    predicted, target = np.einsum("pfja,pfja->pj", pair, pair)
    products = np.einsum("fja,fka->jk", *pair, optimize=True)
    return np.asarray(predicted[:, None] + target - 2 * products)


def _lagged(steps: Array, usable: NDArray[np.bool_]) -> Array:
    """Compare steps (2, F, J, 3) where usable (F,) at each of `LAGS`."""
    flat = np.where(usable[:, None, None], steps, 0).reshape(
        2, len(usable), int(np.prod(steps.shape[2:]))
    )
    squares, sums = (flat**2).sum(axis=-1), np.zeros((3, len(LAGS)))
    for column, lag in enumerate(LAGS.tolist()):
        frames = len(usable) - abs(lag)
        if frames > 0:
            given = slice(max(lag, 0), max(lag, 0) + frames)
            wanted = slice(max(-lag, 0), max(-lag, 0) + frames)
            sums[:, column] = (
                np.vdot(flat[0, given], flat[1, wanted]),
                squares[0, given] @ usable[wanted],
                squares[1, wanted] @ usable[given],
            )
    return sums
