"""A miniature of HumanEva-I in the official layout, and a clip of it."""

from __future__ import annotations

import shutil

import pytest

from corruptbench.datasets.humaneva import HumanEva
from tests.fixtures import humaneva as fixture


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    return fixture.write_dataset(tmp_path_factory.mktemp("humaneva"))


@pytest.fixture
def root(original, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(original, tmp_path / "data")


def opened(root):
    return HumanEva(root, fixture.RECORDINGS, fixture.positions())


def clip(root, name):
    data = opened(root)
    return data.load(next(c for c in data.clip_ids() if str(c) == f"humaneva/{name}"))


def write_mocap(root, frames):
    shutil.rmtree(root / "converted_15j")
    folder = root / "S1/Mocap_Data"
    fixture.write_capture(folder / "Walking_1.mat", frames)
    fixture.write_capture(folder / "Static.mat", [fixture.body()])
    (folder / "S1.mp").write_text(
        "$LShoulderOffset = 50.5\n$RShoulderOffset = 50\n$Height = 1800\n"
    )
