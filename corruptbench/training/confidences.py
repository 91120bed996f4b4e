"""Learn what the scores of a detector are worth, from its detections of corrupted clips.

A `CAInput` is trained to give back the keypoints that the detector found without the corruption.
No 3D pose is learned from, though the clips need labels. The lifter is not part of it, so one
input serves every lifter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from torch import Tensor, nn

from corruptbench.lifters.ca_input import AROUND, REACH, CAInput
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.measured_noise import MeasuredNoise, sizes
from corruptbench.progress import note
from corruptbench.shards.shard_set import ShardSet
from corruptbench.training.clips import TrainingClips
from corruptbench.training.config import Schedule
from corruptbench.training.samples import Samples
from corruptbench.training.scored import note_scored
from corruptbench.training.train import Augment, train

#: Frames on each side that an input depends on.
MARGIN = REACH + AROUND
#: Our own choice, on a held-out person.
SCHEDULE = Schedule(epochs=8, batch=32, rate=3e-3, decay=0.7, average=0.99)


def contract_of_input(joints: str) -> Contract:
    """Return the contract by which samples for `learned_input` are cut."""
    return Contract.checked(
        {
            "name": "confidences", "joints": joints, "channels": "xyc", "normalize": "screen",
            "window": "sequence", "frames": 2 * MARGIN + 1, "units": "m", "root": "relative",
        },
        "the contract of the input",
    )  # fmt: skip


def learned_input(
    seen: Samples,
    clean: Samples,
    seed: int,
    checkpoint: Path,
    augment: Augment | None = None,
    say: Callable[[str], None] = note,
) -> CAInput:
    """Return an input that has learned to restore keypoints.

    Args:
        seen: N chunks of detections, cut by `contract_of_input`.
        clean: the same chunks without corruption.
        seed: of the initial weights and the order.
        checkpoint: path of the saved state; see `corruptbench.training.train.train`.
        augment: adds noise to ``seen``.
        say: gets a line where a checkpoint cannot be used.
    """
    size = sizes(clean.inputs[..., :2]).mean(dim=1, keepdim=True)
    inputs = seen.inputs.clone()
    inputs[..., :2] /= size
    wanted = clean.inputs[:, MARGIN:-MARGIN, :, :2] / size
    pairs = replace(seen, inputs=inputs, targets=wanted, joints=seen.keypoints)
    schedule = SCHEDULE.model_copy(update={"seed": seed})
    found = train(
        _Learning, 3, pairs, schedule, "cpu", checkpoint, lambda _: None, augment, None, say
    )
    assert isinstance(found.network, _Learning)
    return found.network.ca_input


class _Learning(nn.Module):
    """An input that is learning.

    It gives its output as it lies in memory. A copy in another order would be rounded otherwise,
    and the digests of the shipped models would change.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ca_input = CAInput()

    def forward(self, x: Tensor) -> Tensor:
        return self.ca_input.replaced(x)


def learned_from(
    shard_sets: ShardSet | Sequence[ShardSet],
    noise: MeasuredNoise,
    people: str | Collection[str] | None = None,
    seed: int = 1,
) -> CAInput:
    """Return an input that has learned from measured noise of clips of these shards.

    Args:
        shard_sets: shards of training splits, with the clean cell; one or more.
        noise: measured on some of their clips.
        people: whose clips, one name or more; None for all.
        seed: of the initial weights and the order.

    Raises:
        InputError: the noise is of another detector, no episode is of one of the clips, their
            joints or frames do not fit, or a person is not in the shards.
    """
    shard_sets = [shard_sets] if isinstance(shard_sets, ShardSet) else shard_sets
    people = [people] if isinstance(people, str) else people
    clips = TrainingClips.of(shard_sets)
    clips.check_detector(noise, "noise", noise.source.benchmark)
    wanted = clips.people if people is None else people
    clips.check_people(wanted, "people")
    for shard_set in shard_sets:
        note_scored(shard_set)
    clean = clips.samples(contract_of_input(noise.source.joints), wanted)
    with TemporaryDirectory() as folder:
        return learned_input(*clean.pairs(noise), seed, Path(folder) / "checkpoint")
