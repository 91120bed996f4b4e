"""Evaluate: score poses, look at what they say of labels and lifter, and make the result."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from corruptbench.evaluation.clean_cells import CleanCells
from corruptbench.evaluation.details import Details, joint_columns
from corruptbench.evaluation.groups import Group
from corruptbench.evaluation.result import make_result
from corruptbench.evaluation.score import Source, Watcher, check_cells, score
from corruptbench.evaluation.scored import Scored
from corruptbench.evaluation.units import UnitsProbe
from corruptbench.leaderboard import Result
from corruptbench.lifters.lift import Lifted
from corruptbench.progress import meter
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import joint_set


class _Hypotheses:
    """Sees how many poses a lifter gives for a frame."""

    count = 1

    def see(self, group: Group, cell: int, lifted: Lifted, found: Scored | None) -> None:
        """Take in the poses of a cell."""
        del group, cell, found
        self.count = max(1, lifted.hypotheses.shape[1])


def evaluated(
    source: Source,
    shard_set: ShardSet,
    command: str,
    shown: bool,
    watchers: tuple[Watcher, ...] = (),
) -> tuple[Result, pd.DataFrame, dict[str, pa.Table]]:
    """Return the result of poses on shards, the clips table, and its companions.

    Args:
        source: of the poses.
        shard_set: the shards to score them on.
        command: a command line that repeats this, for the record.
        shown: whether to show progress on stderr.
        watchers: see the poses, too.

    Raises:
        InputError: see `score` and `make_result`.
    """
    check_cells(shard_set)
    contract, joints = source.contract, joint_set(shard_set.manifest.scoring.joints)
    clean, details = CleanCells(shard_set), Details(len(joints), contract.is_scaled)
    hypotheses, units = _Hypotheses(), UnitsProbe(contract, source.allowance)
    tracks = len(shard_set.lock.clips) * len(shard_set.cells)
    with meter("evaluate", tracks, "tracks", shown) as advance:
        table = score(source, shard_set, advance, (units, clean, details, hypotheses, *watchers))
    record, companions = source.record(hypotheses.count), details.tables()
    of_joints = joint_columns(companions["joints"], joints.joints)
    result = make_result(table, record, shard_set, command, clean, of_joints)
    return result, table, companions
