"""Color quantization: each channel has few levels.

Models a palette or a codec that keeps few bits. The sRGB code of each channel becomes the nearest
of evenly spaced levels, so that smooth shading falls into bands. The levels are ``step`` apart.
Their start is drawn once for the clip and is the same for the three channels: gray stays gray, and
the bands lie elsewhere in each clip. All numbers are our own choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corruptbench.corruptions._tone_curve import Codes, recode
from corruptbench.corruptions.base import ClipFacts, Corruption
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Distance of neighboring levels, as a fraction of full scale (255)."""

    step: float


# About 1 / step levels: 16, 10, 7, 5, 3.5
SEVERITIES = (Params(1 / 16), Params(1 / 10), Params(1 / 7), Params(1 / 5), Params(1 / 3.5))


def plan(facts: ClipFacts, params: Params, key: Key) -> Codes:  # noqa: ARG001
    """Draw where the levels lie: at most a quarter of a step from black and from white."""
    step = 255 * params.step
    start = step * (key.uniform(0) - 0.5) / 2
    levels = start + step * np.rint((np.arange(256) - start) / step)
    return Codes(np.rint(levels).clip(0, 255).astype(np.uint8))


CORRUPTION = Corruption(
    name="color_quantization",
    family="compression",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=recode,
)
