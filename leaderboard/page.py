"""The board as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from corruptbench.leaderboard.atomic import atomic
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.standalone import policy, site, templates
from corruptbench.leaderboard.view import benchmark_views

#: Its folder ``site`` holds the template, the style and the script.
PACKAGE = "corruptbench.leaderboard"


def render(
    results: Sequence[Result],
    out_path: Path,
    manifests: Mapping[str, Mapping[str, object]] | None = None,
) -> Path:
    """Write the page and return its path. The same input gives the same bytes.

    The file contains its own styles, script and figures, and loads nothing over a network. It
    appears whole or not at all.

    Args:
        results: any results; each benchmark gets its own tables. Without any, the page says how to
            submit one.
        out_path: the HTML file; its folder is made if it is missing.
        manifests: by benchmark id, ``{"title": str, "corruptions": [name, ...]}`` with exactly
            these fields: the benchmark's title, and the names of its corruptions in the order of
            columns, figures and lines. A benchmark without a manifest is titled by its id.

    Raises:
        ValueError: a manifest has other fields or types.
        OSError: the file cannot be written.
    """
    text = html(results, manifests)
    with atomic(out_path) as new:
        new.write_bytes(text.encode())
    return out_path


def html(
    results: Sequence[Result], manifests: Mapping[str, Mapping[str, object]] | None = None
) -> str:
    """Return the page as text; see `render`."""
    style, script = site(PACKAGE, "style.css"), site(PACKAGE, "page.js")
    return (
        templates(PACKAGE)
        .get_template("page.html.jinja")
        .render(
            benchmarks=benchmark_views(results, manifests or {}),
            style=Markup(style),
            script=Markup(script),
            policy=policy(style, script),
        )
    )
