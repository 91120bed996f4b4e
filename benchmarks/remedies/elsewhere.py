"""Evaluate the lifters of the experiment on other shards: other corruptions, detectors or sizes.

Results are kept in a folder beside those of the experiment, and what is there is not done again.
The name "studio-c" is for lifters that were trained on another machine: those are the results of
the experiment itself.

Usage: python -m benchmarks.remedies.elsewhere NAME --shards shards [--root folder]
[--manifest file] [--out remedies] [--only name]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.remedies.inputs import claim

#: Shards of the benchmark itself.
HERE = "studio-c"
#: The other shards, by the names of their folders, and what the page calls them.
ELSEWHERE = {
    "extended": "Corruptions that studio-C does not score",
    "thunder": "MoveNet Thunder instead of Lightning (severity 3)",
    "humaneva": "People of 250 px, as in HumanEva-I (severity 3)",
    "human36m": "People of 450 px, as in Human3.6M (severity 3)",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.remedies.elsewhere", description=__doc__
    )
    parser.add_argument("name", choices=[HERE, *ELSEWHERE])
    parser.add_argument("--shards", type=Path, required=True)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--manifest")
    parser.add_argument("--out", type=Path, default=Path("remedies"), help="of the experiment")
    parser.add_argument("--only", default="", help="lifters whose name has this in it")
    options = parser.parse_args(arguments)
    where = (options.shards, options.root, options.manifest)
    models = [m for m in sorted((options.out / "models").glob("*.pt2")) if options.only in m.stem]
    out = options.out if options.name == HERE else options.out / options.name
    for model in models:
        print(evaluated(model, where, out), flush=True)


def evaluated(model: Path, where: tuple[Path, Path | None, str | None], out: Path) -> str:
    """Evaluate a lifter, unless it was; return a line about it.

    Raises:
        SystemExit: the folder has results of other shards.
        InputError: the shards or the lifter are not as expected.
    """
    import torch

    import corruptbench
    from corruptbench.files import sha256_of_file
    from corruptbench.shards.shard_set import open_shards

    shards = open_shards(*where)
    cells = [str(cell) for cell in shards.cells]
    lock = shards.lock
    claim(out, {
        "detections": lock.detections_sha256, "detector": lock.detector.name, "cells": cells,
    })  # fmt: skip
    result = out / f"{model.stem}.json"
    if result.is_file():
        known = json.loads(result.read_text(encoding="utf-8"))["lifter"]["sha256"]
        if known == sha256_of_file(model):
            return f"{model.stem}: kept"
    torch.set_num_threads(1)
    began = time.monotonic()
    result.unlink(missing_ok=True)
    lifter = corruptbench.load_lifter(model, threads=1)
    found = corruptbench.evaluate(lifter, shards, progress=False)
    found.save(out)
    errors = found.record.errors
    seconds = time.monotonic() - began
    return (
        f"{model.stem}: {errors.clean:.1f} mm clean, {errors.corrupted:.1f} mm corrupted; "
        f"evaluated in {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
