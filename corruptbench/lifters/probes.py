"""Run a lifter on made-up input, and find out whether it does what its contract says.

Each probe has a name. One that fails is an error, unless the user allows it: then the result
carries the name. The limits are our own choice. In twelve honest families of networks, the greatest
difference was below 1e-5 of the size of a pose; broken ones had 7e-3 and more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.lifters.allowance import BEFORE
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.lifter import Lifter
from corruptbench.lifters.statistics import Statistics

Array32 = NDArray[np.float32]

#: Greatest difference of poses that should be equal, as a fraction of their spread.
TOLERANCE = 1e-4
#: The same for equal questions. A GPU may add in another order.
ROUNDING = 1e-6
#: Poses of a lifter that draws samples may differ by this multiple of what other seeds change. The
#: greatest of many differences is hardly twice as large as that of another draw.
CHANCE = 10.0
#: Frames of a made-up sequence beyond the window, and how many fewer the shorter one has.
_MORE, _FEWER = 12, 8


@dataclass(frozen=True)
class Finding:
    """What a probe measured.

    Attributes:
        difference: greatest difference of poses that should be equal, as a fraction of the size of
            a pose.
        fault: what is wrong, and the likely cause; empty if nothing is.
    """

    difference: float
    fault: str = ""


def probe(lifter: Lifter) -> None:
    """Probe a lifter; `check_output` comes first.

    Raises:
        InputError: it fails, gives another shape or numbers that are not finite, or fails a probe
            that it may not fail.
    """
    check_output(lifter)
    for name, finding in findings(lifter):
        if finding and finding.fault:
            lifter.allowance.fail(name, lifter.contract.name, finding.fault)


def findings(lifter: Lifter) -> Iterator[tuple[str, Finding | None]]:
    """Yield the name of each probe, and what it measured; None if it does not apply."""
    for name in BEFORE:
        yield name, PROBES[name](lifter)


def check_output(lifter: Lifter) -> None:
    """Check shapes at two batch sizes and lengths, and that the output is finite.

    They show whether the export fixed one of them.
    """
    for batch, more in ((3, 8), (5, 77)):
        _seeded(lifter, made_up(lifter.contract, batch, length_of(lifter.contract, more)))


def _seeded(lifter: Lifter, given: Array32, seed: int = 0) -> Array32:
    """Return the output for an input and a seed.

    Raises:
        InputError: it is not finite, or the lifter fails.
    """
    lifter.seed(seed)
    out = lifter.outputs(given)
    if not np.isfinite(out).all():
        raise InputError(
            f"{lifter.contract.name}: the output holds NaN or infinity on finite input; correct "
            "the model"
        )
    return out


def _random(lifter: Lifter) -> Finding:
    """Ask the same twice; a lifter of several samples with the same seed."""
    given = made_up(lifter.contract, 3, length_of(lifter.contract, 8))

    first = _seeded(lifter, given)
    again = apart(first, _seeded(lifter, given))
    if again > ROUNDING:
        fresh = []
        for _ in range(2):
            lifter.reload()
            fresh.append(_seeded(lifter, given))
        state = apart(*fresh) <= ROUNDING
        return Finding(
            again,
            f"its answer depends on what it was asked before (the same input, asked twice, differs "
            f"by {share(again)}): it keeps a state between calls"
            if state
            else f"the same input gives different outputs (by {share(again)}) even with the same "
            "seed: it draws random numbers that no seed reaches",
        )
    other = apart(first, _seeded(lifter, given, 1))
    if lifter.contract.samples > 1:
        return Finding(
            again,
            ""
            if other > ROUNDING
            else "it gives the same with other seeds, so it draws no random "
            "numbers; declare samples = 1",
        )
    return _judged(
        other,
        f"the same input gives different outputs (by {share(other)}): dropout or sampling; export "
        "the model in evaluation mode (model.eval()), or declare samples",
        ROUNDING,
    )


def _batch(lifter: Lifter) -> Finding:
    """Ask six at once, and with four of them replaced; then two at a time."""
    c = lifter.contract
    given, changed = (made_up(c, 6, length_of(c, 8), key) for key in (1, 2))
    changed[:2] = given[:2]
    whole = _seeded(lifter, given)
    found = apart(whole[:2], _seeded(lifter, changed)[:2])
    parts = np.concatenate([_seeded(lifter, given[i : i + 2]) for i in (0, 2, 4)])
    if (alone := apart(whole, parts)) > _chance(lifter, given, whole):
        found = max(found, alone)
    return _judged(
        found,
        f"a pose depends on what else is in the batch (with others beside it, it moves by "
        f"{share(found)}): batch normalization in training mode, or a mean over the batch",
    )


def _window(lifter: Lifter) -> Finding | None:
    """Change the frames outside of a pose's window; the pose must stay."""
    c = lifter.contract
    if c.window != "sequence":
        return None
    given, pose = made_up(c, 2, c.frames + _MORE), _MORE // 2
    changed = made_up(c, 2, c.frames + _MORE, key=2)
    changed[:, pose : pose + c.frames] = given[:, pose : pose + c.frames]
    found = apart(_seeded(lifter, given)[:, :, pose], _seeded(lifter, changed)[:, :, pose])
    return _judged(
        found,
        f"a pose depends on frames outside of its window of {c.frames} (changing them moves it "
        f"by {share(found)}): the receptive field is larger, or the window lies elsewhere; "
        "declare the right frames, or window 'clip' for a model that sees the whole clip",
    )


def _of_length(lifter: Lifter) -> Finding | None:
    """Ask for the same frames in a longer and in a shorter sequence."""
    c = lifter.contract
    if c.window != "sequence":
        return None
    given = made_up(c, 2, c.frames + _MORE)
    long = _seeded(lifter, given)
    found = apart(long[:, :, : _MORE - _FEWER + 1], _seeded(lifter, given[:, :-_FEWER]))
    return _judged(
        found,
        f"a pose depends on the number of frames that are given (it moves by {share(found)} "
        f"when {_FEWER} frames after it are left out): a mean over time, or positions counted "
        "from the end",
        _chance(lifter, given, long),
    )


def _chance(lifter: Lifter, given: Array32, out: Array32) -> float:
    """Return the greatest difference that an input of another shape may make.

    A lifter that draws samples draws others for it.
    """
    if lifter.contract.samples == 1:
        return TOLERANCE
    return max(TOLERANCE, CHANCE * apart(out, _seeded(lifter, given, 1)))


def _judged(found: float, fault: str, limit: float = TOLERANCE) -> Finding:
    return Finding(found, fault if found > limit else "")


#: The probes before a run, by name.
PROBES: dict[str, Callable[[Lifter], Finding | None]] = {
    "random": _random,
    "batch": _batch,
    "window": _window,
    "length": _of_length,
}


def apart(a: Array32, b: Array32) -> float:
    """Return the greatest `difference` of outputs (B, 1 + H, ...) in the pose or a hypothesis.

    Each is compared by itself, so that a huge hypothesis does not make the others look alike.
    """
    return max(difference(a[:, h], b[:, h]) for h in range(a.shape[1]))


def difference(a: Array32, b: Array32) -> float:
    """Return the greatest difference of two outputs as a fraction of the size of their poses.

    Poses that are not finite in both are left out; infinity if they are in one only.

    Args:
        a: (..., J, 3).
        b: likewise.
    """
    known = np.isfinite(a).all(axis=(-2, -1))
    if not np.array_equal(known, np.isfinite(b).all(axis=(-2, -1))):
        return float("inf")
    if not known.any():
        return 0.0
    # In float32, squares of units that are very large or small would be infinity or 0.
    one, other = a[known].astype(np.float64), b[known].astype(np.float64)
    spread = float(np.std(one - one.mean(axis=-2, keepdims=True)))
    return float(np.abs(one - other).max()) / (spread or 1.0)


def share(difference: float) -> str:
    """Return a difference in words."""
    return f"{difference:.2g} of the size of a pose"


def length_of(contract: Contract, more: int) -> int:
    """Return a number of frames that the lifter takes."""
    if contract.window == "clip":
        return max(1, contract.frames - more // 4)
    return contract.frames + (more if contract.window == "sequence" else 0)


def made_up(contract: Contract, batch: int, frames: int, key: int = 1) -> Array32:
    """Draw an input (B, T, K, C) in the usual range of the contract."""
    draw = np.random.Generator(np.random.Philox(key=key))
    shape = (batch, frames, len(contract.given), contract.width)
    values = draw.normal(0, 0.3, shape).astype(np.float32)
    if contract.normalize == "pixel":
        values[..., :2] = 500 + 200 * values[..., :2]
    elif isinstance(contract.normalize, Statistics):
        values[..., :2] /= 0.3
    if contract.channels == "xyc":
        values[..., 2] = np.abs(values[..., 2]).clip(0, 1)
    return values
