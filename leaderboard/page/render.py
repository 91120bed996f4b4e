"""The board as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from corruptbench.leaderboard.atomic import atomic
from corruptbench.leaderboard.compact import encoded
from corruptbench.leaderboard.comparison.paired import NOT_PAIRED, Paired
from corruptbench.leaderboard.exports.downloads import downloads
from corruptbench.leaderboard.page.figure_view import DRAWN
from corruptbench.leaderboard.page.kinds_view import Pictured, families
from corruptbench.leaderboard.page.records import Heading
from corruptbench.leaderboard.page.spans import steps_style
from corruptbench.leaderboard.page.view import benchmark_views
from corruptbench.leaderboard.ranking.placed import placed_rows
from corruptbench.leaderboard.ranking.ties import MEANING, Resampled
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.standalone import policy, site, templates

#: Its folder ``site`` holds the template, the style and the script.
PACKAGE = "corruptbench.leaderboard.page"
#: Parts of its style, and of its script, in the order in which they need each other.
STYLES = (
    "style.css", "choices.css", "span.css", "panel.css", "compare.css", "fast.css", "narrow.css",
)  # fmt: skip
SCRIPTS = (
    "dom.js", "copy.js", "later.js", "address.js", "table.js", "charts.js", "joints.js",
    "compare.js", "page.js",
)  # fmt: skip


def render(
    results: Sequence[Result],
    out_path: Path,
    manifests: Mapping[str, Mapping[str, object]] | None = None,
    paired: Paired = NOT_PAIRED,
    resampled: Mapping[str, Resampled] | None = None,
) -> Path:
    """Write the page and return its path. The same input gives the same bytes.

    The file contains its own styles, script and figures, and loads nothing over a network. It
    appears whole or not at all.

    Args:
        results: any results; each benchmark gets its own tables. Without any, the page says how to
            submit one.
        out_path: the HTML file; its folder is made if it is missing.
        manifests: by benchmark id, exactly the fields of `page.records.Heading`: the benchmark's
            ``title``, the names of its ``corruptions`` in the order of columns, figures and lines,
            and their ``kinds``, which may be left out. A benchmark without a manifest is titled by
            its id.
        paired: paired differences of rows, of `paired.read_paired`. Other rows are compared by
            their means.
        resampled: from `resampling.read_resampled`; without it no rows are tied.

    Raises:
        ValueError: a manifest has other fields or types.
        OSError: the file cannot be written.
    """
    text = html(results, manifests, paired, resampled)
    with atomic(out_path) as new:
        new.write_bytes(encoded(text))
    return out_path


def html(
    results: Sequence[Result],
    manifests: Mapping[str, Mapping[str, object]] | None = None,
    paired: Paired = NOT_PAIRED,
    resampled: Mapping[str, Resampled] | None = None,
) -> str:
    """Return the page as text; see `render`."""
    style, opening = _joined(STYLES) + steps_style(), site(PACKAGE, "opening.js")
    script = f'"use strict";\n(() => {{\n{_joined(SCRIPTS)}}})();\n'
    return (
        templates(PACKAGE)
        .get_template("page.html.jinja")
        .render(
            benchmarks=benchmark_views(results, manifests or {}, paired, resampled),
            same_rank=MEANING,
            plural={"corruption": "corruptions", "family": "families", "severity": "severities"},
            drawn=DRAWN,
            families=_families(results, manifests or {}),
            downloads=downloads(placed_rows(results, resampled)),
            style=Markup(style),
            script=Markup(script),
            opening=Markup(opening),
            policy=policy(style, [opening, script], "img-src data:"),
        )
    )


def _joined(names: Sequence[str]) -> str:
    return "".join(site(PACKAGE, name) for name in names)


def _families(
    results: Sequence[Result], manifests: Mapping[str, Mapping[str, object]]
) -> dict[str, list[Pictured]]:
    """Return the corruptions of the benchmarks that have a result."""
    shown = {result.benchmark.id for result in results}
    return families(Heading.model_validate(manifests[key]) for key in manifests if key in shown)
