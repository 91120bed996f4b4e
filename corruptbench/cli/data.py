"""``corruptbench data``: check the files of a data set."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from corruptbench.datasets import Finding, open_dataset
from corruptbench.errors import InputError

#: Exit code by the gravest finding.
_CODES = {"ok": 0, "differs": 1, "missing": 2}
#: Columns of the table where the output is no terminal: a file has no edge to wrap at.
_WIDE = 160


@click.group()
def command() -> None:
    """Check the files of a data set."""


@command.command()
@click.argument("dataset")
@click.option("--root", type=click.Path(path_type=Path), help="Where the data set lies.")
@click.option("--subject", "subjects", multiple=True, help="Only this one; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def check(dataset: str, root: Path | None, subjects: tuple[str, ...], as_json: bool) -> None:
    """Say what a data set holds, what is missing, and what differs.

    DATASET is human36m, humaneva, folder or studio. Exit code: 0 all is well, 1 something differs,
    2 something is missing.
    """
    found = list(open_dataset(dataset, root).check())
    known = {f.subject for f in found if f.subject}
    for subject in subjects:
        if subject not in known:
            raise InputError(f"--subject {subject}: expected one of {', '.join(sorted(known))}")
    if subjects:
        found = [f for f in found if f.subject in ("", *subjects)]
    if as_json:
        click.echo(json.dumps([asdict(f) for f in found], indent=2))
    else:
        _print(dataset, root, found)
    sys.exit(max((_CODES[f.level] for f in found), default=0))


def _print(dataset: str, root: Path | None, found: list[Finding]) -> None:
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)
    table = Table()
    for head in ("level", "subject", "what"):
        table.add_column(head, no_wrap=True)
    for head in ("found", "expected", "remedy, where"):
        table.add_column(head, overflow="fold")
    for f in found:
        where = f.where.removeprefix(f"{root}/")  # what follows the root is what tells files apart
        advice = "" if f.level == "ok" else "\n".join(filter(None, (f.remedy, where)))
        table.add_row(f.level, f.subject, f.what, f.found, f.expected, advice)
    console.print(table)
    levels: Counter[str] = Counter(f.level for f in found)
    console.print(f"{dataset}: " + ", ".join(f"{levels[level]} {level}" for level in _CODES))
