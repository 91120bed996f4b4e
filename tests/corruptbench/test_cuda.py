"""What runs on a GPU gives what the CPU gives. All tests here need one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import corruptbench as cb
from corruptbench.datasets.studio import LEARNED_INPUT
from corruptbench.lifters.ca_input import load_input
from corruptbench.shards.shard_set import open_shards
from corruptbench.training.config import Config, Schedule
from corruptbench.training.run import Checkpoints, run
from corruptbench.training.train import train
from tests.corruptbench.test_training import SCHEDULE, make, samples

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"),
]

BASELINES = Path(__file__).parents[2] / "baselines"


def test_a_lifter_has_the_same_errors(mini, mini_manifest, mini_shards):
    shards = open_shards(mini_shards, mini, str(mini_manifest))
    cpu, gpu = (
        cb.evaluate(BASELINES / "videopose3d-27.pt2", shards, device=device, progress=False)
        for device in ("cpu", "cuda")
    )
    for one, other in zip(cpu.record.cells, gpu.record.cells, strict=True):
        assert other.mpjpe == pytest.approx(one.mpjpe, abs=0.05)  # mm


def test_an_input_gives_the_same_keypoints():
    network = load_input(LEARNED_INPUT)
    x = torch.rand(4, 200, 17, 3, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(network.cuda()(x.cuda()).cpu(), network.cpu()(x))


@pytest.mark.parametrize("precision", ["float32", "mixed"])
def test_a_training_goes_on(precision, tmp_path):
    """From its checkpoint, with the generator of the GPU, about where it was."""
    schedule = SCHEDULE.model_copy(update={"precision": precision})

    def trained(name, stop_after=None):
        def progress(epoch):
            if epoch.epoch == stop_after:
                raise KeyboardInterrupt

        return train(make, 2, samples(), schedule, "cuda", tmp_path / name, progress)

    whole = trained("whole")
    with pytest.raises(KeyboardInterrupt):
        trained("parts", stop_after=2)
    parts = trained("parts")
    assert [e.epoch for e in parts.epochs] == [1, 2, 3, 4]
    errors = [[e.training for e in found.epochs] for found in (whole, parts)]
    np.testing.assert_allclose(errors[0], errors[1], rtol=0.01)
    assert errors[0][-1] < errors[0][0]


@pytest.mark.parametrize("lifter", ["linear", "videopose3d", "attention"])
def test_all_lifters_train(lifter, mini, mini_manifest, mini_shards, tmp_path):
    shards = open_shards(mini_shards, mini, str(mini_manifest))
    config = Config(lifter=lifter, frames=9, tagn="full", ca_conv=True, schedule=Schedule(epochs=1))
    found = run(config, [shards], "cuda", Checkpoints.beside(tmp_path / "x"), lambda _: None)
    assert np.isfinite(found.trained.epochs[-1].training)
