"""Build one clip: a worker's data set and detector, and what it does with a work item."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2

from corruptbench import defaults
from corruptbench.builder import ground_truth
from corruptbench.builder.clip_detector import ClipDetector, CropDetector, Tick
from corruptbench.builder.corrupted_videos import drop_stale, groups, missing_cells, open_videos
from corruptbench.builder.failures import Failure
from corruptbench.builder.plan import WorkItem, fingerprint
from corruptbench.corruptions import CorruptionError
from corruptbench.datasets import Dataset, open_dataset
from corruptbench.detectors import load
from corruptbench.detectors.people import PersonDetector, load_person_detector
from corruptbench.errors import InputError
from corruptbench.manifest import Manifest
from corruptbench.shards.ground_truth_scores import FAMILY
from corruptbench.shards.parquet import present_cells, read, write
from corruptbench.shards.records import CellDetections


@dataclass(frozen=True)
class Recipe:
    """The inputs of every worker; they are sent to the workers."""

    manifest: Manifest
    root: Path | None
    detector: str
    device: str
    boxes: str = defaults.BOXES


class Station:
    """One worker's data set and detector."""

    def __init__(self, recipe: Recipe) -> None:
        """Open the data set and load the detector."""
        cv2.setNumThreads(1)
        self.recipe = recipe
        self.dataset: Dataset = open_dataset(recipe.manifest.dataset, recipe.root)
        self.detector = clip_detector(recipe, self.dataset.joints)

    def build(self, item: WorkItem, tick: Tick) -> None:
        """Build a clip's missing cells and write its shard; on failure the old shard stays.

        Detections that are present stay, also those of a cell whose video alone is missing. A
        worker may have died when its clip was finished: then nothing is missing.

        Raises:
            InputError: the clip cannot be built; or its video or labels are not those that the
                build was planned from, so that its shard would have a false fingerprint.
        """
        have = present_cells(item.path, item.fingerprint)
        missing = missing_cells(item, have)
        if not missing:
            return
        self._check_unchanged(item)
        manifest, clip = self.recipe.manifest, self.dataset.load(item.clip_id)
        drop_stale(item)
        new: list[CellDetections] = []
        for cells in groups(item, missing):
            with open_videos(item, cells, clip.video) as opened:
                new += self.detector.detect(clip, cells, manifest, tick, opened)
                self._check_unchanged(item)  # a long clip takes hours: its video may have changed
        kept = read(item.path, have) if have else []
        new = [d for d in new if d.cell not in have]
        in_order = sorted([*new, *kept], key=lambda d: manifest.cells.index(d.cell))
        record = self.detector.record
        write(item.path, item.clip_id, item.fingerprint, in_order, manifest, record)

    def fingerprint(self, item: WorkItem) -> str:
        """Return the fingerprint that a clip has now. Reads the whole video, if any.

        Raises:
            InputError: the video or a label is missing.
        """
        clip = self.dataset.load(item.clip_id)
        if self.detector.reads_video:
            clip.require_video()
        return fingerprint(clip, self.recipe.manifest, self.detector)

    def _check_unchanged(self, item: WorkItem) -> None:
        if self.fingerprint(item) != item.fingerprint:
            raise InputError(
                f"on {platform.node()} its video or labels of this clip are not those that the "
                "build was planned from; change no file while a build runs, and give all machines "
                "the same files"
            )


def clip_detector(recipe: Recipe, joints: str) -> ClipDetector:
    """Return what a recipe names: the labels, or a detector that sees crops.

    Args:
        recipe: its detector is "ground-truth:variant", or as in `corruptbench.detectors.load`; its
            boxes are "labels" or a person detector.
        joints: joint set of the labels.

    Raises:
        InputError: there is no such ground truth, its noise cannot be used, or it is to have boxes
            of a person detector.
        detectors.DetectorError: a detector cannot be loaded.
    """
    spec, device, boxes = recipe.detector, recipe.device, recipe.boxes
    family, _, variant = spec.partition(":")
    if family != FAMILY:
        return CropDetector(load(spec, device), _person_detector(boxes, device))
    if boxes != defaults.BOXES:
        raise InputError(
            f"boxes '{boxes}': {spec} looks at no picture, so that no person can be found there; "
            f"expected '{defaults.BOXES}'",
            "boxes",
        )
    return ground_truth.load(variant, device, joints)


def _person_detector(boxes: str, device: str) -> PersonDetector | None:
    """Return the person detector of this name; None for the boxes of the labels."""
    if boxes == defaults.BOXES:
        return None
    return load_person_detector(boxes, device.replace("tensorrt", "cuda"))


def attempt(build: Callable[[WorkItem, Tick], None], item: WorkItem, tick: Tick) -> Failure | None:
    """Build an item; return why it cannot be built, or None when its shard is on disk.

    What concerns the whole build (a full disk, no rights) is raised. The crops of an item that
    fails are taken back from ``tick``. Where ``tick`` itself raises, as the folder was taken over,
    it does so again then.
    """
    done = 0

    def count(crops: int) -> None:
        nonlocal done
        done += crops
        tick(crops)

    try:
        build(item, count)
    except (InputError, CorruptionError) as error:
        tick(-done)
        return Failure(str(item.clip_id), str(error))
    return None
