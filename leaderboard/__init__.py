"""Check results, keep them on a board, and show the board as a table and a page.

`summarize` turns a per-clip table into the numbers of a `Result`. `check` is the referee. `submit`
and `load` keep the board. `as_text` and `render` show it. How results are made is not known here.
"""

from corruptbench.leaderboard.aggregate import Summary, aggregate, summarize
from corruptbench.leaderboard.expected import Expected
from corruptbench.leaderboard.page import render
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.ranking import by_benchmark, rank
from corruptbench.leaderboard.referee import check
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.store import load, standing, submit
from corruptbench.leaderboard.table import as_text

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
    "summarize",
]
