"""Darkness: the exposure is too low, and few of the 256 codes are left.

Models a camera whose exposure is set too low for the scene, without the noise that comes with it
(`low_light` has that). Light is multiplied by a gain in linear light (`corruptions._srgb`) and
rounded to 8 bits again, so that shadows lose their steps. The gain is 2 ** -stops. Each clip draws
its own, close to its severity's. All numbers are our own choice.
"""

from __future__ import annotations

from dataclasses import dataclass

from corruptbench.corruptions._tone_curve import Codes, exposed, recode
from corruptbench.corruptions.base import ClipFacts, Corruption
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Mean underexposure in stops: one stop halves the light."""

    stops: float


SEVERITIES = (Params(1.2), Params(2.2), Params(3.2), Params(4.1), Params(5.0))

#: A clip's exposure lies within this many stops of its severity's.
SPREAD = 0.1


def plan(facts: ClipFacts, params: Params, key: Key) -> Codes:  # noqa: ARG001
    """Draw the exposure of the clip."""
    stops = params.stops + SPREAD * (2 * key.uniform(0) - 1)
    return exposed(-stops)


CORRUPTION = Corruption(
    name="darkness",
    family="lighting",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=recode,
)
