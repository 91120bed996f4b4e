"""A mean over time whose weights were learned from what MoveNet Lightning does on corrupted video.

It is the input that comes with the studio set (`corruptbench.lifters.ca_input`), in front of a
lifter that knows nothing of it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Its scores have been learned from.
DETECTOR = "movenet:lightning"


def smoothed(keypoints: Array, scores: Array, fps: float) -> Array:  # noqa: ARG001
    """Take the mean over the frames around, weighted by what the scores are worth.

    Frames outside of the clip count for nothing.

    Args:
        keypoints: (F, K, 2) px without gaps.
        scores: (F, K), 0 to 1; what is a little below 0 counts as 0.
        fps: not used; the weights were learned at 50 frames a second.

    Returns:
        (F, K, 2) px.

    Raises:
        InputError: the scores are not 0 to 1.
    """
    import torch

    given = torch.from_numpy(np.concatenate([keypoints, scores[..., None]], axis=-1))
    with torch.no_grad():
        found: Array = _network()(given[None])[0].numpy()
    return found


@cache
def _network():  # type: ignore[no-untyped-def]  # torch is imported late
    from corruptbench.datasets.studio import LEARNED_INPUT
    from corruptbench.lifters.ca_input import load_input, padded

    return padded(load_input(LEARNED_INPUT)).double()
