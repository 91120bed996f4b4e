"""The page and the figure of the calibration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from corruptbench.corruptions import get
from corruptbench.evaluation.detections import Quality
from corruptbench.files import atomic
from corruptbench.manifest import CLEAN, SEVERITIES, Cell, load_manifest
from corruptbench.skeleton import LIMB_JOINTS
from tools.calibration.measure import COVERED, DETECTOR, MANIFEST, Cover
from tools.calibration.person_sizes import SIZES

#: PCK@0.1 as a fraction of the clean one that a core corruption is meant to leave at severities
#: 1 to 5: from "slightly worse" to "hard, but a person can still tell the pose". Our own choice.
#: A corruption that comes and goes, or that only touches what moves, stays above it.
TARGET = (0.95, 0.90, 0.82, 0.72, 0.60)
#: By how much PCK@0.1 may differ between the sizes of a person. Our own choice.
AGREE = 0.06
DOCS = Path(__file__).parents[2] / "docs"


def core(measured: dict[Cell, Quality]) -> list[str]:
    """Return the measured corruptions that are scored, in the manifest's order."""
    scored = [pin.name for pin in load_manifest(MANIFEST).corruptions]
    return [name for name in scored if Cell(name, 1) in measured]


def rest(measured: dict[Cell, Quality]) -> list[str]:
    """Return the measured corruptions that are not scored."""
    found = dict.fromkeys(cell.corruption for cell in measured if cell != CLEAN)
    return [name for name in found if name not in core(measured)]


def table(measured: dict[Cell, Quality], corruptions: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a Markdown table, clean first."""
    yield "| corruption | severity | parameters | PCK@0.1 | of clean | mean error | mean score |"
    yield "|---|--:|---|--:|--:|--:|--:|"
    clean = measured[CLEAN]
    yield (
        f"| clean | | | {clean.pck:.3f} | 1.00 | {clean.mean_error:.3f} | {clean.mean_score:.2f} |"
    )
    for cell in (Cell(name, s) for name in corruptions for s in SEVERITIES):
        q = measured[cell]
        params = vars(get(cell.corruption).severities[cell.severity - 1])
        words = ", ".join(f"{name} {value:g}" for name, value in params.items())
        yield (
            f"| `{cell.corruption}` | {cell.severity} | {words} | {q.pck:.3f} | "
            f"{q.pck / clean.pck:.2f} | {q.mean_error:.3f} | {q.mean_score:.2f} |"
        )


def cover_table(clean: Quality, found: dict[Cell, Cover]) -> Iterator[str]:
    """Yield the lines of a Markdown table: PCK@0.1 in covered frames, in free ones, and in all."""
    yield "| corruption | severity | covered | PCK@0.1, covered | free | all | all, of clean |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for cell, one in found.items():
        both = one.share * one.covered.pck + (1 - one.share) * one.free.pck
        yield (
            f"| `{cell.corruption}` | {cell.severity} | {one.share:.2f} | {one.covered.pck:.3f} | "
            f"{one.free.pck:.3f} | {both:.3f} | {both / clean.pck:.2f} |"
        )


def size_table(measured: dict[str, dict[Cell, Quality]]) -> Iterator[str]:
    """Yield the lines of a Markdown table: PCK@0.1 of each core cell at each size of the person."""
    names = list(measured)
    yield "| corruption, severity | " + " | ".join(names) + " | largest difference |"
    yield "|---|" + "--:|" * (len(names) + 1)
    cells = set.intersection(*(set(by_cell) for by_cell in measured.values()))
    scored = {cell: measured[names[0]][cell] for cell in measured[names[0]] if cell in cells}
    for cell in (CLEAN, *(Cell(name, s) for name in core(scored) for s in SEVERITIES)):
        pck = [measured[name][cell].pck for name in names]
        label = "clean" if cell == CLEAN else f"`{cell.corruption}`, {cell.severity}"
        values = " | ".join(f"{value:.3f}" for value in pck)
        gap = max(pck) - min(pck)
        shown = f"**{gap:.3f}**" if gap > AGREE else f"{gap:.3f}"
        yield f"| {label} | {values} | {shown} |"


def figure(measured: dict[Cell, Quality], path: Path) -> None:
    """Draw PCK, mean error and mean score against severity, one line for each core corruption."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "calibration", "font.size": 9})
    from matplotlib import pyplot

    panels = {"pck": "PCK@0.1", "mean_error": "mean error / box height", "mean_score": "mean score"}
    drawing, axes = pyplot.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
    for axis, (field, title) in zip(axes, panels.items(), strict=True):
        for name, mark in zip(core(measured), "osv^D<>P", strict=True):
            values = [getattr(measured[Cell(name, s)], field) for s in range(1, 6)]
            values.insert(0, getattr(measured[CLEAN], field))
            axis.plot(range(6), values, f"{mark}-", ms=4, lw=1.2, label=name)
        axis.set(title=title, xlabel="severity (0: clean)")
        axis.grid(alpha=0.25)
    clean = measured[CLEAN].pck
    axes[0].plot(range(6), [clean, *(clean * t for t in TARGET)], "k--", lw=1, label="target")
    drawing.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False)
    with atomic(path) as temporary:
        drawing.savefig(temporary, format="svg", metadata={"Date": None})


def write(measured: dict[str, dict[Cell, Quality]], covered: dict[Cell, Cover], every: int) -> None:
    """Write the page and the figure."""
    native = measured["native"]
    text = TEXT.format(
        detector=DETECTOR,
        manifest=MANIFEST,
        frames=native[CLEAN].joints // len(LIMB_JOINTS),
        every=every,
        core="\n".join(table(native, core(native))),
        covers="\n".join(cover_table(native[CLEAN], covered)),
        least=100 * COVERED,
        rest="\n".join(table(native, rest(native))),
        sizes="\n".join(size_table(measured)),
        heights=", ".join(f"`{name}` {px:g} px" for name, px in SIZES.items() if px),
        agree=AGREE,
        targets=", ".join(f"{t:.2f}" for t in TARGET),
    )
    with atomic(DOCS / "calibration.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    figure(native, DOCS / "calibration.svg")


TEXT = """# Severity calibration

What each severity does to the detector (`{detector}`): {frames} frames of {manifest} (one of every
{every} of each clip), 12 limb joints; errors are fractions of the height of the person's box.
Written by `python -m tools.calibration --write`.

![PCK, mean error and mean score against severity](calibration.svg)

The tables at the top of the core corruptions' files are chosen by hand, so that PCK@0.1 falls to
about {targets} of the clean value (dashed): from slightly worse to hard, while a
person can still tell the pose. This rule and all numbers are this project's own choice.
`long_exposure` blurs only what moves, and covers come and go, so these are milder at severity 5. A
longer exposure or a larger cover would hide the pose from people too.

The procedure for any corruption: run the command with `--corruption NAME`, which prints its rows,
change the table in its file, and repeat. Then raise the corruption's version and renew its golden
digest. If a manifest pins the corruption, raise that manifest's version too.

## Core: scored

{core}

## What comes and goes

A frame is covered if more than {least:g} % of the person's box is hidden, as far as it lies in the
picture. The other frames are free. The shares are those of the frames that were looked at.

The frames that were looked at lie at even distances. In short clips with one episode in the middle
they are covered less often than all frames. The shares of all frames stand in
[corruptions](corruptions.md). So PCK over all frames is up to 0.03 lower than here at severity 5.

{covers}

## Sizes of the person

PCK@0.1 of the same frames, enlarged so that the person's box is as tall as in other data sets
({heights}; `native` is 130 to 180 px). A severity has to mean the same at
each: differences of more than {agree:g} are bold.

{sizes}

## The rest of the library

These are not scored, and their tables are not set to the targets.

{rest}
"""
