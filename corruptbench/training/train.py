"""Train a lifter, reproducible to the last digit on one thread of a CPU."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from corruptbench.errors import InputError
from corruptbench.files import sha256_of_json
from corruptbench.progress import note
from corruptbench.training.config import Schedule
from corruptbench.training.samples import Samples, mirrored
from corruptbench.training.state import Epoch, State

#: Chunks that are lifted together to validate.
_TOGETHER = 256


@dataclass(frozen=True)
class Validation:
    """Samples of people who are not trained on: clean ones, and corrupted ones."""

    clean: Samples
    corrupted: Samples


class Augment(Protocol):
    """Adds noise to a batch, such as `corruptbench.lifters.tagn.TAGN`."""

    def __call__(self, poses: Tensor, step: int, chunks: Tensor) -> Tensor:
        """Return poses (B, T, K, 3) with the noise of an epoch and of these chunks."""


@dataclass(frozen=True)
class Trained:
    """A trained network and its epochs.

    Attributes:
        network: in evaluation mode, on the device of the training.
        epochs: all of them.
        best: number of the epoch whose weights it has.
    """

    network: nn.Module
    epochs: tuple[Epoch, ...]
    best: int


def train(
    make: Callable[[], nn.Module],
    channels: int,
    samples: Samples,
    schedule: Schedule,
    device: str,
    checkpoint: Path,
    progress: Callable[[Epoch], None],
    augment: Augment | None = None,
    validation: Validation | None = None,
    say: Callable[[str], None] = note,
) -> Trained:
    """Train a network on MPJPE with Adam; half of the chunks of a step are mirrored.

    The state is saved to ``checkpoint`` after every epoch. A run that finds a checkpoint of the
    same data and schedule continues from there and ends with the same weights.

    Args:
        make: returns the untrained network.
        channels: 2 for a network that reads x and y, 3 for one that reads scores too.
        samples: (N, T, K, 3) inputs and (N, T', J, 3) targets in meters.
        schedule: parameters of the training.
        device: "cpu" or "cuda"; only a CPU gives the same digits everywhere.
        checkpoint: path of the saved state. It stays, so that a caller can remove it when the
            network is saved. With the state of a finished training the same network is returned.
        progress: called after each epoch.
        augment: adds noise to the inputs of a step. It has to draw from ``step`` and ``chunks``
            only, and to say in its ``repr`` what it does.
        validation: decides, by the mean of its two errors, which epoch's weights are returned.
        say: gets a line where a checkpoint cannot be used.

    Raises:
        InputError: an error is not finite any more.
    """
    with reproducible(schedule.seed):
        network = make().to(device)
        state = State(network, schedule)
        identity = _identity(network, samples, schedule, device, augment, validation)
        state.resume(checkpoint, identity, say)
        on_device = _moved(samples, device)
        held_out = validation and Validation(
            _moved(validation.clean, device), _moved(validation.corrupted, device)
        )
        while len(state.epochs) < schedule.epochs and not state.is_over():
            began, number = time.monotonic(), len(state.epochs)
            error = _epoch(state, on_device, channels, augment)
            clean = corrupted = float("nan")
            if held_out:
                clean = mean_error(state.averaged, channels, held_out.clean)
                corrupted = mean_error(state.averaged, channels, held_out.corrupted)
            errors = {"training": 1000 * error}
            if held_out:
                errors |= {"clean": clean, "corrupted": corrupted}
            if not np.isfinite([*errors.values()]).all():
                raise _diverged(number + 1, errors, schedule, augment)
            rate, seconds = state.rate(number), time.monotonic() - began
            state.add(Epoch(number + 1, rate, 1000 * error, clean, corrupted, seconds))
            state.save(checkpoint, identity)
            progress(state.epochs[-1])
    network.load_state_dict(state.best)
    return Trained(network.eval(), tuple(state.epochs), state.best_epoch)


def _diverged(
    epoch: int, errors: dict[str, float], schedule: Schedule, augment: Augment | None
) -> InputError:
    found = ", ".join(f"{name} {error:g} mm" for name, error in errors.items())
    noise = " or the strength of the noise" if augment else ""
    return InputError(
        f"training diverged in epoch {epoch}: found errors {found}; expected finite "
        f"numbers: lower schedule.rate ({schedule.rate:g}){noise}"
    )


@torch.no_grad()
def mean_error(network: nn.Module, channels: int, samples: Samples) -> float:
    """Return the MPJPE of a network on samples in mm."""
    network.eval()
    total = 0.0
    for rows in torch.arange(len(samples)).split(_TOGETHER):  # type: ignore[no-untyped-call]
        x, y = samples.inputs[rows], samples.targets[rows]
        total += _loss(network(x[..., :channels]), y).item() * len(x)
    return 1000 * total / len(samples)


def _loss(poses: Tensor, targets: Tensor) -> Tensor:
    error: Tensor = torch.linalg.vector_norm(poses - targets, dim=-1).mean()
    return error


def _moved(samples: Samples, device: str) -> Samples:
    return replace(samples, inputs=samples.inputs.to(device), targets=samples.targets.to(device))


def _epoch(state: State, samples: Samples, channels: int, augment: Augment | None) -> float:
    """Train for an epoch; return the mean error in meters."""
    schedule, number = state.schedule, len(state.epochs)
    for group in state.optimizer.param_groups:
        group["lr"] = state.rate(number)
    state.network.train()
    draw = np.random.Generator(np.random.Philox(key=schedule.seed, counter=[0, 0, 0, number]))
    order = torch.from_numpy(draw.permutation(len(samples))).to(samples.inputs.device)
    total = 0.0
    for rows in order.split(schedule.batch):  # type: ignore[no-untyped-call]
        x, y = samples.inputs[rows], samples.targets[rows]
        if augment is not None:
            x = augment(x, number, rows)
        half = int(len(rows) + draw.integers(2)) // 2  # of an odd number, either way
        x = torch.cat([x[:half], mirrored(x[half:], samples.keypoints)])[..., :channels]
        y = torch.cat([y[:half], mirrored(y[half:], samples.joints)])
        total += train_step(state, x, y) * len(rows)
    return total / len(samples)


def train_step(state: State, x: Tensor, y: Tensor) -> float:
    """Train on a batch; return its mean error in meters.

    Args:
        state: is changed.
        x: (B, T, K, C), what the network reads.
        y: (B, T', J, 3) targets in meters.
    """
    with torch.autocast(x.device.type, torch.bfloat16, state.schedule.precision == "mixed"):
        poses = state.network(x)
    loss = _loss(poses.float(), y)
    state.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    state.averaged.update_parameters(state.network)
    return loss.item()


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Use one thread, deterministic kernels and a seeded generator; restore all at the end.

    cuBLAS has deterministic kernels only with a workspace of a fixed size, which is set for good.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
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


def weights_sha256(network: nn.Module) -> str:
    """Return the SHA-256 over names and values of all weights and buffers."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value.cpu().numpy()).tobytes())
    return digest.hexdigest()


def _identity(
    network: nn.Module,
    samples: Samples,
    schedule: Schedule,
    device: str,
    augment: Augment | None,
    validation: Validation | None,
) -> str:
    """Return what a checkpoint belongs to."""
    parts = [samples, *((validation.clean, validation.corrupted) if validation else ())]
    digests = [_sha256(part) for part in parts]
    shapes = {name: list(value.shape) for name, value in network.state_dict().items()}
    software = [version("corruptbench"), torch.__version__]
    return sha256_of_json(
        [software, digests, str(network), shapes, schedule.model_dump(), device, repr(augment)]
    )


def _sha256(samples: Samples) -> str:
    digest = hashlib.sha256(samples.inputs.numpy().tobytes())
    digest.update(samples.targets.numpy().tobytes())
    return digest.hexdigest()
