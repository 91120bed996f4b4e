"""What a data set in the open folder layout holds, lacks, or has otherwise; no video is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.findings import Finding, some
from corruptbench.datasets.headers import UnreadableError, video_header
from corruptbench.datasets.units import THIGH_MM, thighs
from corruptbench.errors import InputError

Labels = Mapping[str, NDArray[np.float64]]


def findings(
    root: Path,
    sequences: Mapping[str, Iterable[str]],
    sizes: Mapping[str, tuple[int, int]],
    joints: str,
    read: Callable[[str], Labels],
) -> Iterator[Finding]:
    """Labels, their units, and videos of each subject; raises nothing for a file that is amiss.

    Args:
        root: of the data set.
        sequences: of each subject, as dataset.json lists them.
        sizes: width and height in pixels of each camera.
        joints: name of the joint set.
        read: gives a subject's labels by sequence, (F, J, 3) mm; raises `InputError`.
    """
    for subject, names in sequences.items():
        path = root / "labels" / f"{subject}.parquet"
        try:
            labels = read(subject)
        except InputError as error:
            found = str(error).removeprefix(f"{path}: ")
            yield Finding(
                "missing", subject, "labels", found, "a table of 3D labels",
                "mend the table, or remove the subject from dataset.json", str(path),
            )  # fmt: skip
            labels = {}
        else:
            yield _labels(subject, list(names), labels, path)
            if joints == "h36m17" and labels:
                yield _units(subject, labels, path)
        yield from _videos(root, subject, list(names), sizes, labels)


def _labels(subject: str, names: list[str], labels: Labels, path: Path) -> Finding:
    """Sequences of the table against those of dataset.json."""
    frames = sum(len(labels[n]) for n in names if n in labels)
    found = f"{sum(n in labels for n in names)} sequences, {frames} frames"
    expected = f"{len(names)} sequences, as dataset.json lists"
    absent, surplus = [n for n in names if n not in labels], [n for n in labels if n not in names]
    if absent:
        return Finding(
            "missing", subject, "labels", f"{found}; not {some(absent)}", expected,
            "add their labels, or remove them from dataset.json", str(path),
        )  # fmt: skip
    if surplus:
        return Finding(
            "differs", subject, "labels", f"{found}; besides {some(surplus)}", expected,
            "list them in dataset.json if they are to be used", str(path),
        )  # fmt: skip
    return Finding("ok", subject, "labels", found, expected, where=str(path))


def _units(subject: str, labels: Labels, path: Path) -> Finding:
    lengths = thighs(np.concatenate(list(labels.values())))
    lengths = lengths[np.isfinite(lengths)]
    low, high = THIGH_MM
    expected = f"a thigh of {low:g} to {high:g} mm"
    if not lengths.size:
        return Finding(
            "differs", subject, "units", "no frame with a valid right hip and knee", expected,
            "check the labels: NaN is a joint that is not valid", str(path),
        )  # fmt: skip
    thigh = float(np.median(lengths))
    if low <= thigh <= high:
        return Finding("ok", subject, "units", f"a thigh of {thigh:.0f} mm", expected)
    likely = "metres" if low <= thigh * 1000 <= high else "pixels"
    return Finding(
        "differs", subject, "units", f"a thigh of {thigh:.3g} ({likely}?)", expected,
        "give world coordinates in mm", str(path),
    )  # fmt: skip


def _videos(
    root: Path,
    subject: str,
    names: list[str],
    sizes: Mapping[str, tuple[int, int]],
    labels: Labels,
) -> Iterator[Finding]:
    folder = root / "videos" / subject
    files = {folder / f"{n}.{c}.mp4": (n, c) for n in names for c in sizes}
    present = [p for p in files if p.is_file()]
    expected = f"{len(files)} videos"
    if not present and labels:
        yield Finding(
            "differs", subject, "videos", "labels only", expected,
            "it cannot be built, only evaluated; to build, add its videos", str(folder),
        )  # fmt: skip
        return
    for path in present:
        name, camera = files[path]
        problem = _video(path, subject, sizes[camera], len(labels.get(name, ())))
        if problem is not None:
            yield problem
    absent = [p.name for p in files if not p.is_file()]
    yield Finding(
        "missing" if absent else "ok", subject, "videos",
        f"{len(present)} videos" + (f"; not {some(absent)}" if absent else ""), expected,
        "add them, or remove the sequence from dataset.json" if absent else "", str(folder),
    )  # fmt: skip


def _video(path: Path, subject: str, size: tuple[int, int], needed: int) -> Finding | None:
    """What is amiss with a video by its header, if anything; ``needed``: number of labels."""
    expected = f"at least {needed} frames of {size[0]}x{size[1]}"
    try:
        header = video_header(path)
    except UnreadableError as error:
        return Finding(
            "missing", subject, "videos", f"no readable video ({error})", expected,
            "encode or copy it again", str(path),
        )  # fmt: skip
    enough = header.frames == 0 or header.frames >= needed  # 0: the header does not say
    if header.size == size and enough:
        return None
    return Finding(
        "missing", subject, "videos",
        f"{header.frames} frames of {header.size[0]}x{header.size[1]}", expected,
        "use the whole video at the size that dataset.json states", str(path),
    )  # fmt: skip
