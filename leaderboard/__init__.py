"""Check results, keep them on a board, and show the board as a table and a page.

`summarize` turns a per-clip table into the numbers of a `Result`. `check` is the referee. `submit`
and `load` keep the board. `as_text` and `render` show it. `compare` tells lifters
apart. How results are made is not known here.
"""

from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.board.as_row import as_row, with_about, with_name
from corruptbench.leaderboard.board.audit import audit
from corruptbench.leaderboard.board.changes import change_problems, changed_rows, known_before
from corruptbench.leaderboard.board.disagreement import Disagreement, disagreements
from corruptbench.leaderboard.board.folder import Board, find, load, read_board
from corruptbench.leaderboard.board.standing import standing
from corruptbench.leaderboard.board.store import confirm, submit
from corruptbench.leaderboard.comparison.compare import Comparison, Difference, Pair, compare
from corruptbench.leaderboard.comparison.paired import read_paired
from corruptbench.leaderboard.comparison.resampling import read_resampled
from corruptbench.leaderboard.comparison.text import comparison_text
from corruptbench.leaderboard.expected import Expected
from corruptbench.leaderboard.exports.downloads import export_files, write_export
from corruptbench.leaderboard.exports.review import review
from corruptbench.leaderboard.page.render import render
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.ranking.order import by_benchmark, rank
from corruptbench.leaderboard.ranking.placed import Placed, placed_rows
from corruptbench.leaderboard.ranking.sections import Section, sections
from corruptbench.leaderboard.ranking.ties import Resampled, ranked
from corruptbench.leaderboard.referee.inspection import Scored, check, read
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.aggregate import Summary, aggregate, summarize
from corruptbench.leaderboard.statistics.mce import mce_text
from corruptbench.leaderboard.statistics.robustness import (
    RelativeErrors,
    relative_errors,
    robustness,
)
from corruptbench.leaderboard.status import Status
from corruptbench.leaderboard.table import as_text

__all__ = [
    "About",
    "Board",
    "Comparison",
    "Difference",
    "Disagreement",
    "Expected",
    "Pair",
    "Placed",
    "Problem",
    "RelativeErrors",
    "Resampled",
    "Result",
    "Scored",
    "Section",
    "Status",
    "SubmissionError",
    "Summary",
    "aggregate",
    "as_row",
    "as_text",
    "audit",
    "by_benchmark",
    "change_problems",
    "changed_rows",
    "check",
    "compare",
    "comparison_text",
    "confirm",
    "disagreements",
    "export_files",
    "find",
    "known_before",
    "load",
    "mce_text",
    "placed_rows",
    "rank",
    "ranked",
    "read",
    "read_board",
    "read_paired",
    "read_resampled",
    "relative_errors",
    "render",
    "review",
    "robustness",
    "sections",
    "standing",
    "submit",
    "summarize",
    "with_about",
    "with_name",
    "write_export",
]
