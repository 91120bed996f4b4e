"""``corruptbench data``: check the files of a data set."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import names, options
from corruptbench.cli.commands import Group, example
from corruptbench.cli.output import say_json, say_table, say_text
from corruptbench.cli.words import Name

if TYPE_CHECKING:
    from corruptbench.datasets import Dataset, Finding
    from corruptbench.manifest import Manifest

#: Exit code by the gravest finding.
_CODES = {"ok": 0, "differs": 1, "missing": 2}
#: Columns of the table in a file, which has no edge to wrap at.
_WIDE = 160


@click.group(cls=Group, epilog=example("corruptbench data check studio"))
def command() -> None:
    """Check the files of a data set."""


@command.command(
    epilog=example(
        "corruptbench data check studio --manifest studio-c",
        json="an array of objects with level (ok, differs or missing), subject, what, found, "
        "expected, remedy and where",
    )
)
@click.argument("dataset", type=Name(names.datasets))
@options.root
@options.manifest(None, "Default: all that come with DATASET. ")
@click.option(
    "--detect",
    is_flag=True,
    help="Also detect keypoints in a few frames of each clip, and compare the labels with them.",
)
@options.detector
@options.device
@options.as_json
@options.quiet
def check(
    dataset: str,
    root: Path | None,
    manifest: str | None,
    detect: bool,
    detector: str,
    device: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Say whether a benchmark can be built from a data set, and if not, what is missing.

    DATASET is human36m, humaneva, folder or studio. Exit code: 0 if all that is needed is right,
    1 if something differs, 2 if something that is needed is missing.
    """
    from dataclasses import asdict

    from corruptbench.datasets import dataset_findings, obstacles, open_dataset
    from corruptbench.manifest import needs_of
    from corruptbench.progress import note

    opened = open_dataset(dataset, root)
    manifests = _manifests(dataset, manifest)
    found = [
        *(_clips(m, opened) for m in manifests),
        *dataset_findings(opened, needs_of(manifests)),
    ]
    if detect and obstacles(found):
        note("nothing was detected: first repair what the table says")
    elif detect:
        found += _detected(opened, manifests, detector, device, not quiet)
    if as_json:
        say_json([asdict(f) for f in found])
    else:
        _print(dataset, root, found)
    sys.exit(max((_CODES[f.level] for f in found), default=0))


def _detected(
    dataset: Dataset, manifests: Sequence[Manifest], detector: str, device: str, shown: bool
) -> list[Finding]:
    """Return the findings of comparing the labels with detections."""
    from corruptbench.builder.sampled import PADDING, agreement_findings
    from corruptbench.detectors import load
    from corruptbench.manifest import needs_of
    from corruptbench.progress import meter

    needs = needs_of(manifests)
    count = sum(map(needs.clip, dataset.clip_ids()))
    padding = manifests[0].crop.padding if manifests else PADDING
    with meter("detect", count, "clips", shown) as advance:
        found = agreement_findings(
            dataset, needs, padding, load(detector, device), partial(advance, 1)
        )
        return list(found)


def _manifests(dataset: str, name: str | None) -> list[Manifest]:
    """Return the manifest of that name, or the benchmarks that come with the data set."""
    from corruptbench.manifest import load_manifest

    if name is None:
        shipped = map(load_manifest, names.manifests())
        return [m for m in shipped if m.dataset == dataset and m.corruptions]
    manifest = load_manifest(name)
    if manifest.dataset != dataset:
        raise click.UsageError(
            f"--manifest {name}: dataset: {manifest.dataset}, expected {dataset}; give a manifest "
            "of this data set, or check that one."
        )
    return [manifest]


def _clips(manifest: Manifest, dataset: Dataset) -> Finding:
    """Return whether the data set has what the manifest lists."""
    from corruptbench.datasets import Finding
    from corruptbench.errors import InputError
    from corruptbench.scorable import check_scorable

    expected = f"those of {manifest.id}"
    try:
        check_scorable(manifest, dataset)
        chosen = manifest.select(dataset.clip_ids())
    except InputError as error:
        return Finding(
            level="missing", subject="", what="clips",
            found=str(error).removeprefix(f"manifest {manifest.id}: "), expected=expected,
            remedy="complete the copy, or name the manifest that you mean: --manifest",
        )  # fmt: skip
    return Finding(
        level="ok", subject="", what="clips", found=f"{len(chosen)} needed", expected=expected
    )


def _print(dataset: str, root: Path | None, found: Sequence[Finding]) -> None:
    from rich.table import Table

    from corruptbench.datasets import verdict

    table = Table()
    for head in ("level", "subject", "what"):
        table.add_column(head, no_wrap=True)
    for head in ("found", "expected", "remedy, where"):
        table.add_column(head, overflow="fold")
    for f in found:
        where = f.where.removeprefix(f"{root}/")  # what follows the root is what tells files apart
        advice = "" if f.level == "ok" else "\n".join(filter(None, (f.remedy, where)))
        table.add_row(f.level, f.subject, f.what, f.found, f.expected, advice)
    say_table(table, _WIDE)
    levels: Counter[str] = Counter(f.level for f in found)
    say_text(f"{dataset}: " + ", ".join(f"{levels[level]} {level}" for level in _CODES))
    say_text(f"{dataset}: {verdict(found)}")
