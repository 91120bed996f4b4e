"""Draw `docs/remedies.svg` from the results of the experiment.

On the left the clean and the corrupted error of each variant, means over seeds; an arrow leads from
the plain lifter to the one with both remedies. On the right the gain of each variant in corrupted
error, with the 95 % interval over takes and seeds of `benchmarks.remedies.table.gain`.

Usage: python -m benchmarks.remedies.figure [--results remedies] [--out docs/remedies.svg]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.remedies.pieces import ARCHITECTURES, BOTH, PLAIN, UPPER_BOUND, VARIANTS
from benchmarks.remedies.table import Row, gain, load
from corruptbench.files import atomic

#: Colors of architectures, which people with a color deficiency can tell apart (Okabe and Ito).
COLORS = dict(zip(ARCHITECTURES, ("#0072b2", "#d55e00", "#009e73"), strict=True))
MARKS = dict(zip(VARIANTS, "os<D*X", strict=True))

Rows = dict[str, dict[str, Row]]


def found(folder: Path) -> Rows:
    """Return the results by architecture and variant, where there are some of the plain lifter."""
    every = {a: {v: load(folder, a, v) for v in VARIANTS} for a in ARCHITECTURES}
    return {
        a: {v: row for v, row in rows.items() if row} for a, rows in every.items() if rows[PLAIN]
    }


def draw(rows: Rows, path: Path) -> None:
    """Draw both panels; equal results give equal bytes.

    Args:
        rows: of `found`.
        path: of the SVG.
    """
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "remedies", "font.size": 9})
    from matplotlib import pyplot as plt

    drawing, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    _errors(left, rows)
    _gains(right, rows)
    with atomic(path) as temporary:
        drawing.savefig(temporary, format="svg", metadata={"Date": None})
    plt.close(drawing)


def _errors(axes: Any, rows: Rows) -> None:
    """Draw clean against corrupted errors; the upper bound is off the scale, and no remedy."""
    for architecture, variants in rows.items():
        color = COLORS[architecture]
        at = {v: row.once()[:, :2].mean(axis=0) for v, row in variants.items() if v != UPPER_BOUND}
        for variant, (clean, corrupted) in at.items():
            label = f"{architecture}, {variant}" if variant == PLAIN else None
            axes.plot(clean, corrupted, MARKS[variant], color=color, label=label)
        if BOTH in at:
            arrow = {"arrowstyle": "->", "color": color, "alpha": 0.5}
            axes.annotate("", at[BOTH], at[PLAIN], arrowprops=arrow)
    shown = {v for variants in rows.values() for v in variants}
    for variant in (v for v in VARIANTS if v in shown - {PLAIN, UPPER_BOUND}):
        axes.plot([], [], MARKS[variant], color="#555555", label=variant)
    axes.set(xlabel="clean MPJPE, mm", ylabel="corrupted MPJPE, mm", title="Errors")
    axes.legend(fontsize=7)
    axes.grid(alpha=0.3)


def _gains(axes: Any, rows: Rows) -> None:
    names = [v for v in VARIANTS if v != PLAIN and any(v in variants for variants in rows.values())]
    for number, (architecture, variants) in enumerate(rows.items()):
        shown = [v for v in names if v in variants]
        gains = [gain(variants[PLAIN], variants[v]) for v in shown]
        ends = np.array([[g.mean - g.low, g.high - g.mean] for g in gains]).T
        places = [names.index(v) + 0.2 * (number - 1) for v in shown]
        means = [g.mean for g in gains]
        axes.errorbar(
            means, places, xerr=ends, fmt="o", color=COLORS[architecture], label=architecture
        )
    axes.axvline(0, color="#555555", linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlabel="lower corrupted MPJPE than plain by, mm (95 % interval)", title="Gains")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize=7)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.remedies.figure")
    parser.add_argument("--results", type=Path, default=Path("remedies"))
    parser.add_argument("--out", type=Path, default=Path("docs/remedies.svg"))
    options = parser.parse_args(arguments)
    draw(found(options.results), options.out)


if __name__ == "__main__":
    main()
