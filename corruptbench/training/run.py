"""Train a lifter as a config says, from its shards to the network and its contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, prod
from pathlib import Path

import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.leaderboard.about import About, TrainingData
from corruptbench.lifters.ca_input import CAInput, padded
from corruptbench.lifters.contract import Contract
from corruptbench.progress import note
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import joint_set
from corruptbench.training.architectures import Form, architecture
from corruptbench.training.blocks import InBlocks
from corruptbench.training.checks import check_effects, doubts
from corruptbench.training.clips import TrainingClips
from corruptbench.training.confidences import MARGIN, contract_of_input, learned_input
from corruptbench.training.config import Config
from corruptbench.training.noises import INVENTED, augment, noise_of
from corruptbench.training.samples import Samples, joined
from corruptbench.training.state import Epoch
from corruptbench.training.train import Trained, Validation, reproducible, train

#: Most frames of a contract.
MOST_FRAMES = 4096


@dataclass(frozen=True)
class Checkpoints:
    """Paths of the saved states of a training.

    Attributes:
        lifter: of the lifter itself.
        ca_input: of what learns to be in front of it.
    """

    lifter: Path
    ca_input: Path

    @classmethod
    def beside(cls, model: Path) -> Checkpoints:
        """Name hidden files beside the file of a model."""
        return cls(*(model.with_name(f".{model.name}.{s}") for s in ("checkpoint", "ca-input")))

    def remove(self) -> None:
        """Delete both, where they are."""
        for path in (self.lifter, self.ca_input):
            path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Result:
    """A trained lifter.

    Attributes:
        trained: the network and its epochs.
        contract: its conventions.
        samples: number of training chunks.
    """

    trained: Trained
    contract: Contract
    samples: int


def run(
    config: Config,
    shard_sets: Sequence[ShardSet],
    device: str,
    checkpoints: Checkpoints,
    progress: Callable[[Epoch], None],
    say: Callable[[str], None] = note,
) -> Result:
    """Train a lifter; see `corruptbench.training.train.train` for device and progress.

    A lifter behind a confidence-aware input has the same weights as one without: their trainings
    can share a checkpoint.

    Args:
        config: what is trained, and how.
        shard_sets: shards of training splits, with the clean cell: of one data set and detector.
        device: "cpu" or "cuda".
        checkpoints: of the lifter and of the input. They stay.
        progress: called after each epoch.
        say: gets a line about each thing that is seldom right, and about steps that take long.

    Raises:
        InputError: the config does not fit the shards or the noise; names the field.
    """
    check_effects(config)
    contract = contract_of(config)
    plain = contract_of(config.model_copy(update={"ca_conv": False}))
    clips = TrainingClips.of(shard_sets)
    training, held_out = _people(config, clips)
    samples = clips.samples(plain, training)
    if config.on_corruptions:
        episodes = noise_of(clips, config.on_corruptions, "on_corruptions")
        samples = joined(samples, samples.corrupted(episodes))
    for line in doubts(config, clips):
        say(line)
    ca_input = None
    if config.ca_conv:
        if config.tagn != "none":
            say("learning from the noise what scores are worth")
        ca_input = _input(config, clips, training, held_out, checkpoints.ca_input, say)
    trained = train(
        partial(architecture(config.lifter).make, _form(config, plain)),
        2,
        samples,
        config.schedule,
        device,
        checkpoints.lifter,
        progress,
        None if ca_input else augment(config, clips, held_out),
        _validation(config, clips, held_out, ca_input) if held_out else None,
        say,
    )
    if ca_input:
        trained = replace(trained, network=_behind(ca_input, trained.network.cpu(), config))
    return Result(trained, contract, len(samples))


def _input(
    config: Config,
    clips: TrainingClips,
    training: set[str],
    held_out: set[str],
    checkpoint: Path,
    say: Callable[[str], None],
) -> CAInput:
    """Return the confidence-aware input; with noise it learns what scores are worth from it."""
    clean = clips.samples(contract_of_input(config.joints), training)
    if not clean.inputs[..., 2].any():
        raise InputError(
            f"{clips.where}: all scores are 0; expected those of a detector: train the plain form",
            "ca-conv",
        )
    seed = config.schedule.seed
    with reproducible(seed):
        found = CAInput()
    if config.tagn in INVENTED:
        found = learned_input(clean, clean, seed, checkpoint, augment(config, clips, held_out), say)
    elif config.tagn != "none":
        noise = noise_of(clips, config.tagn, "tagn").without(clips.dataset, held_out)
        found = learned_input(*clean.pairs(noise), seed, checkpoint, None, say)
    return found.eval()


def _behind(ca_input: CAInput, network: nn.Module, config: Config) -> nn.Module:
    """Put an input in front of a lifter. Before blocks, it sees the frames of several of them."""
    if _is_block(config):
        return nn.Sequential(padded(ca_input), InBlocks(network, _frames(config))).eval()
    return nn.Sequential(ca_input, network).eval()


def _is_block(config: Config) -> bool:
    return architecture(config.lifter).window == "block"


def contract_of(config: Config) -> Contract:
    """Return the contract of the lifter that a config describes.

    Raises:
        InputError: its name or frames cannot be those of a contract.
    """
    frames = _frames(config) + _more_frames(config)
    _check_frames(config, frames)
    return Contract.checked(
        {
            "name": config.name or name_of(config),
            "joints": config.joints,
            "channels": "xyc" if config.ca_conv else "xy",
            "normalize": "screen",
            "window": architecture(config.lifter).window,
            "frames": frames,
            "units": "m",
            "root": "relative",
            "about": About(training_data=_training_data(config)),
        },
        "the config",
    )


def _training_data(config: Config) -> tuple[TrainingData, ...]:
    """Return what a lifter is trained on, for its row on the leaderboard."""
    noise: tuple[TrainingData, ...] = () if config.tagn == "none" else ("augmented",)
    return ("clean", *noise, *(("corrupted",) if config.on_corruptions else ()))


def _check_frames(config: Config, frames: int) -> None:
    """Raise `InputError` where a lifter reads more frames than a contract can say."""
    if frames > MOST_FRAMES:
        more = f" and {_more_frames(config)} more for the scores" if config.ca_conv else ""
        field = "widths" if config.widths and not config.frames else "frames"
        raise InputError(
            f"{field}: found {_frames(config)} frames{more}; expected at most {MOST_FRAMES} in all",
            field,
        )


def _form(config: Config, contract: Contract) -> Form:
    joints = len(joint_set(config.joints))
    return Form(joints, contract.frames, config.dropout, config.widths)


def _frames(config: Config) -> int:
    """Return the frames that the lifter itself reads."""
    if config.widths and not config.frames:
        return prod(config.widths)
    return config.frames or architecture(config.lifter).frames


def _more_frames(config: Config) -> int:
    """Return by how many frames a confidence-aware input makes the window longer."""
    if not config.ca_conv:
        return 0
    if _is_block(config):
        return ceil(2 * MARGIN / _frames(config)) * _frames(config)  # whole blocks
    return 2 * MARGIN


#: What noise adds to the name of a lifter; files are measured noise.
_TAGN_IN_NAME = {"none": "", "plain": "+tagn-plain", "full": "+tagn-full"}


def name_of(config: Config) -> str:
    """Return a name that says what the lifter is, such as "videopose3d-27+tagn"."""
    frames = _frames(config)
    parts = [
        config.lifter if frames == 1 else f"{config.lifter}-{frames}",
        "" if config.joints == "h36m17" else f"-{config.joints}",
        _TAGN_IN_NAME.get(config.tagn, "+tagn"),
        "+ca-conv" if config.ca_conv else "",
        "+on-corruptions" if config.on_corruptions else "",
    ]
    return "".join(parts)


def _people(config: Config, clips: TrainingClips) -> tuple[set[str], set[str]]:
    """Return the people that are trained on, and those that are held out."""
    held_out, wanted = set(config.validation), set(config.people or clips.people)
    clips.check_people(held_out, "validation")
    clips.check_people(wanted, "people")
    if wanted <= held_out:
        raise InputError(
            f"validation: {', '.join(sorted(held_out))} are all people to train on; leave some",
            "validation",
        )
    return wanted - held_out, held_out


def _validation(
    config: Config, clips: TrainingClips, people: set[str], ca_input: CAInput | None
) -> Validation:
    noise = noise_of(clips, config.validation_noise, "validation_noise")
    measured_on = {e.subject for e in noise.episodes if e.is_of(clips.dataset, people)}
    for name in sorted(people - measured_on):
        raise InputError(
            f"validation_noise: {config.validation_noise} has no episode of {name} of "
            f"{clips.dataset}; expected episodes of all people of validation: measure their clips, "
            "and name the file in a config (validation_noise)",
            "validation",
        )
    plain = contract_of(config.model_copy(update={"ca_conv": False}))
    clean = clips.samples(plain, people, MARGIN if ca_input else 0)
    corrupted = clean.corrupted(noise)
    if ca_input:
        return Validation(*(_through(ca_input, samples) for samples in (clean, corrupted)))
    return Validation(clean, corrupted)


@torch.no_grad()
def _through(ca_input: CAInput, samples: Samples) -> Samples:
    """Return samples whose keypoints went through the input, which takes its margin off them."""
    parts = samples.inputs.split(256)  # type: ignore[no-untyped-call]
    return replace(samples, inputs=torch.cat([ca_input(part) for part in parts]))
