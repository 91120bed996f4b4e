"""The members of an honest model file."""

from pathlib import Path

import pytest

from tests.fixtures import model_files as files

BASELINES = Path(__file__).parents[3] / "baselines"


@pytest.fixture
def members(model_folder) -> files.Members:
    return files.read(model_folder / "tiny.pt2")
