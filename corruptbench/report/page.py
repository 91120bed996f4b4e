"""Put the parts of a report into one HTML file."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from corruptbench.files import atomic
from corruptbench.leaderboard.standalone import policy, shared_style, site, templates
from corruptbench.report.body import bodies
from corruptbench.report.curves import cell_rows, severity_curves
from corruptbench.report.evidence import Evidence, read_evidence
from corruptbench.report.groups import exchange_table, group_tables
from corruptbench.report.headline import headline
from corruptbench.report.moving import moving
from corruptbench.report.occlusion import occlusion
from corruptbench.report.pictures import Pictures, pictures
from corruptbench.report.timelines import timelines
from corruptbench.shards.shard_set import ShardSet

#: Its folder ``site`` holds the page's files.
PACKAGE = "corruptbench.report"


def write_report(result: Path, out: Path, shard_set: ShardSet | None = None) -> None:
    """Write the page of a result, whole or not at all. Equal input gives equal bytes.

    Args:
        result: the ``.json`` of an evaluation; see `corruptbench.report.evidence.read_evidence`.
        out: the HTML file.
        shard_set: the shards that were scored, for pictures; without them there is none.

    Raises:
        SubmissionError: the file is no result, or its clips table is missing.
        InputError: another file beside it is damaged or of another evaluation, or the shards are
            not those that were scored.
        OSError: the page cannot be written.
    """
    evidence = read_evidence(result)
    text = html(evidence, pictures(evidence, shard_set))
    with atomic(out) as temporary:
        temporary.write_bytes(text.encode())


def html(evidence: Evidence, shown: Pictures) -> str:
    """Return the page as text. It holds all that it shows, and loads nothing."""
    style = shared_style() + site(PACKAGE, "report.css")
    script = site(PACKAGE, "report.js")
    return (
        templates(PACKAGE)
        .get_template("report.html.jinja")
        .render(
            result=evidence.result,
            label=evidence.label,
            head=headline(evidence),
            curves=severity_curves(evidence),
            cells=cell_rows(evidence),
            bodies=bodies(evidence),
            groups=group_tables(evidence),
            timelines=timelines(evidence),
            exchange=exchange_table(evidence),
            occlusion=occlusion(evidence),
            moving=moving(evidence, shown),
            pictures=shown,
            style=Markup(style),
            script=Markup(script),
            policy=policy(style, [script], "img-src data:"),
        )
    )
