"""The poses of a lifter that runs now."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.evaluation.groups import Group, cells_of
from corruptbench.keypoint_evaluation.score_calibration import ScoreCalibration
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.lifters.allowance import Allowance
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.filtered import filtered, row_name
from corruptbench.lifters.lift import Lifted, Track, joined, lift
from corruptbench.lifters.lifter import Lifter
from corruptbench.lifters.probes import TOLERANCE, apart

Array32 = NDArray[np.float32]

#: How many tracks are lifted before the run, each by itself.
_REHEARSED = 3
#: Cells that are lifted ahead of what was asked for, so that the lifter does not wait.
_WAITING = 8


class LivePoses:
    """Lifts the clips of a group cell by cell. The lifter is not told which cell it sees.

    A few tracks are lifted before the run and after it. A lifter whose answer depends on what it
    was asked before, or on what else is in a batch, gives other poses for them.
    """

    def __init__(
        self,
        lifter: Lifter,
        filter_name: str | None = None,
        calibration: ScoreCalibration | None = None,
    ) -> None:
        """Start without a group.

        Args:
            lifter: loaded.
            filter_name: of the filter that keypoints go through; it sees raw scores.
            calibration: of the scores, for a lifter that asks for calibrated ones.

        Raises:
            InputError: there is no such filter, the name of the row is too long, or the lifter asks
                for calibrated scores and there is no calibration.
        """
        if lifter.contract.scores == "calibrated" and calibration is None:
            raise InputError(
                f"{lifter.contract.name}: asks for calibrated scores; expected a calibration of "
                "the detector's scores"
            )
        self._calibration = calibration if lifter.contract.scores == "calibrated" else None
        self._filter, self._name = filter_name, row_name(lifter.contract.name, filter_name)
        self._stopped = False
        #: The first group, and the poses of some of its runs before the run: (cell, run).
        self._rehearsed: tuple[Group, dict[tuple[int, int], Lifted]] | None = None
        self._passes = lifter.run
        self._lifter = replace(lifter, run=self._run)

    @property
    def contract(self) -> Contract:
        """Conventions of the lifter."""
        return self._lifter.contract

    @property
    def allowance(self) -> Allowance:
        """The probes that it may fail, and those that it failed."""
        return self._lifter.allowance

    def record(self, hypotheses: int) -> LifterRecord:
        """Return what a result says about the lifter, which gave so many poses for a frame."""
        lifter, contract = self._lifter, self.contract
        return LifterRecord(
            name=self._name,
            sha256=lifter.sha256,
            bytes=lifter.bytes,
            parameters=lifter.parameters,
            contract=contract.record(),
            scored_joints=contract.scored_joints,
            hypotheses=hypotheses,
            samples=contract.samples,
            allowed=self.allowance.failed,
            filter=self._filter,
            about=contract.about,
            calibration_sha256=self._calibration.sha256 if self._calibration else None,
        )

    def poses(self, groups: Iterator[Group]) -> Generator[tuple[Group, int, Lifted]]:
        """Yield each group, the index of each of its cells, and the poses of its frames there.

        The cells come in an order that depends on the lifter's file, so that none can count on it.

        Raises:
            InputError: the lifter fails; names cell and clips.
        """
        # Seeds are set before each pass, and cannot be if another cell is at work.
        workers = 1 if self.contract.samples > 1 else 2
        with ThreadPoolExecutor(workers) as pool:
            waiting: deque[tuple[Group, int, Future[Lifted]]] = deque()
            try:
                for group, cell, alone in self._cells(groups):
                    lifted = pool.submit(self._lift_cell, group, cell, alone)
                    waiting.append((group, cell, lifted))
                    if len(waiting) > _WAITING:
                        yield _done(*waiting.popleft())
                while waiting:
                    yield _done(*waiting.popleft())
                self._rehearse_again()
            except BaseException:
                self.close()
                raise

    def _cells(self, groups: Iterator[Group]) -> Iterator[tuple[Group, int, dict[int, Lifted]]]:
        """Yield all cells in order, and the poses of the runs that were lifted alone before."""
        for number, group in enumerate(groups):
            before = {} if number else self._rehearsal(group)
            self._rehearsed = self._rehearsed or (group, before)
            for cell in _order(self._lifter.sha256, number, len(cells_of(group))):
                yield group, cell, {run: x for (of, run), x in before.items() if of == cell}

    def _lift_cell(self, group: Group, cell: int, alone: dict[int, Lifted]) -> Lifted:
        lifted = self._lift(group, cell, group.tracks(cell))
        for run, before in alone.items():
            self._compare(group, cell, run, before, lifted[run])
        return joined(lifted)

    def _rehearse_again(self) -> None:
        """Lift the runs of the rehearsal once more: a state may begin late."""
        if self._rehearsed:
            group, before = self._rehearsed
            for (cell, run), lifted in self._rehearsal(group).items():
                self._compare(group, cell, run, before[cell, run], lifted)

    def close(self) -> None:
        """End the forward pass that is running, and begin no other."""
        self._stopped = True
        self._lifter.close()

    def _run(self, batch: Array32, select: Sequence[int | str | None]) -> list[Array32]:
        if self._stopped:
            raise InputError(f"{self.contract.name}: stopped")
        return self._passes(batch, select)

    def _lift(self, group: Group, cell: int, tracks: Sequence[Track]) -> Sequence[Lifted]:
        """Filter and calibrate tracks of a cell if wanted, and lift them; errors name the cell."""
        seen = [filtered(track, self._filter) for track in tracks] if self._filter else tracks
        if self._calibration:
            scored = map(self._calibration.of_track, tracks)
            seen = [replace(a, scores=b.scores) for a, b in zip(seen, scored, strict=True)]
        try:
            return lift(self._lifter, seen)
        except InputError as error:
            raise InputError(f"{cells_of(group)[cell]}: {error}", error.parameter) from None

    def _rehearsal(self, group: Group) -> dict[tuple[int, int], Lifted]:
        """Lift some runs of the last cells; none of a lifter that depends on batch or chance.

        A lifter that draws samples draws them for a batch: of it, a whole cell.
        """
        if {"batch", "random"} & {*self.allowance.failed}:
            return {}
        cells = range(len(cells_of(group)))[: -_REHEARSED - 1 : -1]
        if self.contract.samples > 1:
            whole = self._lift(group, cells[0], group.tracks(cells[0]))
            return {(cells[0], run): lifted for run, lifted in enumerate(whole)}
        chosen = [(c, i * len(group.runs) // _REHEARSED) for i, c in enumerate(cells)]
        return {(c, run): self._lift(group, c, [group.tracks(c)[run]])[0] for c, run in chosen}

    def _compare(self, group: Group, cell: int, run: int, alone: Lifted, now: Lifted) -> None:
        found = apart(now.all, alone.all)
        if found > TOLERANCE:
            self._lifter.allowance.fail(
                "state", self.contract.name,
                f"{group.tracks(cell)[run].name} in {cells_of(group)[cell]} has other poses in the "
                f"run than by itself before it (they differ by {found:.2g} of the size of a pose): "
                "the lifter keeps a state between calls, or a pose depends on what else is in its "
                "batch",
            )  # fmt: skip


def _done(group: Group, cell: int, lifted: Future[Lifted]) -> tuple[Group, int, Lifted]:
    return group, cell, lifted.result()


def _order(sha256: str, number: int, cells: int) -> list[int]:
    key = [int(sha256[:16] or "0", 16), number]
    return [int(i) for i in np.random.Generator(np.random.Philox(key=key)).permutation(cells)]
