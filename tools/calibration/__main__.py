"""Measure what each severity does to the detector, and draw the figure.

The detector looks at some frames of each clip of the benchmark, in every cell. The 12 limb joints
are compared with the projected labels. Severity tables of the core corruptions are chosen by hand,
so that PCK@0.1 falls from severity to severity as in `page.TARGET`. The results are written to
`docs/calibration.md` and `docs/calibration.svg`.

The core corruptions are measured with the person at several sizes as well
(`tools.calibration.person_sizes`): a severity has to mean the same at each.

Usage: python -m tools.calibration [--corruption NAME ...] [--sizes SIZE ...] [--every 8] [--write]
"""

from __future__ import annotations

import argparse

from corruptbench.corruptions import CorruptionError
from corruptbench.evaluation.detections import Quality
from corruptbench.manifest import CLEAN, Cell, load_manifest
from tools.calibration.measure import MANIFEST, Cover, cells_of, covers, measure, qualities
from tools.calibration.page import core, cover_table, rest, size_table, table, write
from tools.calibration.person_sizes import SIZES


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


if __name__ == "__main__":
    main()
