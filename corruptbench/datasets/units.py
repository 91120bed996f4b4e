"""Whether labels are in millimetres: a person's thigh tells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Lengths of a thigh within which labels are believed to be in mm: our own choice, with room for
#: any adult.
THIGH_MM = (250.0, 650.0)


def thighs(joints: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Right hip to right knee, (F,), of poses (F, J, 3): joints 1 and 2 of "h36m17", and of the 32.

    In the unit of the poses.
    """
    return np.asarray(np.linalg.norm(joints[:, 1] - joints[:, 2], axis=-1))
