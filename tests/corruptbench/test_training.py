from __future__ import annotations

import pytest
import torch

from corruptbench.errors import InputError
from corruptbench.lifters.tagn import TAGN
from corruptbench.skeleton import H36M17
from corruptbench.training.config import Schedule
from corruptbench.training.samples import CHUNK, Samples, Span, load_samples
from corruptbench.training.state import Epoch
from corruptbench.training.train import Validation, mean_error, train, weights_sha256
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract

SCHEDULE = Schedule(epochs=4, batch=8)


def weights(trained):
    return weights_sha256(trained.network)


def make():
    return VideoPose3D(17, 2, widths=(3, 3), features=16)


def samples(count=20, seed=5):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.rand(count, CHUNK + 8, 17, 3, generator=generator)
    targets = torch.cat([inputs[:, 4:-4, :, :2], inputs[:, 4:-4, :, :1]], dim=-1) * 0.3
    spans = tuple(Span(f"S1/walking_{i}.cam1", -4, CHUNK + 4, CHUNK) for i in range(count))
    return Samples(inputs, targets, spans, H36M17, H36M17)


def run(tmp_path, schedule=SCHEDULE, data=None, stop_after=None, epochs=None, **options):
    def progress(epoch):
        if epochs is not None:
            epochs.append(epoch)
        if epoch.epoch == stop_after:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "checkpoint"
    return train(make, 2, data or samples(), schedule, "cpu", checkpoint, progress, **options)


def held_out():
    return Validation(samples(8, seed=6), samples(8, seed=7))


def anew(folder, *arguments, **options):
    """Train without what an earlier training left."""
    (folder / "checkpoint").unlink(missing_ok=True)
    found = run(folder, *arguments, **options)
    (folder / "checkpoint").unlink()
    return found


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
    first = weights(anew(tmp_path))
    torch.rand(7)
    assert weights(anew(tmp_path)) == first
    assert weights(anew(tmp_path, Schedule(epochs=4, batch=8, seed=2))) != first


def test_the_callers_generator_is_left_alone(tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    run(tmp_path)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("stop_after", [1, 3])
@pytest.mark.parametrize("is_validated", [False, True])
def test_interrupted_and_resumed(tmp_path, stop_after, is_validated):
    options = {"augment": TAGN(), "validation": held_out() if is_validated else None}
    whole = anew(tmp_path, **options)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_after=stop_after, **options)
    assert (tmp_path / "checkpoint").exists()
    epochs: list[Epoch] = []
    again = run(tmp_path, epochs=epochs, **options)
    assert weights(again) == weights(whole)
    assert [e.training for e in again.epochs] == [e.training for e in whole.epochs]
    assert len(epochs) == 4 - stop_after


def test_a_finished_training_is_not_done_again(tmp_path):
    """The network can still be saved where saving it failed."""
    whole, epochs = run(tmp_path), []
    assert weights(run(tmp_path, epochs=epochs)) == weights(whole)
    assert epochs == []


@pytest.mark.parametrize("part", ["network", "best"])
def test_a_damaged_checkpoint_is_not_used(tmp_path, capsys, part):
    whole = weights(anew(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_after=2)
    state = torch.load(tmp_path / "checkpoint", weights_only=True)
    next(iter(state[part].values())).zero_()
    torch.save(state, tmp_path / "checkpoint")
    epochs: list[Epoch] = []
    assert weights(run(tmp_path, epochs=epochs)) == whole
    assert len(epochs) == 4
    assert "checkpoint: damaged; training starts with the first epoch" in capsys.readouterr().err


@pytest.mark.parametrize("content", [[], None, torch.rand(3), {}, {"identity": "x"}])
def test_a_file_of_another_kind_is_no_checkpoint(tmp_path, content):
    whole = weights(anew(tmp_path))
    torch.save(content, tmp_path / "checkpoint")
    assert weights(run(tmp_path)) == whole


def test_the_best_weights_outlive_an_interruption(tmp_path):
    """They are of an epoch before the checkpoint, and none after it is better."""
    schedule = Schedule(epochs=60, batch=8, rate=0.05, decay=1.0, average=0.0, patience=3)
    whole = anew(tmp_path, schedule, validation=held_out())
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, schedule, validation=held_out(), stop_after=whole.best + 1)
    again = run(tmp_path, schedule, validation=held_out())
    assert (again.best, len(again.epochs)) == (whole.best, whole.best + 3)
    assert weights(again) == weights(whole)


def test_a_checkpoint_of_other_validation_samples_is_not_used(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_after=2, validation=held_out())
    epochs: list[Epoch] = []
    other = Validation(held_out().clean, samples(8, seed=8))
    run(tmp_path, epochs=epochs, validation=other)
    assert len(epochs) == SCHEDULE.epochs


def test_a_checkpoint_of_another_run_is_not_used(tmp_path, capsys):
    whole = weights(anew(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, data=samples(24), stop_after=1)
    epochs: list[Epoch] = []
    assert weights(run(tmp_path, epochs=epochs)) == whole
    assert len(epochs) == 4
    assert "of another training; training starts with the first epoch" in capsys.readouterr().err
    (tmp_path / "checkpoint").write_bytes(b"not a checkpoint")
    assert weights(run(tmp_path)) == whole


def test_it_learns(tmp_path):
    epochs: list[Epoch] = []
    run(tmp_path, Schedule(epochs=60, batch=8, rate=3e-3), epochs=epochs)
    assert epochs[-1].training < 0.5 * epochs[0].training


def test_divergence_is_named(tmp_path):
    bad = samples()
    bad.targets[0, 0, 0, 0] = float("nan")
    with pytest.raises(
        InputError, match=r"diverged in epoch 1: .*training nan mm.*schedule\.rate \(0\.001\)$"
    ):
        run(tmp_path, data=bad)
    with pytest.raises(InputError, match=r"schedule\.rate .*strength of the noise"):
        run(tmp_path, augment=lambda x, *_: x * float("inf"))
    validation = Validation(held_out().clean, bad)
    with pytest.raises(InputError, match=r"training \d.*, clean \d.*, corrupted nan mm; expected"):
        run(tmp_path, validation=validation)


@pytest.mark.parametrize("window", ["centre", "clip"])
def test_samples_of_other_windows_are_refused(window):
    with pytest.raises(InputError, match=f'window "{window}", expected "sequence" or "block"'):
        load_samples(None, contract(window=window, frames=9))


def test_the_averaged_weights_are_those_of_a_plain_loop(tmp_path):
    """Against the weights after each epoch of one step, which training without averaging gives."""
    rate = {"batch": 20, "decay": 1.0}
    average, count = 0.75, 5
    expected = None
    for steps in range(1, count + 1):
        plain = run(tmp_path, Schedule(epochs=steps, average=0.0, **rate)).network.state_dict()
        if expected is None:  # the average begins with the first weights
            expected = {k: v.double() for k, v in plain.items()}
        else:
            for key, value in plain.items():
                expected[key] = average * expected[key] + (1 - average) * value
    found = run(tmp_path, Schedule(epochs=count, average=average, **rate)).network.state_dict()
    for key, value in found.items():
        if value.dtype.is_floating_point:
            assert torch.allclose(value.double(), expected[key], atol=1e-6), key


def test_the_epoch_with_the_least_validation_error_is_kept(tmp_path):
    epochs: list[Epoch] = []
    schedule = Schedule(epochs=30, batch=8, rate=0.05, decay=1.0, average=0.0)
    validation = held_out()
    trained = run(tmp_path, schedule, epochs=epochs, validation=validation)
    scores = [(e.clean + e.corrupted) / 2 for e in epochs]
    assert trained.best == scores.index(min(scores)) + 1 < len(epochs)
    assert mean_error(trained.network, 2, validation.clean) == pytest.approx(
        epochs[trained.best - 1].clean
    )


def test_training_ends_early(tmp_path):
    schedule = Schedule(epochs=60, batch=8, rate=0.05, decay=1.0, average=0.0, patience=3)
    trained = run(tmp_path, schedule, validation=held_out())
    assert len(trained.epochs) == trained.best + 3 < 60


def test_noise_changes_the_weights_and_is_that_of_the_seed(tmp_path):
    plain, noisy = weights(run(tmp_path)), weights(run(tmp_path, augment=TAGN()))
    assert plain != noisy
    assert weights(run(tmp_path, augment=TAGN())) == noisy
    assert weights(run(tmp_path, augment=TAGN(seed=1))) != noisy


def test_a_checkpoint_of_other_noise_is_not_used(tmp_path):
    whole = weights(run(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_after=2, augment=TAGN())
    assert weights(run(tmp_path)) == whole


def test_mixed_precision_trains(tmp_path):
    epochs: list[Epoch] = []
    run(tmp_path, Schedule(epochs=20, batch=8, rate=3e-3, precision="mixed"), epochs=epochs)
    assert epochs[-1].training < 0.7 * epochs[0].training
