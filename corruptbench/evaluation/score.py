"""Score a lifter on shards: one row for each clip and cell."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from corruptbench.errors import InputError
from corruptbench.evaluation.cell_errors import clip_errors, hypotheses_errors, over_samples
from corruptbench.evaluation.cover_errors import Columns, cover_errors, hides
from corruptbench.evaluation.groups import Group, cells_of, groups
from corruptbench.evaluation.poses import is_valid_pose
from corruptbench.evaluation.scored import Scored, labels_of, scored
from corruptbench.leaderboard.columns import CLIP_COLUMNS_3, CLIP_COUNTS, CLIP_KEY
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.lifters.allowance import Allowance
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.lift import Lifted
from corruptbench.manifest import CLEAN, Scoring
from corruptbench.shards.shard_set import ShardSet

Item = TypeVar("Item")

#: Columns of `score`: those of a result, and the number of frames without a pose to score.
COLUMNS = (*CLIP_COLUMNS_3, "rejected")

#: Is told how many tracks were lifted, and of which cell.
Progress = Callable[[int, str], None]


class Watcher(Protocol):
    """Looks at what is scored while it is scored."""

    def see(self, group: Group, cell: int, lifted: Lifted, found: Scored | None) -> None:
        """Take in the poses of a cell, and what is scored of the first sample, if anything is."""


class Source(Protocol):
    """Gives the poses of a lifter: the lifter itself, or a file of its predictions."""

    @property
    def contract(self) -> Contract:
        """Conventions of the poses."""

    @property
    def allowance(self) -> Allowance:
        """The probes that the lifter may fail, and those that it failed."""

    def record(self, hypotheses: int) -> LifterRecord:
        """Return what a result says about the lifter, which gave so many poses for a frame."""

    def poses(self, groups: Iterator[Group]) -> Generator[tuple[Group, int, Lifted]]:
        """Yield each group, the index of each of its cells, and the poses of its N frames there."""


def score(
    source: Source,
    shard_set: ShardSet,
    progress: Progress = lambda tracks, cell: None,  # noqa: ARG005
    watchers: Sequence[Watcher] = (),
) -> pd.DataFrame:
    """Compute the per-clip table, with columns `COLUMNS`.

    Every clip of the manifest is scored in every cell that was built, over the frames with valid
    labels. A pose that is not valid (see `metrics.is_valid_pose`) counts in ``rejected``, and its
    frame is left out of the errors.

    Args:
        source: of the poses.
        shard_set: the shards to score them on.
        progress: called with the number of tracks (clips in a cell) that were scored.
        watchers: look at what is scored.

    Returns:
        One row for each clip and cell; errors in mm (MPJVE: mm per frame).

    Raises:
        InputError: the lifter fails or gives poses of another shape, the labels or the lifter have
            another joint set than the manifest, or a clip has no valid label.
    """
    contract, rules = source.contract, shard_set.manifest.scoring
    _check_joints(contract, rules)
    scorer: _GroupScorer | None = None
    tables = []
    with closing(source.poses(_ahead(groups(shard_set)))) as found:
        for group, cell, lifted in found:
            if scorer is None or scorer.group is not group:
                tables += [scorer.table()] if scorer else []
                scorer = _GroupScorer(contract, rules, group, watchers)
            scorer.add(cell, lifted)
            progress(len(group.clips), f"({cells_of(group)[cell]})")
    return _in_order(tables + ([scorer.table()] if scorer else []))


def check_cells(shard_set: ShardSet) -> None:
    """Raise `InputError` unless clean and corrupted cells were built: a result needs both."""
    cells = shard_set.cells
    if CLEAN not in cells or len(cells) < 2:
        found = "no clean cell" if CLEAN not in cells else "the clean cell only"
        raise InputError(
            f"{shard_set.folder}: holds {found}; expected the clean cell and a corrupted one: "
            "build it with a corruption (the same folder keeps what is there)"
        )


def _check_joints(contract: Contract, rules: Scoring) -> None:
    given = contract.lifted.base.name
    if given != rules.joints:
        raise InputError(
            f"{contract.name}: the lifter gives {given}, the manifest scores {rules.joints}; "
            "expected the same joint set"
        )


def _ahead(items: Iterator[Group]) -> Iterator[Group]:
    """Yield groups, and read the next one meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, items, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, items, None)
            yield item


class _GroupScorer:
    """Scores the cells of a group, in any order."""

    def __init__(
        self, contract: Contract, rules: Scoring, group: Group, watchers: Sequence[Watcher]
    ) -> None:
        self._contract, self._rules = contract, rules
        self.group, self._watchers = group, watchers
        self._labels = labels_of(group, contract, rules.root_joint)
        self._columns: dict[int, Columns] = {}
        self._clean: Scored | None = None
        #: The poses of cells that wait for it.
        self._covered: dict[int, Scored] = {}

    def add(self, cell: int, lifted: Lifted) -> None:
        """Score a cell."""
        group, count = self.group, len(self.group.clips)
        of = (self._labels, self._contract, self._rules)
        samples, first, rejected = [], None, np.zeros(count, dtype=np.intp)
        for i in range(len(lifted.poses)):
            poses, hypotheses = lifted.in_mm(i), lifted.hypotheses_in_mm(i)
            valid = is_valid_pose(poses) & is_valid_pose(hypotheses).all(axis=0)
            rejected += np.bincount(group.clip_of[~valid], minlength=count)
            if valid.any():
                found = scored(poses, valid, *of)
                more = hypotheses_errors(hypotheses, valid, *of, count)
                samples.append(clip_errors(found, count, self._contract.is_scaled) | more)
                first = first or found
        for watcher in self._watchers:
            watcher.see(group, cell, lifted, first)
        self._columns[cell] = {**(over_samples(samples) if samples else {}), "rejected": rejected}
        name = cells_of(group)[cell]
        if name == CLEAN:
            self._clean = first
        if first is not None and hides(name):
            self._covered[cell] = first
        if self._clean is not None:
            self._compare_with_clean()

    def _compare_with_clean(self) -> None:
        """Fill the columns of the cells that hide the person."""
        for cell, found in self._covered.items():
            self._columns[cell] |= cover_errors(
                found, self._clean, self.group, cell, self._contract.is_scaled
            )
        self._covered.clear()

    def table(self) -> pd.DataFrame:
        """Return the rows of all cells that were added, in their order."""
        self._compare_with_clean()  # where there is no clean cell
        return self._rows(sorted(self._columns))

    def _rows(self, cells: Sequence[int]) -> pd.DataFrame:
        """Return a row for each clip in each of these cells, cell by cell."""
        of, count = cells_of(self.group), len(self.group.clips)
        ids = [clip.id for clip in self.group.clips] * len(cells)
        columns: dict[str, Any] = {name: [getattr(c, name) for c in ids] for name in CLIP_KEY}
        for name in ("corruption", "severity"):
            columns[name] = np.repeat([getattr(of[cell], name) for cell in cells], count)
        for name in COLUMNS[len(columns) :]:
            missing = np.full(count, 0 if name in CLIP_COUNTS else np.nan)
            values = [self._columns[cell].get(name, missing) for cell in cells]
            columns[name] = np.concatenate(values)
        return pd.DataFrame(columns)


def _in_order(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows clip by clip, each in the order of the cells."""
    table = pd.concat(parts, ignore_index=True)
    clips = {c: i for i, c in enumerate(dict.fromkeys(_keys(table)))}
    order = np.array([clips[key] for key in _keys(table)])
    return table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)[list(COLUMNS)]


def _keys(table: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(table[[*CLIP_KEY]].itertuples(index=False, name=None))
