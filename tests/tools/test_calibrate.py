"""The page of the calibration says what the code has, and the tool measures what is asked for."""

from __future__ import annotations

import re

import numpy as np
import pytest

from corruptbench.corruptions import all_corruptions
from corruptbench.datasets import open_dataset
from corruptbench.evaluation.detections import quality_of
from corruptbench.manifest import CLEAN, SEVERITIES, Cell, load_manifest
from tools import calibrate

PAGE = (calibrate.DOCS / "calibration.md").read_text()


def test_the_page_has_severities_as_they_are_in_the_code():
    """Whoever changes a table measures it again; all of the core are there."""
    rows = re.findall(r"^\| `(\w+)` \| (\d) \| (.*?) \|", PAGE, re.MULTILINE)
    found = {(name, int(severity)): words for name, severity, words in rows}
    expected = {
        (name, severity): ", ".join(f"{field} {value:g}" for field, value in vars(params).items())
        for name, corruption in all_corruptions().items()
        for severity, params in enumerate(corruption.severities, 1)
    }
    assert found.items() <= expected.items()
    core = {
        (pin.name, s) for pin in load_manifest(calibrate.MANIFEST).corruptions for s in SEVERITIES
    }
    assert core <= found.keys()


def test_core_corruptions_get_harder_for_the_detector():
    for name in (pin.name for pin in load_manifest(calibrate.MANIFEST).corruptions):
        pck = re.findall(rf"^\| `{name}` \| \d \| .*? \| ([\d.]+) \|", PAGE, re.MULTILINE)
        values = [float(value) for value in pck]
        assert len(values) == 5
        assert sorted(values, reverse=True) == values
        assert 0.9 < values[0] < 0.967, "slightly worse"
        assert values[4] < 0.8, "hard"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--corruption", "fog"], "unknown corruption 'fog'"),
        (["--corruption", "erase", "--write"], "the page is about all corruptions"),
    ],
)
def test_what_is_refused(monkeypatch, capsys, words, message):
    monkeypatch.setattr("sys.argv", ["calibrate", *words])
    with pytest.raises(SystemExit) as stopped:
        calibrate.main()
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.detector
def test_what_is_measured_on_one_clip():
    """A core corruption and one that no manifest pins."""
    clip = next(iter(load_manifest("studio-c").select(open_dataset("studio", None).clip_ids())))
    cells = [c for c in calibrate.cells_of(["gaussian_noise", "darkness"]) if c.severity in (0, 5)]
    assert cells == [CLEAN, Cell("gaussian_noise", 5), Cell("darkness", 5)]
    errors = calibrate.look(clip, cells, every=16)
    frames = len(errors[CLEAN]) / 12
    assert frames == np.ceil((len(open_dataset("studio", None).load(clip).joints) - 8) / 16)
    measured = {cell: quality_of(found) for cell, found in errors.items()}
    assert measured[CLEAN].pck > 0.9 > measured[Cell("gaussian_noise", 5)].pck
    rows = list(
        calibrate.table(
            measured
            | dict.fromkeys(
                (Cell(n, s) for n in ("gaussian_noise", "darkness") for s in range(1, 6)),
                measured[CLEAN],
            ),
            ["darkness", "gaussian_noise"],
        )
    )
    assert [r.split("|")[1].strip() for r in rows[3::5]] == ["`darkness`", "`gaussian_noise`"]
