"""Find videos, cameras and labels that are given twice under two names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path

from corruptbench.camera import Camera
from corruptbench.datasets.base import Clip
from corruptbench.datasets.checks.report import Finding
from corruptbench.files import sha256_of_file


def copy_findings(clips: Sequence[Clip]) -> Iterator[Finding]:
    """Yield a finding for each thing that stands twice.

    Files are read only where several have the same size.

    Args:
        clips: loaded, of one subject.
    """
    recordings = list({c.id.sequence: c for c in clips}.values())
    cameras = list({c.id.camera: c for c in clips}.values())
    yield from _twice(
        recordings, "labels", lambda c: c.joints.tobytes(), lambda c: c.id.sequence,
        "labels of its own for each recording",
    )  # fmt: skip
    yield from _twice(
        cameras, "cameras", lambda c: _numbers(c.camera), lambda c: c.id.camera,
        "a calibration of its own for each camera",
    )  # fmt: skip
    videos = [c for c in clips if c.video.is_file() and c.video.stat().st_size]
    sizes: dict[int, set[Path]] = defaultdict(set)
    for clip in videos:
        sizes[clip.video.stat().st_size].add(clip.video)
    alike = [c for c in videos if len(sizes[c.video.stat().st_size]) > 1]
    digests = {path: sha256_of_file(path) for path in {c.video for c in alike}}
    files = list({c.video: c for c in alike}.values())  # partitions of a recording share a video
    yield from _twice(
        files, "videos", lambda c: digests[c.video], lambda c: c.video.name,
        "a video of its own for each recording and camera",
    )  # fmt: skip


def _twice(
    clips: Sequence[Clip],
    what: str,
    content: Callable[[Clip], Hashable],
    name: Callable[[Clip], str],
    expected: str,
) -> Iterator[Finding]:
    groups: dict[Hashable, list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[content(clip)].append(clip)
    for same in groups.values():
        if len(same) > 1:
            yield Finding(
                level="differs", subject=same[0].id.subject, what=what,
                found=f"{' and '.join(map(name, same))} have the same content", expected=expected,
                remedy="replace the copy by what belongs there", where=str(same[-1].id),
            )  # fmt: skip


def _numbers(camera: Camera) -> Hashable:
    arrays = (camera.focal_length, camera.principal_point, camera.rotation, camera.position)
    return (camera.model, *(a.tobytes() for a in arrays), camera.distortion.tobytes())
