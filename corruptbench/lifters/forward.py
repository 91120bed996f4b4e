"""A model as a library has loaded it, before its output is selected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array32 = NDArray[np.float32]


@dataclass(frozen=True)
class Opened:
    """A loaded model.

    Attributes:
        parameters: number of its parameters (ONNX: of the numbers in its floating-point weights).
        forward: a forward pass: (B, ...) float32 to whatever the model returns, tensors as they
            are.
        reseed: seeds all that is drawn at random in later passes.
    """

    parameters: int
    forward: Callable[[Array32], Any]
    reseed: Callable[[int], None]
