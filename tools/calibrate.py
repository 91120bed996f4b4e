"""Measure what each severity does to the detector, and draw the figure.

The detector looks at some frames of each clip of the benchmark, in every cell. The 12 limb joints
are compared with the projected labels. Severity tables of the core corruptions are chosen by hand,
so that PCK@0.1 falls from severity to severity as in `TARGET`. The results are written to
`docs/calibration.md` and `docs/calibration.svg`.

The core corruptions are measured with the person at several sizes as well (`tools.person_sizes`): a
severity has to mean the same at each.

Usage: python -m tools.calibrate [--corruption NAME ...] [--sizes SIZE ...] [--every 8] [--write]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.builder.occlusion import occlusions
from corruptbench.builder.plan import clip_info
from corruptbench.corruptions import CorruptionError, all_corruptions, get
from corruptbench.datasets import ClipId, open_dataset
from corruptbench.detectors import Detector, load
from corruptbench.detectors.crops import resize, to_frame
from corruptbench.evaluation.detections import Quality, joint_errors, quality_of
from corruptbench.files import atomic
from corruptbench.manifest import CLEAN, SEVERITIES, Cell, CorruptionPin, Manifest, load_manifest
from corruptbench.shards.records import CellDetections
from corruptbench.skeleton import LIMB_JOINTS, joint_set
from tools.person_sizes import SIZES, sized_clip

MANIFEST, DETECTOR = "studio-c", "movenet:lightning"
#: PCK@0.1 as a fraction of the clean one that a core corruption is meant to leave at severities
#: 1 to 5: from "slightly worse" to "hard, but a person can still tell the pose". Our own choice.
#: A corruption that comes and goes, or that only touches what moves, stays above it.
TARGET = (0.95, 0.90, 0.82, 0.72, 0.60)
#: A frame is covered if more than this part of the person's box is hidden. Our own choice.
COVERED = 0.05
#: By how much PCK@0.1 may differ between the sizes of a person. Our own choice.
AGREE = 0.06
DOCS = Path(__file__).parent.parent / "docs"


@dataclass(frozen=True)
class Looked:
    """What was found in the sampled frames of one cell.

    Attributes:
        errors: (N, 3) of N joints, as `joint_errors` has them.
        covered: (N,) whether the joint's frame is covered.
    """

    errors: NDArray[np.float64]
    covered: NDArray[np.bool_]


@dataclass(frozen=True)
class Cover:
    """A cell of a temporary occlusion: the part of its frames that is covered, and both parts."""

    share: float
    covered: Quality
    free: Quality


@cache
def _detector() -> Detector:
    return load(DETECTOR)


@cache
def _manifest() -> Manifest:
    """Return the benchmark, with the corruptions that it does not score after its own."""
    manifest = load_manifest(MANIFEST)
    core = [pin.name for pin in manifest.corruptions]
    rest = [c for name, c in all_corruptions().items() if name not in core]
    pins = tuple(CorruptionPin(name=c.name, version=c.version) for c in rest)
    return manifest.model_copy(update={"corruptions": manifest.corruptions + pins})


def cells_of(corruptions: Sequence[str]) -> list[Cell]:
    """Return clean and all severities of these corruptions, or of the whole library if none.

    Raises:
        CorruptionError: there is no corruption of a name.
    """
    for name in corruptions:
        get(name)  # a misspelled name is an error
    chosen = corruptions or [pin.name for pin in _manifest().corruptions]
    return [CLEAN, *(Cell(name, s) for name in chosen for s in SEVERITIES)]


def look(
    clip_id: ClipId, cells: Sequence[Cell], every: int, person: float | None = None
) -> dict[Cell, Looked]:
    """Return what the detector finds in the sampled frames of one clip, clean first.

    The person is ``person`` pixels tall, or as in the video.
    """
    manifest, detector = _manifest(), _detector()
    clip = open_dataset(manifest.dataset, None).load(clip_id)
    sized = sized_clip(clip, cells, manifest, person)
    shape = (sized.info.frames, len(joint_set(detector.layout)))
    points = {cell: np.full((*shape, 2), np.nan, dtype=np.float32) for cell in cells}
    scores = {cell: np.zeros(shape, dtype=np.float32) for cell in cells}
    sampled = np.zeros(sized.info.frames, dtype=bool)
    sampled[every // 2 :: every] = True
    for t, frames in enumerate(sized.frames()):
        view = sized.crops[t]
        if not sampled[t] or view is None:
            continue
        crops = [view.pad(sized.renderers[cell](frames, t, view.inside)) for cell in cells]
        found = detector(np.stack([resize(crop, detector.input_size) for crop in crops]))
        placed = to_frame(found.keypoints, view.x0, view.y0, view.side, detector.input_size)
        for i, cell in enumerate(cells):
            points[cell][t], scores[cell][t] = placed[i] / sized.scale, found.scores[i]
    boxes = clip_info(clip, manifest).boxes.astype(np.float32)
    seen = np.isfinite(clip.boxes).all(axis=1)
    keep = np.repeat(sampled[seen], len(LIMB_JOINTS))
    looked = {}
    of_cells = occlusions([sized.renderers[cell] for cell in cells], sized.info)
    for cell, hidden in zip(cells, of_cells, strict=True):
        found = CellDetections(cell, points[cell], scores[cell], boxes, *hidden, "")
        covered = np.repeat((hidden[0] > COVERED)[seen], len(LIMB_JOINTS))
        looked[cell] = Looked(
            joint_errors(clip, found, detector.layout, clip.heights)[keep], covered[keep]
        )
    return looked


def measure(
    cells: Sequence[Cell], every: int, workers: int = 2, person: float | None = None
) -> dict[Cell, Looked]:
    """Return what the detector finds in each cell, over all clips of the benchmark."""
    manifest = _manifest()
    clip_ids = manifest.select(open_dataset(manifest.dataset, None).clip_ids())
    pooled: dict[Cell, list[Looked]] = defaultdict(list)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        task = partial(look, cells=cells, every=every, person=person)
        for done in pool.map(task, clip_ids):
            for cell, looked in done.items():
                pooled[cell].append(looked)
    return {
        cell: Looked(
            np.concatenate([part.errors for part in parts]),
            np.concatenate([part.covered for part in parts]),
        )
        for cell, parts in pooled.items()
    }


def qualities(looked: dict[Cell, Looked]) -> dict[Cell, Quality]:
    """Return the quality of the detections in each cell, over all frames."""
    return {cell: quality_of(one.errors) for cell, one in looked.items()}


def covers(looked: dict[Cell, Looked]) -> dict[Cell, Cover]:
    """Return the cells of temporary occlusions, with covered and free frames apart."""
    return {
        cell: Cover(
            float(one.covered.mean()),
            quality_of(one.errors[one.covered]),
            quality_of(one.errors[~one.covered]),
        )
        for cell, one in looked.items()
        if cell != CLEAN and get(cell.corruption).family == "temporary occlusion"
        if 0 < one.covered.mean() < 1
    }


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


def height_of(word: str) -> float | None:
    """Return the person's height in pixels, from a name of `SIZES` or a number."""
    return SIZES[word] if word in SIZES else float(word)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corruption", nargs="*", default=())
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--sizes", nargs="*", default=["native"], help=f"{', '.join(SIZES)}, or pixels"
    )
    parser.add_argument("--write", action="store_true", help="docs/calibration.md and .svg")
    given = parser.parse_args()
    if given.write and given.corruption:
        parser.error("--write: the page is about all corruptions; leave --corruption out")
    try:
        cells = cells_of(given.corruption)
        sizes = {word: height_of(word) for word in (SIZES if given.write else given.sizes)}
    except CorruptionError as error:
        parser.error(f"--corruption: {error}")
    except ValueError:
        parser.error(f"--sizes: expected {', '.join(SIZES)}, or a height in pixels")
    scored = {pin.name for pin in load_manifest(MANIFEST).corruptions}
    measured: dict[str, dict[Cell, Quality]] = {}
    covered: dict[Cell, Cover] = {}
    for name, person in sizes.items():
        chosen = cells
        if given.write and person is not None:  # the library is measured once
            chosen = [cell for cell in cells if cell == CLEAN or cell.corruption in scored]
        looked = measure(chosen, given.every, given.workers, person)
        measured[name] = found = qualities(looked)
        hiding = covers(looked)
        covered = covered or hiding
        print(f"{name}:", *table(found, [*core(found), *rest(found)]), sep="\n", flush=True)
        print(*cover_table(found[CLEAN], hiding), sep="\n", flush=True)
    if len(measured) > 1:
        print(*size_table(measured), sep="\n")
    if given.write:
        write(measured, covered, given.every)


TEXT = """# Severity calibration

What each severity does to the detector (`{detector}`): {frames} frames of {manifest} (one of every
{every} of each clip), 12 limb joints; errors are fractions of the height of the person's box.
Written by `python -m tools.calibrate --write`.

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

if __name__ == "__main__":
    main()
