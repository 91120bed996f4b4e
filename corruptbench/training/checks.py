"""Checks of a config before the training: options without effect, and what is seldom right."""

from __future__ import annotations

from collections.abc import Iterator

from corruptbench.errors import InputError
from corruptbench.training.clips import TrainingClips
from corruptbench.training.config import WORDS, Config
from corruptbench.training.noises import INVENTED, named_noise
from corruptbench.training.scored import scored_lines, scored_noise_lines


def check_effects(config: Config) -> None:
    """Raise `InputError` for an option that would have no effect."""
    strength = None if config.strength == 1 else config.strength
    for field, value in {"strength": strength, "kept": config.kept}.items():
        if value is not None and (config.tagn == "none" or _learns_from_episodes(config)):
            raise InputError(
                f"{field}: found {value:g} with noise {config.tagn}"
                f"{' and ca_conv' * config.ca_conv}; expected noise that is drawn for chunks: "
                f"leave {field} out",
                field,
            )
    if config.schedule.patience and not config.validation:
        raise InputError(
            f"patience: found {config.schedule.patience} without validation; expected people whose "
            "error tells when to end",
            "patience",
        )
    default = Config.model_fields["validation_noise"].default
    if config.validation_noise != default and not config.validation:
        raise InputError(
            f"validation_noise: found {config.validation_noise} without validation; expected "
            "people of validation: name them, or leave the noise out",
            "validation-noise",
        )
    if config.ca_conv and config.on_corruptions:
        raise InputError(
            "on_corruptions: found with ca_conv; expected one of them: behind a confidence-aware "
            "input a lifter does not see the detections that it would be trained on",
            "on-corruptions",
        )
    for field in ("on_corruptions", "validation_noise"):
        if getattr(config, field) in set(WORDS) - {"measured"}:
            raise InputError(
                f"{field}: found '{getattr(config, field)}'; expected 'measured' or a file of "
                "measured noise",
                field.replace("_", "-"),
            )


def _learns_from_episodes(config: Config) -> bool:
    """Tell whether the noise teaches an input from whole episodes, and nothing is drawn."""
    return config.ca_conv and config.tagn not in INVENTED


def doubts(config: Config, clips: TrainingClips) -> Iterator[str]:
    """Yield a line about each thing that can be right but seldom is.

    Raises:
        InputError: a noise of the config cannot be read; names the field.
    """
    for shard_set in clips.shard_sets:
        yield from scored_lines(shard_set)
    noises = _measured_noises(config)
    for name, field in noises.items():
        yield from scored_noise_lines(named_noise(name, field), name)
    if config.tagn in noises:
        noise = named_noise(config.tagn, "tagn")
        if noise.source.detector != clips.detector:
            yield (
                f"warning: the noise {config.tagn} is of detector {noise.source.detector}, the "
                f"shards are of {clips.detector}: the lifter learns the errors of another detector"
            )


def _measured_noises(config: Config) -> dict[str, str]:
    """Return the names of all measured noises that are used, each with a field that has it."""
    fields = ["validation_noise"] if config.validation else []
    field_of = {getattr(config, field): field for field in (*fields, "on_corruptions", "tagn")}
    return {n: field for n, field in field_of.items() if n not in (None, "none", *INVENTED)}
