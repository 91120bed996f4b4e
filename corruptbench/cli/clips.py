"""``corruptbench clips``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say, say_json

if TYPE_CHECKING:
    from corruptbench.datasets import ClipId, Dataset
    from corruptbench.manifest import Manifest


def by_name(manifest: Manifest, dataset: Dataset) -> dict[str, ClipId]:
    """Return the benchmark's clips by the names users give, such as ``S6/walking_1.cam1``."""
    return {str(c).partition("/")[2]: c for c in manifest.select(dataset.clip_ids())}


@define(
    "corruptbench clips --manifest studio-c-mini",
    json="an array of objects with name, subject, sequence, action and camera",
)
@options.manifest()
@options.root
@options.as_json
@options.always_quiet
def command(manifest: str, root: Path | None, as_json: bool) -> None:
    """List the clips of a benchmark."""
    from corruptbench.datasets import open_dataset
    from corruptbench.manifest import load_manifest

    benchmark = load_manifest(manifest)
    clips = by_name(benchmark, open_dataset(benchmark.dataset, root))
    if as_json:
        keys = ("subject", "sequence", "action", "camera")
        say_json([{"name": n, **{k: getattr(c, k) for k in keys}} for n, c in clips.items()])
    else:
        say("\n".join(clips))
