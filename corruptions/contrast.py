"""Contrast: every code moves towards one gray.

Models a flat picture (a veiled lens, a wrong tone curve, a screen in sunlight):
``gray + factor * (x - gray)``, rounded, on sRGB codes. The gray is drawn once for the clip and
never measured, so that a pixel depends on no other pixel. All numbers are our own choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corruptbench.corruptions._tone_curve import Codes, recode
from corruptbench.corruptions.base import ClipFacts, Corruption
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Factor that the distance from gray is multiplied by."""

    factor: float


SEVERITIES = (Params(0.62), Params(0.48), Params(0.36), Params(0.27), Params(0.20))

#: The clip's gray is drawn from this range, as fractions of full scale.
GRAYS = (0.45, 0.55)


def plan(facts: ClipFacts, params: Params, key: Key) -> Codes:  # noqa: ARG001
    """Draw the gray of the clip."""
    low, high = GRAYS
    gray = 255 * (low + (high - low) * key.uniform(0))
    codes = np.rint(gray + params.factor * (np.arange(256) - gray))
    return Codes(codes.astype(np.uint8))


CORRUPTION = Corruption(
    name="contrast",
    family="lighting",
    version=2,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=recode,
)
