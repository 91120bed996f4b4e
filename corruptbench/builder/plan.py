"""Plan a build: what to build for each clip, and the fingerprint of everything that decides it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions import ClipInfo
from corruptbench.corruptions.validation import near
from corruptbench.datasets import Clip, ClipId, Dataset, check_before_build
from corruptbench.errors import InputError
from corruptbench.files import sha256_of_file, sha256_of_json
from corruptbench.manifest import CLEAN, SEVERITIES, Cell, Manifest, needs_of
from corruptbench.scorable import check_scorable
from corruptbench.shards.records import DetectorRecord, shard_path
from corruptbench.skeleton import joint_set
from corruptbench.storage import AnyPath, S3Path

if TYPE_CHECKING:
    from corruptbench.builder.clip_detector import ClipDetector

#: Goes up whenever the same inputs would give another shard.
BUILD_VERSION = 2


@dataclass(frozen=True)
class Plan:
    """The clips of a build, in the order of their identities, and what a user should know."""

    items: tuple[WorkItem, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class WorkItem:
    """One clip of a build.

    Attributes:
        clip_id: identity.
        cells: the cells that are wanted.
        path: of the shard.
        videos: folder of the clip's corrupted videos; None in S3, where there are none.
        frames: number of labeled frames.
        size: width and height of the pictures, px.
        fingerprint: SHA-256 over all that decides the shard; see `fingerprint`.
        crf: constant rate factor of the corrupted videos; None when none are wanted.
    """

    clip_id: ClipId
    cells: tuple[Cell, ...]
    path: AnyPath
    videos: Path | None
    frames: int
    size: tuple[int, int]
    fingerprint: str
    crf: int | None = None


def parse_severities(wanted: int | str | Iterable[int]) -> tuple[int, ...]:
    """Return sorted severities from ``3``, ``[1, 3, 5]``, ``"1-5"``, ``"1,3,5"`` or a mixture.

    Raises:
        InputError: anything else, or a severity that is not 1 to 5.
    """
    parts = wanted if isinstance(wanted, Iterable) and not isinstance(wanted, str) else [wanted]
    text = ",".join(map(str, parts))

    def refused(problem: str) -> InputError:
        expected = "expected severities from 1 to 5, such as 3, 1-5 or 1,3,5"
        return InputError(f"severity '{text}': {problem}; {expected}", "severity")

    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if not match:
            raise refused(f"'{part}' is not a severity")
        low, high = int(match[1]), int(match[2] or match[1])
        if low > high:
            raise refused(f"the range {part.strip()} is empty")
        if low < 1 or high > 5:
            raise refused(f"{part.strip()} is out of range")
        found.update(range(low, high + 1))
    return tuple(sorted(found))


def choose_cells(
    manifest: Manifest, severities: Sequence[int] = SEVERITIES, names: Sequence[str] = ()
) -> tuple[Cell, ...]:
    """Return the clean cell and the manifest's corruptions at these severities.

    Args:
        manifest: of the benchmark.
        severities: sorted.
        names: of corruptions; all of the manifest if there is none.

    Raises:
        InputError: the manifest does not have one of the corruptions.
    """
    known = [c.name for c in manifest.corruptions]
    for name in names:
        if name not in known:
            choice = ", ".join(known) or "none, for it has no corruptions"
            found = f"corruption '{name}': not in manifest {manifest.id}"
            raise InputError(f"{found}; expected one of {choice}", "corruption")
    wanted = [n for n in known if n in names or not names]
    return (CLEAN, *(Cell(n, s) for n in wanted for s in severities))


def boxes_of(clip: Clip, manifest: Manifest) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the person's boxes (F, 4) px from which the detector's crops are cut.

    They are rounded to 1/64 px. A difference in the last digit between two machines' arithmetic
    then does not reach the pixels.

    Raises:
        InputError: the manifest asks for published boxes and the data set has none.
    """
    if manifest.crop.boxes == "ground-truth":
        boxes = clip.boxes
    elif clip.published_boxes is not None:
        boxes = clip.published_boxes()
    else:
        raise InputError(
            f"manifest {manifest.id}: crop.boxes: 'published', but {clip.id.dataset} publishes "
            "none; expected 'ground-truth'"
        )
    return np.round(boxes * 64) / 64


def clip_info(clip: Clip, manifest: Manifest) -> ClipInfo:
    """Return what the corruptions may know of a clip. Joints are rounded as boxes are.

    Joints beyond the reach of a box are not known: a projection of what is beside the camera.
    """
    joints = np.round(clip.keypoints * 64) / 64
    side = max(clip.camera.height, clip.camera.width)
    known = (np.isfinite(joints) & near(joints, side)).all(axis=2, keepdims=True)
    return ClipInfo(
        frames=len(clip.joints),
        height=clip.camera.height,
        width=clip.camera.width,
        fps=clip.fps,
        boxes=boxes_of(clip, manifest),
        joints=np.where(known, joints, np.nan),
        bones=joint_set(clip.joint_set).bones,
    )


def fingerprint(clip: Clip, manifest: Manifest, detector: ClipDetector) -> str:
    """Return the SHA-256 over all that decides a shard's cells. Reads the whole video file, if any.

    The facts of the clip are the very record that the corruptions are given.
    """
    info, by = asdict(clip_info(clip, manifest)), detector.record
    return sha256_of_json(
        {
            "build_version": BUILD_VERSION,
            "manifest": manifest.sha256,
            "clip": str(clip.id),
            "video": sha256_of_file(clip.video) if detector.reads_video else None,
            "first_frame": clip.first_frame,
            "info": {k: _digest(v) if isinstance(v, np.ndarray) else v for k, v in info.items()},
            "detector": [by.name, by.layout, by.weights_sha256, *_boxes(by)],
        }
    )


def _boxes(by: DetectorRecord) -> list[str]:
    """Return what identifies boxes that are not those of the labels."""
    return [by.boxes.name, by.boxes.weights_sha256] if by.boxes else []


def _digest(numbers: NDArray[np.float64]) -> list[object]:
    """Return shape and SHA-256 of an array: a data set has tens of millions of numbers."""
    return [*numbers.shape, hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest()]


def plan_build(
    dataset: Dataset,
    manifest: Manifest,
    cells: tuple[Cell, ...],
    detector: ClipDetector,
    out: AnyPath,
    crf: int | None = None,
) -> Plan:
    """Plan a build; ``crf`` as in `WorkItem`.

    Raises:
        InputError: a file is missing, the manifest cannot be scored on the data set, labels,
            cameras or videos cannot be as they are declared, or the detector cannot give a cell.
            This is found before any work is done.
    """
    check_scorable(manifest, dataset)
    _check_videos(detector, crf)
    about = detector.notes(cells)
    clips = [dataset.load(clip_id) for clip_id in manifest.select(dataset.clip_ids())]
    for clip in clips if detector.reads_video else ():
        clip.require_video()
    needs = replace(needs_of([manifest]), videos=detector.reads_video)
    notes = check_before_build(dataset, needs)
    items = tuple(
        WorkItem(
            clip_id=clip.id,
            cells=cells,
            path=shard_path(out, clip.id),
            videos=None if isinstance(out, S3Path) else out / "videos" / str(clip.id),
            frames=len(clip.joints),
            size=(clip.camera.width, clip.camera.height),
            fingerprint=fingerprint(clip, manifest, detector),
            crf=crf,
        )
        for clip in clips
    )
    return Plan(items, (*about, *notes))


def _check_videos(detector: ClipDetector, crf: int | None) -> None:
    """Refuse corrupted videos where no video is read."""
    if crf is not None and not detector.reads_video:
        raise InputError(
            f"videos: {detector.record.name} reads no video, so that none can be written; leave "
            "them out, or build with a detector that sees pictures",
            "videos",
        )
