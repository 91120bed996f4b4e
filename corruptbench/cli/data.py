"""``corruptbench data``: check the files of a data set."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from corruptbench.datasets import ALL_CLIPS, Dataset, Finding, Needs, open_dataset
from corruptbench.errors import InputError
from corruptbench.manifest import Manifest, known_manifests, load_manifest

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
@click.option(
    "--manifest",
    help="What is needed: id of a benchmark, or a .toml. Default: all that come with DATASET.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def check(dataset: str, root: Path | None, manifest: str | None, as_json: bool) -> None:
    """Say whether a benchmark can be built from a data set, and if not, what is missing.

    DATASET is human36m, humaneva, folder or studio. Exit code: 0 all that is needed is well, 1
    something differs, 2 something that is needed is missing.
    """
    opened = open_dataset(dataset, root)
    manifests = _manifests(dataset, manifest)
    found = [*(_clips(m, opened) for m in manifests), *opened.check(_needs(manifests))]
    if as_json:
        click.echo(json.dumps([asdict(f) for f in found], indent=2))
    else:
        _print(dataset, root, found)
    sys.exit(max((_CODES[f.level] for f in found), default=0))


def _manifests(dataset: str, name: str | None) -> list[Manifest]:
    """The one of that name, or the benchmarks that come with the data set; none with one's own."""
    if name is None:
        shipped = (load_manifest(known) for known in known_manifests())
        return [m for m in shipped if m.dataset == dataset and m.corruptions]
    manifest = load_manifest(name)
    if manifest.dataset != dataset:
        raise InputError(
            f"--manifest {name}: dataset: {manifest.dataset}, expected {dataset}; give a manifest "
            "of this data set, or check that one"
        )
    return [manifest]


def _needs(manifests: Sequence[Manifest]) -> Needs:
    if not manifests:
        return ALL_CLIPS
    published = [m for m in manifests if m.crop.boxes == "published"]
    return Needs(
        clip=lambda clip: any(m.clips.admits(clip) for m in manifests),
        published_boxes=lambda clip: any(m.clips.admits(clip) for m in published),
    )


def _clips(manifest: Manifest, dataset: Dataset) -> Finding:
    """Whether the data set has what the manifest lists."""
    expected = f"those of {manifest.id}"
    try:
        chosen = manifest.select(dataset.clip_ids())
    except InputError as error:
        found = str(error).removeprefix(f"manifest {manifest.id}: ")
        remedy = "complete the copy, or name the manifest that you mean: --manifest"
        return Finding(
            level="missing", subject="", what="clips", found=found, expected=expected, remedy=remedy
        )
    found = f"{len(chosen)} are needed"
    return Finding(level="ok", subject="", what="clips", found=found, expected=expected)


def _print(dataset: str, root: Path | None, found: Sequence[Finding]) -> None:
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
