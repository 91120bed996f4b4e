"""Detect a few frames of each clip, and compare the labels with what is found there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from corruptbench.agreement.evidence import Evidence, by_rate, measure, pool
from corruptbench.agreement.found import found_limbs
from corruptbench.agreement.verdict import Agreement, is_of_one_view, judge, judge_sides
from corruptbench.builder.render import Crop, crops
from corruptbench.corruptions import ClipInfo, Frame
from corruptbench.datasets import Clip, Dataset, Finding, Needs
from corruptbench.detectors import Detector
from corruptbench.detectors.crops import resize, to_frame
from corruptbench.progress import counted
from corruptbench.skeleton import joint_set
from corruptbench.video.reader import decode

#: Frames of a clip that are looked at, evenly spread over its first seconds. Decoding is what takes
#: time in long clips. Our own choice.
FRAMES, SECONDS = 32, 20.0
#: Padding of the crops where no manifest says one: that of the benchmarks.
PADDING = 1.25


def sampled_evidence(
    clip: Clip, others: Sequence[Clip], padding: float, detector: Detector
) -> Evidence:
    """Return how well the labels of a clip fit what the detector finds in some of its frames.

    Args:
        clip: with its labels and video.
        others: the clips of the other cameras of the recording.
        padding: of the crops, as in a manifest.
        detector: loaded.

    Raises:
        InputError: the video cannot be decoded.
    """
    info = ClipInfo(
        len(clip.joints), clip.camera.height, clip.camera.width, clip.fps, boxes=clip.boxes
    )
    places = crops(info, padding)
    chosen = _chosen([t for t, crop in enumerate(places) if crop is not None], clip.fps)
    passing = zip(chosen, _pictures(clip, chosen), strict=False)  # a video may end too soon
    found = [(t, *_detect(picture, places[t], detector)) for t, picture in passing]
    frames = np.array([t for t, _, _ in found], dtype=np.intp)
    joints = len(joint_set(detector.layout))
    limbs = found_limbs(
        frames,
        np.array([k for _, k, _ in found], dtype=np.float64).reshape(-1, joints, 2),
        np.array([s for _, _, s in found], dtype=np.float64).reshape(-1, joints),
        detector.layout,
        clip.joint_set,
        clip.heights[frames],
    )
    seen = {c.id.camera: c.keypoints for c in others}
    return measure(clip.keypoints, clip.joint_set, limbs, clip.fps, seen)


def agreement_findings(
    dataset: Dataset,
    needs: Needs,
    padding: float,
    detector: Detector,
    tick: Callable[[str], None],
) -> Iterator[Finding]:
    """Yield a finding for each camera of a subject, and one for each clip that labels do not fit.

    Args:
        dataset: opened; what is needed of it can be loaded.
        needs: what is needed.
        padding: of the crops.
        detector: loaded.
        tick: called with the name of each clip that is done.

    Raises:
        InputError: a clip cannot be loaded, or its video cannot be decoded.
    """
    clips = [c for c in dataset.clip_ids() if needs.clip(c)]
    for subject in dict.fromkeys(c.subject for c in clips):
        evidence: dict[str, dict[str, Evidence]] = {}
        own = [c for c in clips if c.subject == subject]
        for sequence in dict.fromkeys(c.sequence for c in own):
            views = [dataset.load(c) for c in own if c.sequence == sequence]
            for clip in views:
                others = [c for c in views if c is not clip]
                found = sampled_evidence(clip, others, padding, detector)
                evidence.setdefault(clip.id.camera, {})[sequence] = found
                tick(str(clip.id))
        yield from _findings(subject, evidence)


def _findings(subject: str, evidence: Mapping[str, Mapping[str, Evidence]]) -> Iterator[Finding]:
    """Yield a finding for each camera, and one for each other recording and clip with a fault."""
    of_recordings: dict[str, list[Evidence]] = defaultdict(list)
    cameras: set[str] = set()
    for camera, clips in evidence.items():
        for name, alike in by_rate(camera, clips).items():
            verdict = judge(pool(list(alike.values())))
            cameras.add(verdict.verdict)
            yield _finding(subject, f"{name}, {counted(len(alike), 'clip')}", verdict)
        for sequence, found in clips.items():
            of_recordings[sequence].append(found)
    recordings = {name: judge_sides(views) for name, views in of_recordings.items()}
    for name, sides in recordings.items():
        if sides and sides.verdict == "sides" and "sides" not in cameras:
            yield _finding(subject, f"{name}, all cameras", sides)
    for camera, clips in evidence.items():
        for name, own in clips.items():
            verdict = judge(own)
            if not verdict.good and not is_of_one_view(verdict, recordings[name]):
                yield _finding(subject, f"{camera}, {name}", verdict)


def _finding(subject: str, where: str, found: Agreement) -> Finding:
    return Finding(
        level="ok" if found.good else "differs", subject=subject, what="labels on the person",
        found=f"{where}: {found.text}", expected="labels that lie on the person",
        remedy="" if found.good else "repair what the sentence names, then check again",
    )  # fmt: skip


def _chosen(possible: Sequence[int], fps: float) -> list[int]:
    """Return the frames to look at, of those in which somebody is."""
    if not possible:
        return []
    early = [t for t in possible if t - possible[0] < SECONDS * fps]
    return [early[i] for i in np.unique(np.linspace(0, len(early) - 1, FRAMES).astype(int))]


def _pictures(clip: Clip, frames: Sequence[int]) -> Iterator[Frame]:
    wanted = {t + clip.first_frame for t in frames}
    passing = islice(decode(clip.video), max(wanted, default=-1) + 1)
    return (picture for t, picture in enumerate(passing) if t in wanted)


def _detect(
    picture: Frame, place: Crop | None, detector: Detector
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return keypoints (K, 2) px of the whole picture and scores (K,)."""
    assert place is not None
    size = detector.input_size
    found = detector(resize(place.pad(picture[place.inside.slices]), size)[None])
    keypoints = to_frame(found.keypoints, place.x0, place.y0, place.side, size)
    return keypoints[0], found.scores[0]
