"""Brightness: the exposure is too high, and bright parts become white.

Models a camera whose exposure is set too high for the scene. Light is multiplied by a gain in
linear light (`corruptions._srgb`) and clipped at full scale, as a sensor saturates. The gain is
2 ** stops. Each clip draws its own, close to its severity's. All numbers are our own choice.
"""

from __future__ import annotations

from dataclasses import dataclass

from corruptbench.corruptions._tone_curve import Codes, exposed, recode
from corruptbench.corruptions.base import ClipFacts, Corruption
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Mean overexposure in stops: one stop doubles the light."""

    stops: float


SEVERITIES = (Params(0.7), Params(1.3), Params(1.9), Params(2.45), Params(3.0))

#: A clip's exposure lies within this many stops of its severity's.
SPREAD = 0.1


def plan(facts: ClipFacts, params: Params, key: Key) -> Codes:  # noqa: ARG001
    """Draw the exposure of the clip."""
    stops = params.stops + SPREAD * (2 * key.uniform(0) - 1)
    return exposed(stops)


CORRUPTION = Corruption(
    name="brightness",
    family="lighting",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=recode,
)
