"""More training people: build, skin, hair and clothes are drawn from a name."""

from __future__ import annotations

import numpy as np

from .seeds import seeded
from .subjects import PATTERNS, Cloth, Colour, Subject

#: Skin from light to dark, sRGB.
_SKIN: tuple[Colour, ...] = ((0.88, 0.69, 0.60), (0.83, 0.62, 0.50), (0.66, 0.46, 0.34),
                             (0.47, 0.31, 0.22), (0.33, 0.21, 0.15))  # fmt: skip
_HAIR: tuple[Colour, ...] = ((0.06, 0.05, 0.05), (0.20, 0.13, 0.08), (0.46, 0.26, 0.12),
                             (0.70, 0.55, 0.32), (0.52, 0.48, 0.45))  # fmt: skip
#: Shortest and longest period of each pattern of `PATTERNS` in mm.
_PERIOD_MM = {
    "plain": (40, 60), "stripes": (45, 110), "checks": (50, 100), "dots": (45, 90),
    "denim": (8, 12), "camouflage": (90, 150), "band": (200, 280), "diagonal": (90, 150),
}  # fmt: skip


def draw_person(name: str) -> Subject:
    """Return the person of this name: an adult of common build in everyday clothes.

    Ranges of build are those of the people that were chosen by hand (`subjects.py`), and a little
    wider.
    """
    draw = seeded(f"person/{name}")

    def between(low: float, high: float) -> float:
        return round(float(draw.uniform(low, high)), 2)

    female = draw.random() < 0.5
    african, asian, caucasian = (round(float(x), 2) for x in draw.dirichlet([0.6, 0.6, 0.6]))
    return Subject(
        name,
        gender=float(female),
        age=between(0.62, 0.9),
        height=between(0.36, 0.54) if female else between(0.26, 0.46),
        weight=between(0.34, 0.76),
        muscle=between(0.35, 0.75),
        proportions=between(0.35, 0.95),
        ancestry=(african, asian, caucasian),
        skin=_SKIN[draw.integers(len(_SKIN))],
        hair=_HAIR[draw.integers(len(_HAIR))],
        long_hair=bool(female and draw.random() < 0.6),
        shirt=_cloth(draw, float(draw.choice([0.36, 0.42, 0.6, 0.93, 0.95]))),
        trousers=_cloth(draw, float(draw.choice([0.55, 0.62, 0.96, 0.97, 0.97]))),
        shoes=_colour(draw),
    )


def _cloth(draw: np.random.Generator, reach: float) -> Cloth:
    pattern = PATTERNS[draw.integers(len(PATTERNS))]
    period = round(float(draw.uniform(*_PERIOD_MM[pattern])))
    return Cloth(reach, _colour(draw), _colour(draw), pattern, float(period))


def _colour(draw: np.random.Generator) -> Colour:
    """Draw a color of cloth: neither black nor pure white."""
    red, green, blue = (round(float(x), 2) for x in draw.uniform(0.08, 0.92, 3))
    return red, green, blue
