"""Check labels and cameras of any data set by the poses that its clips give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.base import Clip
from corruptbench.datasets.checks.motion import label_problems
from corruptbench.datasets.checks.plausibility import THIGHS, median, thighs
from corruptbench.datasets.checks.report import Finding
from corruptbench.datasets.checks.views import view_findings
from corruptbench.skeleton import joint_set

_REMEDY = (
    "correct the labels (NaN in all joints of a frame leaves it out), or exclude the recording in "
    "the manifest: exclude = [{}]"
)


def label_findings(clips: Sequence[Clip]) -> Iterator[Finding]:
    """Yield findings on the motion of each recording, and on what each camera sees of it.

    Args:
        clips: loaded, of one subject.
    """
    recordings = {clip.id.sequence: clip for clip in reversed(clips)}
    problems = [f for clip in reversed(recordings.values()) for f in _motion(clip)]
    yield from problems
    if clips and not problems:
        yield _sound(list(recordings.values()))
    yield from view_findings([c for c in clips if _valid(c).any()])


def _motion(clip: Clip) -> Iterator[Finding]:
    """Yield what is wrong with a recording; it is the same for all cameras."""
    where = f"{clip.id.dataset}/{clip.id.subject}/{clip.id.sequence}"
    remedy = _REMEDY.format(f'"{clip.id.subject}/{clip.id.sequence}"')
    about = {"subject": clip.id.subject, "where": where}
    if not _valid(clip).any():
        yield Finding(
            level="missing", what="labels", expected="some frame without NaN", remedy=remedy,
            found=f"{clip.id.sequence}: none of its {len(clip.joints)} labels is valid", **about,
        )  # fmt: skip
        return
    for problem in label_problems(clip.joints, joint_set(clip.joint_set), clip.fps):
        yield Finding(
            level="missing" if problem.impossible else "differs",
            found=f"{clip.id.sequence}: {problem.found}", expected=problem.expected,
            remedy=problem.remedy or remedy, what="motion", **about,
        )  # fmt: skip


def _valid(clip: Clip) -> NDArray[np.bool_]:
    """Return which frames (F,) have a label without NaN."""
    return np.asarray(np.isfinite(clip.joints).all(axis=(1, 2)))


def _sound(clips: Sequence[Clip]) -> Finding:
    found = f"nothing that a body cannot do, in {len(clips)} recordings"
    name = clips[0].joint_set
    if name in THIGHS:
        found += (
            f"; a thigh of {median(np.concatenate([thighs(c.joints, name) for c in clips])):.0f} mm"
        )
    return Finding(
        level="ok", subject=clips[0].id.subject, what="motion", found=found,
        expected="bones that keep their length, no jumps",
    )  # fmt: skip
