"""The noise of a training: by its name, and as what adds it to batches."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from corruptbench.datasets.studio import TRAIN_NOISE
from corruptbench.errors import InputError
from corruptbench.lifters.measured_noise import MeasuredNoise
from corruptbench.lifters.noise_file import load_noise
from corruptbench.lifters.tagn import FULL, PLAIN, TAGN, Noise
from corruptbench.storage import found_at
from corruptbench.training.clips import TrainingClips
from corruptbench.training.config import WORDS, Config

#: Noise that needs no measuring.
INVENTED = {"plain": PLAIN, "full": FULL}


def augment(config: Config, clips: TrainingClips, held_out: set[str]) -> TAGN | None:
    """Return what adds noise to batches, without episodes of held-out people; None for none."""
    if config.tagn == "none":
        return None
    noise: Noise | MeasuredNoise
    if config.tagn in INVENTED:
        noise = INVENTED[config.tagn]
    else:
        noise = named_noise(config.tagn, "tagn").without(clips.dataset, held_out)
    if config.strength != 1:
        noise = noise.scaled(config.strength)
    if config.kept is not None:
        noise = replace(noise, kept=config.kept)
    return TAGN(config.joints, noise, config.schedule.seed)


def noise_of(clips: TrainingClips, name: str, field: str) -> MeasuredNoise:
    """Return noise that is added to the clips that it was measured on.

    Raises:
        InputError: it is of another detector than the clips, or see `named_noise`.
    """
    noise = named_noise(name, field)
    clips.check_detector(noise, field, name)
    return noise


def named_noise(name: str, field: str) -> MeasuredNoise:
    """Return measured noise: "measured" for the one of the studio set, or that of a file.

    Args:
        name: "measured", or the path of a file.
        field: of the config, for messages.

    Raises:
        InputError: there is no such file, or it is no noise; names the field.
    """
    if name == "measured":
        return _read(TRAIN_NOISE)
    path = Path(name)
    if not path.is_file():
        words = WORDS if field == "tagn" else ("measured",)
        raise InputError(
            f"{field}: {name}: {found_at(path)}; expected {', '.join(words)}, or a file of "
            "measured noise",
            field.replace("_", "-"),
        )
    return _read(path)


@lru_cache(maxsize=4)
def _read_once(path: Path, changed: int) -> MeasuredNoise:  # noqa: ARG001
    return load_noise(path)


def _read(path: Path) -> MeasuredNoise:
    """Read a noise file, which takes a second, only once as long as it is the same."""
    return _read_once(path, path.stat().st_mtime_ns)
