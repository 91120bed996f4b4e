"""Check that a benchmark and a data set fit together, before anything is read or built."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from corruptbench.datasets import ClipId, Dataset, expected_clips
from corruptbench.errors import InputError
from corruptbench.manifest import Manifest


def check_scorable(manifest: Manifest, dataset: Dataset) -> None:
    """Check that results on the data set can be scored as the manifest says; reads no label.

    Raises:
        InputError: the labels are of other joints, boxes are wanted that the data set does not
            publish, or a clip is excluded that it does not have.
    """
    where, name = f"manifest {manifest.id}", dataset.name
    if manifest.scoring.joints != dataset.joints:
        raise InputError(
            f"{where}: scoring.joints: found '{manifest.scoring.joints}', but the labels of {name} "
            f"are '{dataset.joints}'; write that"
        )
    if manifest.crop.boxes == "published" and not dataset.publishes_boxes:
        raise InputError(
            f"{where}: crop.boxes: found 'published', but {name} publishes none; expected "
            "'ground-truth'"
        )
    _check_excluded(manifest, dataset)


def _check_excluded(manifest: Manifest, dataset: Dataset) -> None:
    """Raise `InputError` for an excluded clip of no data: a wrong name would exclude nothing."""
    known = _names(dataset.clip_ids())
    if not known.issuperset(manifest.clips.exclude):  # a copy may be incomplete
        known |= _names(expected_clips(manifest.dataset) or ())
    unknown = [entry for entry in manifest.clips.exclude if entry not in known]
    if unknown:
        (near,) = get_close_matches(unknown[0], sorted(known), n=1, cutoff=0)
        raise InputError(
            f"manifest {manifest.id}: clips.exclude: {dataset.name} has no '{unknown[0]}'; "
            "expected <subject>/<sequence> or <subject>/<sequence>.<camera>; did you mean "
            f"'{near}'?"
        )


def _names(clips: Iterable[ClipId]) -> set[str]:
    """Return the names of recordings and clips, as a manifest excludes them."""
    recordings = [(f"{c.subject}/{c.sequence}", c.camera) for c in clips]
    return {name for name, _ in recordings} | {f"{name}.{camera}" for name, camera in recordings}
