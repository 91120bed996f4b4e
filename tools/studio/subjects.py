"""What a person looks like, and the seven people who were chosen by hand: S1 to S7."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[float, float, float]
"""sRGB, 0 to 1."""


@dataclass(frozen=True)
class Cloth:
    """A piece of clothing: how far it reaches, its two colours and its pattern.

    `reach` is the share of the limb that it covers (sleeve: shoulder to wrist, leg: hip to ankle).
    `pattern` is one of `PATTERNS`; `scale_mm` is the period of the pattern.
    """

    reach: float
    first: Colour
    second: Colour
    pattern: str
    scale_mm: float


PATTERNS = ("plain", "stripes", "checks", "dots", "denim", "camouflage", "band", "diagonal")
"""Order is the number that the shader knows a pattern by."""


@dataclass(frozen=True)
class Subject:
    """One person. Build values are Anny's phenotypes, 0 to 1 (gender 0 male, 1 female)."""

    name: str
    gender: float
    age: float
    height: float
    weight: float
    muscle: float
    proportions: float
    ancestry: tuple[float, float, float]
    skin: Colour
    hair: Colour
    long_hair: bool
    shirt: Cloth
    trousers: Cloth
    shoes: Colour


CHOSEN: dict[str, Subject] = {
    person.name: person
    for person in (
        Subject(
            "S1", 0.0, 0.72, 0.34, 0.45, 0.62, 0.8, (0.1, 0.1, 0.8), (0.83, 0.64, 0.53),
            (0.20, 0.13, 0.08), False,
            Cloth(0.40, (0.62, 0.13, 0.14), (0.90, 0.88, 0.84), "stripes", 70.0),
            Cloth(0.97, (0.17, 0.22, 0.36), (0.26, 0.32, 0.48), "denim", 9.0),
            (0.86, 0.86, 0.88),
        ),
        Subject(
            "S2", 1.0, 0.70, 0.46, 0.42, 0.45, 0.7, (0.1, 0.8, 0.1), (0.85, 0.68, 0.54),
            (0.06, 0.05, 0.05), True,
            Cloth(0.93, (0.13, 0.40, 0.42), (0.80, 0.82, 0.70), "checks", 60.0),
            Cloth(0.96, (0.12, 0.12, 0.14), (0.18, 0.18, 0.20), "plain", 50.0),
            (0.55, 0.20, 0.22),
        ),
        Subject(
            "S3", 0.0, 0.78, 0.28, 0.72, 0.50, 0.5, (0.85, 0.05, 0.1), (0.37, 0.24, 0.17),
            (0.05, 0.04, 0.04), False,
            Cloth(0.36, (0.90, 0.72, 0.18), (0.20, 0.20, 0.24), "band", 260.0),
            Cloth(0.62, (0.34, 0.36, 0.30), (0.22, 0.25, 0.19), "camouflage", 120.0),
            (0.14, 0.14, 0.16),
        ),
        Subject(
            "S4", 1.0, 0.82, 0.33, 0.66, 0.40, 0.4, (0.2, 0.1, 0.7), (0.80, 0.58, 0.47),
            (0.46, 0.26, 0.12), True,
            Cloth(0.60, (0.48, 0.26, 0.55), (0.93, 0.88, 0.95), "dots", 65.0),
            Cloth(0.97, (0.60, 0.54, 0.44), (0.52, 0.46, 0.37), "plain", 40.0),
            (0.92, 0.92, 0.90),
        ),
        Subject(
            "S5", 0.0, 0.68, 0.43, 0.36, 0.72, 0.9, (0.3, 0.4, 0.3), (0.66, 0.46, 0.34),
            (0.10, 0.07, 0.05), False,
            Cloth(0.94, (0.86, 0.87, 0.89), (0.20, 0.30, 0.60), "diagonal", 130.0),
            Cloth(0.55, (0.16, 0.30, 0.24), (0.85, 0.85, 0.85), "plain", 60.0),
            (0.90, 0.45, 0.12),
        ),
        Subject(
            "S6", 1.0, 0.68, 0.42, 0.44, 0.58, 0.8, (0.7, 0.1, 0.2), (0.47, 0.31, 0.22),
            (0.07, 0.05, 0.05), False,
            Cloth(0.35, (0.92, 0.93, 0.94), (0.84, 0.36, 0.20), "band", 210.0),
            Cloth(0.97, (0.30, 0.18, 0.40), (0.24, 0.13, 0.33), "denim", 11.0),
            (0.18, 0.42, 0.70),
        ),
        Subject(
            "S7", 0.0, 0.86, 0.34, 0.58, 0.45, 0.6, (0.05, 0.05, 0.9), (0.88, 0.69, 0.60),
            (0.52, 0.45, 0.38), False,
            Cloth(0.95, (0.18, 0.34, 0.62), (0.80, 0.82, 0.86), "checks", 85.0),
            Cloth(0.97, (0.42, 0.34, 0.25), (0.36, 0.29, 0.21), "plain", 40.0),
            (0.22, 0.14, 0.09),
        ),
    )
}  # fmt: skip
