"""Check on the clean detections of a build whether the labels lie on the person."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from corruptbench.agreement.evidence import Evidence, by_rate, measure, pool
from corruptbench.agreement.found import Found, found_limbs
from corruptbench.agreement.verdict import Agreement, is_of_one_view, judge, judge_sides
from corruptbench.datasets import Clip, ClipId
from corruptbench.frame_runs import listed
from corruptbench.leaderboard.schema import LabelCheck
from corruptbench.manifest import CLEAN
from corruptbench.shards.records import CellDetections
from corruptbench.shards.shard_set import ShardSet


class LabelChecks:
    """Collect the evidence of each clip; recordings end when another one begins."""

    def __init__(self, layout: str) -> None:
        """Start without a clip.

        Args:
            layout: joint set of the detections.
        """
        self._layout = layout
        self._recording: dict[ClipId, tuple[Clip, Found]] = {}
        self._evidence: dict[ClipId, Evidence] = {}

    def add(self, clip: Clip, clean: CellDetections) -> None:
        """Add a clip with its clean detections; clips come in the order of their identities."""
        if any(_recording(clip.id) != _recording(other) for other in self._recording):
            self._finish()
        self._recording[clip.id] = (clip, _found(clip, clean, self._layout))

    def evidence(self) -> dict[ClipId, Evidence]:
        """Return the evidence of each clip so far."""
        self._finish()
        return self._evidence

    def _finish(self) -> None:
        for clip, found in self._recording.values():
            others = {
                other.id.camera: other.keypoints
                for other, _ in self._recording.values()
                if other.id.camera != clip.id.camera
            }
            self._evidence[clip.id] = measure(
                clip.keypoints, clip.joint_set, found, clip.fps, others
            )
        self._recording.clear()


def _recording(clip: ClipId) -> tuple[str, str]:
    return clip.subject, clip.sequence


def _found(clip: Clip, clean: CellDetections, layout: str) -> Found:
    """Return the clean detections; those that nobody looked for say nothing about the labels."""
    scores = clean.scores.astype(np.float64) if clean.saw_pixels else np.zeros(clean.scores.shape)
    return found_limbs(
        np.arange(len(clean.keypoints)),
        clean.keypoints.astype(np.float64),
        scores,
        layout,
        clip.joint_set,
        clip.heights,
    )


def label_evidence(shard_set: ShardSet) -> dict[ClipId, Evidence]:
    """Return the evidence of each clip of a build.

    Raises:
        InputError: see `ShardSet.clips`.
    """
    checks = LabelChecks(shard_set.lock.detector.layout)
    for clip, (clean,) in shard_set.clips([CLEAN]):
        checks.add(clip, clean)
    return checks.evidence()


def rows(evidence: Mapping[ClipId, Evidence]) -> tuple[LabelCheck, ...]:
    """Return a row for each clip, as a result stores it."""
    return tuple(_row(clip, judge(found)) for clip, found in evidence.items())


def _row(clip: ClipId, found: Agreement) -> LabelCheck:
    return LabelCheck(
        subject=clip.subject,
        sequence=clip.sequence,
        camera=clip.camera,
        verdict=found.verdict,
        error=None if math.isnan(found.error) else round(found.error, 5),
        lag=None if found.lag is None else round(found.lag, 2),
    )


def by_camera(evidence: Mapping[ClipId, Evidence]) -> dict[str, Agreement]:
    """Return the verdict on all clips of each camera together, for each frame rate that it has."""
    return {name: judge(pool(list(clips.values()))) for name, clips in _cameras(evidence).items()}


def _cameras(evidence: Mapping[ClipId, Evidence]) -> dict[str, dict[ClipId, Evidence]]:
    cameras: dict[str, dict[ClipId, Evidence]] = defaultdict(dict)
    for clip, found in evidence.items():
        cameras[clip.camera][clip] = found
    groups = (by_rate(camera, clips) for camera, clips in sorted(cameras.items()))
    return {name: clips for of_camera in groups for name, clips in of_camera.items()}


def warnings_of(evidence: Mapping[ClipId, Evidence]) -> Iterator[tuple[str, str]]:
    """Yield name and text of each fault: of cameras, then of other recordings and clips."""
    cameras = by_camera(evidence)
    yield from _grouped("labels, camera ", cameras.items())
    known = {
        (clip, cameras[name].verdict) for name, own in _cameras(evidence).items() for clip in own
    }
    recordings = _by_recording(evidence)
    exchanged = {
        "/".join(name): found
        for name, found in recordings.items()
        if found and found.verdict == "sides"
        if not any((clip, "sides") in known for clip in evidence if _recording(clip) == name)
    }
    yield from _grouped("labels, recording ", exchanged.items())
    clips = ((clip, judge(found)) for clip, found in evidence.items())
    others = (
        (f"{clip.subject}/{clip.sequence}.{clip.camera}", found)
        for clip, found in clips
        if (clip, found.verdict) not in known
        and not (found.verdict == "sides" and "/".join(_recording(clip)) in exchanged)
        and not is_of_one_view(found, recordings[_recording(clip)])
    )
    yield from _grouped("labels, ", others)


def _by_recording(
    evidence: Mapping[ClipId, Evidence],
) -> dict[tuple[str, str], Agreement | None]:
    """Return the verdict on all views of each recording; see `judge_sides`."""
    views: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for clip, found in evidence.items():
        views[_recording(clip)].append(found)
    return {name: judge_sides(own) for name, own in views.items()}


def _grouped(prefix: str, found: Iterable[tuple[str, Agreement]]) -> Iterator[tuple[str, str]]:
    """Yield one warning for each kind of fault; there may be a hundred cameras."""
    faults: dict[str, list[tuple[str, Agreement]]] = defaultdict(list)
    for name, one in found:
        if not one.good:
            faults[one.verdict].append((name, one))
    for verdict, alike in faults.items():
        first = "the first: " if len(alike) > 1 else ""
        names = listed([name for name, _ in alike])
        yield f"labels-{verdict}", f"{prefix}{names}: {first}{alike[0][1].text}"
