"""Measure which share of a training step TAGN takes.

For the architectures and the batch of `corruptbench train`. Noise and step take turns on one
thread. Shares are of processor time, in medians over rounds. Usage:

    python -m benchmarks.tagn_speed [rounds]
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch

from benchmarks.arguments import whole_numbers
from benchmarks.corruption_speed import machine, table
from corruptbench.datasets.studio import TRAIN_NOISE
from corruptbench.lifters.noise_file import load_noise
from corruptbench.lifters.tagn import FULL, PLAIN, TAGN
from corruptbench.training.architectures import ARCHITECTURES, Form
from corruptbench.training.config import Schedule
from corruptbench.training.samples import CHUNK
from corruptbench.training.state import State
from corruptbench.training.train import train_step

#: Names and frames.
LIFTERS = (
    ("videopose3d", 27), ("videopose3d", 81), ("videopose3d", 243), ("linear", 9),
    ("attention", 27),
)  # fmt: skip
#: Share of a step, in percent.
GOAL = 5
NOISES = {"measured": load_noise(TRAIN_NOISE), "FULL": FULL, "PLAIN": PLAIN}


def seconds(run: Callable[[], object]) -> float:
    """Return the processor time that a call takes."""
    began = time.process_time()
    run()
    return time.process_time() - began


def shares(name: str, frames: int, rounds: int) -> list[str]:
    """Return a line of the table."""
    architecture, schedule = ARCHITECTURES[name], Schedule()
    length = frames if architecture.window == "block" else frames + CHUNK - 1
    poses = torch.rand(schedule.batch, length, 17, 2)
    network = architecture.make(Form(joints=17, frames=frames, dropout=0.1))
    targets = network(poses).detach() + 0.1
    step = partial(train_step, State(network, schedule), poses, targets)
    runs: dict[str, Callable[[], object]] = {"step": step} | {
        noise: partial(TAGN(noise=which), poses, 1) for noise, which in NOISES.items()
    }
    rows = [{what: seconds(run) for what, run in runs.items()} for _ in range(rounds + 1)][1:]
    found = (statistics.median(100 * row[n] / row["step"] for row in rows) for n in NOISES)
    whole = statistics.median(row["step"] for row in rows)
    return [f"{name}-{frames}", f"{1000 * whole:.1f}", *(f"{share:.1f}" for share in found)]


def main() -> None:
    """Command line."""
    (rounds,) = whole_numbers(__doc__, rounds=30)
    torch.set_num_threads(1)
    print(f"{machine()}. Medians of {rounds} rounds. Goal: at most {GOAL} %.\n")
    head = ["lifter", "step, ms", *(f"{noise}, % of a step" for noise in NOISES)]
    table(head, [shares(name, frames, rounds) for name, frames in LIFTERS])


if __name__ == "__main__":
    main()
