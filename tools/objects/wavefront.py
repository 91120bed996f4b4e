"""Read models: a Wavefront OBJ file and its materials, as triangles by material."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

#: Cosine of the angle at which an edge is sharp, where a model has no normals.
CREASE = 0.75


@dataclass(frozen=True)
class Material:
    """Colors are the file's own numbers, 0 to 1, as a screen shows them."""

    color: tuple[float, ...] = (0.8, 0.8, 0.8)
    shine: float = 0.0
    opacity: float = 1.0
    texture: Path | None = None


@dataclass(frozen=True)
class Part:
    """The triangles of one material: points and normals (3 T, 3), uv (3 T, 2)."""

    material: Material
    points: np.ndarray
    normals: np.ndarray
    uv: np.ndarray


@dataclass
class _Corners:
    """Rows of (point, uv, normal) for each material, three of them a triangle; -1 where absent."""

    rows: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)

    def add(self, material: str, corners: list[tuple[int, int, int]]) -> None:
        """Add a convex polygon as a fan of triangles."""
        own = self.rows.setdefault(material, [])
        for i in range(1, len(corners) - 1):
            own.extend((corners[0], corners[i], corners[i + 1]))


def read(path: Path) -> list[Part]:
    """Return all parts of a model."""
    values: dict[str, list[list[float]]] = {"v": [], "vt": [], "vn": []}
    corners, materials, current = _Corners(), {"": Material()}, ""
    for line in path.read_text(encoding="latin1").replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word in values:
            values[word].append([float(number) for number in rest.split()[:3]])
        elif word == "usemtl":
            current = rest.strip()
        elif word == "mtllib":
            materials |= _materials(path.parent / rest.strip())
        elif word == "f":
            counts = tuple(len(values[kind]) for kind in ("v", "vt", "vn"))
            corners.add(current, [_corner(text, counts) for text in rest.split()])
    points, uvs, normals = (
        np.array([(row + [0.0] * 3)[:size] for row in [*values[kind], [0.0] * size]])
        for kind, size in (("v", 3), ("vt", 2), ("vn", 3))
    )
    parts = []
    for name, rows in corners.rows.items():
        at = np.array(rows)
        own = points[at[:, 0]]
        smooth = np.where(at[:, 2:] >= 0, normals[at[:, 2]], _creased(own))
        parts.append(Part(materials.get(name, Material()), own, smooth, uvs[at[:, 1]]))
    return parts


def _corner(text: str, counts: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the indices of point, uv and normal, from 0; -1 is the row of zeros at the end."""
    fields = [*text.split("/"), "", ""][:3]
    found = [
        -1 if not one else int(one) - 1 if int(one) > 0 else int(one) + count
        for one, count in zip(fields, counts, strict=True)
    ]
    return found[0], found[1], found[2]


def _creased(points: np.ndarray) -> np.ndarray:
    """Return a normal for each corner: the mean of all at its point, or its own at a crease."""
    own = _flat(points)
    _, group = np.unique(np.round(points, 3), axis=0, return_inverse=True)
    mean = np.zeros((group.max() + 1, 3))
    np.add.at(mean, group.ravel(), own)
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    smooth = mean[group.ravel()]
    return np.where((smooth * own).sum(axis=1, keepdims=True) > CREASE, smooth, own)


def _flat(points: np.ndarray) -> np.ndarray:
    """Return the normal of each corner's triangle."""
    a, b, c = points.reshape(-1, 3, 3).swapaxes(0, 1)
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return normals.repeat(3, axis=0)


def _materials(path: Path) -> dict[str, Material]:
    found: dict[str, Material] = {}
    name = ""
    for line in path.read_text(encoding="latin1").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "newmtl":
            name = rest.strip()
            found[name] = Material()
        elif word == "Kd":
            found[name] = replace(found[name], color=tuple(float(v) for v in rest.split()[:3]))
        elif word == "Ks":
            found[name] = replace(found[name], shine=float(rest.split()[0]))
        elif word == "d":
            found[name] = replace(found[name], opacity=float(rest.split()[-1]))
        elif word == "map_Kd":
            found[name] = replace(found[name], texture=path.parent / rest.split()[-1])
    return found
