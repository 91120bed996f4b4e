"""Contrast: every code moves towards one grey.

Models a flat picture (a veiled lens, a wrong tone curve, a washed-out screen):
``grey + factor * (x - grey)``, rounded, on sRGB codes. The grey is drawn once for the clip and
never measured, so a pixel depends on no other pixel. All numbers are our own choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corruptbench.corruptions._tone_curve import Codes, recode
from corruptbench.corruptions.base import ClipFacts, Corruption
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Factor that the distance from grey is multiplied by."""

    factor: float


SEVERITIES = (Params(0.62), Params(0.48), Params(0.36), Params(0.27), Params(0.20))

#: The clip's grey is drawn from this range, as fractions of full scale.
GREYS = (0.45, 0.55)


def plan(facts: ClipFacts, params: Params, key: Key) -> Codes:  # noqa: ARG001
    """Draws the grey of the clip."""
    low, high = GREYS
    grey = 255 * (low + (high - low) * key.uniform(0))
    codes = np.rint(grey + params.factor * (np.arange(256) - grey))
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
