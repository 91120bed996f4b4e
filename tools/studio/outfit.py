"""Dressing a body: shirt, trousers, shoes, hair, and the skin that stays visible."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache

import numpy as np

from .body import RestBody, rest_body
from .mesh import clip, smoothed, subdivide, triangles_of, used_part, vertex_normals
from .regions import Regions
from .rig import Rig
from .seeds import seeded
from .subjects import Subject


class Material(IntEnum):
    """What a vertex is made of; the shader picks colours and gloss by it."""

    SKIN = 0
    SHIRT = 1
    TROUSERS = 2
    HAIR = 3
    SHOES = 4


@dataclass(frozen=True)
class Dressed:
    """A dressed person in the rest pose, one triangle mesh; millimetres.

    `points_mm`, `normals`, `colours` (linear RGB) are (V, 3), `weights` (V, B), `material` (V,),
    `faces` (F, 3).
    """

    points_mm: np.ndarray
    normals: np.ndarray
    colours: np.ndarray
    weights: np.ndarray
    material: np.ndarray
    faces: np.ndarray


def linear(colour: np.ndarray | tuple[float, float, float]) -> np.ndarray:
    """SRGB (..., 3) to linear light."""
    return np.power(np.asarray(colour, dtype=float), 2.2)


@cache
def dress(subject: Subject) -> tuple[Dressed, Rig]:
    """Return the dressed person and the rig that moves it."""
    body = rest_body(subject)
    regions = Regions(body, subject)
    tights = _relaxed(_Surface.of(body, "helper-tights"), regions)
    skin = _Surface.of(body, "body", "helper-l-eye", "helper-r-eye")
    head = _Surface.of(body, "body")
    parts = [
        _skin(skin, regions),
        _cloth(tights, regions, Material.SHIRT),
        _cloth(tights, regions, Material.TROUSERS),
        _shoes(tights, regions),
        _hair_cap(head, regions),
    ]
    if subject.long_hair:
        parts.append(_long_hair(_Surface.of(body, "helper-hair").finer(), regions))
    dressed = _joined(parts)
    return dressed, _rig(body, regions, dressed)


@dataclass(frozen=True)
class _Surface:
    """A triangle mesh with skinning weights and outward normals, rest pose, mm."""

    points: np.ndarray
    weights: np.ndarray
    quads: np.ndarray

    @staticmethod
    def of(body: RestBody, *groups: str) -> _Surface:
        quads = np.concatenate([body.quads[name] for name in groups])
        pick, quads = used_part(len(body.points_mm), quads)
        return _Surface(pick @ body.points_mm, pick @ body.weights, quads)

    def finer(self) -> _Surface:
        matrix, quads = subdivide(len(self.points), self.quads)
        return _Surface(matrix @ self.points, matrix @ self.weights, quads)


def _part(
    surface: _Surface, field: np.ndarray, push: np.ndarray, smoothing: int, material: Material
) -> Dressed:
    """Return the part of a surface where `field` > 0, moved along its normals by `push` (V,) mm."""
    faces = triangles_of(surface.quads)
    normals = smoothed(vertex_normals(surface.points, faces), faces, smoothing)
    points = surface.points + normals * push[:, None]
    matrix, faces = clip(field, faces)
    points = matrix @ points
    count = len(points)
    return Dressed(
        points,
        vertex_normals(points, faces),
        np.zeros((count, 3)),
        matrix @ surface.weights,
        np.full(count, int(material)),
        faces,
    )


def _skin(surface: _Surface, regions: Regions) -> Dressed:
    covered = np.max(
        [field(surface.points, surface.weights) for field in regions.covering()], axis=0
    )
    part = _part(surface, 22.0 - covered, np.zeros(len(covered)), 0, Material.SKIN)
    return replace(part, colours=linear(regions.skin_colour(part.points_mm, part.weights)))


def _relaxed(surface: _Surface, regions: Regions) -> _Surface:
    """Return the surface that cloth follows: where it hangs freely the trunk loses detail."""
    hang = regions.hang(surface.points, surface.weights)[:, None]
    smooth = smoothed(surface.points, triangles_of(surface.quads), 6)
    return _Surface(
        surface.points + hang * (smooth - surface.points), surface.weights, surface.quads
    )


def _cloth(surface: _Surface, regions: Regions, material: Material) -> Dressed:
    points, weights = surface.points, surface.weights
    rng = seeded(f"folds/{regions.subject.name}/{material.name}")
    folds = _waves(points, rng, 110.0) + 0.6 * _waves(points, rng, 55.0)
    if material is Material.SHIRT:
        field, push = regions.shirt(points, weights), regions.shirt_push(points, weights)
    else:
        field, push = regions.trousers(points, weights), regions.trousers_push(points, weights)
    return _part(surface, field, push + np.clip(2.2 * folds, -4.0, 5.0), 3, material)


def _shoes(surface: _Surface, regions: Regions) -> Dressed:
    field = regions.shoes(surface.points, surface.weights)
    part = _part(surface, field, np.full(len(field), 7.0), 2, Material.SHOES)
    points = part.points_mm.copy()
    bottom = points[:, 2] < 14.0
    points[bottom, 2] = -6.0
    rubber = (points[:, 2] < 20.0)[:, None]
    colours = np.where(rubber, linear((0.82, 0.82, 0.80)), linear(regions.subject.shoes))
    normals = vertex_normals(points, part.faces)
    return replace(part, points_mm=points, normals=normals, colours=colours)


def _hair_cap(surface: _Surface, regions: Regions) -> Dressed:
    field = regions.scalp(surface.points, surface.weights)
    rng = seeded(f"hair/{regions.subject.name}")
    strands = _waves(surface.points, rng, 22.0)
    push = np.clip(field * 0.35, 0.0, 11.0) + 1.5 + 1.5 * strands
    part = _part(surface, field + 2.0 * strands, push, 3, Material.HAIR)
    return replace(part, colours=_hair_colours(part, regions))


def _long_hair(surface: _Surface, regions: Regions) -> Dressed:
    field = regions.long_hair(surface.points)
    part = _part(surface, field, np.full(len(field), 4.0), 1, Material.HAIR)
    return replace(part, colours=_hair_colours(part, regions))


def _hair_colours(part: Dressed, regions: Regions) -> np.ndarray:
    rng = seeded(f"hair colour/{regions.subject.name}")
    shade = 1.0 + 0.25 * _waves(part.points_mm * np.array([1.0, 1.0, 0.25]), rng, 14.0)
    return linear(regions.subject.hair) * np.clip(shade, 0.5, 1.5)[:, None]


def _waves(points: np.ndarray, rng: np.random.Generator, period_mm: float) -> np.ndarray:
    """(V,) smooth noise of about unit strength: a sum of plane waves in random directions."""
    directions = rng.normal(size=(9, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    number = 2 * np.pi / (period_mm * rng.uniform(0.7, 1.5, 9))
    phase = rng.uniform(0, 2 * np.pi, 9)
    return np.sin(points @ directions.T * number + phase).sum(axis=1) / 3.0


def _joined(parts: list[Dressed]) -> Dressed:
    starts = np.cumsum([0] + [len(part.points_mm) for part in parts[:-1]])
    return Dressed(
        np.concatenate([part.points_mm for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.colours for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.material for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]),
    )


def _rig(body: RestBody, regions: Regions, dressed: Dressed) -> Rig:
    """Rig with the two head landmarks and a spread of points over each sole."""
    soles, weights = [], []
    for side in (1.0, -1.0):
        low = dressed.material == Material.SHOES
        low &= (dressed.points_mm[:, 2] < -5.9) & (dressed.points_mm[:, 0] * side > 0)
        points = dressed.points_mm[low]
        angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        fan = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        rim = (points[:, :2] @ fan.T).argmax(axis=0)
        soles.append(points[rim])
        weights.append(dressed.weights[low][rim])
    return Rig(
        body.names,
        body.parents,
        body.heads_mm,
        regions.nose_mm,
        regions.crown_mm,
        np.stack(soles),
        np.stack(weights),
    )
