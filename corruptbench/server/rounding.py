"""Numbers as the server tells them: to a thousandth.

More digits would tell more of hidden labels, and nothing of lifters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.comparison.paired import Paired, PairedDifference
from corruptbench.leaderboard.problem import Problem

#: Decimals of numbers, mm: scores of one model on two machines are equal up to a thousandth
#: (`corruptbench.leaderboard.ranking.equal_numbers.CLOSE`).
DECIMALS = 3
#: The parts of a result that are no scores.
_KEPT = {"benchmark", "build", "lifter", "scoring", "coverage", "labels"}


def rounded(value: Any) -> Any:
    """Return a value of JSON with its numbers rounded to `DECIMALS`."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return value


def rounded_problem(problem: Problem) -> Problem:
    """Return a problem with the numbers in its texts rounded."""
    texts = {field: _rounded_text(getattr(problem, field)) for field in ("found", "expected")}
    return problem._replace(**texts)


def _rounded_text(text: str) -> str:
    return re.sub(r"\d+\.\d+(e[-+]\d+)?", lambda number: str(rounded(float(number[0]))), text)


def rounded_result(result: Result) -> Result:
    """Return a result with its scores rounded."""
    scores = rounded(result.model_dump(exclude=_KEPT))
    return Result.model_validate({**result.model_dump(), **scores})


def rounded_pairs(paired: Paired) -> Paired:
    """Return paired differences rounded."""
    return {
        pair: {
            name: PairedDifference(*rounded(tuple(found))) for name, found in differences.items()
        }
        for pair, differences in paired.items()
    }
