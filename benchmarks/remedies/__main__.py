"""Train lifters with and without the remedies, and evaluate them: `make remedies`.

Each piece (architecture, variant, seed) is trained and evaluated by itself. Its result is kept, so
the same command goes on where it stopped. `python -m benchmarks.remedies.table` writes the page.

Usage: python -m benchmarks.remedies --shards shards [--root folder] [--manifest file]
[--out remedies] [--seeds 1,2,3] [--epochs 30] [--only name] [--workers 2] [--quick]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.remedies.pieces import Piece, pieces
from corruptbench.datasets.studio import ALL_TRAIN_SHARDS, TRAIN_NOISE
from corruptbench.files import atomic, sha256_of_file, sha256_of_json

#: Epochs of the experiment, and of a quick one, which only shows that all parts run.
EPOCHS, QUICK = 30, 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.remedies", description=__doc__)
    parser.add_argument(
        "--shards", type=Path, default=Path("shards"), help="of studio-C, all cells"
    )
    parser.add_argument(
        "--root", type=Path, help="folder of another data set than the embedded one"
    )
    parser.add_argument("--manifest", help="of shards of another benchmark")
    parser.add_argument("--out", type=Path, default=Path("remedies"), help="folder of the results")
    parser.add_argument("--seeds", default="1,2,3", help="such as 1,2,3")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--only", default="", help="pieces whose name has this in it")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--quick", action="store_true", help=f"one seed, epochs: {QUICK}")
    options = parser.parse_args(arguments)
    seeds = [1] if options.quick else [int(s) for s in options.seeds.split(",")]
    every = list(pieces(seeds, QUICK if options.quick else options.epochs))
    chosen = [p for p in every if options.only in p.name]
    _claim(chosen, options.out, options.shards)
    todo = [p for p in chosen if not (options.out / f"{p.name}.json").is_file()]
    print(f"{len(every)} pieces, {len(todo)} to do", flush=True)
    where = (options.shards, options.root, options.manifest)
    jobs = [(p, where, options.out) for p in todo]
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.workers, maxtasksperchild=1) as pool:
        for number, text in enumerate(pool.imap_unordered(_run, jobs), 1):
            print(f"[{number}/{len(todo)}] {text}", flush=True)


def _claim(pieces: Sequence[Piece], out: Path, shards: Path) -> None:
    """Write beside each piece what it is made from, or end where it was made from something else.

    A table would otherwise mix results of different parameters.
    """
    locks = (folder / "lock.json" for folder in ALL_TRAIN_SHARDS)
    inputs = [sha256_of_file(p) for p in (TRAIN_NOISE, *locks)]
    benchmark = sha256_of_file(shards / "lock.json")
    for piece in pieces:
        identity = sha256_of_json([piece.config.model_dump(mode="json"), *inputs, benchmark])
        path = out / "inputs" / f"{piece.name}.sha256"
        if path.is_file() and path.read_text(encoding="utf-8") != identity:
            raise SystemExit(
                f"{path}: {piece.name} was made with other epochs, noise or shards; name another "
                "folder with --out, or delete this one"
            )
        with atomic(path) as temporary:
            temporary.write_text(identity, encoding="utf-8")


def _run(job: tuple[Piece, tuple[Path, Path | None, str | None], Path]) -> str:
    """Train and evaluate a piece; return a line about it."""
    import time

    import torch

    import corruptbench
    from corruptbench.lifters.export import export
    from corruptbench.shards.shard_set import open_shards
    from corruptbench.training.logs import save_log
    from corruptbench.training.run import run

    piece, where, out = job
    torch.set_num_threads(1)
    began = time.monotonic()
    model = out / "models" / f"{piece.name}.pt2"
    if not model.is_file():
        out.mkdir(parents=True, exist_ok=True)
        training = [open_shards(folder, None) for folder in ALL_TRAIN_SHARDS]
        checkpoint = out / f".{piece.name}.checkpoint"
        result = run(piece.config, training, "cpu", checkpoint, lambda _: None)
        save_log(result.trained, out / "epochs" / f"{piece.name}.parquet")
        export(result.trained.network, result.contract, model)
        for path in (checkpoint, checkpoint.with_name(f"{checkpoint.name}.confidences")):
            path.unlink(missing_ok=True)
    trained = time.monotonic() - began
    lifter = corruptbench.load_lifter(model, threads=1)
    found = corruptbench.evaluate(lifter, open_shards(*where), progress=False)
    found.save(out)
    errors = found.record.errors
    return (
        f"{piece.name}: {errors.clean:.1f} mm clean, {errors.corrupted:.1f} mm corrupted; trained "
        f"in {trained:.0f} s, evaluated in {time.monotonic() - began - trained:.0f} s"
    )


if __name__ == "__main__":
    main()
