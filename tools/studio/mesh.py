"""Meshes as linear combinations of a base mesh's vertices.

Every step (subdividing, clipping, choosing a part) gives a sparse matrix from old to new vertices,
so one matrix carries positions, skinning weights and colours alike.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse


def triangles_of(quads: np.ndarray) -> np.ndarray:
    """(F, 4) quads to (2F, 3) triangles."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def used_part(count: int, faces: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Only the vertices that `faces` use: (N, count) selection and renumbered faces."""
    used, flat = np.unique(faces, return_inverse=True)
    ones = np.ones(len(used))
    pick = sparse.csr_matrix((ones, (np.arange(len(used)), used)), shape=(len(used), count))
    return pick, flat.reshape(faces.shape)


def subdivide(count: int, quads: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """One Catmull-Clark step on quads: (N, count) matrix and (4F, 4) quads.

    Vertices: the moved old ones, then one per face, then one per edge.
    """
    faces = len(quads)
    loops = np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2)
    edges, edge_of_loop, uses = np.unique(
        np.sort(loops, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    edge_of_loop = edge_of_loop.reshape(faces, 4)
    face_points = _rows(np.arange(faces).repeat(4), quads.ravel(), 0.25, (faces, count))
    number = np.arange(len(edges))
    ends = _rows(number.repeat(2), edges.ravel(), 0.5, (len(edges), count))
    touching = _rows(edge_of_loop.ravel(), np.arange(faces).repeat(4), 1.0, (len(edges), faces))
    inner = uses == 2
    beside = sparse.diags(np.where(inner, 0.5, 0.0)) @ touching @ face_points
    edge_points = sparse.diags(np.where(inner, 0.5, 1.0)) @ ends + 0.5 * beside

    rim = ~inner
    on_rim = np.zeros(count, bool)
    on_rim[edges[rim]] = True
    valence = np.maximum(np.bincount(edges.ravel(), minlength=count), 1)
    around_edges = _rows(edges.ravel(), number.repeat(2), 1.0, (count, len(edges)))
    around_faces = _rows(quads.ravel(), np.arange(faces).repeat(4), 1.0, (count, faces))
    smooth = (
        sparse.diags(1.0 / valence**2) @ around_faces @ face_points
        + sparse.diags(2.0 / valence**2) @ around_edges @ ends
        + sparse.diags((valence - 3.0) / valence)
    )
    rim_mean = 0.5 * (around_edges @ sparse.diags(rim.astype(float)) @ ends)
    crease = sparse.diags(np.full(count, 0.5)) + 0.5 * rim_mean
    old = sparse.diags((~on_rim).astype(float)) @ smooth + sparse.diags(on_rim * 1.0) @ crease

    matrix = sparse.vstack([old, face_points, edge_points]).tocsr()
    middle = np.repeat(count + np.arange(faces), 4)
    after = count + faces + edge_of_loop.ravel()
    before = count + faces + np.roll(edge_of_loop, 1, axis=1).ravel()
    return matrix, np.stack([quads.ravel(), after, middle, before], axis=1)


def clip(field: np.ndarray, faces: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Keep the part of a triangle mesh where `field` (V,) is positive; cuts triangles in two.

    Returns the matrix from old to new vertices and the new (F, 3) triangles.
    """
    count = len(field)
    positive = field > 0
    kept = positive[faces].sum(axis=1)
    whole = [faces[kept == 3]]
    cut_faces = faces[(kept == 1) | (kept == 2)]
    edges: dict[tuple[int, int], int] = {}

    def crossing(one: int, two: int) -> int:
        return edges.setdefault((min(one, two), max(one, two)), count + len(edges))

    pieces = []
    for face in cut_faces.tolist():
        inside = [bool(positive[vertex]) for vertex in face]
        odd = inside.index(sum(inside) == 1)
        a, b, c = face[odd], face[(odd + 1) % 3], face[(odd + 2) % 3]
        ab, ca = crossing(a, b), crossing(c, a)
        if inside[odd]:
            pieces.append((a, ab, ca))
        else:
            pieces += [(ab, b, c), (ab, c, ca)]
    whole.append(np.array(pieces, dtype=faces.dtype).reshape(-1, 3))

    pairs = np.array(list(edges), dtype=int).reshape(-1, 2)
    share = field[pairs[:, 0]] / (field[pairs[:, 0]] - field[pairs[:, 1]])
    number = np.arange(len(pairs)).repeat(2)
    blend = _rows(
        number, pairs.ravel(), np.stack([1 - share, share], 1).ravel(), (len(pairs), count)
    )
    matrix = sparse.vstack([sparse.identity(count), blend]).tocsr()
    pick, new_faces = used_part(matrix.shape[0], np.concatenate(whole))
    return (pick @ matrix).tocsr(), new_faces


def vertex_normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals, faces weighted by area; counter-clockwise faces point outwards."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    flat = np.cross(b - a, c - a)
    total = np.stack(
        [
            np.bincount(faces.ravel(), np.repeat(flat[:, axis], 3), minlength=len(points))
            for axis in range(3)
        ],
        axis=1,
    )
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def smoothed(values: np.ndarray, faces: np.ndarray, rounds: int) -> np.ndarray:
    """Average (V, C) values over neighbouring vertices, `rounds` times."""
    count = len(values)
    loops = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    both = np.concatenate([loops, loops[:, ::-1]])
    link = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count))
    link.data[:] = 1.0
    mean = sparse.diags(1.0 / np.maximum(np.asarray(link.sum(axis=1)).ravel(), 1)) @ link
    for _ in range(rounds):
        values = 0.5 * values + 0.5 * (mean @ values)
    return values


def _rows(
    rows: np.ndarray, columns: np.ndarray, values: np.ndarray | float, shape: tuple[int, int]
) -> sparse.csr_matrix:
    values = np.broadcast_to(np.asarray(values, dtype=float), rows.shape)
    return sparse.csr_matrix((values, (rows, columns)), shape=shape)
