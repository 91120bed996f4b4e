"""The page of the calibration says what the code has, and the tool measures what is asked for."""

from __future__ import annotations

import re

import numpy as np
import pytest

from corruptbench.corruptions import all_corruptions, get
from corruptbench.datasets import open_dataset
from corruptbench.manifest import CLEAN, SEVERITIES, Cell, load_manifest
from tools.calibration import __main__ as command
from tools.calibration import measure, page

PAGE = (page.DOCS / "calibration.md").read_text()
CORE, REST = (
    PAGE.partition(f"\n## {head}")[2].partition("\n## ")[0] for head in ("Core", "The rest")
)


def test_the_page_has_severities_as_they_are_in_the_code():
    """Whoever changes a table measures it again; all of the core are there."""
    rows = re.findall(r"^\| `(\w+)` \| (\d) \| (.*?) \|", CORE + REST, re.MULTILINE)
    found = {(name, int(severity)): words for name, severity, words in rows}
    expected = {
        (name, severity): ", ".join(f"{field} {value:g}" for field, value in vars(params).items())
        for name, corruption in all_corruptions().items()
        for severity, params in enumerate(corruption.severities, 1)
    }
    assert found.items() <= expected.items()
    core = {
        (pin.name, s) for pin in load_manifest(measure.MANIFEST).corruptions for s in SEVERITIES
    }
    assert core <= found.keys()


def pck_of(name):
    """PCK@0.1 of the rows of a scored corruption, by severity, or of clean."""
    row = r"\| clean \| \| \|" if name == "clean" else rf"\| `{name}` \| \d \| .*? \|"
    return [float(value) for value in re.findall(rf"^{row} ([\d.]+) \|", CORE, re.MULTILINE)]


def test_core_corruptions_get_harder_for_the_detector():
    (clean,) = pck_of("clean")
    for pin in load_manifest(measure.MANIFEST).corruptions:
        values = pck_of(pin.name)
        assert len(values) == 5
        assert sorted(values, reverse=True) == values
        assert values[0] < clean
        if pin.name == "camera_shake" or get(pin.name).family == "pixel noise":
            assert np.array(values) / clean == pytest.approx(page.TARGET, abs=0.06)


def test_a_severity_means_the_same_at_each_size():
    """Differences that are too large are bold."""
    table = PAGE.partition("## Sizes of the person")[2].partition("\n## ")[0]
    assert len(re.findall(r"^\| `\w+`, \d \|", table, re.MULTILINE)) == 40
    assert "**" not in table


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--corruption", "fog"], "unknown corruption 'fog'"),
        (["--corruption", "erase", "--write"], "the page is about all corruptions"),
    ],
)
def test_what_is_refused(monkeypatch, capsys, words, message):
    monkeypatch.setattr("sys.argv", ["calibration", *words])
    with pytest.raises(SystemExit) as stopped:
        command.main()
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.detector
def test_what_is_measured_on_one_clip():
    """A core corruption and one that no manifest pins."""
    clip = next(iter(load_manifest("studio-c").select(open_dataset("studio", None).clip_ids())))
    cells = [c for c in measure.cells_of(["gaussian_noise", "darkness"]) if c.severity in (0, 5)]
    assert cells == [CLEAN, Cell("gaussian_noise", 5), Cell("darkness", 5)]
    looked = measure.look(clip, cells, every=16)
    frames = len(looked[CLEAN].errors) / 12
    assert frames == np.ceil((len(open_dataset("studio", None).load(clip).joints) - 8) / 16)
    measured = measure.qualities(looked)
    assert not measure.covers(looked), "neither hides anything"
    assert measured[CLEAN].pck > 0.9 > measured[Cell("gaussian_noise", 5)].pck
    rows = list(
        page.table(
            measured
            | dict.fromkeys(
                (Cell(n, s) for n in ("gaussian_noise", "darkness") for s in range(1, 6)),
                measured[CLEAN],
            ),
            ["darkness", "gaussian_noise"],
        )
    )
    assert [r.split("|")[1].strip() for r in rows[3::5]] == ["`darkness`", "`gaussian_noise`"]


@pytest.mark.detector
def test_covered_and_free_frames_are_told_apart():
    clips = list(load_manifest("studio-c").select(open_dataset("studio", None).clip_ids()))
    cell = Cell("erase", 5)
    one = measure.covers(measure.look(clips[0], [CLEAN, cell], every=6))[cell]
    assert 0.3 < one.share < 0.9
    assert one.covered.pck < one.free.pck - 0.1
    (row,) = list(page.cover_table(one.free, {cell: one}))[2:]
    assert row.startswith(f"| `erase` | 5 | {one.share:.2f} | {one.covered.pck:.3f} |")
