"""The examples run: the scripts as scripts, the notebook cell by cell."""

from __future__ import annotations

import json
import runpy
import sys

import cv2
import matplotlib as mpl
import numpy as np
import pytest

from tests.docs.blocks import ROOT

EXAMPLES = ROOT / "examples"


def script(name: str, monkeypatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def test_every_example_is_tested():
    assert {p.name for p in EXAMPLES.iterdir() if p.is_file()} == {
        "corrupt_a_video.ipynb", "corrupt_frames.py", "evaluate_my_lifter.py", "report.html",
        "report.py",
    }  # fmt: skip


def test_corrupt_frames(tmp_path, monkeypatch):
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((64, 48, 3), (0, 128, 255), np.uint8))
    script("corrupt_frames.py", monkeypatch, tmp_path, tmp_path / "out", "gaussian_noise", 1)
    noisy = [cv2.imread(str(tmp_path / f"out/{i}.png")) for i in range(3)]
    assert np.mean(noisy, axis=(0, 1, 2)) == pytest.approx([0, 128, 255], abs=10)  # BGR stays
    assert (noisy[0] != noisy[1]).any()


@pytest.mark.detector
def test_evaluate_my_lifter(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder("examples"))
    script("evaluate_my_lifter.py", monkeypatch, "model.pt2", "shards")
    assert (EXAMPLES.cwd() / "results/videopose3d-27.json").is_file()
    assert "gaussian_noise" in capsys.readouterr().out


@pytest.mark.detector
def test_report(folder, monkeypatch):
    monkeypatch.chdir(folder("examples"))
    script("report.py", monkeypatch, "model.pt2")
    page = (EXAMPLES.cwd() / "report.html").read_text()
    assert page.count("<img ") == 2  # clean and gaussian_noise


def test_notebook():
    mpl.use("Agg")
    notebook = json.loads((EXAMPLES / "corrupt_a_video.ipynb").read_text())
    names: dict[str, object] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert not cell["outputs"], "strip the outputs"
            exec(compile("".join(cell["source"]), "corrupt_a_video.ipynb", "exec"), names)
    assert {n for n, noisy in names["noisy"].items() if (noisy != names["frames"]).any()} == {
        "gaussian_noise", "camera_shake", "erase",
    }  # fmt: skip
