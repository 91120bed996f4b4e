"""Draw noise in cells whose size is relative to the person: shared by the corruptions of noise.

A detector shrinks its crop and so averages noise away, the more the larger the person is in pixels.
So noise is drawn for square cells of ``person_height / 150``, and all pixels of a cell get the same
words. A cell is whole pixels: the one of pixel x is ``floor(x / size)``, at least one pixel wide.

Where cells of whole pixels cannot have that size, the strength is changed instead, so that noise
that is averaged over a part of the person has the same standard deviation at every size (see
`Grain.strength`). The 150 are our own choice: the height of a person in the studio set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions.base import ClipInfo, Region
from corruptbench.corruptions.random import row_words

#: Cells in the height of the person.
CELLS = 150

#: The strength is at least this much: a person of 15 px has it. `shot_noise` divides its photons by
#: the square, so a box of no height would ask for endless work. Our own choice.
WEAKEST = 0.1

#: Bits after the point of a cell's size.
BITS = 16


@dataclass(frozen=True)
class Grain:
    """Size of the cells of noise.

    Attributes:
        size: of a cell, pixels, times 2**16; at least 2**16. Integers are exact on every machine.
        strength: factor of the standard deviation, see `grain_of`.
    """

    size: int
    strength: float

    def lattice(self, region: Region) -> tuple[NDArray[np.int64], int, NDArray[np.uint32]]:
        """Return where the samples of a region find their words, for `cell_buffer` and `cell_row`.

        Returns:
            (h,) row of cells of each row of pixels; the first block of eight words that is needed
            of a row of cells; (3 w,) place of each sample's word from the beginning of that block.
        """
        found: tuple[NDArray[np.int64], int, NDArray[np.uint32]] = _lattice(
            region.y0, region.y1, region.x0, region.x1, self.size
        )
        return found


def grain_of(info: ClipInfo) -> Grain:
    """Return the size of the cells and the strength of the noise for a clip's person.

    Noise of standard deviation 1, drawn for cells of area a, has a standard deviation of
    ``sqrt(mean(a^2) / mean(a) / A)`` over an area A. Cells of ``wanted`` pixels would give
    ``wanted / sqrt(A)``. Of cells of whole pixels, n or n + 1 wide where ``n <= size < n + 1``, the
    mean of the squared width over the mean width is ``2 n + 1 - n (n + 1) / size``. It is one where
    a cell is one pixel. So the strength is height / 150 for persons below 150 px, 1 where the cells
    are whole pixels, and at least 8/9 for all others. It is never below `WEAKEST`, our own choice:
    a person below 15 px, or a box of no height, has the strength of 15 px.
    """
    wanted = info.person_height / CELLS
    size = max(round(wanted * (1 << BITS)), 1 << BITS)
    exact = size / (1 << BITS)
    n = math.floor(exact)
    return Grain(size, max(wanted / (2 * n + 1 - n * (n + 1) / exact), WEAKEST))


@kernel
def _lattice(y0, y1, x0, x1, size):  # type: ignore[no-untyped-def]
    rows = np.empty(y1 - y0, dtype=np.int64)
    for y in range(y0, y1):
        rows[y - y0] = (y << BITS) // size
    block = (x0 << BITS) // size * 3 // 8
    places = np.empty(3 * (x1 - x0), dtype=np.uint32)  # unsigned: no index is taken from the end
    for x in range(x0, x1):
        for c in range(3):
            places[3 * (x - x0) + c] = (x << BITS) // size * 3 + c - 8 * block
    return rows, block, places


@kernel
def cell_buffer(places):  # type: ignore[no-untyped-def]
    """Return room for the words of a row of cells, and for those of a row of samples.

    Where every sample has a word of its own, the second is a part of the first.
    """
    size = places.size
    words = np.empty((places[size - 1] + 8) // 8 * 8, dtype=np.uint16)
    if places[size - 1] - places[0] == size - 1:
        return words, words[places[0] : places[0] + size]
    return words, np.empty(size, dtype=np.uint16)


@kernel
def cell_row(k0, k1, t, row, block, places, words, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (N,) uint16 with the words of the samples in a row of cells.

    The words are a pure function of key, frame ``t``, row of cells and sample within that row.
    """
    row_words(k0, k1, t, row, block, words)
    if places[out.size - 1] - places[0] != out.size - 1:
        for i in range(out.size):
            out[i] = words[places[i]]
