"""Rules against fields of a contract that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corruptbench.errors import InputError
from corruptbench.lifters.statistics import Statistics
from corruptbench.records import problem
from corruptbench.skeleton import SCORED

if TYPE_CHECKING:
    from corruptbench.lifters.contract import Contract


def _check_window(c: Contract) -> None:
    if c.window in ("block", "clip"):
        if c.target == "last":
            raise problem(
                f"target: found 'last' with window '{c.window}', which gives a pose for each of "
                "its frames; remove it, or expected window 'sequence' or 'centre'"
            )
    elif c.frames % 2 == 0 and c.target == "middle":
        raise problem(
            f"frames: {c.frames} has no middle; expected an odd number, or target = 'last'"
        )


def _check_joints(c: Contract) -> None:
    base = c.lifted.base.name
    if base not in SCORED:
        raise problem(f"joints: found {base}, which nobody scores; expected {' or '.join(SCORED)}")
    if c.root == "absolute" and 0 not in c.lifted.kept:
        raise problem(
            f"root: found 'absolute', but joints '{c.joints}' leave out the root; expected "
            "'relative'"
        )


def _check_scores(c: Contract) -> None:
    if c.scores == "calibrated" and c.channels == "xy":
        raise problem(
            "scores: found 'calibrated' with channels 'xy', which have no score; remove it, or "
            "expected channels 'xyc'"
        )


def _check_axes(c: Contract) -> None:
    try:
        given, found = c.input_axes, c.output_axes
        hypotheses = c.hypotheses_axes
    except InputError as error:
        raise problem(f"input, output: found {error}") from None
    if given.select is not None or any(isinstance(a, int) and a != 0 for a in given.axes):
        raise problem(f"input: found '{c.input}'; expected letters, (letters) and 0 only")
    if "t" not in given.letters and c.frames > 1:
        raise problem(f"input: '{c.input}' has no axis t; expected frames = 1, found {c.frames}")
    if "t" not in given.letters and c.window == "sequence":
        raise problem(f"input: '{c.input}' has no axis t; expected window = 'centre'")
    if "t" not in found.letters and c.window != "centre" and c.frames > 1:
        raise problem(f"output: '{c.output}' has no axis t; expected window = 'centre'")
    if hypotheses is not None and "h" in found.letters:
        raise problem("hypotheses: output has an axis h already; remove one of the two")


def _check_statistics(c: Contract) -> None:
    counts = (("normalize", c.normalize, 2 * len(c.given)), ("units", c.units, 3 * len(c.lifted)))
    wrong = [
        f"{field}.{name}: found {len(numbers)} numbers, expected {count}"
        for field, value, count in counts
        if isinstance(value, Statistics)
        for name, numbers in (("mean", value.mean), ("std", value.std))
        if len(numbers) != count
    ]
    if wrong:
        raise problem(
            f"{'; '.join(wrong)}: fill in those of your training code (each joint's coordinates, "
            "in turn)"
        )
    for field, value, _ in counts:
        if isinstance(value, Statistics) and min(value.std) <= 0:
            raise problem(f"{field}.std: found {min(value.std)}, expected more than 0")


#: Each one raises an error that names the fields.
RULES = (_check_window, _check_joints, _check_scores, _check_axes, _check_statistics)
