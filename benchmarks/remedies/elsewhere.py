"""Evaluate the lifters of the experiment on other shards: other corruptions, detectors or sizes.

Results are kept in a folder beside those of the experiment, and what is there is not done again.

Usage: python -m benchmarks.remedies.elsewhere NAME --shards shards [--root folder]
[--manifest file] [--out remedies] [--only name]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

#: The other shards, by the names of their folders, and how the page calls them.
ELSEWHERE = {
    "extended": "Corruptions that studio-C does not score (severities 1, 3 and 5)",
    "thunder": "MoveNet Thunder instead of Lightning (severity 3)",
    "humaneva": "People of 250 px, as in HumanEva-I (severity 3)",
    "human36m": "People of 450 px, as in Human3.6M (severity 3)",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.remedies.elsewhere", description=__doc__
    )
    parser.add_argument("name", choices=ELSEWHERE)
    parser.add_argument("--shards", type=Path, required=True)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--manifest")
    parser.add_argument("--out", type=Path, default=Path("remedies"), help="of the experiment")
    parser.add_argument("--only", default="", help="lifters whose name has this in it")
    options = parser.parse_args(arguments)
    where = (options.shards, options.root, options.manifest)
    models = [m for m in sorted((options.out / "models").glob("*.pt2")) if options.only in m.stem]
    for model in models:
        print(evaluated(model, where, options.out / options.name), flush=True)


def evaluated(model: Path, where: tuple[Path, Path | None, str | None], out: Path) -> str:
    """Evaluate a lifter, unless it was; return a line about it."""
    import torch

    import corruptbench
    from corruptbench.shards.shard_set import open_shards

    if (out / f"{model.stem}.json").is_file():
        return f"{model.stem}: kept"
    torch.set_num_threads(1)
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    lifter = corruptbench.load_lifter(model, threads=1)
    found = corruptbench.evaluate(lifter, open_shards(*where), progress=False)
    found.save(out)
    errors = found.record.errors
    seconds = time.monotonic() - began
    return (
        f"{model.stem}: {errors.clean:.1f} mm clean, {errors.corrupted:.1f} mm corrupted; "
        f"evaluated in {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
