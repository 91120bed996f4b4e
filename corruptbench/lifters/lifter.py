"""A lifter: a network with a contract, and what a result says about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.lifters.allowance import Allowance
from corruptbench.lifters.archive import ModelFile, inspect
from corruptbench.lifters.axes import Axis, Pattern, arranged, restored, written
from corruptbench.lifters.contract import EXTRA_FILE, Contract
from corruptbench.lifters.contract_file import read_contract
from corruptbench.lifters.process import ModelProcess, RunLimits
from corruptbench.lifters.statistics import OutputStatistics

Array32 = NDArray[np.float32]

#: One forward pass: a batch in the order of the contract's ``input`` and the elements of the output
#: that are wanted (None: the output is one array); returns these arrays.
Run = Callable[[Array32, Sequence[int | str | None]], list[Array32]]


def _unseeded(seed: int) -> None:
    """Do nothing: the network draws no random numbers."""


def _nothing() -> None:
    """Do nothing: a function of this process has no process of its own."""


@dataclass(frozen=True)
class Lifter:
    """A loaded lifter; a call is one forward pass.

    Attributes:
        contract: conventions of its input and output.
        run: the forward pass of the network.
        device: the device that the network runs on.
        sha256: digest of the file.
        bytes: size of the file.
        parameters: number of the network's parameters.
        name: of the file; empty for a network that comes from none.
        allowance: the probes that it may fail, and those that it failed.
        seed: sets the seed of the network's random numbers.
        reload: loads the network anew.
        close: stops the forward pass that is running, if there is one.
        is_confined: whether the network runs without internet and cannot write files.
    """

    contract: Contract
    run: Run
    device: str
    sha256: str
    bytes: int
    parameters: int
    name: str = ""
    allowance: Allowance = field(default_factory=Allowance)
    seed: Callable[[int], None] = field(default=_unseeded)
    reload: Callable[[], None] = field(default=_nothing)
    close: Callable[[], None] = field(default=_nothing)
    is_confined: bool = False

    def __call__(self, batch: Array32) -> Array32:
        """Lift a batch (B, T, K, C) float32 in the contract's convention.

        Returns:
            (B, T', J, 3) float32 in the unit of the network's output; the mean of hypotheses.

        Raises:
            InputError: the network fails, or its output has another shape.
        """
        return self.outputs(batch)[:, 0]

    def outputs(self, batch: Array32) -> Array32:
        """Lift a batch, and return the hypotheses, too.

        Returns:
            (B, 1 + H, T', J, 3) float32: the pose that is scored, then H hypotheses, if there are
            several.

        Raises:
            InputError: the network fails, or its output has another shape.
        """
        c = self.contract
        if len(batch) == 1:  # a graph exported with a dynamic batch may refuse a batch of one
            return self.outputs(np.concatenate([batch, batch]))[:1]
        given = arranged(batch, c.input_axes)
        patterns = [c.output_axes, *([c.hypotheses_axes] if c.hypotheses_axes else [])]
        arrays = self.run(given, [pattern.select for pattern in patterns])
        pose, *more = (
            self._checked(a, p, given.shape, batch.shape)
            for a, p in zip(arrays, patterns, strict=True)
        )
        if more and more[0].shape[1] > 1:  # one hypothesis is the pose itself
            return np.concatenate([pose, more[0]], axis=1)
        if pose.shape[1] > 1:
            return np.concatenate([pose.mean(axis=1, keepdims=True), pose], axis=1)
        return pose

    def _checked(
        self, out: Array32, pattern: Pattern, given: tuple[int, ...], batch: tuple[int, ...]
    ) -> Array32:
        """Return an output as (B, H, T', J, 3); raise `InputError` if it cannot be."""
        c = self.contract
        sizes = {"b": batch[0], "j": len(c.lifted), "c": 3}
        frames = frames_of(c, batch[1])
        expected = (
            f"expected {_shape(pattern, sizes | {'t': frames[0]})} for an input of shape {given} "
            f"with window '{c.window}'"
        )
        remedy = "correct the contract or the model"
        try:
            found = restored(out, pattern, sizes)
        except InputError as error:
            fits = _with_one_axis_more(out, pattern, sizes, frames)
            key = "output" if pattern is c.output_axes else "hypotheses"
            remedy += f": this fits {key} = {fits}" if fits else ""
            raise InputError(f"{c.name}: {error}; {expected}; {remedy}") from None
        b, _, t, j, axes = found.shape
        is_pose = (b, j, axes) == (batch[0], sizes["j"], 3)
        if not is_pose or t not in frames:
            if is_pose and c.window == "sequence" and "t" in pattern.letters:
                remedy += _other_frames(batch[1], t)
            raise InputError(f"{c.name}: output shape {out.shape}, {expected}; {remedy}")
        if c.window == "centre" and t > 1:
            place = t - 1 if c.target == "last" else (t - 1) // 2
            found = found[:, :, place : place + 1]
        return _unstandardized(found, c)


def frames_of(contract: Contract, given: int) -> tuple[int, ...]:
    """Return the numbers of poses that an input of so many frames may give."""
    if contract.window == "sequence":
        return (given - contract.frames + 1,)
    return (1, contract.frames) if contract.window == "centre" else (given,)


def _other_frames(given: int, poses: int) -> str:
    """Say what fits so many poses for so many frames of a "sequence"; nothing if nothing does."""
    if poses == given:
        return ": a pose for each frame fits window = 'clip' or 'block'"
    frames = given - poses + 1
    return f": this fits frames = {frames}" if 1 < frames <= given else ""


def _with_one_axis_more(
    out: Array32, pattern: Pattern, sizes: dict[str, int], frames: tuple[int, ...]
) -> str:
    """Return the pattern that fits an output with one axis more, in words; nothing without."""
    if out.ndim != len(pattern.axes) + 1:
        return ""
    several: Axis = -1 if "h" in pattern.letters else ("h",)
    for place in range(1, out.ndim):
        axis = 0 if out.shape[place] == 1 else several
        axes = (*pattern.axes[:place], axis, *pattern.axes[place:])
        other = Pattern(axes, pattern.select)
        try:
            b, _, t, j, c = restored(out, other, sizes).shape
        except InputError:
            continue
        if (b, j, c) == (sizes["b"], sizes["j"], 3) and t in frames:
            what = {0: "0: an axis of length 1", -1: "-1: the last element is taken"}
            means = what[axis] if isinstance(axis, int) else "h: hypotheses, whose mean is scored"
            return f'"{written(other)}" ({means})'
    return ""


def _shape(pattern: Pattern, sizes: dict[str, int]) -> str:
    """Return the shape that a pattern stands for, such as "(3, 9, 17, 3)"."""
    axes = (
        "any" if isinstance(a, int) else " x ".join(str(sizes.get(x, x)) for x in a)
        for a in pattern.axes
    )
    return f"({', '.join(axes)})"


def _unstandardized(poses: Array32, contract: Contract) -> Array32:
    if not isinstance(contract.units, OutputStatistics):
        return poses
    mean, std = (np.reshape(n, (-1, 3)) for n in (contract.units.mean, contract.units.std))
    return np.asarray(poses * std + mean, dtype=np.float32)


def load_lifter(
    path: Path,
    device: str,
    limits: RunLimits | None = None,
    allow: Sequence[str] = (),
    trust: bool = False,
    log: Path | None = None,
) -> Lifter:
    """Load a model file into a process of its own, and probe it.

    The contract is inside the file (`corruptbench.json`), or ``<model>.toml`` beside it. A model is
    a program. Its process has limits, and where the system permits it, no network and no right to
    write files.

    Args:
        path: ``.pt2`` (torch.export), ``.pt`` (TorchScript) or ``.onnx``.
        device: "cpu", "cuda" or "cuda:N".
        limits: of time and memory, and the number of threads.
        allow: names of probes that it may fail; see `corruptbench.lifters.probes`.
        trust: whether to run machine code that an archive holds (AOTInductor).
        log: file for what the model prints.

    Raises:
        InputError: the file is no such model or damaged, has no contract, breaks it, or fails a
            probe.
        OSError: the file cannot be read.
    """
    from corruptbench.lifters.probes import probe

    lifter = open_lifter(path, device, limits, allow, trust, log)
    probe(lifter)
    return lifter


def open_lifter(
    path: Path,
    device: str,
    limits: RunLimits | None = None,
    allow: Sequence[str] = (),
    trust: bool = False,
    log: Path | None = None,
    contract: Contract | None = None,
) -> Lifter:
    """Load a model file as `load_lifter` does, and do not probe it.

    The arguments are the same, and ``contract``: it is taken in place of the one inside the file or
    beside it.
    """
    allowance = Allowance(allow)
    _check_device(device)
    if contract is None:
        file, contract = declared(path, trust)
    else:
        file = inspect(path, trust)
    process = ModelProcess(contract.name, path, file, device, limits or RunLimits(), log)
    return Lifter(
        contract=contract,
        run=process.run,
        device=device,
        sha256=file.sha256,
        bytes=file.size,
        parameters=process.load(),
        name=path.name,
        allowance=allowance,
        seed=process.seed,
        reload=process.reload,
        close=process.close,
        is_confined=process.is_confined,
    )


def declared(path: Path, trust: bool) -> tuple[ModelFile, Contract]:
    """Inspect a model file, and return what it is and its contract; load nothing.

    Raises:
        InputError: it is no whole model, or has no contract.
    """
    file = inspect(path, trust)
    return file, _contract(path, file)


def _check_device(name: str) -> None:
    """Raise `InputError` for the name of another device than "cpu", "cuda" or "cuda:N"."""
    if not re.fullmatch(r"cpu|cuda(:\d{1,3})?", name):
        raise InputError(f"device '{name}': expected cpu, cuda or cuda:N", "device")


def unused_contract(path: Path, contract: Contract) -> Path | None:
    """Return the contract beside a model that has another one inside, which counts."""
    beside = path.with_suffix(".toml")
    try:
        other = read_contract(beside)
    except (OSError, InputError):
        return None
    return None if other.record() == contract.record() else beside


def _contract(path: Path, file: ModelFile) -> Contract:
    if file.contract:
        return Contract.parse(
            file.contract, f"{path}: {EXTRA_FILE}", "correct it, and export again"
        )
    beside = path.with_suffix(".toml")
    if not beside.is_file():
        raise InputError(
            f"{path}: it declares no contract; expected {EXTRA_FILE} inside the file, or {beside} "
            "(corruptbench contract init writes one)"
        )
    return read_contract(beside)
