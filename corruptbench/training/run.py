"""Train a lifter as a config says, from its shards to the network and its contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from math import prod
from pathlib import Path

from corruptbench.datasets.studio import TRAIN_NOISE
from corruptbench.errors import InputError
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.measured_noise import MeasuredNoise
from corruptbench.lifters.noise_file import load_noise
from corruptbench.lifters.tagn import FULL, PLAIN, TAGN, Noise
from corruptbench.progress import note
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import joint_set
from corruptbench.training.architectures import Form, architecture
from corruptbench.training.clips import TrainingClips
from corruptbench.training.config import WORDS, Config
from corruptbench.training.samples import joined
from corruptbench.training.scored import scored_lines
from corruptbench.training.state import Epoch
from corruptbench.training.train import Trained, Validation, train


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
    checkpoint: Path,
    progress: Callable[[Epoch], None],
) -> Result:
    """Train a lifter; see `corruptbench.training.train.train` for device, checkpoint and progress.

    Args:
        config: what is trained, and how.
        shard_sets: shards of training splits, with the clean cell: of one data set and detector.
        device: "cpu" or "cuda".
        checkpoint: path of the saved state.
        progress: called after each epoch.

    Raises:
        InputError: the config does not fit the shards or the noise; names the field.
    """
    _check(config)
    contract = contract_of(config)
    kind = architecture(config.lifter)
    clips = TrainingClips.of(shard_sets)
    training, held_out = _people(config, clips)
    samples = clips.samples(contract, training)
    if config.ca_conv and not samples.inputs[..., 2].any():
        raise InputError(
            f"{clips.where}: all scores are 0; expected those of a detector: train the plain form",
            "ca-conv",
        )
    if config.on_corruptions:
        episodes = _noise_of(clips, config.on_corruptions, "on-corruptions")
        samples = joined(samples, samples.corrupted(episodes))
    for line in _doubts(config, clips):
        note(line)
    trained = train(
        partial(kind.make, _form(config, contract)),
        len(contract.channels),
        samples,
        config.schedule,
        device,
        checkpoint,
        progress,
        _augment(config, clips, held_out),
        _validation(config, clips, contract, held_out) if held_out else None,
    )
    return Result(trained, contract, len(samples))


def _check(config: Config) -> None:
    """Raise `InputError` for an option that would have no effect."""
    if config.strength != 1 and config.tagn not in ("plain", "full"):
        raise InputError(
            f"strength: found {config.strength:g} with noise {config.tagn}; expected noise plain "
            "or full: others have no strength",
            "strength",
        )
    if config.schedule.patience and not config.validation:
        raise InputError(
            f"patience: found {config.schedule.patience} without validation; expected people whose "
            "error tells when to end",
            "patience",
        )
    for field in ("on_corruptions", "validation_noise"):
        if getattr(config, field) in set(WORDS) - {"measured"}:
            raise InputError(
                f"{field}: found '{getattr(config, field)}'; expected 'measured' or a file of "
                "measured noise",
                field.replace("_", "-"),
            )


def _doubts(config: Config, clips: TrainingClips) -> Iterator[str]:
    """Yield a line about each thing that can be right but seldom is."""
    for shard_set in clips.shard_sets:
        yield from scored_lines(shard_set)
    if config.tagn not in ("none", "plain", "full"):
        noise = _noise(config.tagn)
        if noise.source.detector != clips.detector:
            yield (
                f"warning: the noise {config.tagn} is of detector {noise.source.detector}, the "
                f"shards are of {clips.detector}: the lifter learns the errors of another detector"
            )


def contract_of(config: Config) -> Contract:
    """Return the contract of the lifter that a config describes."""
    return Contract.checked(
        {
            "name": config.name or name_of(config),
            "joints": config.joints,
            "channels": "xyc" if config.ca_conv else "xy",
            "normalize": "screen",
            "window": architecture(config.lifter).window,
            "frames": _frames(config),
            "units": "m",
            "root": "relative",
        },
        "the lifter's contract",
    )


def _form(config: Config, contract: Contract) -> Form:
    joints = len(joint_set(config.joints))
    return Form(joints, contract.frames, config.ca_conv, config.dropout, config.widths)


def _frames(config: Config) -> int:
    if config.widths and not config.frames:
        return prod(config.widths)
    kind = architecture(config.lifter)
    return config.frames or (kind.aware_frames if config.ca_conv else kind.frames)


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
    for field, names in (("validation", held_out), ("people", wanted)):
        for name in sorted(names - clips.people):
            raise InputError(
                f"{field}: {name} is not in {clips.where}; expected some of "
                f"{', '.join(sorted(clips.people))}",
                field,
            )
    if wanted <= held_out:
        raise InputError(
            f"validation: {', '.join(sorted(held_out))} are all people to train on; leave some",
            "validation",
        )
    return wanted - held_out, held_out


def _augment(config: Config, clips: TrainingClips, held_out: set[str]) -> TAGN | None:
    if config.tagn == "none":
        return None
    noise: Noise | MeasuredNoise
    if config.tagn in ("plain", "full"):
        noise = {"plain": PLAIN, "full": FULL}[config.tagn].scaled(config.strength)
    else:
        noise = _noise(config.tagn).without(clips.dataset, held_out)
    return TAGN(config.joints, noise, config.schedule.seed)


def _validation(
    config: Config, clips: TrainingClips, contract: Contract, people: set[str]
) -> Validation:
    noise = _noise_of(clips, config.validation_noise, "validation")
    measured_on = {e.subject for e in noise.episodes if e.is_of(clips.dataset, people)}
    for name in sorted(people - measured_on):
        raise InputError(
            f"validation: the noise {config.validation_noise} has no episode of {name} of "
            f"{clips.dataset}; expected episodes of all people of validation: measure them",
            "validation",
        )
    clean = clips.samples(contract, people)
    return Validation(clean, clean.corrupted(noise))


def _noise_of(clips: TrainingClips, name: str, field: str) -> MeasuredNoise:
    """Return noise that is added to the clips that it was measured on."""
    noise = _noise(name)
    if noise.source.detector != clips.detector:
        raise InputError(
            f"{field}: the noise {name} is of detector {noise.source.detector}, {clips.where} of "
            f"{clips.detector}; expected the same: measure it with this detector",
            field,
        )
    return noise


def _noise(name: str) -> MeasuredNoise:
    return _read(TRAIN_NOISE if name == "measured" else Path(name))


@lru_cache(maxsize=4)
def _read_once(path: Path, changed: int) -> MeasuredNoise:  # noqa: ARG001
    return load_noise(path)


def _read(path: Path) -> MeasuredNoise:
    """Read a noise file, which takes a second, only once as long as it is the same."""
    return _read_once(path, path.stat().st_mtime_ns if path.is_file() else 0)
