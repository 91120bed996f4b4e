"""The confidence-aware input of a training: what it learns, and where it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from corruptbench.datasets.studio import LEARNED_INPUT, TRAIN_NOISE, TRAIN_SHARDS
from corruptbench.errors import InputError
from corruptbench.lifters.ca_input import CAInput, load_input
from corruptbench.lifters.noise_file import load_noise
from corruptbench.shards.shard_set import open_shards
from corruptbench.training import clips, run
from corruptbench.training.attention import Attention
from corruptbench.training.blocks import InBlocks
from corruptbench.training.clips import TrainingClips
from corruptbench.training.confidences import (
    MARGIN,
    contract_of_input,
    learned_from,
    learned_input,
)
from corruptbench.training.config import Config, Schedule
from corruptbench.training.run import Checkpoints, contract_of
from corruptbench.training.samples import load_samples
from corruptbench.training.train import weights_sha256
from tests.corruptbench.training_starts import start


@pytest.mark.usefixtures("given")
def test_the_confidence_aware_form_needs_scores(shard_set, monkeypatch):
    def load(*arguments):
        samples = load_samples(*arguments)
        return replace(samples, inputs=samples.inputs * torch.tensor([1.0, 1.0, 0.0]))

    monkeypatch.setattr(clips, "load_samples", load)
    start(shard_set)
    with pytest.raises(InputError, match="all scores are 0"):
        start(shard_set, ca_conv=True)


@pytest.mark.parametrize("lifter", ["linear", "attention"])
def test_a_confidence_aware_lifter_is_the_plain_one_behind_an_input(
    lifter, shard_set, noise_file, tmp_path
):
    """What scores are worth is learned from the noise, and the lifter never sees the noise."""

    def trained(**fields):
        config = Config(lifter=lifter, frames=9, schedule=Schedule(epochs=1), **fields)
        return run.run(config, [shard_set], "cpu", Checkpoints.beside(tmp_path / "x"), print)

    plain = trained()
    for tagn, learns in (("none", False), ("plain", True), (str(noise_file), True)):
        aware = trained(ca_conv=True, tagn=tagn)
        front, behind = aware.trained.network
        for name, value in plain.trained.network.state_dict().items():
            found = behind.network if lifter == "attention" else behind
            assert torch.equal(found.state_dict()[name], value), name
        assert bool(front.learned[-1].weight.any()) == learns
        assert front.padded == (lifter == "attention")
        assert aware.contract.channels == "xyc"
        assert aware.contract.frames == {"attention": 9 * 16, "linear": 9 + 2 * 64}[lifter]


def test_blocks_of_a_clip_are_lifted_one_by_one():
    torch.manual_seed(1)
    network = Attention(17, 9, features=16, blocks=1, heads=2).eval()
    together, x = InBlocks(network, 9), torch.rand(3, 27, 17, 2)
    with torch.no_grad():
        single = torch.stack([torch.cat([*network(clip.reshape(3, 9, 17, 2))]) for clip in x])
        torch.testing.assert_close(together(x), single)
        with pytest.raises(ValueError, match="found 12 frames, expected a multiple of 9"):
            together(torch.rand(3, 12, 17, 2))


@pytest.mark.parametrize("lifter", ["linear", "attention"])
def test_validation_is_behind_the_input(lifter, shard_set, noise_file, tmp_path):
    """Its errors are those of the lifter on keypoints that the input has seen with its margin."""
    noise = str(noise_file)
    config = Config(
        lifter=lifter, frames=9, tagn=noise, ca_conv=True, validation=("A2",),
        validation_noise=noise, schedule=Schedule(epochs=1),
    )  # fmt: skip
    checkpoints = Checkpoints.beside(tmp_path / "x")
    found = run.run(config, [shard_set], "cpu", checkpoints, lambda _: None)
    front, behind = found.trained.network
    front = load_state(front)
    plain = contract_of(config.model_copy(update={"ca_conv": False}))
    clean = TrainingClips.of([shard_set]).samples(plain, {"A2"}, MARGIN)
    for samples, error in (
        (clean, found.trained.epochs[0].clean),
        (clean.corrupted(load_noise(noise_file)), found.trained.epochs[0].corrupted),
    ):
        with torch.no_grad():
            poses = behind(front(samples.inputs))
        assert poses.shape == samples.targets.shape
        distance = (poses - samples.targets).norm(dim=-1).mean().item()
        assert error == pytest.approx(1000 * distance, rel=1e-4)


def load_state(ca_input):
    """The same input, not padded."""
    found = CAInput(ca_input.reach)
    found.load_state_dict(ca_input.state_dict())
    return found.eval()


def test_an_input_learns_to_restore_keypoints(tmp_path):
    """From a person of the studio set, for another one."""
    clips = TrainingClips.of([open_shards(TRAIN_SHARDS, None)])
    noise = load_noise(TRAIN_NOISE)

    def pairs(person, step):
        chunks = clips.samples(contract_of_input("h36m17"), {person}).pairs(noise)
        return [samples.rows(range(0, len(samples), step)) for samples in chunks]

    def error(network, seen, clean):
        found = network(seen.inputs).detach()
        return (found - clean.inputs[:, MARGIN:-MARGIN, :, :2]).norm(dim=-1).mean()

    seen, clean = pairs("S1", 1)
    assert seen.spans == clean.spans
    learned = learned_input(seen, clean, 1, tmp_path / "checkpoint")
    other = pairs("S5", 10)
    assert error(learned, seen, clean) < 0.99 * error(CAInput(), seen, clean)
    assert error(learned, *other) < error(CAInput(), *other)


def test_the_lifter_of_the_project_has_the_input_of_the_project():
    path = Path(__file__).parents[2] / "baselines/videopose3d-81+tagn+ca-conv.pt2"
    state = torch.export.load(path).state_dict
    for name, value in load_input(LEARNED_INPUT).state_dict().items():
        assert torch.equal(state[f"0.{name}"], value), name


def test_learning_from_noise_of_other_people_or_detectors_is_refused(shard_set, noise_file):
    noise = load_noise(noise_file)
    other = replace(noise, source=noise.source.model_copy(update={"detector": "eye:sharp"}))
    with pytest.raises(InputError, match=r"of detector eye:sharp, .* of movenet"):
        learned_from([shard_set], other)
    with pytest.raises(InputError, match="people: S99 is not in"):
        learned_from([shard_set], noise, people=["S99"])
    with pytest.raises(InputError, match="no episode of a clip"):
        learned_from([shard_set], replace(noise, episodes=()), people=["A1"])


def test_one_seed_gives_one_input_whatever_was_drawn_before(shard_set, tmp_path):
    config = Config(lifter="linear", ca_conv=True, schedule=Schedule(epochs=1))

    def digest():
        found = run.run(config, [shard_set], "cpu", Checkpoints.beside(tmp_path / "x"), print)
        return weights_sha256(found.trained.network)

    first = digest()
    torch.rand(3)
    assert digest() == first
