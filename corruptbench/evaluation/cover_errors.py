"""The errors of a cell that hides the person for a while: of hidden joints, during and after."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions import get
from corruptbench.evaluation import metrics, occlusion
from corruptbench.evaluation.groups import Group
from corruptbench.evaluation.scored import Scored
from corruptbench.manifest import CLEAN, Cell

#: The family of corruptions that hide the person for a while.
FAMILY = "temporary occlusion"
Array = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]


def hides(cell: Cell) -> bool:
    """Tell whether a cell hides the person for a while."""
    return cell != CLEAN and get(cell.corruption).family == FAMILY


def cover_errors(
    of: Scored, clean: Scored | None, group: Group, cell: int, is_scaled: bool
) -> Columns:
    """Return the columns of the clips table about occlusion, by clip.

    Args:
        of: poses of a cell that `hides`.
        clean: those of the clean cell; None without one, and then recovery is not measured.
        group: the clips.
        cell: index of the cell.
        is_scaled: whether the poses have a known size; if not, errors are those after alignment.
    """
    parts = [
        _of_rate(of, clean, group, cell, np.flatnonzero(group.rates == rate), is_scaled)
        for rate in np.unique(group.rates)
    ]
    clips = np.concatenate([clips for clips, _ in parts])
    joined = {name: np.concatenate([c[name] for _, c in parts]) for name in parts[0][1]}
    return {name: values[np.argsort(clips)] for name, values in joined.items()}


def _of_rate(
    of: Scored, clean: Scored | None, group: Group, cell: int, clips: NDArray[np.intp],
    is_scaled: bool,
) -> tuple[NDArray[np.intp], Columns]:  # fmt: skip
    """Return C clips of the same frame rate, and their columns (C,)."""
    found = [group.detections[i][cell] for i in clips]
    length, fps = max(len(d.hidden) for d in found), float(group.rates[clips[0]])
    errors = _errors(of, clips, length, is_scaled)
    frames = errors.mean(axis=2)
    known = np.isfinite(frames)
    hidden = _padded([d.hidden for d in found], length)
    bits = _padded([d.hidden_joints for d in found], length)
    joints = occlusion.hidden_joints(bits, len(group.target[0]))[:, :, list(of.labels.joints)]
    states = occlusion.states(hidden, fps)
    columns: Columns = {}
    for name, mask in (("hidden", joints), ("visible", ~joints)):
        mean, count = metrics.mean_where(errors, mask & known[..., None], axis=(1, 2))
        columns |= {f"{name}_error": mean, f"{name}_joints": count}
    for name, mask in zip(("covered", "after", "free"), states, strict=True):
        mean, count = metrics.mean_where(frames, mask & known)
        columns |= {f"{name}_error": mean, f"{name}_frames": count}
    before = None if clean is None else _errors(clean, clips, length, is_scaled).mean(axis=2)
    ends = [
        occlusion.NONE
        if before is None
        else _ends(frames[i], before[i], states, i, len(d.hidden), fps)
        for i, d in enumerate(found)
    ]
    columns["recoveries"] = np.array([len(e.seconds) for e in ends])
    columns["recovery"] = np.array([e.mean for e in ends])
    columns["not_recovered"] = np.array([e.not_recovered for e in ends])
    return clips, columns


def _ends(
    frames: Array, before: Array, states: occlusion.States, clip: int, length: int, fps: float
) -> occlusion.Recoveries:
    own = occlusion.States(*(mask[clip, :length] for mask in states))
    return occlusion.recoveries(frames[:length], before[:length], own, fps)


def _errors(of: Scored, clips: NDArray[np.intp], length: int, is_scaled: bool) -> Array:
    """Return the errors (C, F, J) mm of some clips; NaN in frames that are not scored."""
    place = np.full(max(int(of.labels.clips.max()), int(clips.max())) + 1, -1)
    place[clips] = np.arange(len(clips))
    rows = place[of.labels.clips]
    mine = rows >= 0
    whole = np.full((len(clips), length, len(of.labels.joints)), np.nan)
    errors = of.distances if is_scaled else of.aligned_distances
    whole[rows[mine], of.labels.frames[mine]] = errors[mine]
    return whole


def _padded(values: list[NDArray[Any]], length: int) -> NDArray[Any]:
    """Return arrays (F,) of several clips as one, with zeros at the end of shorter ones."""
    return np.stack([np.pad(v, (0, length - len(v))) for v in values])
