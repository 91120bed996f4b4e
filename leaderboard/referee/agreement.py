"""Check that what a result says of its lifter does not contradict the rest of it."""

from __future__ import annotations

from collections.abc import Iterator

from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.referee.submission import RERUN
from corruptbench.leaderboard.schema import Result

_OTHER_NAME = "give the row another name"


def agreement_problems(file: str, result: Result) -> Iterator[Problem]:
    """Yield fields of the lifter that cannot be true together, or of these shards.

    Args:
        file: name of the result's JSON, for the messages.
        result: a result that passes the schema.
    """
    lifter, most = result.lifter, result.scoring.joint_count
    if lifter.filter and not lifter.name.endswith(f"+{lifter.filter}"):
        expected = f"a name that ends with +{lifter.filter}, its filter"
        yield Problem(file, "lifter.name", lifter.name, expected, _OTHER_NAME)
    if lifter.calibration_sha256 and lifter.contract.get("scores") != "calibrated":
        expected = "no value for a lifter of raw scores"
        yield Problem(file, "lifter.calibration_sha256", lifter.calibration_sha256, expected, RERUN)
    if most and lifter.scored_joints and lifter.scored_joints > most:
        expected = f"at most {most}, the joints of {result.scoring.joints}"
        yield Problem(file, "lifter.scored_joints", str(lifter.scored_joints), expected, RERUN)
