"""Measure what the detector finds in the sampled frames of each cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from corruptbench.builder.occlusion import occlusions
from corruptbench.builder.plan import clip_info
from corruptbench.corruptions import all_corruptions, get
from corruptbench.datasets import ClipId, open_dataset
from corruptbench.detectors import Detector, load
from corruptbench.detectors.crops import resize, to_frame
from corruptbench.evaluation.detections import Quality, joint_errors, quality_of
from corruptbench.manifest import CLEAN, SEVERITIES, Cell, CorruptionPin, Manifest, load_manifest
from corruptbench.shards.records import CellDetections
from corruptbench.skeleton import LIMB_JOINTS, joint_set
from tools.calibration.person_sizes import sized_clip

MANIFEST, DETECTOR = "studio-c", "movenet:lightning"
#: A frame is covered if more than this part of the person's box is hidden. Our own choice.
COVERED = 0.05


@dataclass(frozen=True)
class Looked:
    """What was found in the sampled frames of one cell.

    Attributes:
        errors: (N, 3) of N joints, as `joint_errors` has them.
        covered: (N,) whether the joint's frame is covered.
    """

    errors: NDArray[np.float64]
    covered: NDArray[np.bool_]


@dataclass(frozen=True)
class Cover:
    """A cell of a temporary occlusion: the part of its frames that is covered, and both parts."""

    share: float
    covered: Quality
    free: Quality


@cache
def _detector() -> Detector:
    return load(DETECTOR)


@cache
def _manifest() -> Manifest:
    """Return the benchmark, with the corruptions that it does not score after its own."""
    manifest = load_manifest(MANIFEST)
    core = [pin.name for pin in manifest.corruptions]
    rest = [c for name, c in all_corruptions().items() if name not in core]
    pins = tuple(CorruptionPin(name=c.name, version=c.version) for c in rest)
    return manifest.model_copy(update={"corruptions": manifest.corruptions + pins})


def cells_of(corruptions: Sequence[str]) -> list[Cell]:
    """Return clean and all severities of these corruptions, or of the whole library if none.

    Raises:
        CorruptionError: there is no corruption of a name.
    """
    for name in corruptions:
        get(name)  # a misspelled name is an error
    chosen = corruptions or [pin.name for pin in _manifest().corruptions]
    return [CLEAN, *(Cell(name, s) for name in chosen for s in SEVERITIES)]


def look(
    clip_id: ClipId, cells: Sequence[Cell], every: int, person: float | None = None
) -> dict[Cell, Looked]:
    """Return what the detector finds in the sampled frames of one clip, clean first.

    The person is ``person`` pixels tall, or as in the video.
    """
    manifest, detector = _manifest(), _detector()
    clip = open_dataset(manifest.dataset, None).load(clip_id)
    sized = sized_clip(clip, cells, manifest, person)
    shape = (sized.info.frames, len(joint_set(detector.layout)))
    points = {cell: np.full((*shape, 2), np.nan, dtype=np.float32) for cell in cells}
    scores = {cell: np.zeros(shape, dtype=np.float32) for cell in cells}
    sampled = np.zeros(sized.info.frames, dtype=bool)
    sampled[every // 2 :: every] = True
    for t, frames in enumerate(sized.frames()):
        view = sized.crops[t]
        if not sampled[t] or view is None:
            continue
        crops = [view.pad(sized.renderers[cell](frames, t, view.inside)) for cell in cells]
        found = detector(np.stack([resize(crop, detector.input_size) for crop in crops]))
        placed = to_frame(found.keypoints, view.x0, view.y0, view.side, detector.input_size)
        for i, cell in enumerate(cells):
            points[cell][t], scores[cell][t] = placed[i] / sized.scale, found.scores[i]
    boxes = clip_info(clip, manifest).boxes.astype(np.float32)
    seen = np.isfinite(clip.boxes).all(axis=1)
    keep = np.repeat(sampled[seen], len(LIMB_JOINTS))
    looked = {}
    of_cells = occlusions([sized.renderers[cell] for cell in cells], sized.info)
    for cell, hidden in zip(cells, of_cells, strict=True):
        found = CellDetections(cell, points[cell], scores[cell], boxes, *hidden, "")
        covered = np.repeat((hidden[0] > COVERED)[seen], len(LIMB_JOINTS))
        looked[cell] = Looked(
            joint_errors(clip, found, detector.layout, clip.heights)[keep], covered[keep]
        )
    return looked


def measure(
    cells: Sequence[Cell], every: int, workers: int = 2, person: float | None = None
) -> dict[Cell, Looked]:
    """Return what the detector finds in each cell, over all clips of the benchmark."""
    manifest = _manifest()
    clip_ids = manifest.select(open_dataset(manifest.dataset, None).clip_ids())
    pooled: dict[Cell, list[Looked]] = defaultdict(list)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        task = partial(look, cells=cells, every=every, person=person)
        for done in pool.map(task, clip_ids):
            for cell, looked in done.items():
                pooled[cell].append(looked)
    return {
        cell: Looked(
            np.concatenate([part.errors for part in parts]),
            np.concatenate([part.covered for part in parts]),
        )
        for cell, parts in pooled.items()
    }


def qualities(looked: dict[Cell, Looked]) -> dict[Cell, Quality]:
    """Return the quality of the detections in each cell, over all frames."""
    return {cell: quality_of(one.errors) for cell, one in looked.items()}


def covers(looked: dict[Cell, Looked]) -> dict[Cell, Cover]:
    """Return the cells of temporary occlusions, with covered and free frames apart."""
    return {
        cell: Cover(
            float(one.covered.mean()),
            quality_of(one.errors[one.covered]),
            quality_of(one.errors[~one.covered]),
        )
        for cell, one in looked.items()
        if cell != CLEAN and get(cell.corruption).family == "temporary occlusion"
        if 0 < one.covered.mean() < 1
    }
