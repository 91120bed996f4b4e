"""What is there, what is missing, what differs from the official data; files' headers only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from corruptbench.datasets.clip import ClipId
from corruptbench.datasets.findings import (
    Finding,
    Item,
    Level,
    Needs,
    labels_only,
    no_subject,
    presence,
    unusable,
)
from corruptbench.datasets.headers import UnreadableError, video_header
from corruptbench.datasets.human36m import cameras, poses
from corruptbench.datasets.human36m.layout import clip_ids, folder, locate, stem, subjects
from corruptbench.datasets.human36m.tables import (
    CAMERAS,
    LACKING,
    SUBJECTS,
    label_frames,
    official,
    size,
    video_frames,
)
from corruptbench.datasets.units import THIGH_MM, thighs
from corruptbench.errors import InputError

#: Largest distance of published 2D labels from projected 3D labels, px. The 2D labels are float32,
#: so that 0.0001 is usual; a wrong lens model is off by 0.05 or more. Our own choice.
AGREEMENT_PX = 0.01
#: How many frames of a recording are projected.
_PROBES = 5


def findings(root: Path, needs: Needs) -> Iterator[Finding]:
    """One finding for each kind of thing of each subject, and one for each file that is amiss."""
    yield _cameras(root)
    present = subjects(root)
    for subject in SUBJECTS:
        clips = clip_ids("human36m", [subject])
        if subject not in present:
            yield no_subject(subject, any(map(needs.clip, clips)), str(root / subject))
            continue
        labels: dict[str, int] = {}
        yield from _poses(root, subject, clips, needs, labels)
        yield from _units(root, subject, clips, needs, labels)
        yield from _videos(root, subject, clips, needs, labels)
        yield _boxes(root, subject, clips, needs)
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


def _poses(
    root: Path, subject: str, clips: Sequence[ClipId], needs: Needs, labels: dict[str, int]
) -> Iterator[Finding]:
    """Fills ``labels``: recording to its number of labels."""
    place = _labels_of(root, clips[0]).parent
    by_camera = place == folder(root, subject, "D3_Positions_mono")
    users: dict[Path, list[ClipId]] = {}
    for clip in clips:
        users.setdefault(_labels_of(root, clip), []).append(clip)
    files = {path: any(map(needs.clip, own)) for path, own in users.items()}
    for path, needed in files.items():
        if not path.is_file():
            continue
        sequence = users[path][0].sequence
        expected = label_frames(subject, sequence)
        try:
            labels[sequence] = poses.frames(path)
        except InputError as error:
            yield _amiss(unusable(needed), subject, "poses", error, path)
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
    yield _presence(subject, "poses", files, place)
    needed_ones = {c.sequence for c in clips if needs.clip(c)}
    counted = needed_ones or set(labels)
    total = sum(n for sequence, n in labels.items() if sequence in counted)
    wanted = sum(label_frames(subject, sequence) for sequence in counted)
    yield Finding(
        "ok" if total == wanted else "differs", subject, "labelled frames",
        f"{total} for each camera" + (", camera space only" if by_camera else ""), f"{wanted}",
        "" if total == wanted else "see this subject's poses", str(place),
    )  # fmt: skip


def _labels_of(root: Path, clip: ClipId) -> Path:
    """The file that a clip's labels are read from."""
    world = folder(root, clip.subject, "D3_Positions")
    mono = folder(root, clip.subject, "D3_Positions_mono")
    if mono.is_dir() and not world.is_dir():
        return locate(root, clip.subject, "D3_Positions_mono", clip.sequence, clip.camera)
    return locate(root, clip.subject, "D3_Positions", clip.sequence)


def _units(
    root: Path, subject: str, clips: Sequence[ClipId], needs: Needs, labels: dict[str, int]
) -> Iterator[Finding]:
    """Of the first recording that can be read, one that is needed if there is any."""
    readable = [c for c in clips if c.sequence in labels and _labels_of(root, c).is_file()]
    for clip in sorted(readable, key=needs.clip, reverse=True)[:1]:
        path = _labels_of(root, clip)
        try:
            thigh = float(np.nanmedian(thighs(poses.joints(path))))
        except InputError as error:
            yield _amiss(unusable(needs.clip(clip)), subject, "units", error, path)
        else:
            low, high = THIGH_MM
            yield Finding(
                "ok", subject, "units", f"a thigh of {thigh:.0f} mm in {clip.sequence}",
                f"a thigh of {low:g} to {high:g} mm", where=str(path),
            )  # fmt: skip


def _presence(subject: str, what: str, files: dict[Path, bool], place: Path) -> Finding:
    """``files``: whether each is needed."""
    items = [Item(path.name, path.is_file(), needed) for path, needed in files.items()]
    return presence(subject, what, "files", items, str(place), "fetch or unpack the rest")


def _videos(
    root: Path, subject: str, clips: Sequence[ClipId], needs: Needs, labels: dict[str, int]
) -> Iterator[Finding]:
    place = folder(root, subject, "Videos")
    files = {locate(root, subject, "Videos", c.sequence, c.camera): c for c in clips}
    present = {path: clip for path, clip in files.items() if path.is_file()}
    if labels and not present and any(map(needs.clip, clips)):
        yield labels_only(subject, str(place))
        return
    for path, clip in present.items():
        problem = _video(path, clip, labels, needs.clip(clip))
        if problem is not None:
            yield problem
    needed = {path: needs.clip(clip) for path, clip in files.items()}
    yield _presence(subject, "videos", needed, place)


def _video(path: Path, clip: ClipId, labels: dict[str, int], needed: bool) -> Finding | None:
    """What is amiss with a video by its header, if anything."""
    subject, sequence, camera = clip.subject, clip.sequence, clip.camera
    if (subject, sequence, camera) == LACKING and not needed:
        return None
    width, height = size(subject, camera)
    count = video_frames(subject, sequence, camera)
    try:
        header = video_header(path)
    except UnreadableError as error:
        reason = InputError(f"no readable video ({error}); fetch it again")
        return _amiss(unusable(needed), subject, "videos", reason, path)
    fewest = labels.get(sequence, label_frames(subject, sequence))
    if header.size == (width, height) and header.frames == count >= fewest:
        return None
    usable = header.size == (width, height) and header.frames >= fewest
    return Finding(
        "differs" if usable else unusable(needed), subject, "videos",
        f"{header.frames} frames of {header.size[0]}x{header.size[1]}",
        f"{count} frames of {width}x{height}, and no fewer than the {fewest} labels",
        "use the original video", str(path),
    )  # fmt: skip


def _boxes(root: Path, subject: str, clips: Sequence[ClipId], needs: Needs) -> Finding:
    items = []
    for clip in clips:
        path = locate(root, subject, "ground_truth_bb", clip.sequence, clip.camera)
        items.append(Item(path.name, path.is_file(), needs.published_boxes(clip)))
    place = str(folder(root, subject, "ground_truth_bb"))
    if not any(i.needed for i in items):  # the official data itself lacks a few
        found = f"{sum(i.there for i in items)} files; not needed"
        return Finding("ok", subject, "boxes", found, f"at most {len(items)} files", where=place)
    return presence(
        subject, "boxes", "files", items, place,
        "fetch the segments, or use a manifest with crop.boxes = 'ground-truth'",
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
