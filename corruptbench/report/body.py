"""Errors of joints, drawn on a skeleton that faces the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from corruptbench.leaderboard.page import scales
from corruptbench.leaderboard.page.scales import Scale
from corruptbench.leaderboard.standalone import spaced
from corruptbench.report import averages
from corruptbench.report.averages import means
from corruptbench.report.evidence import Evidence
from corruptbench.report.part import is_whole, whole_corruptions
from corruptbench.skeleton import JointSet, joint_set

#: Where each joint is drawn. The person faces the reader: their right side is on the left.
PLACES = {
    "head": (100, 20), "neck_nose": (100, 52), "thorax": (100, 86), "spine": (100, 128),
    "hip": (100, 168), "pelvis": (100, 168),
    "right_shoulder": (64, 90), "right_elbow": (44, 136), "right_wrist": (32, 182),
    "left_shoulder": (136, 90), "left_elbow": (156, 136), "left_wrist": (168, 182),
    "right_hip": (70, 178), "right_knee": (66, 232), "right_ankle": (62, 286),
    "left_hip": (130, 178), "left_knee": (134, 232), "left_ankle": (138, 286),
}  # fmt: skip
_WIDTH, _HEIGHT, _RADIUS = 200, 308, 13.5

#: Ten steps of matplotlib's plasma, from small to great errors: it is even in lightness, so that
#: people who confuse colors read it too.
PLASMA = (
    (13, 8, 135), (71, 3, 159), (115, 1, 168), (156, 23, 158), (189, 55, 134),
    (216, 87, 107), (237, 121, 83), (251, 159, 58), (253, 202, 38), (240, 249, 33),
)  # fmt: skip
#: From this relative luminance on, dark text is easier to read than white.
_LIGHT = 0.36


class Body(NamedTuple):
    """One skeleton under its title."""

    title: str
    figure: Markup


class Bodies(NamedTuple):
    """Skeletons and the table behind them.

    ``large`` are clean and corrupted, ``small`` one for each corruption. ``rows`` hold the name of
    a joint and a text for each of ``columns``.
    """

    large: Sequence[Body]
    small: Sequence[Body]
    legend: Markup
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def bodies(evidence: Evidence) -> Bodies | None:
    """Draw the errors of joints, all on one color scale; None without the file of joints."""
    table = evidence.joints
    if table is None:
        return None
    full = joint_set(evidence.result.scoring.joints)
    names = [name for name in full.joints if name in table]
    columns: dict[str, dict[str, float]] = {"clean": {}}
    if is_whole(evidence.result):
        columns["corrupted"] = {}
    for joint in names:
        cells = means(table, joint, "frames", evidence.average)
        ends = {"clean": averages.clean(cells)}
        if is_whole(evidence.result):
            ends["corrupted"] = averages.corrupted(cells)
        of_corruptions = averages.by_corruption(cells, whole_corruptions(evidence.result))
        for column, value in {**ends, **of_corruptions}.items():
            if value is not None:
                columns.setdefault(column, {})[joint] = value
    x = scales.scale((v for values in columns.values() for v in values.values()), zero=True)
    bones = kept_bones(full, names)
    drawn = [
        Body(spaced(title), draw(bones, values, x, title, large=title in ("clean", "corrupted")))
        for title, values in columns.items()
    ]
    rows = [
        (spaced(joint), [f"{v[joint]:.1f}" if joint in v else "none" for v in columns.values()])
        for joint in names
    ]
    large = 2 if is_whole(evidence.result) else 1
    return Bodies(drawn[:large], drawn[large:], legend(x), [spaced(c) for c in columns], rows)


def kept_bones(joints: JointSet, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the bones between the named joints; over a missing joint a bone goes to the next."""
    parents = {joints.joints[b]: joints.joints[a] for a, b in joints.bones}
    found = []
    for name in names:
        parent = parents.get(name)
        while parent is not None and parent not in names:
            parent = parents.get(parent)
        if parent is not None:
            found.append((parent, name))
    return found


def draw(
    bones: Sequence[tuple[str, str]],
    values: Mapping[str, float],
    x: Scale,
    title: str,
    large: bool,
) -> Markup:
    """Draw one skeleton; the number of a joint stands in it if there is room for it."""
    lines = [
        Markup('<line class="bone" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
            *PLACES[a], *PLACES[b]
        )
        for a, b in bones
    ]
    dots = [_joint(name, value, x, large) for name, value in values.items()]
    worst = max(values, key=lambda name: values[name], default="")
    label = (
        f"Errors of joints, {spaced(title)}; the greatest is {spaced(worst)}" if worst else title
    )
    return Markup(
        '<svg class="body" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>'
    ).format(_WIDTH, _HEIGHT, label, Markup("").join(lines), Markup("").join(dots))


def _joint(name: str, value: float, x: Scale, large: bool) -> Markup:
    color = heat(x.at(value))
    (cx, cy), ink = PLACES[name], "dark" if _luminance(color) > _LIGHT else "light"
    text = Markup(
        '<text class="{}" x="{}" y="{}" text-anchor="middle">{:.0f}</text>'
    ).format(ink, cx, cy + 4, value)  # fmt: skip
    return Markup(
        '<g><title>{}: {:.1f} mm</title><circle class="joint" cx="{}" cy="{}" r="{}" '
        'fill="#{:02x}{:02x}{:02x}"/>{}</g>'
    ).format(spaced(name), value, cx, cy, _RADIUS, *color, text if large else "")


def heat(share: float) -> tuple[int, int, int]:
    """Return the color of a share of the scale, 0 to 1."""
    place = min(max(share, 0.0), 1.0) * (len(PLASMA) - 1)
    low = min(int(place), len(PLASMA) - 2)
    a, b = PLASMA[low], PLASMA[low + 1]
    red, green, blue = (round(p + (q - p) * (place - low)) for p, q in zip(a, b, strict=True))
    return red, green, blue


def legend(x: Scale) -> Markup:
    """Draw the color scale with its numbers, mm."""
    stops = [
        Markup('<stop offset="{:.4f}" stop-color="#{:02x}{:02x}{:02x}"/>').format(
            i / (len(PLASMA) - 1), *color
        )
        for i, color in enumerate(PLASMA)
    ]
    texts = [
        Markup('<text class="tick" x="{:.1f}" y="30" text-anchor="middle">{:.10g}</text>').format(
            20 + 260 * x.at(tick), tick
        )
        for tick in x.ticks
    ]
    return Markup(
        '<svg class="heat" width="300" height="34" viewBox="0 0 300 34" role="img" '
        'aria-label="Colors from {:g} mm, dark blue, over red to {:g} mm, yellow"><defs>'
        '<linearGradient id="heat">{}</linearGradient></defs><rect x="20" y="4" width="260" '
        'height="12" rx="3" fill="url(#heat)"/>{}</svg>'
    ).format(x.low, x.high, Markup("").join(stops), Markup("").join(texts))


def _luminance(color: tuple[int, int, int]) -> float:
    """Return a color's luminance, 0 to 1 (WCAG 2.2, with its exponent rounded to 2.2)."""
    red, green, blue = (float((part / 255) ** 2.2) for part in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
