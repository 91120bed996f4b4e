"""Write the tables of `docs/remedies.md` from the results of the experiment.

Errors are means over seeds, with the standard deviation over seeds. A difference is between two
variants of an architecture, seed by seed and clip by clip. Its 95 % interval is from a bootstrap
over takes, as on the leaderboard, and over seeds.

Usage: python -m benchmarks.remedies.table [--results remedies] [--page docs/remedies.md]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.remedies.elsewhere import ELSEWHERE
from benchmarks.remedies.pieces import (
    ABLATED,
    ARCHITECTURES,
    BOTH,
    INPUT_ABLATIONS,
    NOISE_ABLATIONS,
    PLAIN,
    UPPER_BOUND,
    VARIANTS,
)
from corruptbench.corruptions import get
from corruptbench.files import atomic
from corruptbench.leaderboard import read
from corruptbench.leaderboard.statistics.wide import (
    TAILS,
    Wide,
    by_corruption,
    cell_means,
    resample_counts,
    widen,
)

Array = NDArray[np.float64]

BEGIN, END = "<!-- begin: python -m benchmarks.remedies.table -->", "<!-- end -->"
_LOWER = "MPJPE in mm, lower than `plain` by, with the 95 % interval over takes and seeds:"
#: Column of the corrupted error in what `mix` returns.
_CORRUPTED = 1


@dataclass(frozen=True)
class Row:
    """A variant of an architecture: the errors of each of its seeds by clip and cell."""

    seeds: dict[int, Wide]

    @property
    def first(self) -> Wide:
        """Those of one seed, for what all have in common: clips and cells."""
        return next(iter(self.seeds.values()))

    def once(self) -> Array:
        """Return the errors of `mix`, MPJPE in mm, of S seeds, (S, M)."""
        return np.concatenate([_mixed(w, w.once) for w in self.seeds.values()])

    def drawn(self, seeds: Iterable[int]) -> Array:
        """Return the errors of `mix`, MPJPE in mm, in R resamples of takes, (R, S, M)."""
        wides = [self.seeds[s] for s in seeds]
        return np.stack([_mixed(w, w.resamples) for w in wides], axis=1)


@dataclass(frozen=True)
class Gain:
    """An error of one variant minus that of another one, MPJPE in mm.

    Attributes:
        mean: over seeds.
        low: end of its 95 % interval.
        high: the other end.
        percent: the mean in percent of the other error.
        lower: number of seeds in which the error is lower.
        seeds: number of seeds that both have.
    """

    mean: float
    low: float
    high: float
    percent: float
    lower: int
    seeds: int

    def __str__(self) -> str:
        return (
            f"{self.mean:.1f} ({self.low:.1f} to {self.high:.1f}), {self.percent:.1f} %, "
            f"{self.lower} of {self.seeds}"
        )


def _mixed(wide: Wide, counts: Array) -> Array:
    """Return the errors of `mix`, (R, M), for R resamples."""
    return cell_means(wide, "mpjpe", counts) @ mix(wide)[1]


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
    start = f"{architecture}+{variant}-s"
    entries = {int(p.stem[len(start) :]): read(p) for p in sorted(folder.glob(f"{start}*.json"))}
    if not entries:
        return None
    return Row({s: widen(e.table, e.result.scoring.average) for s, e in entries.items()})


def gain(before: Row, after: Row) -> Gain:
    """Compare the corrupted errors of two variants; see `gains`."""
    return gains(before, after)["corrupted"]


def gains(before: Row, after: Row) -> dict[str, Gain]:
    """Compare each error of `mix` of two variants in the seeds that both have.

    Raises:
        ValueError: they have no seed in common, or other clips or cells.
    """
    seeds = sorted(before.seeds.keys() & after.seeds.keys())
    if not seeds:
        raise ValueError("no seed in common")
    if (before.first.clips, before.first.cells) != (after.first.clips, after.first.cells):
        raise ValueError("results of different clips or cells")
    other, own = (
        np.concatenate([_mixed(row.seeds[s], row.seeds[s].once) for s in seeds])
        for row in (before, after)
    )
    each = before.drawn(seeds) - after.drawn(seeds)
    weights = resample_counts(len(seeds), len(each)) / len(seeds)
    low, high = np.quantile((each * weights[..., None]).sum(axis=1), TAILS, axis=0)
    return {
        name: Gain(
            mean=float((other - own)[:, i].mean()),
            low=float(low[i]),
            high=float(high[i]),
            percent=float(100 * (1 - own[:, i].mean() / other[:, i].mean())),
            lower=int((own < other)[:, i].sum()),
            seeds=len(seeds),
        )
        for i, name in enumerate(mix(before.first)[0])
    }


#: Label of a row: architecture and variant.
Rows = Mapping[str, tuple[str, str]]


def table(folder: Path, title: str, rows: Rows) -> list[str]:
    """Return the lines of a table in Markdown: errors, and differences from the plain variant.

    Args:
        folder: of the results.
        title: of the first column.
        rows: those without a result are left out.
    """
    found = {label: row for label, of in rows.items() if (row := load(folder, *of))}
    if not found:
        return []
    names = mix(next(iter(found.values())).first)[0]
    header = [title, "seeds", *names, "lower than plain by, in how many seeds"]
    lines = [_line(header), _line(["---", *["--:"] * (len(names) + 1), "---"])]
    for label, row in found.items():
        architecture, variant = rows[label]
        plain = load(folder, architecture, PLAIN)
        change = str(gain(plain, row)) if plain and variant != PLAIN else ""
        lines.append(_line([label, str(len(row.seeds)), *_errors(row), change]))
    return [*lines, ""]


def families(folder: Path) -> list[str]:
    """Return the lines of a table in Markdown: what is gained in each family of corruptions."""
    found = {
        f"{architecture}, {variant}": gains(plain, row)
        for architecture in ARCHITECTURES
        for variant in VARIANTS
        if variant != PLAIN
        and (plain := load(folder, architecture, PLAIN))
        and (row := load(folder, architecture, variant))
    }
    if not found:
        return []
    _, _, *names = next(iter(found.values()))
    lines = [_line(["lifter", *names]), _line(["---", *["--:"] * len(names)])]
    for label, each in found.items():
        lines.append(_line([label, *(str(each[name]).partition(",")[0] for name in names)]))
    return [*lines, ""]


def _variants(architecture: str, variants: Iterable[str]) -> Rows:
    return {variant: (architecture, variant) for variant in variants}


def _recovered(folder: Path, architecture: str) -> list[str]:
    """Say what the upper bound gains beside both remedies."""
    plain, both, most = (load(folder, architecture, v) for v in (PLAIN, BOTH, UPPER_BOUND))
    if not (plain and both and most):
        return []
    own, bound = (gain(plain, row).mean for row in (both, most))
    return [f"`{BOTH}` gains {own:.1f} mm, `{UPPER_BOUND}` {bound:.1f} mm.", ""]


def page(folder: Path) -> list[str]:
    """Return the lines of all tables that have results."""
    lines = []
    for architecture in ARCHITECTURES:
        lines += table(folder, architecture, _variants(architecture, VARIANTS))
        lines += _recovered(folder, architecture)
    if found := families(folder):
        lines += ["### What each family gains", "", _LOWER, "", *found]
    noises = _variants(ABLATED, [PLAIN, "tagn", "tagn-halved", *NOISE_ABLATIONS])
    inputs = _variants(ABLATED, [PLAIN, "ca-conv", BOTH, *INPUT_ABLATIONS])
    lengths = {
        f"{name}, {variant}": (name, variant)
        for name in ("videopose3d-27", ABLATED, "videopose3d-243")
        for variant in (PLAIN, BOTH)
    }
    for title, text, rows in (
        ("Noise on the training poses", f"{ABLATED}, noise", noises),
        ("What the input learned from", f"{ABLATED}, input", inputs),
        ("Frames", "lifter", lengths),
    ):
        if found := table(folder, text, rows):
            lines += [f"### {title}", "", *found]
    for name, title in ELSEWHERE.items():
        every = {
            f"{architecture}, {variant}": (architecture, variant)
            for architecture in ARCHITECTURES
            for variant in VARIANTS
            if variant != UPPER_BOUND
        }
        if found := table(folder / name, "lifter", every):
            lines += [f"### {title}", "", *found]
    return lines


def _errors(row: Row) -> Iterable[str]:
    """Yield the errors; the first two with their standard deviations over seeds."""
    errors = row.once()
    for place, values in enumerate(errors.T):
        spread = f" ± {values.std(ddof=1):.1f}" if place <= _CORRUPTED and len(values) > 1 else ""
        yield f"{values.mean():.1f}{spread}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.remedies.table")
    parser.add_argument("--results", type=Path, default=Path("remedies"))
    parser.add_argument("--page", type=Path, default=Path("docs/remedies.md"))
    options = parser.parse_args(arguments)
    lines = page(options.results)
    print("\n".join(lines))
    before, after = options.page.read_text(encoding="utf-8").split(BEGIN)
    text = f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n{END}" + after.split(END)[1]
    with atomic(options.page) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
