"""Brightness: too much exposure; what is brighter than white is lost.

Models a camera whose exposure is set too high for the scene: light is multiplied by a gain in
linear light (`corruptions.light`) and clipped at full scale, as a sensor saturates. The gain is
2 ** stops; each clip draws its own, close to its severity's. All numbers are our own choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptions.keyed import Key
from corruptions.light import FROM_LINEAR, FULL, TO_LINEAR


@dataclass(frozen=True)
class Params:
    """Mean overexposure in stops: one stop doubles the light."""

    stops: float


SEVERITIES = (Params(0.7), Params(1.3), Params(1.9), Params(2.45), Params(3.0))

#: A clip's exposure lies within this many stops of its severity's.
SPREAD = 0.1


@dataclass(frozen=True)
class Plan:
    """(256,) uint8: the code that each code becomes."""

    table: NDArray[np.uint8]


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:  # noqa: ARG001
    """Draws the exposure of the clip."""
    stops = params.stops + SPREAD * (2 * key.uniform(0) - 1)
    light = np.rint(TO_LINEAR * 2.0**stops).clip(0, FULL).astype(np.uint16)
    return Plan(FROM_LINEAR[light])


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Region of the overexposed frame ``t``, (h, w, 3) uint8."""
    return cv2.LUT(frames[t][region.slices], plan.table)  # type: ignore[return-value]


CORRUPTION = Corruption(
    name="brightness",
    family="lighting",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
