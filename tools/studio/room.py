"""The room: walls, floor, ceiling and a few props along the walls, as textured triangles.

Nothing stands within 3.5 m of the middle, so no prop hides the person or encloses a camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .seeds import seeded

HALF_X_MM, HALF_Y_MM, TALL_MM = 5300.0, 5600.0, 3350.0
"""The room spans [-HALF_X, HALF_X] x [-HALF_Y, HALF_Y] x [0, TALL], millimetres."""
TEXTURE_SIZE = 512
LAYERS = ("plain", "parquet", "plaster", "tiles", "wood", "poster", "books", "carpet")
"""Texture layers, in the order of the texture array."""


@dataclass(frozen=True)
class RoomMesh:
    """Triangles: `points_mm`, `normals`, `tints` (V, 3) and `uvw` (V, 3), w is the layer."""

    points_mm: np.ndarray
    normals: np.ndarray
    uvw: np.ndarray
    tints: np.ndarray


Vector = Sequence[float] | np.ndarray
"""Three numbers."""


class _Builder:
    """Collects rectangles."""

    def __init__(self) -> None:
        self._rows: list[np.ndarray] = []

    def rectangle(
        self,
        corner: Vector,
        across: Vector,
        along: Vector,
        layer: str,
        tint: Vector,
        repeat: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        """Return a rectangle from `corner`, mm; it faces across x along; `tint` is sRGB."""
        corner, across, along = (np.array(v, dtype=float) for v in (corner, across, along))
        normal = np.cross(across, along)
        normal /= np.linalg.norm(normal)
        uv = np.array([(0, 0), (1, 0), (1, 1), (0, 0), (1, 1), (0, 1)], dtype=float)
        points = corner + uv[:, :1] * across + uv[:, 1:] * along
        number = np.full((6, 1), float(LAYERS.index(layer)))
        tints = np.tile(np.array(tint, dtype=float) ** 2.2, (6, 1))
        self._rows.append(
            np.hstack([points, np.tile(normal, (6, 1)), uv * np.array(repeat), number, tints])
        )

    def box(self, low: Vector, high: Vector, layer: str, tint: Vector) -> None:
        """Return an axis-aligned box without its underside."""
        low, high = np.array(low, dtype=float), np.array(high, dtype=float)
        x, y, z = np.diag(high - low)
        self.rectangle(low, x, z, layer, tint)
        self.rectangle(low + y + x, -x, z, layer, tint)
        self.rectangle(low + y, -y, z, layer, tint)
        self.rectangle(low + x, y, z, layer, tint)
        self.rectangle(low + z, x, y, layer, tint)

    def done(self) -> RoomMesh:
        """All rectangles as one mesh."""
        rows = np.concatenate(self._rows)
        return RoomMesh(rows[:, :3], rows[:, 3:6], rows[:, 6:9], rows[:, 9:12])


def room_mesh() -> RoomMesh:
    """Return the whole room."""
    build = _Builder()
    x, y, z = HALF_X_MM, HALF_Y_MM, TALL_MM
    build.rectangle((-x, -y, 0), (2 * x, 0, 0), (0, 2 * y, 0), "parquet", (1, 1, 1), (5.0, 5.3))
    build.rectangle((-x, y, z), (2 * x, 0, 0), (0, -2 * y, 0), "tiles", (1, 1, 1), (9.0, 9.5))
    walls = (
        ((-x, y, 0), (2 * x, 0, 0), (0.83, 0.84, 0.82)),
        ((x, -y, 0), (-2 * x, 0, 0), (0.74, 0.78, 0.82)),
        ((-x, -y, 0), (0, 2 * y, 0), (0.86, 0.82, 0.75)),
        ((x, y, 0), (0, -2 * y, 0), (0.80, 0.83, 0.78)),
    )
    for corner, across, tint in walls:
        corner, across = np.array(corner), np.array(across)
        inward = np.cross(across, [0, 0, 1.0])
        inward /= np.linalg.norm(inward)
        build.rectangle(corner, across, (0, 0, z), "plaster", tint, (4.0, 1.3))
        board = corner + inward * 18
        build.rectangle(board, across, (0, 0, 110), "wood", (0.92, 0.92, 0.9), (8.0, 0.2))
        build.rectangle(board + [0, 0, 110], across, -inward * 18, "plain", (0.9, 0.9, 0.88))
    _props(build)
    return build.done()


def _props(build: _Builder) -> None:
    x, y = HALF_X_MM, HALF_Y_MM
    # Door and frame in the +y wall, shelf beside it.
    build.box((-2350, y - 40, 0), (-1250, y, 2150), "plain", (0.93, 0.93, 0.92))
    build.box((-2270, y - 70, 0), (-1330, y - 40, 2080), "wood", (0.72, 0.55, 0.42))
    build.box((-1430, y - 130, 1000), (-1370, y - 70, 1030), "plain", (0.6, 0.6, 0.62))
    build.box((900, y - 380, 0), (2300, y, 1900), "books", (1, 1, 1))
    # Posters and a notice board.
    build.box((-600, y - 12, 1250), (200, y, 2350), "poster", (1, 1, 1))
    build.box((-1500, -y, 1100), (400, -y + 20, 2200), "carpet", (0.52, 0.60, 0.50))
    build.box((-1350, -y + 20, 1400), (-900, -y + 24, 2000), "poster", (0.9, 0.95, 1.0))
    build.box((-700, -y + 20, 1500), (-350, -y + 24, 1950), "plain", (0.95, 0.93, 0.80))
    # Table with a monitor on the -x wall, cupboard and chair.
    build.box((-x, -900, 700), (-x + 700, 900, 740), "wood", (0.80, 0.66, 0.50))
    for leg_y in (-860, 810):
        build.box((-x + 620, leg_y, 0), (-x + 670, leg_y + 50, 700), "plain", (0.3, 0.3, 0.32))
    build.box((-x + 150, -350, 840), (-x + 190, 350, 1240), "plain", (0.10, 0.10, 0.12))
    build.box((-x + 130, -60, 740), (-x + 200, 60, 860), "plain", (0.15, 0.15, 0.17))
    build.box((-x, 1500, 0), (-x + 520, 2700, 1150), "wood", (0.60, 0.62, 0.66))
    _chair(build, (-x + 900, -1300, 0.0))
    # Window with a blind and a radiator on the +x wall.
    build.box((x - 30, -1300, 1000), (x, 1300, 2450), "plain", (0.95, 0.96, 0.97))
    build.box((x - 45, -1200, 1100), (x - 30, 1200, 2350), "tiles", (0.80, 0.90, 1.0))
    build.box((x - 160, -1000, 140), (x - 60, 1000, 760), "plain", (0.90, 0.90, 0.90))
    build.box((x - 420, -2500, 0), (x, -1700, 620), "wood", (0.70, 0.40, 0.30))


def _chair(build: _Builder, at: tuple[float, float, float]) -> None:
    corner = np.array(at)
    grey, red = (0.25, 0.25, 0.28), (0.60, 0.22, 0.20)
    build.box(corner + [0, 0, 430], corner + [430, 430, 470], "plain", red)
    build.box(corner + [0, 0, 620], corner + [30, 430, 900], "plain", red)
    for dx in (0, 400):
        for dy in (0, 400):
            top = 900 if dx == 0 else 430
            build.box(corner + [dx, dy, 0], corner + [dx + 30, dy + 30, top], "plain", grey)


def room_textures() -> np.ndarray:
    """(layers, TEXTURE_SIZE, TEXTURE_SIZE, 3) uint8, sRGB, deterministic."""
    makers = {
        "plain": _plain,
        "parquet": _parquet,
        "plaster": _plaster,
        "tiles": _tiles,
        "wood": _wood,
        "poster": _poster,
        "books": _books,
        "carpet": _carpet,
    }
    layers = [makers[name](seeded(f"texture/{name}")) for name in LAYERS]
    return np.stack([np.round(np.clip(layer, 0, 1) * 255).astype(np.uint8) for layer in layers])


def _noise(rng: np.random.Generator, cells_x: int, cells_y: int) -> np.ndarray:
    """Periodic smooth noise in [0, 1], (TEXTURE_SIZE, TEXTURE_SIZE)."""
    grid = rng.random((cells_y, cells_x))
    size = TEXTURE_SIZE
    at_y = np.arange(size) * cells_y / size
    at_x = np.arange(size) * cells_x / size
    y0, x0 = at_y.astype(int), at_x.astype(int)
    fy, fx = at_y - y0, at_x - x0
    fy, fx = (fy * fy * (3 - 2 * fy))[:, None], fx * fx * (3 - 2 * fx)
    y1, x1 = (y0 + 1) % cells_y, (x0 + 1) % cells_x
    top = grid[np.ix_(y0, x0)] * (1 - fx) + grid[np.ix_(y0, x1)] * fx
    low = grid[np.ix_(y1, x0)] * (1 - fx) + grid[np.ix_(y1, x1)] * fx
    return top * (1 - fy) + low * fy


def _grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[..., None], 3, axis=-1)


def _plain(rng: np.random.Generator) -> np.ndarray:
    return _grey(0.97 + 0.03 * _noise(rng, 16, 16))


def _plaster(rng: np.random.Generator) -> np.ndarray:
    mottled = 0.5 * _noise(rng, 6, 6) + 0.3 * _noise(rng, 40, 40) + 0.2 * _noise(rng, 170, 170)
    return _grey(0.90 + 0.10 * mottled)


def _wood(rng: np.random.Generator) -> np.ndarray:
    grain = 0.6 * _noise(rng, 4, 64) + 0.4 * _noise(rng, 16, 200)
    return np.array([1.0, 0.97, 0.92]) * _grey(0.78 + 0.22 * grain)


def _carpet(rng: np.random.Generator) -> np.ndarray:
    return _grey(0.80 + 0.20 * _noise(rng, 256, 256))


def _parquet(rng: np.random.Generator) -> np.ndarray:
    """Boards of 1/16 of the tile's height, in staggered halves."""
    size, boards = TEXTURE_SIZE, 16
    rows = np.arange(size) * boards // size
    shift = rng.integers(0, size, boards)[rows]
    column = (np.arange(size)[None, :] + shift[:, None]) % size
    tone = rng.random((boards, 2))[rows[:, None], column // (size // 2)]
    grain = 0.6 * _noise(rng, 6, 128) + 0.4 * _noise(rng, 24, 256)
    seam = (np.arange(size) % (size // boards) < 1)[:, None] | (column % (size // 2) < 2)
    light = (0.70 + 0.16 * tone + 0.12 * grain) * np.where(seam, 0.72, 1.0)
    return _grey(light) * np.array([0.86, 0.68, 0.50])


def _tiles(rng: np.random.Generator) -> np.ndarray:
    size = TEXTURE_SIZE
    edge = np.minimum(np.arange(size), np.arange(size)[::-1]) < 5
    joint = edge[:, None] | edge[None, :]
    return _grey(np.where(joint, 0.78, 0.92 + 0.05 * _noise(rng, 90, 90)))


def _poster(rng: np.random.Generator) -> np.ndarray:
    size = TEXTURE_SIZE
    picture = np.full((size, size, 3), 0.94)
    y, x = np.mgrid[0:size, 0:size] / size
    for _ in range(14):
        centre, radius = rng.random(2), rng.uniform(0.05, 0.2)
        inside = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2
        picture[inside] = rng.uniform(0.1, 0.9, 3)
    picture[(y > 0.82) & (y < 0.86) & (x > 0.1) & (x < 0.9)] = 0.15
    border = (x < 0.04) | (x > 0.96) | (y < 0.04) | (y > 0.96)
    picture[border] = 0.97
    return picture


def _books(rng: np.random.Generator) -> np.ndarray:
    """Four shelves of books between boards."""
    size, shelves = TEXTURE_SIZE, 4
    picture = np.full((size, size, 3), 0.10)
    tall = size // shelves
    for shelf in range(shelves):
        left = 14
        while left < size - 30:
            width = int(rng.integers(8, 26))
            top = shelf * tall + int(rng.integers(tall * 0.6, tall * 0.86))
            if rng.random() > 0.12:
                picture[shelf * tall + 10 : top, left : left + width] = rng.uniform(0.12, 0.8, 3)
            left += width + 1
        picture[shelf * tall : shelf * tall + 10] = (0.55, 0.42, 0.30)
    picture[:, :12] = picture[:, -12:] = picture[-10:] = (0.55, 0.42, 0.30)
    return picture
