"""Load a lifter and check it against its contract before it is used."""

from __future__ import annotations

import codecs
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import torch
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.files import sha256_of_file
from corruptbench.lifters.contract import EXTRA_FILE, Contract
from corruptbench.skeleton import joint_set
from corruptbench.text_files import read_text

Array32 = NDArray[np.float32]
Network = Callable[[torch.Tensor], torch.Tensor]
#: Files in an archive by name; text, or bytes once torch.jit has read them.
Extra = dict[str, Any]
#: Returns the network and the number of its parameters.
Loader = Callable[[BinaryIO, torch.device, Extra], tuple[Network, int]]

_EXPORT = (
    "export it with torch.export (model.pt2) or torch.jit.trace (model.pt); "
    "docs/lifters.md shows how"
)


@dataclass(frozen=True)
class Lifter:
    """A loaded lifter; a call is one forward pass.

    Attributes:
        contract: conventions of its input and output.
        network: a function on tensors.
        device: the device that the network runs on.
        sha256: digest of the file.
        bytes: size of the file.
        parameters: number of the network's parameters.
        name: of the file; empty for a network that comes from none.
    """

    contract: Contract
    network: Network
    device: torch.device
    sha256: str
    bytes: int
    parameters: int
    name: str = ""

    def __call__(self, batch: Array32) -> Array32:
        """Run the network on (B, T, K, C) float32 in the contract's convention.

        Raises:
            InputError: the network fails, or returns no tensor.
        """
        # A graph exported with a dynamic batch may refuse a batch of one.
        padded = np.concatenate([batch, batch]) if len(batch) == 1 else batch
        try:
            with torch.inference_mode():
                out = self.network(torch.from_numpy(padded).to(self.device))
        except Exception as error:  # a foreign program can raise anything
            raise InputError(
                f"{self.contract.name}: it fails on an input of shape {padded.shape} (batch, "
                f"frames, joints, {self.contract.channels}): {_last_line(error)}; correct the "
                "contract or the model (does its export fix the batch size or the length?)"
            ) from error
        if not isinstance(out, torch.Tensor):
            raise InputError(
                f"{self.contract.name}: it returned {type(out).__name__}, expected one "
                "tensor of poses; wrap it so that forward returns only the poses"
            )
        return cast(Array32, out[: len(batch)].float().cpu().numpy())


def load_lifter(path: Path, device: str) -> Lifter:
    """Load TorchScript (``.pt``) or a ``torch.export`` archive (``.pt2``), and probe it.

    The contract is the archive's extra file ``corruptbench.json``, or ``<model>.toml`` beside the
    archive. Plain pickles (``torch.save``) are refused. An exported model is still a program, and
    torch does not confine it: load only models that you would run.

    Args:
        path: the exported model.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        InputError: the file is not such an archive, has no contract, or breaks it.
        OSError: the file cannot be read.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected an exported lifter")
    target = usable_device(device)
    extra: Extra = {EXTRA_FILE: ""}
    # Torch gets an open file: it takes a name for UTF-8.
    with path.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, but many people use it
        load = _loader(path, stream)
        stream.seek(0)
        try:
            network, count = load(stream, target, extra)
        except Exception as error:  # torch raises errors of many kinds
            raise InputError(f"{path}: cannot be loaded ({_last_line(error)}); {_EXPORT}") from None
    contract = _contract(path, extra[EXTRA_FILE])
    digest, size = sha256_of_file(path), path.stat().st_size
    lifter = Lifter(contract, network, target, digest, size, count, path.name)
    probe(lifter)
    return lifter


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else repr(error)


def usable_device(name: str) -> torch.device:
    """Return the torch device of that name.

    Raises:
        InputError: torch cannot use it on this machine.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        message = f"device '{name}': not usable here ({reason}); try 'cpu'"
        raise InputError(message, "device") from None
    return device


def _loader(path: Path, stream: BinaryIO) -> Loader:
    """Return what loads an archive; raise `InputError` when it is no exported model."""
    if not zipfile.is_zipfile(stream):
        raise InputError(f"{path}: not an exported model (not a ZIP archive); {_EXPORT}")
    try:
        with zipfile.ZipFile(stream) as archive:
            inside = {name.partition("/")[2] for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise InputError(f"{path}: a damaged archive ({error}); copy or export it again") from None
    if "archive_format" in inside or any(n.startswith("models/") for n in inside):
        return _load_export
    if "constants.pkl" in inside and any(n.startswith("code/") for n in inside):
        return _load_script
    if "data.pkl" in inside:
        raise InputError(
            f"{path}: it holds pickled Python objects (torch.save), which can run any code when "
            f"they are loaded, and may lack the network's definition; {_EXPORT}"
        )
    raise InputError(f"{path}: a ZIP archive, but not of an exported model; {_EXPORT}")


def _load_script(stream: BinaryIO, device: torch.device, extra: Extra) -> tuple[Network, int]:
    script = torch.jit.load(stream, map_location=device, _extra_files=extra)  # type: ignore[no-untyped-call]
    script.eval()
    return script, sum(p.numel() for p in script.parameters())


def _load_export(stream: BinaryIO, device: torch.device, extra: Extra) -> tuple[Network, int]:
    program = torch.export.load(stream, extra_files=extra)
    count = sum(p.numel() for p in program.parameters())
    return cast(Network, program.module().to(device)), count


def _contract(path: Path, inside: str | bytes) -> Contract:
    if inside:
        data = inside.encode() if isinstance(inside, str) else inside
        data = data.removeprefix(codecs.BOM_UTF8)
        return Contract.parse(data, f"{path}: {EXTRA_FILE}", "correct it, and export again")
    beside = path.with_suffix(".toml")
    if not beside.is_file():
        raise InputError(
            f"{path}: it declares no contract; expected {EXTRA_FILE} inside the archive, or "
            f"{beside}; docs/lifters.md lists its fields"
        )
    return Contract.parse_toml(read_text(beside), str(beside))


def probe(lifter: Lifter) -> None:
    """Run the lifter on made-up input and compare its output with its contract.

    Two batch sizes and, for sequences, two lengths show whether the export fixed one of them.

    Raises:
        InputError: the output has another shape, is not finite, or differs between equal inputs.
    """
    contract = lifter.contract
    given_joints, joints = (len(joint_set(s)) for s in (contract.keypoints, contract.joints))
    for batch, more in ((3, 8), (5, 77)):
        extra = more if contract.window == "sequence" else 0
        given = _made_up((batch, contract.frames + extra, given_joints, contract.width), contract)
        poses = {"sequence": extra + 1, "centre": 1, "block": contract.frames}[contract.window]
        first, second = lifter(given), lifter(given)
        wanted = (batch, poses, joints, 3)
        if first.shape != wanted:
            raise InputError(
                f"{contract.name}: output shape {first.shape}, expected {wanted} for an input of "
                f"shape {given.shape} with window '{contract.window}'; correct the contract or "
                "the model"
            )
        if not np.isfinite(first).all():
            raise InputError(f"{contract.name}: the output holds NaN or infinity on finite input")
        if not np.array_equal(first, second):
            raise InputError(
                f"{contract.name}: the same input gives different outputs; export the model in "
                "evaluation mode (model.eval()), without dropout or sampling"
            )


def _made_up(shape: tuple[int, ...], contract: Contract) -> Array32:
    """Draw numbers in the usual range of the contract's input."""
    draw = np.random.Generator(np.random.Philox(key=1))
    values = draw.normal(0, 0.3, shape).astype(np.float32)
    if contract.normalize == "pixel":
        values[..., :2] = 500 + 200 * values[..., :2]
    if contract.channels == "xyc":
        values[..., 2] = np.abs(values[..., 2]).clip(0, 1)
    return values
