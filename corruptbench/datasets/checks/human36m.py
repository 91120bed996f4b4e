"""What is there, what is missing, what differs from the official data; no video is decoded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.checks.plausibility import HIPS_M, THIGH_MM, median, thighs
from corruptbench.datasets.checks.report import (
    Finding,
    Item,
    Level,
    Needs,
    labels_only,
    no_subject,
    presence,
    uncounted,
    unusable,
)
from corruptbench.datasets.checks.videos import UnreadableError, video_header
from corruptbench.datasets.clip import ClipId
from corruptbench.datasets.human36m import cameras, poses
from corruptbench.datasets.human36m.layout import clip_ids, folder, locate, stem, subjects
from corruptbench.datasets.human36m.tables import (
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


def findings(root: Path, needs: Needs) -> Iterator[Finding]:
    """One finding for each kind of thing of each subject, and one for each file that is amiss."""
    yield _cameras(root)
    try:
        numbers = cameras.camera_numbers(root)
    except InputError:
        numbers = official().w0
    present = subjects(root)
    for subject in SUBJECTS:
        clips = clip_ids("human36m", [subject])
        if subject not in present:
            yield no_subject(subject, any(map(needs.clip, clips)), str(root / subject))
            continue
        labels: dict[Path, int] = {}
        yield from _poses(root, subject, clips, needs, labels)
        yield from _units(root, subject, clips, needs, numbers, labels)
        yield from _videos(root, subject, clips, needs, labels)
        yield _boxes(root, subject, clips, needs)
        yield from _projection(root, subject, numbers)


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
    root: Path, subject: str, clips: Sequence[ClipId], needs: Needs, labels: dict[Path, int]
) -> Iterator[Finding]:
    """Fills ``labels``: file to its number of labels."""
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
            labels[path] = poses.frames(path)
        except InputError as error:
            yield _amiss(unusable(needed), subject, "poses", error, path)
            continue
        if labels[path] != expected:
            yield Finding(
                "differs", subject, "poses", f"{labels[path]} frames", f"{expected} frames",
                "use the original file", str(path),
            )  # fmt: skip
        if not by_camera and path.stem != stem(subject, sequence):
            yield Finding(
                "differs", subject, "names", path.name, f"{stem(subject, sequence)}.cdf",
                "nothing to do: both names are read", str(path),
            )  # fmt: skip
    yield _presence(subject, "poses", files, place)
    needed_ones = {c.sequence for c in clips if needs.clip(c)}
    lengths = {users[path][0].sequence: n for path, n in labels.items()}
    counted = needed_ones or set(lengths)
    total = sum(n for sequence, n in lengths.items() if sequence in counted)
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
    root: Path, subject: str, clips: Sequence[ClipId], needs: Needs, numbers: Sequence[float],
    labels: Mapping[Path, int],
) -> Iterator[Finding]:  # fmt: skip
    """Of all files that are needed and can be read; of the first where none is needed."""
    readable = {p: c for c in clips if (p := _labels_of(root, c)) in labels}
    needed = {path: clip for path, clip in readable.items() if needs.clip(clip)}
    found: list[NDArray[np.float64]] = []
    for path, clip in (needed or dict(islice(readable.items(), 1))).items():
        try:
            found.append(_labels_in_world(root, numbers, clip, path))
        except InputError as error:
            yield _amiss(unusable(needs.clip(clip)), subject, "units", error, path)
    if found:
        thigh = [median(thighs(joints)) for joints in found]
        hips = [median(joints[:, 0, 2]) / 1000 for joints in found]
        yield Finding(
            "ok", subject, "units",
            f"a thigh of {min(thigh):.0f} to {max(thigh):.0f} mm, hips {min(hips):.2f} to "
            f"{max(hips):.2f} m above the floor, in {len(found)} files",
            "a thigh of {:g} to {:g} mm, hips {:g} to {:g} m above the floor".format(
                *THIGH_MM, *HIPS_M
            ),
            where=str(next(iter(readable)).parent),
        )  # fmt: skip


def _labels_in_world(
    root: Path, numbers: Sequence[float], clip: ClipId, path: Path
) -> NDArray[np.float64]:
    """(F, 17, 3) world mm, out of the file that a clip's labels are read from."""
    in_camera = path.parent == folder(root, clip.subject, "D3_Positions_mono")
    camera = cameras.camera_of(numbers, clip.subject, clip.camera)
    return poses.world(path, camera if in_camera else None)


def _presence(subject: str, what: str, files: dict[Path, bool], place: Path) -> Finding:
    """``files``: whether each is needed."""
    items = [Item(path.name, path.is_file(), needed) for path, needed in files.items()]
    return presence(subject, what, "files", items, str(place), "fetch or unpack the rest")


def _videos(
    root: Path, subject: str, clips: Sequence[ClipId], needs: Needs, labels: Mapping[Path, int]
) -> Iterator[Finding]:
    place = folder(root, subject, "Videos")
    files = {locate(root, subject, "Videos", c.sequence, c.camera): c for c in clips}
    present = {path: clip for path, clip in files.items() if path.is_file()}
    if labels and not present and any(map(needs.clip, clips)):
        yield labels_only(subject, str(place))
        return
    for path, clip in present.items():
        fewest = labels.get(_labels_of(root, clip), label_frames(subject, clip.sequence))
        problem = _video(path, clip, fewest, needs.clip(clip))
        if problem is not None:
            yield problem
    needed = {path: needs.clip(clip) for path, clip in files.items()}
    yield _presence(subject, "videos", needed, place)


def _video(path: Path, clip: ClipId, fewest: int, needed: bool) -> Finding | None:
    """What is amiss with a video by its header, if anything; ``fewest``: number of labels."""
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
    if header.size == (width, height) and header.frames == count >= fewest:
        return None
    usable = header.size == (width, height) and header.frames >= fewest
    expected = f"{count} frames of {width}x{height}, and no fewer than the {fewest} labels"
    if header.size == (width, height) and not header.frames:
        return uncounted(subject, expected, str(path))
    return Finding(
        "differs" if usable else unusable(needed), subject, "videos",
        f"{header.frames} frames of {header.size[0]}x{header.size[1]}", expected,
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


def _projection(root: Path, subject: str, numbers: Sequence[float]) -> Iterator[Finding]:
    """Whether cameras and 3D labels give the published 2D labels, on one recording."""
    if not folder(root, subject, "D2_Positions").is_dir():
        return
    for sequence in official().frames[subject]:
        clips = [c for c in clip_ids("human36m", [subject]) if c.sequence == sequence]
        pairs = [
            (c, _labels_of(root, c), locate(root, subject, "D2_Positions", sequence, c.camera))
            for c in clips
        ]
        if not all(path.is_file() for _, *paths in pairs for path in paths):
            continue
        where = pairs[0][1]
        try:
            worst = float(np.max([_distance(root, numbers, *pair) for pair in pairs]))
        except InputError as error:
            yield _amiss("differs", subject, "projection", error, where)
            return
        agrees = worst <= AGREEMENT_PX  # False for NaN
        apart = f"{worst:.2g} px" if np.isfinite(worst) else "no number of px (behind a camera?)"
        yield Finding(
            "ok" if agrees else "differs", subject, "projection",
            f"{apart} between D2_Positions and projected {where.parent.name} of {sequence}",
            f"at most {AGREEMENT_PX} px",
            "" if agrees else "use original files of one and the same subject", str(where),
        )  # fmt: skip
        return


def _distance(
    root: Path, numbers: Sequence[float], clip: ClipId, labels: Path, flat: Path
) -> float:
    """The largest, px, in some frames; NaN if one of them is no number."""
    camera = cameras.camera_of(numbers, clip.subject, clip.camera)
    joints = _labels_in_world(root, numbers, clip, labels)
    published = poses.read(flat, 64).reshape(-1, 32, 2)[:, poses.JOINTS]
    at = np.linspace(0, min(len(joints), len(published)) - 1, _PROBES).astype(int)
    ours = camera.project(camera.world_to_camera(joints[at]))
    return float(np.abs(ours - published[at]).max())
