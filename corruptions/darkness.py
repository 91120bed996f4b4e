"""Darkness: too little exposure; what is left has few of the 256 codes.

Models a camera whose exposure is set too low for the scene, without the noise that comes with it
(`low_light` has that): light is multiplied by a gain in linear light (`corruptions.light`) and
rounded to 8 bits again, so that shadows lose their steps. The gain is 2 ** -stops; each clip draws
its own, close to its severity's. All numbers are our own choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptions.keyed import Key
from corruptions.light import FROM_LINEAR, TO_LINEAR


@dataclass(frozen=True)
class Params:
    """Mean underexposure in stops: one stop halves the light."""

    stops: float


SEVERITIES = (Params(1.2), Params(2.2), Params(3.2), Params(4.1), Params(5.0))

#: A clip's exposure lies within this many stops of its severity's.
SPREAD = 0.1


@dataclass(frozen=True)
class Plan:
    """(256,) uint8: the code that each code becomes."""

    table: NDArray[np.uint8]


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:  # noqa: ARG001
    """Draws the exposure of the clip."""
    stops = params.stops + SPREAD * (2 * key.uniform(0) - 1)
    return Plan(FROM_LINEAR[np.rint(TO_LINEAR * 2.0**-stops).astype(np.uint16)])


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Region of the underexposed frame ``t``, (h, w, 3) uint8."""
    return cv2.LUT(frames[t][region.slices], plan.table)  # type: ignore[return-value]


CORRUPTION = Corruption(
    name="darkness",
    family="lighting",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
