"""Put the parts of a report into one HTML file."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from corruptbench.files import atomic
from corruptbench.leaderboard.standalone import policy, site, templates
from corruptbench.report.body import bodies
from corruptbench.report.curves import cell_rows, occlusion, severity_curves
from corruptbench.report.evidence import Evidence
from corruptbench.report.groups import exchange_table, group_tables
from corruptbench.report.headline import headline
from corruptbench.report.moving import moving
from corruptbench.report.pictures import Pictures
from corruptbench.report.timelines import timelines

#: The folders ``site`` with the page's files, and with the styles of the figures.
PACKAGE, BOARD = "corruptbench.report", "corruptbench.leaderboard"


def write(evidence: Evidence, pictures: Pictures, out: Path) -> None:
    """Write the page, whole or not at all. Equal input gives equal bytes.

    Raises:
        OSError: the file cannot be written.
    """
    text = html(evidence, pictures)
    with atomic(out) as temporary:
        temporary.write_bytes(text.encode())


def html(evidence: Evidence, pictures: Pictures) -> str:
    """Return the page as text. It holds all that it shows, and loads nothing."""
    style = site(BOARD, "style.css") + site(PACKAGE, "report.css")
    script = site(PACKAGE, "report.js")
    families, keys = severity_curves(evidence)
    return (
        templates(PACKAGE)
        .get_template("report.html.jinja")
        .render(
            result=evidence.result,
            label=evidence.label,
            head=headline(evidence),
            families=families,
            keys=keys,
            cells=cell_rows(evidence),
            bodies=bodies(evidence),
            groups=group_tables(evidence),
            timelines=timelines(evidence),
            exchange=exchange_table(evidence),
            occlusion=occlusion(evidence),
            moving=moving(evidence, pictures),
            pictures=pictures,
            style=Markup(style),
            script=Markup(script),
            policy=policy(style, script, "img-src data:"),
        )
    )
