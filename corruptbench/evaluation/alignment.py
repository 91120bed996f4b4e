"""Align poses by the best similarity transform: Procrustes analysis without a decomposition.

The best rotation belongs to the largest eigenvalue of a symmetric 4 x 4 matrix whose eigenvector is
the rotation's quaternion (Horn, JOSA A 1987). That eigenvalue is the largest root of a quartic,
found by Newton's method from above (Theobald, Acta Cryst. A 2005). The root also gives the rotation
itself, with cofactors of a 3 x 3 matrix in place of the quaternion (Markley, "Attitude
determination using vector observations: a fast optimal matrix algorithm", J. Astronaut. Sci. 1993).
That is some hundred multiplications for each pose, on arrays of a thousand poses. Where digits
would be lost, the rotation comes from a singular value decomposition (Kabsch 1976, Umeyama 1991).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corruptbench.evaluation.poses import is_valid_pose

Array = NDArray[np.float64]

#: Poses that are aligned together: few enough for the processor's cache, and enough for arrays.
CHUNK = 2048
#: The rotation is sure from this slope of the quartic at its largest root on. The slope is
#: 8 (a + b) (a + c) (b + c) of the singular values a, b and c (c negative for a mirrored pose),
#: whose squares sum to 1: from 0, for collinear joints, to 12.3. Our own choice: joints of poses of
#: a person's size then differ by less than 1e-9 mm from those of the decomposition (measured: by
#: 3e-10 mm just above it, in inverse proportion to the slope). Two of 1000 random poses are below.
SURE = 0.05
#: Newton's steps: at most so many, until all are smaller than this. The next one would be smaller
#: than its square times 300.
STEPS, SMALL = 30, 1e-9
#: Sums of squares, mm^2, within which nothing overflows or vanishes.
LEAST, MOST = 1e-60, 1e60
#: Norms of two poses over the norm of their products, from which on the products are what rounding
#: left. A pose that is one point, or nearly, has 1e10 and more; two random ones have about 2.
UNLIKE = 1e3


class Aligned(NamedTuple):
    """The distances that remain after each pose is aligned.

    Attributes:
        distances: (..., J) mm, of each joint of the aligned pose; NaN where one of the two poses is
            not valid (see `poses.is_valid_pose`).
        degenerate: (...) bool, the valid poses whose rotation took the decomposition: collinear or
            nearly so, or mirrored in such a way that other rotations fit almost as well.
    """

    distances: Array
    degenerate: NDArray[np.bool_]


def align(predicted: Array, target: Array) -> Aligned:
    """Align predicted poses with target poses by rotation, scale and translation.

    They minimize the squared error of each pose. There is no reflection.

    Args:
        predicted: (..., J, 3) mm.
        target: (..., J, 3) mm; its shape must broadcast to that of ``predicted``.
    """
    shape = predicted.shape
    given = np.asarray(predicted, dtype=np.float64).reshape(-1, *shape[-2:])
    wanted = np.broadcast_to(np.asarray(target, np.float64), shape).reshape(given.shape)
    distances, sure = np.empty(given.shape[:2]), np.empty(len(given), dtype=np.bool_)
    space = np.empty((3, 3 * shape[-2] * min(CHUNK, len(given))))
    for i in range(0, len(given), CHUNK):
        part = slice(i, i + CHUNK)
        sure[part] = _by_quartic(given[part], wanted[part], distances[part], space)
    rest = np.flatnonzero(~sure)
    valid = is_valid_pose(given[rest]) & is_valid_pose(wanted[rest])
    distances[rest[~valid]], sure[rest[~valid]] = np.nan, True
    rest = rest[valid]
    distances[rest] = _by_decomposition(given[rest], wanted[rest])
    return Aligned(distances.reshape(shape[:-1]), ~sure.reshape(shape[:-2]))


def _by_quartic(
    predicted: Array, target: Array, distances: Array, space: Array
) -> NDArray[np.bool_]:
    """Fill the distances (N, J) mm of poses (N, J, 3); return which poses (N,) they are sure of.

    ``space`` (3, 3 J N or more) is to work in, as new arrays cost about as much time as the work.
    """
    count, joints, _ = predicted.shape
    p, t, left = space[:, : predicted.size].reshape(3, joints, 3, count)
    with np.errstate(all="ignore"):  # of poses that are not sure
        pp, tt = _center(predicted, p, left), _center(target, t, left)
        b = np.einsum("jkn,jmn->kmn", t, p)
        norm = np.sqrt(np.einsum("kmn,kmn->n", b, b))
        b /= norm
        c = _cofactors(b)
        det, minors = np.einsum("mn,mn->n", b[0], c[0]), np.einsum("kmn,kmn->n", c, c)
        unlike = np.sqrt(pp * tt) / norm
        root, slope, sure = _largest_root(np.minimum(unlike, np.sqrt(3)), det, minors)
        turn = _rotation(b, c, root, 8 / slope * (root * norm / pp))
        np.einsum("kmn,jmn->jkn", turn, p, out=left)
        left -= t
        np.sqrt(np.einsum("jkn,jkn->jn", left, left), out=distances.T)
        sure &= (np.minimum(pp, tt) > LEAST) & (np.maximum(pp, tt) < MOST)
        return np.asarray(sure & (unlike < UNLIKE))


def _center(poses: Array, out: Array, space: Array) -> Array:
    """Fill (J, 3, N) with poses (N, J, 3) about their mean; return the sums of squares (N,)."""
    near = space.reshape(poses.shape)
    near[...] = poses  # in order of memory, before it is read across
    out[...] = near.transpose(1, 2, 0)
    out -= np.add.reduce(out, axis=0) / len(out)
    return np.asarray(np.einsum("jkn,jkn->n", out, out))


def _cofactors(b: Array) -> Array:
    """Return the cofactors of matrices (3, 3, N)."""
    x = b[[1, 2, 0, 1]][:, [1, 2, 0, 1]]
    return x[:3, :3] * x[1:, 1:] - x[:3, 1:] * x[1:, :3]


def _largest_root(
    start: Array, det: Array, minors: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Find the largest of the four real roots of (x^2 - 1)^2 - 8 det x - 4 minors.

    Returns:
        The roots, the slopes there, and which roots are sure, (N,) each. From the point where the
        curvature is 0 on, 1 / sqrt(3), there is one root at most with a positive slope.
    """
    root, det, minors = start, 8 * det, 4 * minors
    for _ in range(STEPS):
        square = root * root - 1
        slope = 4 * root * square - det
        step = (square * square - det * root - minors) / slope
        root = root - step
        if not (step > SMALL).any():
            break
    slope = 4 * root * (root * root - 1) - det
    return root, slope, (slope > SURE) & (np.abs(step) <= SMALL) & (root > 3**-0.5)


def _rotation(b: Array, c: Array, root: Array, factor: Array) -> Array:
    """Return Markley's matrices ((root^2 + 1) b / 2 + root c - b b^T b) times a factor (N,)."""
    squares = np.einsum("kin,jin->kjn", b, b)
    squares *= -factor
    squares[range(3), range(3)] += factor * (root * root + 1) / 2
    return np.asarray(np.einsum("kjn,jmn->kmn", squares, b) + (factor * root) * c)


def _by_decomposition(predicted: Array, target: Array) -> Array:
    """Return the distances (N, J) mm of valid poses (N, J, 3)."""
    centered = predicted - predicted.mean(axis=1, keepdims=True)
    wanted = target - target.mean(axis=1, keepdims=True)
    u, s, vt = np.linalg.svd(np.swapaxes(centered, 1, 2) @ wanted)
    sign = np.sign(np.linalg.det(u @ vt))
    u[:, :, 2] *= sign[:, None]
    s[:, 2] *= sign
    scale = s.sum(axis=1) / np.sum(centered**2, axis=(1, 2))
    aligned = scale[:, None, None] * (centered @ (u @ vt))
    return np.asarray(np.linalg.norm(aligned - wanted, axis=-1))
