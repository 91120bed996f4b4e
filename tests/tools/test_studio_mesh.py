"""Mesh operations of the studio generator."""

from __future__ import annotations

import numpy as np
import pytest

from tools.studio.mesh import clip, smoothed, subdivide, triangles_of, used_part, vertex_normals

CORNERS = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
CUBE = np.array(
    [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
)


def area(points: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (points[faces[:, i]] for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def test_normals_point_outwards() -> None:
    normals = vertex_normals(CORNERS, triangles_of(CUBE))
    assert ((normals * CORNERS).sum(axis=1) > 0.9).all()


def test_subdividing_a_cube_gives_a_rounder_closed_cube() -> None:
    matrix, quads = subdivide(8, CUBE)
    assert matrix.shape == (8 + 6 + 12, 8)
    np.testing.assert_allclose(np.asarray(matrix.sum(axis=1)).ravel(), 1.0)
    assert len(quads) == 24
    points = matrix @ CORNERS
    np.testing.assert_allclose(points[:8], CORNERS * 5 / 9)
    normals = vertex_normals(points, triangles_of(quads))
    assert ((normals * points).sum(axis=1) > 0).all()


def test_subdividing_a_flat_sheet_keeps_its_rim() -> None:
    points = np.array([(x, y, 0) for y in range(3) for x in range(3)], dtype=float)
    quads = np.array([(0, 1, 4, 3), (1, 2, 5, 4), (3, 4, 7, 6), (4, 5, 8, 7)])
    matrix, finer = subdivide(9, quads)
    again = matrix @ points
    np.testing.assert_allclose(again[4], [1, 1, 0])
    np.testing.assert_allclose(again[1], [1, 0, 0])
    assert len(finer) == 16


def test_clipping_cuts_along_the_zero_line() -> None:
    faces = triangles_of(CUBE)
    matrix, part = clip(CORNERS[:, 2] - 0.5, faces)
    points = matrix @ CORNERS
    assert points[:, 2].min() == pytest.approx(0.5)
    np.testing.assert_allclose(np.asarray(matrix.sum(axis=1)).ravel(), 1.0)
    assert area(points, part) == pytest.approx(4 + 4 * 2 * 0.5)
    normals = vertex_normals(points, part)
    assert ((normals * points).sum(axis=1) > 0).all()


def test_clipping_nothing_away_keeps_the_mesh() -> None:
    faces = triangles_of(CUBE)
    matrix, part = clip(np.ones(8), faces)
    assert area(matrix @ CORNERS, part) == pytest.approx(24)


def test_used_part_renumbers() -> None:
    pick, faces = used_part(8, CUBE[:1])
    np.testing.assert_allclose((pick @ CORNERS)[faces[0]], CORNERS[CUBE[0]])


def test_smoothing_keeps_constants_and_shrinks_a_spike() -> None:
    faces = triangles_of(CUBE)
    np.testing.assert_allclose(smoothed(np.full((8, 2), 3.0), faces, 5), 3.0)
    spike = np.zeros((8, 1))
    spike[0] = 1.0
    assert 0 < smoothed(spike, faces, 1)[0, 0] < 1
