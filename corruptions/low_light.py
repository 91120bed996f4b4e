"""Low light: a dark picture with the noise of few photons.

A cell of linear light L (1: white) collects ``L * photons`` electrons. The standard deviation of
shot noise is their square root, and the amplifier adds ``read`` electrons of its own (the standard
sensor model, for example EMVA 1288). The camera shows the result ``stops`` darker than it should
be, clipped at black and rounded to 8 bits. Noise is normal and independent for every cell of
pixels, channel and frame, in integer arithmetic. It is drawn as in `gaussian_noise`, in cells that
are as large as the person asks for (`corruptions._grain`). All numbers are our own choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._grain import Grain, cell_buffer, cell_row, grain_of
from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions._srgb import FROM_LINEAR, FULL, TO_LINEAR
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import NORMAL_16, NORMAL_SCALE, Key


@dataclass(frozen=True)
class Params:
    """How dark, and how noisy.

    Attributes:
        stops: by how much the picture is darker; one stop halves the light.
        photons: electrons that white leaves in a cell.
        read: standard deviation of the read noise, electrons.
    """

    stops: float
    photons: float
    read: float


SEVERITIES = (
    Params(stops=1.0, photons=400, read=3),
    Params(stops=1.6, photons=160, read=3),
    Params(stops=2.2, photons=80, read=3),
    Params(stops=2.8, photons=45, read=3),
    Params(stops=3.4, photons=28, read=3),
)

#: Fractional bits of `Draws.light` and `Draws.sigma` (the latter times NORMAL_SCALE's twelve).
BITS = 2
SHIFT = BITS + NORMAL_SCALE.bit_length() - 1


@dataclass(frozen=True)
class Draws:
    """By code: mean light and its standard deviation, (256,) int32, fixed point.

    ``(light + sigma * table value) >> SHIFT`` is the noisy light, full scale 65535.
    """

    key: Key
    light: NDArray[np.int32]
    sigma: NDArray[np.int32]
    grain: Grain


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:
    """Make the tables; nothing is drawn in advance."""
    gain, grain = 2.0**-params.stops, grain_of(info)
    electrons = TO_LINEAR / FULL * params.photons
    sigma = np.sqrt(electrons + params.read**2) / params.photons * gain * FULL * grain.strength
    light = np.rint(TO_LINEAR * gain * (1 << SHIFT)) + (1 << (SHIFT - 1))
    return Draws(key, light.astype(np.int32), np.rint(sigma * (1 << BITS)).astype(np.int32), grain)


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of the dark, noisy frame ``t``, (h, w, 3) uint8."""
    out = np.array(frames[t][region.slices], order="C")
    _expose(
        out, t, *draws.grain.lattice(region), draws.key.k0, draws.key.k1,
        draws.light, draws.sigma, NORMAL_16, FROM_LINEAR,
    )  # fmt: skip
    return out


@kernel
def _expose(  # type: ignore[no-untyped-def]
    out, t, rows, block, places, k0, k1, light, sigma, table, encode
):
    height, size = rows.size, places.size
    words, mine = cell_buffer(places)
    for y in range(height):
        if y == 0 or rows[y] != rows[y - 1]:
            cell_row(k0, k1, t, rows[y], block, places, words, mine)
        row = out[y].reshape(size)
        for i in range(size):
            code = row[i]
            value = (light[code] + sigma[code] * np.int32(table[mine[i]])) >> SHIFT
            row[i] = encode[min(max(value, 0), FULL)]


CORRUPTION = Corruption(
    name="low_light",
    family="lighting",
    version=2,
    scope="frame",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
)
