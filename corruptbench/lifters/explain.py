"""Say in plain words what a contract means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from corruptbench.lifters.axes import Pattern
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.statistics import OutputStatistics, Statistics
from corruptbench.progress import counted

#: Frames of the clip that serves as an example.
CLIP = 500
_EVERY = "every n-th frame is taken, and each frame once"
_COORDINATES = {
    "screen": "x / w * 2 - 1 and (y * 2 - h) / w, for a picture of w x h pixels",
    "pixel": "pixels of the full picture",
    "crop": "the bounds of the clip's keypoints are a square of -1 to 1",
    "rays": "(x - c) / f with the camera's center c and focal length f",
}


def explained(contract: Contract) -> Iterator[tuple[str, str]]:
    """Yield what a contract means, as pairs of a subject and a sentence."""
    yield "lifter", contract.name
    yield "window", _window(contract)
    yield "edges", _edges(contract)
    frames = {"sequence": CLIP + contract.frames - 1, "clip": min(CLIP, contract.frames)}
    given = frames.get(contract.window, contract.frames)
    yield "input", _input(contract, given)
    yield "output", _output(contract, given)
    yield "pose", _pose(contract)
    yield "scored", _scored(contract)
    yield "sides", _sides(contract)
    yield from _passes(contract)


def _window(c: Contract) -> str:
    clip = f"a clip of {CLIP} frames is"
    if c.window == "sequence":
        return f"receptive field of {c.frames}; {clip} one pass"
    if c.window == "centre":
        return f"{counted(c.frames, 'frame')} for one pose; {clip} {CLIP} windows"
    blocks = -(-CLIP // c.frames)
    if c.window == "clip" and blocks == 1:
        return f"the whole clip, up to {c.frames} frames; {clip} one pass"
    what = "blocks" if c.window == "block" else "the whole clip, or blocks where it is longer,"
    return f"{what} of {c.frames} frames; {clip} {counted(blocks, 'block')}"


def _edges(c: Contract) -> str:
    if c.frames == 1 and c.window != "clip":
        return "none: each frame is lifted by itself"
    if c.window in ("sequence", "centre"):
        before = c.frames - 1 if c.target == "last" else (c.frames - 1) // 2
        after = c.frames - 1 - before
        return (
            f"the first frame is repeated {before} times before a clip, the last one {after} times "
            "after it"
        )
    tail = "the last block ends with the clip, and only its new frames count"
    short = "" if c.window == "clip" else "; a shorter clip repeats its last frame"
    return tail + short


def _input(c: Contract, frames: int) -> str:
    sizes = {"t": frames, "j": len(c.given), "c": c.width}
    how = c.normalize
    coordinates = (
        "pixels, less a mean, divided by a standard deviation"
        if isinstance(how, Statistics)
        else _COORDINATES[how]
    )
    calibrated = ", calibrated" if c.scores == "calibrated" else ""
    score = f"; then the detector's score{calibrated}" if c.channels == "xyc" else ""
    any_length = f", or any T up to {c.frames}" if c.window == "clip" else ""
    return (
        f"{_shape(c.input_axes, sizes, '1')}{any_length}, float32 for axes '{c.input}'; "
        f"{c.keypoints}; "
        f"{coordinates}{score}"
    )


def _output(c: Contract, frames: int) -> str:
    poses = {"sequence": frames - c.frames + 1, "centre": 1}.get(c.window, frames)
    sizes = {"t": poses, "j": len(c.lifted), "c": 3}
    select = c.output_axes.select
    where = "" if select is None else f", element {select!r} of what the model returns"
    either = f" (or {c.frames} poses, of which the {c.target} one counts)"
    more = either if c.window == "centre" and c.frames > 1 and "t" in c.output_axes.letters else ""
    return f"{_shape(c.output_axes, sizes, 'any')} for axes '{c.output}'{where}{more}"


def _shape(pattern: Pattern, sizes: Mapping[str, int], single: str) -> str:
    """Return the shape of an array in words; letters of unknown length stay."""
    axes = (
        single
        if isinstance(axis, int)
        else " x ".join(str(sizes.get(letter, letter.upper())) for letter in axis)
        for axis in pattern.axes
    )
    return f"({', '.join(axes)})"


def _pose(c: Contract) -> str:
    if c.units == "none":
        size = "of unknown size: P-MPJPE and N-MPJPE only"
    elif isinstance(c.units, OutputStatistics):
        size = f"{c.units.units}, after the standard deviation and the mean are put back"
    else:
        size = c.units
    root = "made relative to the root" if c.root == "absolute" else "relative to the root"
    return f"{size}; {root}; x right, y down, z forward, as the camera sees it"


def _scored(c: Contract) -> str:
    base = c.lifted.base
    scored = c.lifted.with_root(0)
    left_out = [joint for i, joint in enumerate(base.joints) if i not in scored]
    without = f", without {', '.join(left_out)}; not ranked with others" if left_out else ""
    origin = "" if 0 in c.lifted.kept else f"; {base.joints[0]} is the origin"
    return f"{len(scored)} of {len(base)} joints{without}{origin}"


def _sides(c: Contract) -> str:
    chosen = c.lifted
    place = {joint: i for i, joint in enumerate(chosen.kept)}
    left, right = (
        ", ".join(f"{place[i]} {chosen.base.joints[i]}" for i in side if i in place)
        for side in (chosen.base.left, chosen.base.right)
    )
    return f"left {left}; right {right}"


def _passes(c: Contract) -> Iterator[tuple[str, str]]:
    if c.flip:
        yield "flip", "the pose is the mean with that of the mirrored input, mirrored back"
    if c.fps is not None:
        yield "rate", f"{c.fps:g} frames per second: of a faster video, {_EVERY}"
    if c.samples > 1:
        yield "samples", f"{c.samples} passes with seeds 0 to {c.samples - 1}; errors are means"
    if c.hypotheses is not None:
        yield "hypotheses", f"axes '{c.hypotheses}', in addition to the model's own pose"
    elif "h" in c.output_axes.letters:
        yield "hypotheses", "their mean is the pose that is scored"
    if c.about and c.about.saw_corruptions:
        yield "training", "on corrupted video; not ranked with others"
