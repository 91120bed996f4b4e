"""Results in, table and page out; knows nothing of how results are made.

`summarise` turns a per-clip table into the numbers of a `Result`; `check` is the referee; `submit`
and `load` keep the board; `as_text` and `render` show it.
"""

from leaderboard.aggregate import Summary, aggregate, summarise
from leaderboard.expected import Expected
from leaderboard.page import render
from leaderboard.problem import Problem, SubmissionError
from leaderboard.ranking import by_benchmark, rank
from leaderboard.referee import check
from leaderboard.schema import Result
from leaderboard.store import load, standing, submit
from leaderboard.table import as_text

__all__ = [
    "Expected",
    "Problem",
    "Result",
    "SubmissionError",
    "Summary",
    "aggregate",
    "as_text",
    "by_benchmark",
    "check",
    "load",
    "rank",
    "render",
    "standing",
    "submit",
    "summarise",
]
