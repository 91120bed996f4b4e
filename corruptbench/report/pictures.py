"""Render pictures again, with the pixels that the build gave the detector.

Licensed data is never shown.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions import Frame
from corruptbench.datasets import Clip
from corruptbench.detectors.crops import resize
from corruptbench.errors import InputError
from corruptbench.leaderboard import Result
from corruptbench.leaderboard.standalone import spaced
from corruptbench.manifest import CLEAN, Cell
from corruptbench.preview.scene import Scene, scene_of_clip
from corruptbench.report.companions import Extract
from corruptbench.report.evidence import Evidence
from corruptbench.report.extremes import KEY, clip_title
from corruptbench.report.families import sentence
from corruptbench.shards import parquet
from corruptbench.shards.records import shard_path
from corruptbench.shards.shard_set import ShardSet
from corruptbench.video.reader import windows

#: Our own choice, by eye. Of six extracts of studio-C, three with noise of severity 5, the pictures
#: take 0.85 MB of the page.
TILE, QUALITY, COLUMNS, MOST_PICTURES = 144, 40, 10, 34
STILL, STILL_QUALITY, SEVERITY = 224, 70, 3


@dataclass(frozen=True)
class Sprite:
    """The pictures of an extract, as tiles of one picture.

    Attributes:
        source: data URI.
        frames: (P,) int64, the frames of the clip that are pictured, in order.
        views: (P, 3) float64 px: left, top and side of the square that each shows.
    """

    source: str
    frames: NDArray[np.int64]
    views: NDArray[np.float64]


@dataclass(frozen=True)
class Still:
    """One picture of the gallery: what it shows, one sentence, a data URI."""

    title: str
    sentence: str
    source: str


@dataclass(frozen=True)
class Pictures:
    """All pictures of a report; without any, ``reason`` says why in one sentence."""

    sprites: Mapping[str, Sprite] = field(default_factory=dict)
    stills: Sequence[Still] = ()
    source: str = ""
    reason: str = ""


NO_SHARDS = "No pictures: name the shards, and for data of your own their root folder."


def pictures(evidence: Evidence, shard_set: ShardSet | None) -> Pictures:
    """Render what a report shows of the shards' videos.

    Raises:
        InputError: the shards are not those that the result was scored on, or a video is damaged.
    """
    if shard_set is None:
        return Pictures(reason=NO_SHARDS)
    check_same_shards(evidence.result, shard_set)
    if shard_set.dataset.licensed:
        name = shard_set.dataset.name
        return Pictures(reason=f"No pictures: the license of {name} forbids passing them on.")
    shown = evidence.extracts or ()
    key = shown[0].key if shown else tuple(next(evidence.clips[KEY].itertuples(index=False)))
    try:
        sprites = {e.rank: _sprite(_clip(shard_set, e.key), e, shard_set) for e in shown}
        return Pictures(sprites, _stills(_clip(shard_set, key), shard_set), clip_title(key))
    except FileNotFoundError as error:
        return Pictures(reason=f"No pictures: {error}")


def check_same_shards(result: Result, shard_set: ShardSet) -> None:
    """Raise `InputError` unless the result was scored on these shards."""
    pairs = (
        ("manifest", shard_set.manifest.sha256, result.benchmark.manifest_sha256),
        ("detections", shard_set.lock.detections_sha256, result.build.detections_sha256),
    )
    for name, found, expected in pairs:
        if found != expected:
            raise InputError(
                f"{shard_set.folder}: {name} {found[:12]}, the result has {expected[:12]}; "
                "expected the shards that it was scored on",
                "shards",
            )


def _clip(shard_set: ShardSet, key: Sequence[object]) -> Clip:
    """Load a clip; raise FileNotFoundError, with a sentence, where its video is missing."""
    wanted = (key[0], key[1], key[3])
    for clip_id in shard_set.dataset.clip_ids():
        if (clip_id.subject, clip_id.sequence, clip_id.camera) == wanted:
            clip = shard_set.dataset.load(clip_id)
            if not clip.video.is_file():
                raise FileNotFoundError(f"the video of {clip_id} is not there; give its folder.")
            return clip
    raise InputError(f"{shard_set.folder}: no clip {'/'.join(map(str, wanted))} in the data set")


def _sprite(clip: Clip, extract: Extract, shard_set: ShardSet) -> Sprite:
    cell = Cell(*extract.key[4:])
    scene = scene_of_clip(clip, [cell] if cell != CLEAN else [], shard_set.manifest)
    step = -(-len(extract.frames) // MOST_PICTURES)
    frames = np.asarray(extract.frames[::step], dtype=np.int64)
    tiles = {t: tile for _, t, tile in _rendered(scene, {cell: frames.tolist()}, TILE)}
    sheet = np.zeros((-(-len(frames) // COLUMNS) * TILE, COLUMNS * TILE, 3), dtype=np.uint8)
    for i, t in enumerate(frames.tolist()):
        y, x = i // COLUMNS * TILE, i % COLUMNS * TILE
        sheet[y : y + TILE, x : x + TILE] = tiles[t]
    views = [scene.views[t] for t in frames.tolist()]
    squares = np.array([(v.x0, v.y0, v.side) for v in views], dtype=np.float64)
    return Sprite(_webp(sheet, QUALITY), frames, squares)


def _stills(clip: Clip, shard_set: ShardSet) -> list[Still]:
    """Show each corruption at `SEVERITY`, in the frame that it covers most or in the middle."""
    cells = [c for c in shard_set.cells if c.severity == SEVERITY]
    scene = scene_of_clip(clip, cells, shard_set.manifest)
    middle = scene.nearest(scene.info.frames // 2) or 0
    wanted = {CLEAN: [middle]}
    for found in parquet.read(shard_path(shard_set.folder, clip.id), cells):
        wanted[found.cell] = [int(found.hidden.argmax()) if found.hidden.any() else middle]
    tiles = {cell: tile for cell, _, tile in _rendered(scene, wanted, STILL)}
    return [
        Still(
            spaced(cell.corruption),
            sentence(cell.corruption) or "The video as it was recorded.",
            _webp(tiles[cell], STILL_QUALITY),
        )
        for cell in wanted
    ]


def _rendered(
    scene: Scene, wanted: Mapping[Cell, Collection[int]], side: int
) -> Iterator[tuple[Cell, int, Frame]]:
    """Render frames of cells in one pass, as squares (side, side, 3) of what the detector sees."""
    info, views = scene.info, scene.views
    reach = max(scene.renderers[cell].reach for cell in wanted)
    last = max(t for frames in wanted.values() for t in frames)
    size = (info.height, info.width)
    passing = windows(scene.video, info.frames, size, reach, scene.first, scene.upright)
    for t, window in enumerate(passing):
        for cell in (cell for cell, frames in wanted.items() if t in frames):
            pixels = scene.renderers[cell](window, t, views[t].inside)
            yield cell, t, resize(views[t].pad(pixels), side)
        if t == last:
            return


def _webp(pixels: Frame, quality: int) -> str:
    options = [cv2.IMWRITE_WEBP_QUALITY, quality]
    coded = cv2.imencode(".webp", np.ascontiguousarray(pixels[..., ::-1]), options)[1]
    return "data:image/webp;base64," + base64.b64encode(coded.tobytes()).decode()
