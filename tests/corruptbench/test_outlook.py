"""What a build says before it starts: estimates, and what it knows of the data."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.builder import outlook
from corruptbench.builder.plan import WorkItem
from corruptbench.builder.sampled import _pictures
from corruptbench.datasets import ALL_CLIPS, Finding, check_before_build, open_dataset
from corruptbench.datasets.checks import dataset as checks
from corruptbench.manifest import CLEAN, Cell
from tests.fixtures.loose import write_loose

CELLS = (CLEAN, Cell("erase", 1))


def item(tmp_path, crf=None, frames=100):
    clip = open_dataset("studio", None).clip_ids()[0]
    return WorkItem(clip, CELLS, tmp_path / "a", tmp_path, frames, (100, 50), "f", crf)


@pytest.mark.parametrize(("crf", "each"), [(None, 127), (12, 127 + 950), (0, 127 + 5500)])
def test_size_and_time(crf, each, tmp_path):
    whole, half, done = item(tmp_path, crf), item(tmp_path, crf, 50), item(tmp_path, crf, 7)
    missing = {whole: list(CELLS), half: [CLEAN], done: []}
    found = outlook.outlook(list(missing), missing, 50.0, 1, tmp_path, ("odd",))
    assert (found.clips, found.missing, found.frames, found.crops) == (3, 2, 150, 250)
    assert found.size == 250 * each
    assert found.seconds == pytest.approx(250 / 50 / outlook.DETECTOR_SHARE)
    assert found.notes == ("odd",)
    two = outlook.outlook(list(missing), missing, 50.0, 2, tmp_path, ())
    assert found.seconds / 2 < two.seconds < found.seconds


def test_many_notes_are_counted(monkeypatch):
    odd = [
        Finding(level="differs", subject="S", what="videos", found=f"{n}", expected="0")
        for n in range(13)
    ]
    monkeypatch.setattr(checks, "dataset_findings", lambda *_: odd)
    said = check_before_build(open_dataset("studio", None), ALL_CLIPS)
    assert len(said) == 11
    assert said[0] == "S: videos: 0; expected 0"
    assert said[-1].startswith("3 more")


def test_pictures_are_those_of_the_labels(tmp_path):
    """Where labels begin in the midst of a video, their frames do."""
    levels = [20 + 20 * t for t in range(10)]
    frames = [np.full((32, 32, 3), level, dtype=np.uint8) for level in levels]
    video = write_loose(tmp_path / "a.mp4", frames)

    class Clip:
        first_frame = 3

    Clip.video = video
    found = [round(float(p.mean()) / 20) - 1 for p in _pictures(Clip, [0, 4])]
    assert found == [3, 7]
