"""Which models are drawn, from which side, and where they come from.

The models are those of the Debian package ``sweethome3d-furniture`` 1.8: textured models that their
authors gave away under CC0 or CC BY 3.0, in three libraries (``.sh3f`` files, which are ZIP files).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .wavefront import Part, read

#: Libraries by the short names used below, and the license of each.
LIBRARIES = {
    "zero": ("BlendSwap-CC-0", "CC0 1.0"),
    "by": ("BlendSwap-CC-BY", "CC BY 3.0"),
    "scopia": ("Scopia", "CC BY 3.0"),
    "kator": ("KatorLegaz", "CC BY 3.0 US"),
}


@dataclass(frozen=True)
class Choice:
    """One model: its library, its number there, and its turn about the vertical, degrees."""

    library: str
    number: int
    turn: float


#: What is pushed, carried or driven past a camera; what has a front looks to the right.
CHOICES = {
    "banquet_chair": Choice("zero", 114, -35),
    "barrel": Choice("zero", 72, 0),
    "bicycle": Choice("scopia", 246, 90),
    "bmx": Choice("by", 88, 90),
    "bookcase": Choice("kator", 80, 15),
    "crate": Choice("zero", 73, 30),
    "desk_chair": Choice("scopia", 47, 30),
    "drawers": Choice("zero", 144, 30),
    "ficus": Choice("scopia", 157, 0),
    "filing_cabinet": Choice("kator", 74, 30),
    "folding_screen": Choice("scopia", 151, 10),
    "fridge": Choice("zero", 151, -25),
    "high_chair": Choice("scopia", 126, 60),
    "hospital_bed": Choice("scopia", 200, 90),
    "indoor_plant": Choice("by", 78, 0),
    "kitchen_chair": Choice("zero", 108, 35),
    "laundry_basket": Choice("scopia", 194, 30),
    "leather_armchair": Choice("zero", 139, 25),
    "narrow_shelf": Choice("zero", 61, -25),
    "office_chair": Choice("kator", 72, 40),
    "palm": Choice("zero", 126, 0),
    "peace_lily": Choice("by", 81, 0),
    "piano": Choice("by", 50, -20),
    "rattan_armchair": Choice("scopia", 384, 30),
    "school_seat": Choice("by", 111, 30),
    "scooter": Choice("scopia", 248, 90),
    "shelves": Choice("kator", 55, 25),
    "step_ladder": Choice("scopia", 186, 30),
    "stroller": Choice("scopia", 187, 90),
    "suitcase": Choice("by", 103, 60),
    "topiary": Choice("zero", 113, 0),
    "wardrobe": Choice("by", 63, -25),
    "washing_machine": Choice("by", 65, -25),
    "waste_cart": Choice("kator", 22, 30),
    "water_cooler": Choice("scopia", 149, 20),
    "wheelchair": Choice("by", 66, 90),
    "whiteboard": Choice("zero", 63, 15),
    "workbench": Choice("by", 118, 20),
    "yucca": Choice("by", 85, 20),
}


@dataclass(frozen=True)
class Model:
    """A model as it is drawn: ``parts`` stand on the floor at the origin, y up, meters."""

    title: str
    author: str
    license: str
    source: str
    height: float
    parts: list[Part]


def load(folder: Path, choice: Choice) -> Model:
    """Read a model from the folder in which the libraries are unpacked."""
    library, license_ = LIBRARIES[choice.library]
    entry = _entry(folder / library / "PluginFurnitureCatalog.properties", choice.number)
    parts = read(folder / library / entry["model"].lstrip("/"))
    turn = np.eye(3)
    if "modelRotation" in entry:
        turn = np.array([float(v) for v in entry["modelRotation"].split()]).reshape(3, 3)
    angle = np.radians(choice.turn)
    about = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    height = float(entry["height"]) / 100
    return Model(
        entry["name"], entry.get("creator", library), license_, f"{library}{entry['model']}",
        height, _stood([_turned(part, about @ turn) for part in parts], height),
    )  # fmt: skip


def _entry(path: Path, number: int) -> dict[str, str]:
    text = path.read_text(encoding="latin1")
    return dict(re.findall(rf"^(\w+)#{number}=(.*?)\s*$", text, flags=re.MULTILINE))


def _turned(part: Part, turn: np.ndarray) -> Part:
    return Part(part.material, part.points @ turn.T, part.normals @ turn.T, part.uv)


def _stood(parts: list[Part], height: float) -> list[Part]:
    """Scale to the height, put onto the floor and over the origin."""
    points = np.concatenate([part.points for part in parts])
    low, high = points.min(axis=0), points.max(axis=0)
    foot = np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
    scale = height / (high[1] - low[1])
    return [Part(p.material, (p.points - foot) * scale, p.normals, p.uv) for p in parts]
