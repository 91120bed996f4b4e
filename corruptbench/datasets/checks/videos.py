"""Videos of a subject by what their headers state: one check for all data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from corruptbench.datasets.checks import report
from corruptbench.datasets.checks.report import Finding
from corruptbench.errors import InputError

#: How far a stated frame rate may be from the official one, 1/s. Our own choice.
_SAME_RATE = 0.1


@dataclass(frozen=True)
class Wanted:
    """The expected properties of a video.

    Attributes:
        size: width and height, pixels.
        ends: for each part of the video with labels the number of frames up to its end, and whether
            the part is needed.
        expected: size and number of frames, in words.
        remedy: for a video that is something else.
        frames: their official number; None where every number from the labels' on is as good.
        rate: the official frames per second; None where it is not compared.
        is_known_damaged: the official file itself is damaged, which matters only if it is needed.
    """

    size: tuple[int, int]
    ends: tuple[tuple[int, bool], ...]
    expected: str
    remedy: str
    frames: int | None = None
    rate: float | None = None
    is_known_damaged: bool = False

    @property
    def needed(self) -> bool:
        """Tell whether any part is."""
        return any(needed for _, needed in self.ends)


def check_videos(
    subject: str, folder: Path, wanted: Mapping[Path, Wanted], has_labels: bool, remedy: str
) -> Iterator[Finding]:
    """Yield what differs in the videos of a subject, and then how many are there.

    Args:
        subject: of the data set.
        folder: of its videos.
        wanted: path to what it should be.
        has_labels: whether the subject can be evaluated without them.
        remedy: for those that are absent.
    """
    present = [path for path in wanted if path.is_file()]
    if has_labels and not present and any(w.needed for w in wanted.values()):
        yield report.labels_only(subject, folder)
        return
    for path in present:
        if wanted[path].needed or not wanted[path].is_known_damaged:
            yield from _check(subject, path, wanted[path])
    items = [report.Item(path.name, path in present, w.needed) for path, w in wanted.items()]
    yield report.presence(subject, "videos", "files", items, folder, remedy)


def _check(subject: str, path: Path, wanted: Wanted) -> Iterator[Finding]:
    """Yield what the header of a video states otherwise."""
    # PyAV is loaded only where a header is read: evaluation needs no decoder.
    from corruptbench.video import header as headers

    fields = {"subject": subject, "what": "videos"}
    fields |= {"remedy": wanted.remedy, "expected": wanted.expected}
    try:
        header = headers.read_header(path)
    except InputError as error:
        yield report.fault(error, path, wanted.needed, "no readable video: ", **fields)
        return
    about = partial(replace, Finding(level="differs", found="", where=str(path), **fields))
    if wanted.rate and abs(header.rate - wanted.rate) > _SAME_RATE:
        yield about(found=f"{header.rate:.2f} fps", expected=f"{wanted.rate:g} fps")
    found = "{} frames of {}x{}".format(header.frames, *header.size)
    cut = [needed for end, needed in wanted.ends if header.frames < end]
    if header.size != wanted.size:
        yield about(level=report.unusable(wanted.needed), found=found)
    elif not header.frames:
        yield about(
            found="its header does not state the number of frames",
            remedy="nothing to do if the video is complete: build counts its frames, and stops at "
            "a video that is too short",
        )  # fmt: skip
    elif cut:
        yield about(level=report.unusable(any(cut)), found=found)
    elif wanted.frames not in (None, header.frames):
        yield about(found=found)
