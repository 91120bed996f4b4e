"""Compare the facts of a subject's videos with what is declared: one check for all data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.checks import report
from corruptbench.datasets.checks.report import Finding
from corruptbench.errors import InputError

if TYPE_CHECKING:
    from corruptbench.video.probe import VideoFacts

#: How far the rate of a video may be from the declared one, as a share of it: 59.94 is taken for
#: 60, 50 is not. Our own choice.
SAME_RATE = 0.01
#: How far a frame may be from its place at a constant rate, in frames, and how much longer than the
#: others a step may be. Beyond it frames are missing in between. Our own choice: a dropped frame is
#: 1, and phones are a few ms early or late.
EVEN = 0.5
#: Videos may be longer than their labels by this many seconds or by this share. Our own choice.
SURPLUS_S, SURPLUS = 1.0, 0.1
#: What is expected in place of any of a video's oddities.
_PICTURES = "one stream of progressive pictures, all shown"


@dataclass(frozen=True)
class Wanted:
    """The expected properties of a video.

    Attributes:
        size: width and height, pixels.
        ends: for each part of the video with labels the number of frames up to its end, and whether
            the part is needed.
        expected: size and number of frames, in words.
        remedy: for a video that is something else.
        rate: frames per second.
        frames: their official number; None where every number from the labels' on is as good.
        official: whether it is official data. A rate that differs is then a line, not an error.
        follows_labels: whether a video that is much longer than its labels is doubtful.
    """

    size: tuple[int, int]
    ends: tuple[tuple[int, bool], ...]
    expected: str
    remedy: str
    rate: float
    frames: int | None = None
    official: bool = False
    follows_labels: bool = False

    @property
    def needed(self) -> bool:
        """Tell whether any part is."""
        return any(needed for _, needed in self.ends)

    @property
    def end(self) -> int:
        """The number of frames up to the end of the last part."""
        return max(end for end, _ in self.ends)


def check_videos(
    subject: str, folder: Path, wanted: Mapping[Path, Wanted], has_labels: bool, remedy: str
) -> Iterator[Finding]:
    """Yield what differs in the videos of a subject that are needed, and then how many are there.

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
        if wanted[path].needed:
            yield from _check(subject, path, wanted[path])
    items = [report.Item(path.name, path in present, w.needed) for path, w in wanted.items()]
    yield report.presence(subject, "videos", "files", items, folder, remedy)


def _check(subject: str, path: Path, wanted: Wanted) -> Iterator[Finding]:
    """Yield what is otherwise in a video."""
    # PyAV is loaded only where a video is opened: evaluation needs no decoder.
    from corruptbench.video import probe

    fields = {"subject": subject, "what": "videos"}
    fields |= {"remedy": wanted.remedy, "expected": wanted.expected}
    try:
        facts = probe.probe(path)
    except InputError as error:
        yield report.fault(error, path, True, "no readable video: ", **fields)
        return
    about = partial(replace, Finding(level="differs", found="", where=str(path), **fields))
    yield from (about(**found) for found in (*_pictures(facts, wanted), *_times(facts, wanted)))


def _pictures(facts: VideoFacts, wanted: Wanted) -> Iterator[dict[str, str]]:
    """Yield what is wrong with size, number and kind of the pictures."""
    from corruptbench.video.display_matrix import REFUSED

    found = "{} frames of {}x{}".format(facts.frames, *facts.size)
    if facts.cut:
        found += f", {facts.cut} more are hidden by an edit list"
    cut = [needed for end, needed in wanted.ends if facts.frames < end]
    if facts.turned:
        fact, _, remedy = REFUSED.partition("; ")
        yield {"level": "missing", "found": fact, "remedy": remedy}
    if facts.size != wanted.size:
        yield {"level": "missing", "found": found}
    elif cut:
        yield {"level": report.unusable(any(cut)), "found": found}
    elif wanted.frames not in (None, facts.frames):
        yield {"level": "differs", "found": found}
    for oddity in facts.oddities():
        yield {"level": "differs", "found": oddity, "expected": _PICTURES}
    if facts.pixel != 1:
        yield {
            "level": "differs",
            "found": f"pixels are {float(facts.pixel):.4g} times as wide as high",
            "expected": "labels and camera in pixels as they are stored",
            "remedy": "nothing to do if they are; otherwise store the video with square pixels",
        }


def _times(facts: VideoFacts, wanted: Wanted) -> Iterator[dict[str, str]]:
    """Yield what is wrong with rate and times of the frames."""
    timing, fps = facts.timing, wanted.rate
    expected = {"expected": f"{fps:g} frames per second, evenly"}
    if timing.lost and (facts.stated is None or abs(facts.stated / fps - 1) <= SAME_RATE):
        yield {
            "level": "differs", "found": "it does not state when its frames are shown", **expected,
            "remedy": f"nothing to do if there are {fps:g} frames per second",
        }  # fmt: skip
        return
    rate = timing.rate_near(fps)
    ratio, gaps = rate / fps, _gaps(timing.lateness(rate))
    found = f"{rate:.4g} frames per second{gaps}"
    if abs(ratio - 1) > SAME_RATE:
        yield {
            "level": "differs" if wanted.official else "missing", "found": found, **expected,
            "remedy": "declare the rate of the videos, with one label for each frame; if only the "
            "file states it wrongly, correct that without encoding: "
            f"ffmpeg -itsscale {ratio:.6g} -i IN -c copy OUT",
        }  # fmt: skip
    elif gaps:
        yield {
            "level": "differs", "found": found, **expected,
            "remedy": "nothing to do if each label belongs to the frame of its number; labels at a "
            "constant rate do not",
        }  # fmt: skip
    surplus = facts.frames - wanted.end
    if wanted.follows_labels and surplus > max(SURPLUS_S * fps, SURPLUS * wanted.end):
        yield {
            "level": "differs", "found": f"{surplus} frames more than its {wanted.end} labels",
            "expected": "one label for each frame, from the first frame on",
            "remedy": "check that labels and video start together and have the same rate",
        }  # fmt: skip


def _gaps(late: NDArray[np.float64]) -> str:
    """Return what is uneven in words, "" for nothing; ``late`` is how late frames are, in frames.

    A frame is missing where all that follow are late from there on.
    """
    rises = np.diff(late)
    after = np.flatnonzero(rises >= EVEN)
    if after.size:
        count = int(np.maximum(np.rint(rises[after]), 1).sum())
        are = "frame is" if count == 1 else "frames are"
        return f", but {count} {are} missing in between, the first after frame {after[0]}"
    away = np.abs(late - np.median(late)).max(initial=0.0) if late.size else 0.0
    return f", unevenly: up to {away:.1f} frames from their places" if away > EVEN else ""
