"""Export a trained network with its contract inside."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim

from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.lifters.contract import EXTRA_FILE, Contract
from corruptbench.skeleton import joint_set


def check_suffix(path: Path) -> None:
    """Check that `export` can write a file of this name.

    Raises:
        InputError: the suffix is neither ``.pt`` nor ``.pt2``.
    """
    if path.suffix not in (".pt", ".pt2"):
        raise InputError(f"{path}: suffix '{path.suffix}'; expected .pt2 (torch.export) or .pt")


def export(network: nn.Module, contract: Contract, path: Path) -> None:
    """Write a network to ``path`` atomically: ``.pt2`` by torch.export, ``.pt`` as TorchScript.

    The batch size is dynamic; for "sequence" lifters the number of frames is, too.

    Args:
        network: (B, T, K, C) -> (B, T', J, 3), as the contract says; it is moved to the CPU.
        contract: is stored inside the file.
        path: the new file.

    Raises:
        InputError: ``path`` has another suffix.
        OSError: ``path`` cannot be written.
    """
    check_suffix(path)
    network = network.eval().cpu()
    time = contract.frames + (13 if contract.window == "sequence" else 0)
    example = torch.zeros(4, time, len(joint_set(contract.keypoints)), contract.width)
    extra = {EXTRA_FILE: contract.model_dump_json()}
    # Torch gets an open file: it takes a name for UTF-8.
    with (
        atomic(path) as temporary,
        temporary.open("wb") as stream,
        warnings.catch_warnings(),
        torch.no_grad(),
    ):
        warnings.simplefilter("ignore")  # torch.jit is deprecated, but many people use it
        if path.suffix == ".pt":
            traced = torch.jit.trace(network, example)  # type: ignore[no-untyped-call]
            torch.jit.save(traced, stream, _extra_files=extra)
        else:
            dynamic = {0: Dim.AUTO, 1: Dim.AUTO if contract.window == "sequence" else None}
            program = torch.export.export(network, (example,), dynamic_shapes=(dynamic,))
            torch.export.save(program, stream, extra_files=extra)
