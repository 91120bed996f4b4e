"""Train a lifter, reproducible to the last digit on one thread of a CPU."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.files import atomic, sha256_of_json
from corruptbench.training.samples import Samples, mirrored


@dataclass(frozen=True)
class Schedule:
    """Parameters of the training. The values are ours, chosen on a held-out training subject.

    Attributes:
        epochs: passes over the data.
        batch: chunks in a step.
        rate: learning rate of Adam in the first epoch.
        decay: factor of the rate from one epoch to the next.
        seed: seed of initial weights, order, mirroring and dropout.
    """

    epochs: int = 60
    batch: int = 64
    rate: float = 1e-3
    decay: float = 0.95
    seed: int = 1


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Use one thread, deterministic kernels and a seeded generator; restore all at the end."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(strict)


def train(
    make: Callable[[], nn.Module],
    samples: Samples,
    schedule: Schedule,
    device: str,
    checkpoint: Path,
    progress: Callable[[int, float], None],
) -> nn.Module:
    """Train a network on MPJPE with Adam; half of the chunks of a step are mirrored.

    The state is saved to ``checkpoint`` after every epoch. A run that finds a checkpoint of the
    same data and schedule continues from there and ends with the same weights.

    Args:
        make: returns the untrained network.
        samples: (N, T, K, C) inputs and (N, T', J, 3) targets in meters.
        schedule: parameters of the training.
        device: "cpu" or "cuda"; only a CPU gives the same digits everywhere.
        checkpoint: path of the saved state; removed at the end.
        progress: called after each epoch with its number and mean training error in mm.

    Returns:
        The trained network in evaluation mode, on ``device``.

    Raises:
        InputError: the loss is not finite any more.
    """
    with reproducible(schedule.seed):
        network = make().to(device)
        optimizer = torch.optim.Adam(network.parameters(), lr=schedule.rate, amsgrad=True)
        identity = _identity(network, samples, schedule, device)
        start = _resume(checkpoint, identity, network, optimizer)
        on_device = replace(
            samples, inputs=samples.inputs.to(device), targets=samples.targets.to(device)
        )
        for epoch in range(start, schedule.epochs):
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate * schedule.decay**epoch
            error = _epoch(network, optimizer, on_device, schedule, epoch)
            if not np.isfinite(error):
                raise InputError(
                    f"training diverged in epoch {epoch + 1}: the loss is {error}; lower the "
                    "learning rate"
                )
            _save(checkpoint, identity, network, optimizer, epoch + 1)
            progress(epoch + 1, 1000 * error)
    checkpoint.unlink(missing_ok=True)
    return network.eval()


def _epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    samples: Samples,
    schedule: Schedule,
    epoch: int,
) -> float:
    network.train()
    draw = np.random.Generator(np.random.Philox(key=schedule.seed, counter=[0, 0, 0, epoch]))
    order = torch.from_numpy(draw.permutation(len(samples)))
    total = 0.0
    for rows in torch.split(order, schedule.batch):
        x, y = samples.inputs[rows], samples.targets[rows]
        half = len(rows) // 2
        x = torch.cat([x[:half], mirrored(x[half:], samples.keypoints)])
        y = torch.cat([y[:half], mirrored(y[half:], samples.joints)])
        loss = torch.linalg.vector_norm(network(x) - y, dim=-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    return total / len(samples)


def weights_sha256(network: nn.Module) -> str:
    """Return the SHA-256 over names and values of all weights and buffers."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value.cpu().numpy()).tobytes())
    return digest.hexdigest()


def _identity(network: nn.Module, samples: Samples, schedule: Schedule, device: str) -> str:
    digest = hashlib.sha256(samples.inputs.numpy().tobytes())
    digest.update(samples.targets.numpy().tobytes())
    return sha256_of_json([digest.hexdigest(), str(network), asdict(schedule), device])


def _save(
    path: Path, identity: str, network: nn.Module, optimizer: torch.optim.Optimizer, epoch: int
) -> None:
    state = {
        "identity": identity,
        "epoch": epoch,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "generator": torch.get_rng_state(),
    }
    with atomic(path) as temporary:
        torch.save(state, temporary)


def _resume(path: Path, identity: str, network: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Restore a checkpoint of the same run; return the number of finished epochs."""
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
    except Exception:  # torch raises errors of many kinds; there is no checkpoint
        return 0
    if state.get("identity") != identity:
        return 0
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["generator"])
    return int(state["epoch"])
