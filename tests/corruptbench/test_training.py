from __future__ import annotations

import pytest
import torch

from corruptbench.errors import InputError
from corruptbench.skeleton import H36M17
from corruptbench.training.samples import CHUNK, Samples, load_samples
from corruptbench.training.train import Schedule, train, weights_sha256
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract

SCHEDULE = Schedule(epochs=4, batch=8)


def make():
    return VideoPose3D(17, 2, widths=(3, 3), features=16)


def samples(count=20):
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(count, CHUNK + 8, 17, 2, generator=generator)
    targets = torch.cat([inputs[:, 4:-4], inputs[:, 4:-4, :, :1]], dim=-1) * 0.3
    return Samples(inputs, targets, H36M17, H36M17)


def run(tmp_path, schedule=SCHEDULE, data=None, stop_after=None, errors=None):
    def progress(epoch, error):
        if errors is not None:
            errors.append(error)
        if epoch == stop_after:
            raise KeyboardInterrupt

    return train(make, data or samples(), schedule, "cpu", tmp_path / "checkpoint", progress)


def test_receptive_field_is_the_product_of_the_widths():
    network = VideoPose3D(17, 2, widths=(3, 5, 3), features=8).eval()
    assert network.frames == 45
    x = torch.randn(2, 60, 17, 2)
    with torch.no_grad():
        before = network(x)
        assert before.shape == (2, 16, 17, 3)
        for frame, touched in ((0, [0]), (44, list(range(16))), (59, [15]), (20, list(range(16)))):
            changed = x.clone()
            changed[:, frame] += 1
            differs = (network(changed) != before).any(dim=3).any(dim=2).any(dim=0)
            assert set(differs.nonzero().flatten().tolist()) <= set(touched)
        # the pose of a frame depends on its window alone, at any place in the sequence
        assert torch.allclose(network(x[:, 7:52])[:, 0], before[:, 7], atol=1e-5)


def test_reproducible_to_the_last_digit(tmp_path):
    torch.manual_seed(99)  # whatever the state before
    first = weights_sha256(run(tmp_path))
    torch.rand(7)
    assert weights_sha256(run(tmp_path)) == first
    assert weights_sha256(run(tmp_path, Schedule(epochs=4, batch=8, seed=2))) != first


def test_the_callers_generator_is_left_alone(tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    run(tmp_path)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("stop_after", [1, 3])
def test_interrupted_and_resumed(tmp_path, stop_after):
    whole = weights_sha256(run(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_after=stop_after)
    assert (tmp_path / "checkpoint").exists()
    errors: list[float] = []
    assert weights_sha256(run(tmp_path, errors=errors)) == whole
    assert len(errors) == 4 - stop_after
    assert not (tmp_path / "checkpoint").exists()


def test_a_checkpoint_of_another_run_is_not_used(tmp_path):
    whole = weights_sha256(run(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, data=samples(24), stop_after=1)
    errors: list[float] = []
    assert weights_sha256(run(tmp_path, errors=errors)) == whole
    assert len(errors) == 4
    (tmp_path / "checkpoint").write_bytes(b"not a checkpoint")
    assert weights_sha256(run(tmp_path)) == whole


def test_it_learns(tmp_path):
    errors: list[float] = []
    run(tmp_path, Schedule(epochs=60, batch=8, rate=3e-3), errors=errors)
    assert errors[-1] < 0.5 * errors[0]


def test_divergence_is_named(tmp_path):
    bad = samples()
    bad.targets[0, 0, 0, 0] = float("nan")
    with pytest.raises(InputError, match="diverged in epoch 1"):
        run(tmp_path, data=bad)


@pytest.mark.parametrize("window", ["block", "centre", "clip"])
def test_samples_of_other_windows_are_refused(window):
    with pytest.raises(InputError, match=f'window "{window}", expected "sequence"'):
        load_samples(None, contract(window=window, frames=9))
