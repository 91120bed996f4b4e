"""What is there, what is missing, what differs from the official data; files' headers only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from corruptbench.datasets.findings import Finding, Level, some
from corruptbench.datasets.headers import UnreadableError, video_header
from corruptbench.datasets.human36m import cameras, poses
from corruptbench.datasets.human36m.layout import folder, locate, stem, subjects
from corruptbench.datasets.human36m.tables import (
    CAMERAS,
    LACKING,
    SUBJECTS,
    label_frames,
    official,
    size,
    video_frames,
)
from corruptbench.errors import InputError

#: Largest distance of published 2D labels from projected 3D labels, px. The 2D labels are float32,
#: so that 0.0001 is usual; a wrong lens model is off by 0.05 or more. Our own choice.
AGREEMENT_PX = 0.01
#: How many frames of a recording are projected.
_PROBES = 5


def findings(root: Path) -> Iterator[Finding]:
    """One finding for each kind of thing of each subject, and one for each file that is amiss."""
    yield _cameras(root)
    present = subjects(root)
    for subject in SUBJECTS:
        if subject not in present:
            yield Finding(
                "missing", subject, "subject", "no folder", "poses and videos",
                "fetch this subject if your manifest uses it", str(root / subject),
            )  # fmt: skip
            continue
        labels: dict[str, int] = {}
        yield from _poses(root, subject, labels)
        yield from _videos(root, subject, labels)
        yield from _boxes(root, subject)
        yield from _projection(root, subject)


def _amiss(level: Level, subject: str, what: str, error: InputError, path: Path) -> Finding:
    found = str(error).removeprefix(f"{path}: ")
    return Finding(level, subject, what, found, "the official file", "fetch it again", str(path))


def _cameras(root: Path) -> Finding:
    path = cameras.metadata_path(root)
    if not path.is_file():
        return Finding("ok", "", "cameras", "the built-in table", "that or metadata.xml")
    try:
        numbers = cameras.camera_numbers(root)
    except InputError as error:
        return _amiss("missing", "", "cameras", error, path)
    same = np.array_equal(numbers, official().w0)
    return Finding(
        "ok" if same else "differs", "", "cameras",
        f"metadata.xml, {'equal to' if same else 'other numbers than'} the built-in table",
        "that or the built-in table",
        "" if same else "use the metadata.xml of the Human3.6M code", str(path),
    )  # fmt: skip


def _poses(root: Path, subject: str, labels: dict[str, int]) -> Iterator[Finding]:
    """Fills ``labels``: recording to its number of labels."""
    world, mono = (folder(root, subject, k) for k in ("D3_Positions", "D3_Positions_mono"))
    by_camera = mono.is_dir() and not world.is_dir()
    place = mono if by_camera else world
    files = {
        locate(root, subject, "D3_Positions_mono" if by_camera else "D3_Positions", s, c): s
        for s in official().frames[subject]
        for c in (CAMERAS if by_camera else (None,))
    }
    for path, sequence in files.items():
        if not path.is_file():
            continue
        expected = label_frames(subject, sequence)
        try:
            labels[sequence] = poses.frames(path)
        except InputError as error:
            yield _amiss("missing", subject, "poses", error, path)
            continue
        if labels[sequence] != expected:
            yield Finding(
                "differs", subject, "poses", f"{labels[sequence]} frames", f"{expected} frames",
                "use the original file", str(path),
            )  # fmt: skip
        if not by_camera and path.stem != stem(subject, sequence):
            yield Finding(
                "differs", subject, "names", path.name, f"{stem(subject, sequence)}.cdf",
                "nothing to do: both names are read", str(path),
            )  # fmt: skip
    yield _presence(subject, "poses", list(files), place)
    total, wanted = sum(labels.values()), sum(v[0] for v in official().frames[subject].values())
    yield Finding(
        "ok" if total == wanted else "differs", subject, "labelled frames",
        f"{total} for each camera" + (", camera space only" if by_camera else ""), f"{wanted}",
        "" if total == wanted else "see this subject's poses", str(place),
    )  # fmt: skip


def _presence(subject: str, what: str, files: list[Path], place: Path) -> Finding:
    """How many of the files are there, and the first of those that are not."""
    absent = [p.name for p in files if not p.is_file()]
    found = f"{len(files) - len(absent)} files"
    if absent:
        found += f"; not {some(absent)}"
    return Finding(
        "missing" if absent else "ok", subject, what, found, f"{len(files)} files",
        "fetch or unpack the rest" if absent else "", str(place),
    )  # fmt: skip


def _videos(root: Path, subject: str, labels: dict[str, int]) -> Iterator[Finding]:
    files = []
    for sequence in official().frames[subject]:
        for camera in CAMERAS:
            path = locate(root, subject, "Videos", sequence, camera)
            if path.is_file():
                problem = _video(path, subject, sequence, camera, labels)
                if problem is not None:
                    yield problem
            if path.is_file() or (subject, sequence, camera) != LACKING:
                files.append(path)
    yield _presence(subject, "videos", files, folder(root, subject, "Videos"))


def _video(
    path: Path, subject: str, sequence: str, camera: str, labels: dict[str, int]
) -> Finding | None:
    """What is amiss with a video by its header, if anything."""
    width, height = size(subject, camera)
    count = video_frames(subject, sequence, camera)
    try:
        header = video_header(path)
    except UnreadableError as error:
        reason = InputError(f"no readable video ({error}); fetch it again")
        return _amiss("missing", subject, "videos", reason, path)
    needed = labels.get(sequence, 0)
    if header.size == (width, height) and header.frames == count >= needed:
        return None
    usable = header.size == (width, height) and header.frames >= needed
    return Finding(
        "differs" if usable else "missing", subject, "videos",
        f"{header.frames} frames of {header.size[0]}x{header.size[1]}",
        f"{count} frames of {width}x{height}, and no fewer than the {needed} labels",
        "use the original video", str(path),
    )  # fmt: skip


def _boxes(root: Path, subject: str) -> Iterator[Finding]:
    place = folder(root, subject, "ground_truth_bb")
    wanted = [(s, c) for s in official().frames[subject] for c in CAMERAS]
    found = sum(locate(root, subject, "ground_truth_bb", s, c).is_file() for s, c in wanted)
    yield Finding(
        "ok" if found in (0, len(wanted)) else "differs", subject, "boxes",
        f"{found} files" if found else "none",
        f"none, or {len(wanted)} files where crop.boxes = 'published' (a few are known to lack)",
        where=str(place),
    )  # fmt: skip


def _projection(root: Path, subject: str) -> Iterator[Finding]:
    """Whether cameras and 3D labels give the published 2D labels, on one recording."""
    if not folder(root, subject, "D2_Positions").is_dir():
        return
    for sequence in official().frames[subject]:
        world = locate(root, subject, "D3_Positions", sequence)
        flat = [locate(root, subject, "D2_Positions", sequence, c) for c in CAMERAS]
        if not all(p.is_file() for p in (world, *flat)):
            continue
        try:
            numbers = cameras.camera_numbers(root)
            joints = poses.joints(world)
            worst = 0.0
            for name, path in zip(CAMERAS, flat, strict=True):
                published = poses.read(path, 64).reshape(-1, 32, 2)[:, poses.JOINTS]
                at = np.linspace(0, min(len(joints), len(published)) - 1, _PROBES).astype(int)
                camera = cameras.camera_of(numbers, subject, name)
                ours = camera.project(camera.world_to_camera(joints[at]))
                worst = max(worst, float(np.abs(ours - published[at]).max()))
        except InputError as error:
            yield _amiss("differs", subject, "projection", error, world)
            return
        yield Finding(
            "ok" if worst <= AGREEMENT_PX else "differs", subject, "projection",
            f"{worst:.2g} px between D2_Positions and projected D3_Positions of {sequence}",
            f"at most {AGREEMENT_PX} px",
            "" if worst <= AGREEMENT_PX else "use original files of one and the same subject",
            str(world),
        )  # fmt: skip
        return
