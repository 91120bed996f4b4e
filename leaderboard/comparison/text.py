"""A comparison as a table for the terminal."""

from __future__ import annotations

from string import ascii_uppercase

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.comparison.compare import Comparison, Difference, Pair
from corruptbench.leaderboard.statistics.significance import LEVEL
from corruptbench.leaderboard.text import counted


def comparison_text(found: Comparison) -> Group:
    """Return a table for each pair, in 80 columns, and lines that explain it.

    The lifters are named by letters, in the order of the comparison.
    """
    benchmark, label = found.benchmark, METRIC_COLUMNS[found.metric].label
    head = [f"{benchmark.id}, version {benchmark.version}: {label} in mm, lower is better"]
    head += [f"{_letter(place)}: {name}" for place, name in enumerate(found.lifters)]
    tables = (_table(pair) for pair in found.pairs)
    return Group(Text("\n".join(head)), *tables, Text("\n".join(_caption(found))))


def _letter(place: int) -> str:
    return ascii_uppercase[place] if place < len(ascii_uppercase) else f"#{place + 1}"


def _table(pair: Pair) -> Table:
    first, second = _letter(pair.first), _letter(pair.second)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", overflow="fold", min_width=12)
    for head in (first, second, f"{second}-{first}", "low", "high", "p"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for difference in pair.differences:
        table.add_row(*(Text(cell) for cell in _row(difference, first, second)))
    return table


def _row(d: Difference, first: str, second: str) -> list[str]:
    better = {"first better": f"{first} better", "second better": f"{second} better"}
    signed = [f"{round(number, 1) + 0.0:+.1f}" for number in (d.difference, d.low, d.high)]
    p = "<0.001" if d.p_holm < 0.001 else f"{d.p_holm:.3f}"
    verdict = better.get(d.verdict, d.verdict)
    return [d.name.replace("_", " "), f"{d.first:.1f}", f"{d.second:.1f}", *signed, p, verdict]


def _caption(found: Comparison) -> list[str]:
    lines = [
        f"low, high: 95 % interval of the difference, over {counted(found.takes, 'take')}",
        f"p: sign-flip test, Holm's correction for {counted(found.comparisons, 'comparison')}, "
        f"level {LEVEL:g}",
        "Each interval is for its line alone. p is corrected for all comparisons of this table. So "
        "p can be above the level although the interval does not include 0."
        + " Comparing two lifters alone corrects for fewer."
        * (len(found.pairs) > 1),
    ]
    lines += [
        f"mCE of {_letter(pair.second)} against {_letter(pair.first)}: {pair.mce:.1f} %"
        for pair in found.pairs
        if pair.mce is not None
    ]
    return [*lines, *(f"note: {note}" for note in found.notes)]
