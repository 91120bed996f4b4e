"""Compare Human3.6M's published 2D labels with its projected 3D labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.base import ClipId
from corruptbench.datasets.checks.report import Finding, fault
from corruptbench.datasets.human36m import cameras, poses
from corruptbench.datasets.human36m.files import folder, in_camera_space, label_file, locate
from corruptbench.errors import InputError

#: Largest distance of published 2D labels from projected 3D labels, px. The 2D labels are float32,
#: so that 0.0001 is usual; a wrong lens model is off by 0.05 or more. Our own choice.
AGREEMENT_PX = 0.01
#: How many frames of a recording are projected.
_PROBES = 5

Numbers = Sequence[float]


def projection(root: Path, clips: Sequence[ClipId], numbers: Numbers) -> Iterator[Finding]:
    """Yield how far they are apart, on the first recording of a subject that has all files.

    Args:
        root: of the data set.
        clips: all of the subject.
        numbers: of the cameras, see `cameras.camera_numbers`.
    """
    if not folder(root, clips[0].subject, "D2_Positions").is_dir():
        return
    for sequence in dict.fromkeys(c.sequence for c in clips):
        files = {
            c: (label_file(root, c), locate(root, c.subject, "D2_Positions", sequence, c.camera))
            for c in clips
            if c.sequence == sequence
        }
        if all(path.is_file() for pair in files.values() for path in pair):
            yield _agreement(files, numbers)
            return


def labels_in_world(clip: ClipId, path: Path, numbers: Numbers) -> NDArray[np.float64]:
    """Return the labels (F, 17, 3), world mm, out of the file of a clip."""
    camera = cameras.camera_of(numbers, clip.subject, clip.camera)
    return poses.world(path, camera if in_camera_space(path) else None)


def file_fault(subject: str, what: str, needed: bool, error: InputError, path: Path) -> Finding:
    """Return the finding for an official file that cannot be used."""
    remedy, expected = "fetch it again", "the official file"
    return fault(error, path, needed, subject=subject, what=what, expected=expected, remedy=remedy)


def _agreement(files: Mapping[ClipId, tuple[Path, Path]], numbers: Numbers) -> Finding:
    """Return how far the labels of a recording's clips are apart."""
    clip, (where, _) = next(iter(files.items()))
    try:
        worst = float(np.max([_distance(c, *pair, numbers) for c, pair in files.items()]))
    except InputError as error:
        return file_fault(clip.subject, "projection", False, error, where)
    apart = f"{worst:.2g} px" if np.isfinite(worst) else "no number of px (behind a camera?)"
    agree = worst <= AGREEMENT_PX  # False for NaN
    return Finding(
        level="ok" if agree else "differs", subject=clip.subject, what="projection",
        found=f"{apart} between D2_Positions and projected {where.parent.name} of {clip.sequence}",
        expected=f"at most {AGREEMENT_PX} px", where=str(where),
        remedy="" if agree else "use original files of one and the same subject",
    )  # fmt: skip


def _distance(clip: ClipId, labels: Path, flat: Path, numbers: Numbers) -> float:
    """Return the largest distance, px, in some frames; NaN if one of them is no number."""
    camera = cameras.camera_of(numbers, clip.subject, clip.camera)
    joints = labels_in_world(clip, labels, numbers)
    published = poses.read(flat, 64).reshape(-1, 32, 2)[:, poses.JOINTS]
    at = np.linspace(0, min(len(joints), len(published)) - 1, _PROBES).astype(int)
    ours = camera.project(camera.world_to_camera(joints[at]))
    return float(np.abs(ours - published[at]).max())
