"""The state of a training: weights, optimizer and epochs, as a checkpoint holds them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from corruptbench.files import atomic
from corruptbench.training.config import Schedule


@dataclass(frozen=True)
class Epoch:
    """The errors of an epoch, MPJPE in mm, and its learning rate.

    Attributes:
        epoch: its number, from 1.
        rate: learning rate.
        training: error on the training samples, with noise and dropout.
        clean: error of the averaged weights on clean validation samples; NaN without them.
        corrupted: likewise on corrupted ones.
        seconds: since the start of the epoch.
    """

    epoch: int
    rate: float
    training: float
    clean: float
    corrupted: float
    seconds: float


class State:
    """A network in training, with all that a checkpoint holds.

    Attributes:
        network: in training.
        schedule: parameters of the training.
        optimizer: Adam of its parameters.
        averaged: the network with averaged weights.
        epochs: those that are done.
        best_epoch: number of the epoch with the least validation error, or of the last one.
        best: averaged weights after that epoch.
    """

    def __init__(self, network: nn.Module, schedule: Schedule) -> None:
        """Begin with the weights of a network, on its device."""
        self.network, self.schedule = network, schedule
        self.optimizer = torch.optim.Adam(network.parameters(), lr=schedule.rate, amsgrad=True)
        mean = get_ema_multi_avg_fn(schedule.average)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(network, multi_avg_fn=mean, use_buffers=True)
        self.epochs: list[Epoch] = []
        self.best_epoch = 0
        self.best = deepcopy(network.state_dict())

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    @property
    def _on_gpu(self) -> bool:
        return self._device.type == "cuda"

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        return self.schedule.rate * self.schedule.decay**epoch

    def add(self, epoch: Epoch) -> None:
        """Add an epoch, and keep its weights if they are the best ones so far."""
        self.epochs.append(epoch)
        if np.isnan(epoch.corrupted) or _score(epoch) < self._least():
            self.best_epoch = epoch.epoch
            self.best = deepcopy(self.averaged.module.state_dict())

    def _least(self) -> float:
        return min((_score(e) for e in self.epochs[:-1]), default=float("inf"))

    def is_over(self) -> bool:
        """Return whether the validation error has not fallen for too long."""
        patience = self.schedule.patience
        return bool(patience) and len(self.epochs) - self.best_epoch >= patience

    def save(self, path: Path, identity: str) -> None:
        """Write a checkpoint of the run that ``identity`` stands for.

        Raises:
            OSError: it cannot be written.
        """
        state = {
            "identity": identity,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "averaged": self.averaged.state_dict(),
            "epochs": [asdict(e) for e in self.epochs],
            "best_epoch": self.best_epoch,
            "best": self.best,
            "generator": torch.get_rng_state(),
            "cuda_generator": torch.cuda.get_rng_state(self._device) if self._on_gpu else None,
        }
        content = io.BytesIO()  # on a full disk torch.save does not say why it failed
        torch.save({**state, "sha256": _sha256(state)}, content)
        with atomic(path) as temporary:
            temporary.write_bytes(content.getbuffer())

    def resume(self, path: Path, identity: str, say: Callable[[str], None]) -> None:
        """Restore a checkpoint, if there is one of the same run.

        Of another run, or a damaged one, it says that training starts anew.
        """
        if not path.exists():
            return
        state = _loaded(path)
        if state is None or state["identity"] != identity:
            found = "damaged" if state is None else "of another training"
            say(f"{path}: {found}; training starts with the first epoch")
            return
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.averaged.load_state_dict(state["averaged"])
        self.epochs = [Epoch(**e) for e in state["epochs"]]
        self.best_epoch, self.best = state["best_epoch"], state["best"]
        torch.set_rng_state(state["generator"])
        if self._on_gpu:
            torch.cuda.set_rng_state(state["cuda_generator"], self._device)


_KEYS = {
    "identity", "network", "optimizer", "averaged", "epochs", "best_epoch", "best", "generator",
    "cuda_generator",
}  # fmt: skip


def _loaded(path: Path) -> dict[str, Any] | None:
    """Return what `State.save` wrote; None if it is damaged."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        whole = state.pop("sha256") == _sha256(state) and state.keys() >= _KEYS
    except Exception:  # torch raises errors of many kinds
        return None
    return state if whole else None


def _sha256(content: Any) -> str:
    """Hash what a checkpoint holds: nested records of tensors, numbers and texts."""
    digest = hashlib.sha256()

    def add(value: Any) -> None:
        if isinstance(value, torch.Tensor):
            digest.update(f"{value.dtype}{tuple(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
        elif isinstance(value, dict):
            for key in value:
                digest.update(repr(key).encode())
                add(value[key])
        elif isinstance(value, (list, tuple)):
            for part in value:
                add(part)
        else:
            digest.update(repr(value).encode())

    add(content)
    return digest.hexdigest()


def _score(epoch: Epoch) -> float:
    """Return the error that chooses weights: that of clean and corrupted samples alike."""
    return (epoch.clean + epoch.corrupted) / 2
