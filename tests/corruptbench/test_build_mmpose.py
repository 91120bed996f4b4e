"""A whole build with a model of mmpose, and the option that names its checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corruptbench.detectors import load
from corruptbench.manifest import CLEAN
from corruptbench.shards import parquet
from corruptbench.shards.lock import read_lock
from tests.corruptbench.conftest import build_arguments
from tests.fixtures.mmpose_models import MOBILENET, needs_mmpose, write_model

FEW = ("--severity", "1", "--corruption", "gaussian_noise", "--quiet")
NAME = Path(MOBILENET).name
SHARD = "keypoints/mini/A1/step_1.cam1.parquet"


@needs_mmpose
def test_a_build_with_a_name_of_mmpose_and_a_checkpoint(mini, mini_manifest, tmp_path, cli):
    weights = write_model(tmp_path, MOBILENET).weights
    out = tmp_path / "shards"
    words = build_arguments(mini, mini_manifest, out, *FEW, "--detector", f"mmpose:{NAME}")
    done = cli(*words, "--weights", weights, "--workers", 1)
    assert done.code == 0, done.err
    record, loaded = read_lock(out / "lock.json").detector, load(f"mmpose:{NAME}:{weights}")
    assert (record.name, record.layout) == (f"mmpose:{NAME}", "coco17")
    assert record.weights_sha256 == loaded.weights_sha256
    (clean,) = parquet.read(out / SHARD, [CLEAN])
    assert np.isfinite(clean.keypoints).all()
    assert cli("verify", out).code == 0


def test_weights_are_for_models_of_mmpose(mini, mini_manifest, tmp_path, cli):
    words = build_arguments(mini, mini_manifest, tmp_path / "shards", *FEW)
    done = cli(*words, "--weights", "w.pth")
    assert done.code == 2
    assert "--weights w.pth is for mmpose:CONFIG: leave it out" in done.err


@pytest.mark.parametrize("order", ["first", "last"])
def test_the_checkpoint_is_part_of_the_detector(order, mini, mini_manifest, tmp_path, cli):
    """Wherever the option stands: the error names the file that is missing."""
    config = tmp_path / "model.py"
    config.write_text("")
    option = ["--weights", str(tmp_path / "no.pth")]
    words = build_arguments(mini, mini_manifest, tmp_path / "shards", *FEW)
    named = [*option, "--detector", f"mmpose:{config}"]
    done = cli(*words, *(named if order == "first" else [*named[2:], *option]))
    assert done.code == 2
    assert f"{tmp_path / 'no.pth'}: no such file, expected a checkpoint" in done.err
    assert not (tmp_path / "shards").exists()


@pytest.mark.parametrize("command", ["build", "preview", "corrupt", "data check"])
def test_every_command_with_a_detector_takes_weights(command, cli):
    assert "--weights" in cli(*command.split(), "--help").out
