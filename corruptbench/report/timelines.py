"""Error against time: the worst clips frame by frame, over the same clips without corruption."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from corruptbench.frame_runs import runs
from corruptbench.leaderboard.page import scales
from corruptbench.leaderboard.page.scales import Scale
from corruptbench.report.evidence import Evidence
from corruptbench.report.extremes import KEY, cell_title, clip_title

_WIDTH, _HEIGHT = 400.0, 170.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 36.0, 8.0, 8.0, 22.0
#: Points of a line. A longer clip shows the smallest and the greatest error of each stretch.
POINTS = 400


class Timeline(NamedTuple):
    """One clip in one cell: title, what it shows in words, figure."""

    title: str
    cell: str
    words: str
    figure: Markup


class _Track(NamedTuple):
    """Frames (F,) of a clip in one cell, with errors (F,) mm and hidden shares (F,)."""

    frames: NDArray[np.int64]
    error: NDArray[np.float64]
    hidden: NDArray[np.float64]


def timelines(evidence: Evidence) -> list[Timeline] | None:
    """Draw the chosen clips, each on its own scale of frames and all on one of errors.

    Returns:
        None without the file of frames.
    """
    if evidence.frames is None or evidence.worst is None:
        return None
    tracks = {key: _track(rows) for key, rows in evidence.frames.groupby(KEY, sort=False)}
    keys = list(evidence.worst.itertuples(index=False, name=None))
    y = scales.scale((e for track in tracks.values() for e in track.error), zero=True)
    return [
        _timeline(key, tracks[key], tracks[(*key[:4], "clean", 0)], y, evidence.label)
        for key in keys
    ]


def _track(rows: pd.DataFrame) -> _Track:
    return _Track(*(rows[name].to_numpy() for name in ("frame", "error", "hidden")))


def _timeline(
    key: tuple[str, str, str, str, str, int], track: _Track, clean: _Track, y: Scale, label: str
) -> Timeline:
    x = scales.scale([*track.frames[[0, -1]], *clean.frames[[0, -1]]], steps=5)
    first, last = float(track.frames[0]), float(track.frames[-1])
    x = x._replace(low=first, high=max(last, first + 1))
    peak = int(track.error.argmax())
    covered = int((track.hidden > 0).sum())
    words = (
        f"Mean {track.error.mean():.0f} mm, {clean.error.mean():.0f} mm clean. Greatest "
        f"{track.error[peak]:.0f} mm in frame {track.frames[peak]}."
        + (f" Covered in {covered} of {len(track.frames)} frames." if covered else "")
    )
    parts = [*_shade(track, x), *_axes(x, y), *_lines(clean, x, y, "s-rest", f"clean {label}"),
             *_lines(track, x, y, "s1", label)]  # fmt: skip
    title, cell = clip_title(key), cell_title(key)
    figure = Markup(
        '<svg class="timeline" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">{}</svg>'
    ).format(_WIDTH, _HEIGHT, f"{label} of {title}, {cell}. {words}", Markup("").join(parts))
    return Timeline(title, cell, words, figure)


def _x(frame: float, x: Scale) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * x.at(frame)


def _y(error: float, y: Scale) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - y.at(error))


def _shade(track: _Track, x: Scale) -> list[Markup]:
    """Shade the frames in which the person is covered, the darker the more is hidden."""
    shades = []
    for run in runs(track.hidden > 0):
        left, right = _x(track.frames[run[0]] - 0.5, x), _x(track.frames[run[-1]] + 0.5, x)
        left, right = max(left, _LEFT), min(right, _WIDTH - _RIGHT)
        share = float(track.hidden[run[0] : run[-1] + 1].max())
        shades.append(
            Markup(
                '<rect class="cover" x="{:.1f}" y="{:g}" width="{:.1f}" height="{:g}" '
                'fill-opacity="{:.2f}"><title>frames {} to {}: up to {:.0f} % of the box hidden'
                "</title></rect>"
            ).format(
                left,
                _TOP,
                right - left,
                _HEIGHT - _TOP - _BOTTOM,
                0.10 + 0.22 * share,
                track.frames[run[0]],
                track.frames[run[-1]],
                100 * share,
            )
        )
    return shades


def _axes(x: Scale, y: Scale) -> list[Markup]:
    rows = [
        Markup(
            '<line class="grid" x1="{:g}" x2="{:g}" y1="{:.1f}" y2="{:.1f}"/>'
            '<text class="tick" x="{:g}" y="{:.1f}" text-anchor="end">{:.10g}</text>'
        ).format(_LEFT, _WIDTH - _RIGHT, _y(t, y), _y(t, y), _LEFT - 5, _y(t, y) + 3.5, t)
        for t in y.ticks
    ]
    columns = [
        Markup('<text class="tick" x="{:.1f}" y="{:g}" text-anchor="middle">{:.10g}</text>').format(
            _x(t, x), _HEIGHT - 6, t
        )
        for t in x.ticks
        if x.low <= t <= x.high
    ]
    return rows + columns


def _lines(track: _Track, x: Scale, y: Scale, color: str, name: str) -> list[Markup]:
    """Draw a line through each run of successive frames."""
    breaks = np.flatnonzero(np.diff(track.frames) > 1) + 1
    drawn = []
    for part in np.split(np.arange(len(track.frames)), breaks):
        kept = part[thinned(track.error[part], POINTS)]
        corners = " ".join(
            f"{_x(float(f), x):.1f},{_y(float(e), y):.1f}"
            for f, e in zip(track.frames[kept], track.error[kept], strict=True)
        )
        drawn.append(Markup('<polyline class="stroke" points="{}"/>').format(corners))
    body = Markup("").join(drawn)
    return [Markup('<g class="{}"><title>{}</title>{}</g>').format(color, name, body)]


def thinned(values: NDArray[np.float64], points: int) -> Sequence[int] | NDArray[np.int64]:
    """Return the places of at most ``points`` values that draw the same line, in order.

    Of each stretch the smallest and the greatest value stay.
    """
    if len(values) <= points:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), points // 2 + 1).astype(np.int64)
    kept: set[int] = set()
    for start, stop in pairwise(edges.tolist()):
        kept |= {start + int(values[start:stop].argmin()), start + int(values[start:stop].argmax())}
    return np.array(sorted(kept))
