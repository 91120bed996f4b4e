"""Start a training, up to the point where it takes place."""

from __future__ import annotations

from pathlib import Path

from corruptbench.training import run
from corruptbench.training.config import Config
from corruptbench.training.run import Checkpoints

NOWHERE = Checkpoints.beside(Path("none"))


def start(shard_set, **fields):
    run.run(Config(lifter="linear", **fields), [shard_set], "cpu", NOWHERE, print)
