"""Exports a trained network with its contract inside."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim

from corruptbench.errors import InputError
from corruptbench.evaluation.contract import EXTRA_FILE, Contract
from corruptbench.files import atomic
from corruptbench.skeleton import joint_set


def check_suffix(path: Path) -> None:
    """Raises `InputError` unless `export` can write to a path of this name."""
    if path.suffix not in (".pt", ".pt2"):
        raise InputError(f"{path}: suffix '{path.suffix}'; expected .pt2 (torch.export) or .pt")


def export(network: nn.Module, contract: Contract, path: Path) -> None:
    """Writes ``path`` atomically: ``.pt2`` by torch.export, ``.pt`` as TorchScript.

    Batch and (for "sequence" lifters) time are dynamic.

    Raises:
        InputError: for another suffix.
    """
    check_suffix(path)
    network = network.eval().cpu()
    time = contract.frames + (13 if contract.window == "sequence" else 0)
    example = torch.zeros(4, time, len(joint_set(contract.keypoints)), contract.width)
    extra = {EXTRA_FILE: contract.model_dump_json()}
    with atomic(path) as temporary, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, yet what many people have
        if path.suffix == ".pt":
            traced = torch.jit.trace(network, example)  # type: ignore[no-untyped-call]
            torch.jit.save(traced, str(temporary), _extra_files=extra)
        else:
            dynamic = {0: Dim.AUTO, 1: Dim.AUTO if contract.window == "sequence" else None}
            program = torch.export.export(network, (example,), dynamic_shapes=(dynamic,))
            with temporary.open("wb") as stream:
                torch.export.save(program, stream, extra_files=extra)
