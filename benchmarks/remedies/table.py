"""Write the table of `docs/remedies.md` from the results of the experiment.

Errors are means over seeds, with the standard deviation over seeds. A difference is that of two
variants of an architecture, clip by clip, after the errors of the seeds were averaged. Its 95 %
interval is from the bootstrap over takes that the leaderboard uses.

Usage: python -m benchmarks.remedies.table [--results remedies] [--page docs/remedies.md]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.remedies.pieces import ABLATED, ABLATIONS, ARCHITECTURES, VARIANTS
from corruptbench.corruptions import get
from corruptbench.files import atomic
from corruptbench.leaderboard import read
from corruptbench.leaderboard.columns import CELL_KEY, CLIP_KEY
from corruptbench.leaderboard.wide import TAILS, Wide, by_corruption, cell_means, widen

Array = NDArray[np.float64]

BEGIN, END = "<!-- begin: python -m benchmarks.remedies.table -->", "<!-- end -->"


@dataclass(frozen=True)
class Row:
    """A variant of an architecture over its seeds; errors are MPJPE in mm.

    Attributes:
        wide: errors by clip and cell, means over the seeds.
        seeds: clean and corrupted error of each seed, (S, 2).
    """

    wide: Wide
    seeds: Array

    def means(self, counts: Array) -> Array:
        """Return the errors of `mix`, (R, M), for R resamples."""
        return cell_means(self.wide, "mpjpe", counts) @ mix(self.wide)[1]


def mix(wide: Wide) -> tuple[list[str], Array]:
    """Return "clean", "corrupted" and the families, and their weights of the K cells, (K, M)."""
    families: dict[str, list[Array]] = defaultdict(list)
    for name, places in by_corruption(wide.cells).items():
        column = np.zeros(len(wide.cells))
        column[places] = 1 / len(places)
        families[get(name).family].append(column)
    clean = np.eye(len(wide.cells))[0]
    every = np.mean([c for columns in families.values() for c in columns], axis=0)
    means = [np.mean(columns, axis=0) for columns in families.values()]
    return ["clean", "corrupted", *families], np.column_stack([clean, every, *means])


def load(folder: Path, architecture: str, variant: str) -> Row | None:
    """Read the results of all seeds; None if there is none."""
    paths = sorted(folder.glob(f"{architecture}+{variant}-s*.json"))
    entries = [read(path) for path in paths]
    if not entries:
        return None
    tables = [entry.table for entry in entries]
    keys = [*CLIP_KEY, *CELL_KEY]
    means = pd.concat(tables).groupby(keys, sort=False, observed=True)["mpjpe"].mean()
    table = tables[0].set_index(keys)
    table["mpjpe"] = means
    average = entries[0].result.scoring.average
    seeds = [[e.result.errors.clean, e.result.errors.corrupted] for e in entries]
    return Row(widen(table.reset_index(), average), np.array(seeds))


def table(folder: Path, architecture: str, variants: Iterable[str]) -> list[str]:
    """Return the lines of a table in Markdown: errors, and differences from the plain variant."""
    rows = {v: row for v in variants if (row := load(folder, architecture, v))}
    if "plain" not in rows:
        return [f"{architecture}: no result yet."]
    plain = rows["plain"]
    header = [architecture, "seeds", *mix(plain.wide)[0], "corrupted, less than plain"]
    lines = [_line(header), _line(["---", *["--:"] * (len(header) - 1)])]
    for variant, row in rows.items():
        once = row.means(row.wide.once)[0]
        deviation = row.seeds.std(axis=0, ddof=1) if len(row.seeds) > 1 else [np.nan, np.nan]
        cells = [f"{once[i]:.1f} ± {deviation[i]:.1f}" for i in range(2)]
        cells += [f"{x:.1f}" for x in once[2:]]
        change = "" if variant == "plain" else _change(plain, row)
        lines.append(_line([variant, str(len(row.seeds)), *cells, change]))
    return lines


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _change(plain: Row, row: Row) -> str:
    """Say how much lower the corrupted error is, in mm with the interval and in percent."""
    before, after = (r.means(r.wide.once)[0, 1] for r in (plain, row))
    drawn = [r.means(r.wide.resamples)[:, 1] for r in (plain, row)]
    low, high = np.quantile(drawn[0] - drawn[1], TAILS)
    percent = 100 * (1 - after / before)
    return f"{before - after:.1f} ({low:.1f} to {high:.1f}), {percent:.1f} %"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.remedies.table")
    parser.add_argument("--results", type=Path, default=Path("remedies"))
    parser.add_argument("--page", type=Path, default=Path("docs/remedies.md"))
    options = parser.parse_args(arguments)
    lines = []
    for architecture in ARCHITECTURES:
        extra = ABLATIONS if architecture == ABLATED else {}
        lines += [*table(options.results, architecture, [*VARIANTS, *extra]), ""]
    print("\n".join(lines))
    before, after = options.page.read_text(encoding="utf-8").split(BEGIN)
    text = f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n{END}" + after.split(END)[1]
    with atomic(options.page) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
