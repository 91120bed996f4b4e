"""Find predictions whose axes, sides or depth are not those of the labels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from corruptbench.leaderboard.schema import WarningName

Array = NDArray[np.float64]
#: Name and text of each warning.
Warnings = Iterator[tuple[WarningName, str]]

#: All limits are our own choice. The shipped baseline on studio-C has a likeness of axes of 0.95.
#: That falls to 0.31 with sides exchanged or one axis reversed.
AXES, AXES_GAIN = 0.6, 0.3
#: Least likeness of y of predictions to z of labels, and of z to y, that shows which way people
#: lean in the picture. The shipped baseline has 0.25 and 0.29 (the cameras look down); with the
#: output's z reversed 0.25 and -0.29, with sides of the input exchanged 0.29 and 0.31.
LEAN = 0.1
#: Depth with less than this share of the size of x and y is none. Single clips of 13 poor but
#: honest lifters on studio-C (trained for an epoch, linear, of one frame) have 0.37 and more.
NO_DEPTH = 0.15
#: Depth is too flat or too deep beyond these factors. On all clips, the honest lifters have at most
#: 1.07 and 0.90. Halved depth has 1.7 to 2.1, doubled depth 1.8 for the baseline.
FLAT, DEEP = 1.5, 1.3
#: A depth must be beyond these factors by this many standard errors, in at least this number of
#: clips. In 500 draws of 8 clips of each honest lifter, no factor less two standard errors is above
#: 1.30 (flat) and 1.00 (deep).
DEPTH_SURE, DEPTH_CLIPS = 2.0, 8

#: Texts of warnings.
SIDES = "left and right of the predictions are exchanged: correct the order of the joints"
AXES_TEXT = (
    "the predictions fit the labels as ({}) rather than (x, y, z): expected x right, y down, z "
    "forward"
)
#: What an input can have that reverses the depth, by sides of the output and sign of its x. A
#: person whose left and right are exchanged in the picture is one that is seen from behind.
CAUSES = {
    (0, 1): (
        "left and right of the input are exchanged, and those of the output, too; correct the "
        "order of keypoints and joints"
    ),
    (1, 1): "left and right of the input are exchanged; correct the order of keypoints",
    (0, -1): "the input is mirrored (x to the left); correct its x",
    (1, -1): "the input is mirrored (x to the left), and left and right of the output are "
    "exchanged; correct both",
}


def axes_warnings(axes: Array, squares: Array) -> Warnings:
    """Yield a warning where another axis, another sign or exchanged sides fit much better.

    Args:
        axes: (2, 3, 3), the sum of `Likeness.axes` over clips.
        squares: (2, 3), likewise.
    """
    norm = np.sqrt(np.outer(squares[0], squares[1]))
    alike = axes / np.where(norm > 0, norm, 1)
    cases = product((0, 1), permutations(range(3)), product((1, -1), repeat=3))
    found = {
        (sides, order, signs): float(np.mean(signs * alike[sides, order, range(3)]))
        for sides, order, signs in cases
    }
    best = max(found, key=lambda case: found[case])
    sides, order, signs = best
    if found[best] < max(AXES, found[0, (0, 1, 2), (1, 1, 1)] + AXES_GAIN):
        return
    fitting = ", ".join(
        f"{'-' if sign < 0 else ''}{'xyz'[a]}" for a, sign in zip(order, signs, strict=True)
    )
    if order == (0, 1, 2) and signs[1:] == (1, -1):
        yield from _reversed(sides, signs[0], fitting, _lean(alike[sides]))
        return
    if sides:
        yield "sides", SIDES
    if order != (0, 1, 2) or signs != (1, 1, 1):
        yield "axes", AXES_TEXT.format(fitting)


def _reversed(sides: int, sign: int, fitting: str, lean: int) -> Warnings:
    """Warn about a reversed depth: of the output, or of people whom the lifter sees from behind."""
    cause = CAUSES[sides, sign]
    if lean > 0:
        exchanged = " with left and right exchanged" if sides else ""
        yield (
            "sides" if sign > 0 else "axes",
            f"the predictions fit the labels as ({fitting}){exchanged}, and people lean as in the "
            f"labels, which they would not if only the output's axes were wrong: {cause}",
        )
        return
    if sides:
        yield "sides", SIDES
    yield "axes", AXES_TEXT.format(fitting) + (f"; or {cause}" if not lean else "")


def _lean(alike: Array) -> int:
    """Return whether predictions lean forward where labels do (1) or backward (-1); 0: unknown.

    A lifter that knows how its cameras are tilted gives the tilt to people that it sees from the
    wrong side, too. Where the output itself is reversed, so is the tilt.

    Args:
        alike: (3, 3) likeness of each predicted axis (rows) to each axis of the labels.
    """
    if min(abs(alike[1, 2]), abs(alike[2, 1])) < LEAN:
        return 0
    return 1 if alike[1, 2] * alike[2, 1] > 0 else -1


def depth_warnings(axes: Array, squares: Array) -> Warnings:
    """Yield a warning where depth is much flatter or deeper than x and y.

    Args:
        axes: (clips, 3, 3) of `Likeness.axes`, sides as they are.
        squares: (clips, 2, 3) of `Likeness.squares`.
    """
    all_axes, all_squares = axes.sum(axis=0), squares.sum(axis=0)
    sizes = _sizes(all_squares)
    ratio = sizes[2] / max(np.sqrt(sizes[0] * sizes[1]), 1e-9)
    if sizes[2] < NO_DEPTH * sizes[:2].min():
        yield (
            "depth",
            "the predictions have hardly any depth (beside x and y, z is "
            f"{times(ratio)} times as large as it should be): the model gives poses in the "
            "picture, or the contract's output takes another array; expected x, y and z",
        )
    elif len(axes) >= DEPTH_CLIPS:
        found = np.log(_misfits(all_axes, all_squares))
        others = np.log(_misfits(all_axes - axes, all_squares - squares))
        flat, deep = np.exp(found - DEPTH_SURE * standard_error(others))
        if flat > FLAT or deep > DEEP:
            yield (
                "depth",
                f"the depth (z) of the predictions is {times(ratio)} times as large as it should "
                "be beside their x and y: the model gives z in another unit or normalization; "
                "correct its output",
            )


def _sizes(squares: Array) -> Array:
    """Return the size (..., 3) of each predicted axis, as a multiple of the labels'."""
    return np.asarray(np.sqrt(squares[..., 0, :] / np.maximum(squares[..., 1, :], 1e-9)))


def _misfits(axes: Array, squares: Array) -> Array:
    """Return by which factors depth is too flat and too deep, (..., 2).

    Each is the smaller one of two. The size of z beside x and y alone would blame lifters that
    shrink a depth they are not sure of: the mean over all poses that fit the picture is flatter
    than each. But these need no larger z: the factor of least squares that fits it to the labels is
    1. That factor alone would blame lifters with random errors.
    """
    sizes = np.maximum(_sizes(squares), 1e-9)
    products = np.einsum("...aa->...a", axes)
    given = np.maximum(squares[..., 0, :], 1e-9)
    across = products[..., :2].sum(axis=-1) / given[..., :2].sum(axis=-1)
    fit = products[..., 2] / given[..., 2] / np.where(across > 0, across, np.inf)
    fit = np.maximum(fit, 1e-9)
    flat = np.minimum(sizes[..., :2].min(axis=-1) / sizes[..., 2], fit)
    deep = np.minimum(sizes[..., 2] / sizes[..., :2].max(axis=-1), 1 / fit)
    return np.stack([flat, deep], axis=-1)


def times(ratio: float) -> str:
    """Return a ratio of sizes for a message."""
    return f"{ratio:.0f}" if ratio > 100 else f"{ratio:.1f}" if ratio > 1 else f"{ratio:.2g}"


def standard_error(others: Array) -> Array:
    """Return the jackknife's standard error of n numbers (n, ...), each without one clip."""
    return np.asarray(np.sqrt((len(others) - 1) * np.var(others, axis=0)))
