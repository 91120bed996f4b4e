"""Camera shake: a stabilized hand-held camera, whose hand moves while each frame is exposed.

The blur of a frame is the path of the hand during its exposure: curved, and denser where the hand
is slow. The path is a window of one smooth random motion of the whole clip, so it goes on from
frame to frame, and the blur comes and goes with the hand's speed. The motion is a sum of sinusoids:
slow sway and a tremor of 2 to 10 Hz, all of the same speed, so that slow ones reach farther. (Both
parts are known from the study of hands and cameras: Gavant, Alacoque, Dupret, David, "A
physiological camera shake model for image stabilization systems", IEEE Sensors 2011. The bands and
their speeds are our own choice.)

The picture itself stands still, as stabilized footage does: the mean of each path is at zero. So
the labels stay true. (A one-sided kernel, as widely used, shifts the person by up to its own
length. It measures misalignment and not blur.)

Light is added up linearly (`corruptions._srgb`). Outside of the picture its edge is repeated. The
path is sampled at equal times, each sample at a whole pixel. Weights are integers that sum to
65536, so the arithmetic is exact. All numbers are our own choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions._path_blur import blur
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Length of the path in one exposure, as a fraction of the person's box height.

    It is the exposure times the hand's speed in root mean square.
    """

    length: float


SEVERITIES = (Params(0.073), Params(0.105), Params(0.145), Params(0.21), Params(0.29))

#: Seconds of an exposure, as of a phone that films in the dark. At more than 15 frames a second the
#: exposures of neighboring frames overlap, as in `long_exposure`.
EXPOSURE = 1 / 15
#: One sinusoid a band and axis, hertz: two of sway, four of tremor.
BANDS = ((0.3, 0.8), (0.8, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 8.0), (8.0, 10.0))
#: Steps of a pixel in which the path is computed. Sines differ in their last bit between machines.
STEPS = 4096
UNIT = 1 << 16
#: More than the distance of any two points.
SPAN = 1 << 32


@dataclass(frozen=True)
class Draws:
    """The motion of the hand, in both axes x and y.

    Attributes:
        frequencies: (2, N) hertz.
        phases: (2, N) turns.
        reaches: (2, N) pixels, of each sinusoid.
        samples: of the path in one exposure, a power of two.
        fps: frames per second.
    """

    frequencies: NDArray[np.float64]
    phases: NDArray[np.float64]
    reaches: NDArray[np.float64]
    samples: int
    fps: float


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:
    """Draw the motion of the whole clip."""
    where = [(axis, band) for axis in range(2) for band in range(len(BANDS))]
    low, high = np.array(BANDS).T
    share = np.array([key.uniform(0, *w) for w in where]).reshape(2, -1)
    phases = np.array([key.uniform(1, *w) for w in where]).reshape(2, -1)
    frequencies = low + (high - low) * share
    length = params.length * info.person_height
    speed = length / EXPOSURE / math.sqrt(len(BANDS))  # greatest speed of one sinusoid
    samples = 1 << max(math.ceil(math.log2(2 * length)), 5) if length > 0 else 32
    return Draws(
        frequencies, phases, speed / (2 * np.pi * frequencies), min(samples, UNIT), info.fps
    )


def path(draws: Draws, t: int) -> NDArray[np.int64]:
    """Return where the hand is during the exposure of frame ``t``, (S, 2) x, y in whole pixels.

    The mean is exactly zero: of the fractions of a pixel, the greatest ones are rounded up, and as
    many as that takes.
    """
    turning = np.empty((*draws.phases.shape, draws.samples))
    _turn(draws.frequencies, draws.phases, t / draws.fps, turning)
    points = np.empty((draws.samples, 2), dtype=np.int64)
    _walk(draws.reaches, np.sin(turning, out=turning), points)
    return points


# The steps around the sines are compiled: they are short, and calls of NumPy took most of the time.
@kernel
def _turn(frequencies, phases, second, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (2, N, S) with the angles of the sinusoids around a second, in radians."""
    axes, bands, samples = out.shape
    for i in range(samples):
        time = second + EXPOSURE * ((i + 0.5) / samples - 0.5)
        for axis in range(axes):
            for band in range(bands):
                turns = frequencies[axis, band] * time + phases[axis, band]
                out[axis, band, i] = 2 * np.pi * turns


@kernel
def _walk(reaches, sines, points):  # type: ignore[no-untyped-def]
    """Fill ``points`` (S, 2) with the sums of the sinusoids, in whole pixels."""
    axes, bands, samples = sines.shape
    steps = np.empty(samples, dtype=np.int64)
    for axis in range(axes):
        for i in range(samples):
            place = 0.0
            for band in range(bands):
                place += reaches[axis, band] * sines[axis, band, i]
            steps[i] = np.int64(np.rint(STEPS * place)) * samples  # so the mean is whole
        steps -= steps.sum() // samples
        pixels = steps // (STEPS * samples)
        order = np.argsort(pixels * (STEPS * samples) - steps, kind="mergesort")
        for i in order[: -pixels.sum()]:
            pixels[i] += 1
        points[:, axis] = pixels


def kernel_of(points: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the taps (N, 2) dy, dx of a blur along the points (S, 2) x, y, and their weights.

    The weights (N,) sum to 65536. A tap lies where the light comes from: opposite to the point.
    """
    taps, counts = np.empty_like(points), np.empty(len(points), dtype=np.int64)
    number = _count(points, taps, counts)
    return taps[:number], counts[:number] * (UNIT // len(points))


@kernel
def _count(points, taps, counts):  # type: ignore[no-untyped-def]
    """Fill in the different taps, and how many points each is of; return their number."""
    number = 0
    for joined in np.sort(-SPAN * points[:, 1] - points[:, 0]):
        dy = (joined + SPAN // 2) // SPAN
        dx = joined - dy * SPAN
        if number == 0 or taps[number - 1, 0] != dy or taps[number - 1, 1] != dx:
            taps[number, 0], taps[number, 1], counts[number] = dy, dx, 0
            number += 1
        counts[number - 1] += 1
    return number


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of the shaken frame ``t``, (h, w, 3) uint8."""
    return blur(frames[t], region, *kernel_of(path(draws, t)))


CORRUPTION = Corruption(
    name="camera_shake",
    family="motion blur",
    version=2,
    scope="clip",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
)
