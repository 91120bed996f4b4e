"""Train lifters with and without the remedies, and evaluate them: `make remedies`.

What is trained and evaluated is kept, so the same command goes on where it stopped.
`python -m benchmarks.remedies.elsewhere` evaluates the same lifters on other shards, and
`python -m benchmarks.remedies.table` writes the page.

Usage: python -m benchmarks.remedies --shards shards [--root folder] [--manifest file]
[--out remedies] [--seeds 1,2,3] [--epochs 30] [--only name] [--workers 2] [--device cpu]
[--train-only] [--quick]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.remedies.elsewhere import evaluated
from benchmarks.remedies.inputs import claim
from benchmarks.remedies.noises import write_noise
from benchmarks.remedies.pieces import UNSCORED, Piece, trainings
from corruptbench.files import sha256_of_file, sha256_of_json

#: Epochs of the experiment.
EPOCHS = 30
#: Epochs and people of a quick one, which only shows that all parts run.
QUICK_EPOCHS, QUICK_PEOPLE = 1, ("S1",)
#: A change in these folders makes another experiment.
_CODE = (
    "corruptbench/training", "corruptbench/lifters",
    *(f"benchmarks/remedies/{name}.py" for name in ("experiment", "noises", "pieces", "unscored")),
)  # fmt: skip


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
    parser.add_argument("--device", default="cpu", help="of the training: cpu or cuda")
    parser.add_argument(
        "--train-only",
        action="store_true",
        help="evaluate with benchmarks.remedies.elsewhere",
    )
    parser.add_argument("--quick", action="store_true", help="one seed, epoch and person")
    options = parser.parse_args(arguments)
    seeds = [1] if options.quick else [int(s) for s in options.seeds.split(",")]
    epochs = QUICK_EPOCHS if options.quick else options.epochs
    people = QUICK_PEOPLE if options.quick else ()
    claim(options.out, _inputs(epochs, people, options.device))
    every = trainings(seeds, epochs, people)
    chosen = [tuple(p for p in group if options.only in p.name) for group in every]
    wanted = partial(_is_wanted, out=options.out, train_only=options.train_only)
    todo = [rest for group in chosen if (rest := tuple(filter(wanted, group)))]
    print(f"{sum(map(len, chosen))} pieces, {sum(map(len, todo))} to do", flush=True)
    where = None if options.train_only else (options.shards, options.root, options.manifest)
    work = partial(_run, where=where, out=options.out, device=options.device)
    began, done = time.monotonic(), 0
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.workers, maxtasksperchild=1) as pool:
        for lines in pool.imap_unordered(work, todo):
            done += len(lines)
            left = (time.monotonic() - began) * (sum(map(len, todo)) / done - 1)
            print(*lines, sep="\n")
            print(f"[{done}/{sum(map(len, todo))}, {left / 60:.0f} min left]", flush=True)


def _inputs(epochs: int, people: Sequence[str], device: str) -> dict[str, object]:
    """Return what the lifters of a folder are made from."""
    import torch

    from corruptbench.datasets.studio import ALL_TRAIN_SHARDS, TRAIN_NOISE

    root = Path(__file__).parents[2]
    files = [f for name in _CODE for f in sorted([*root.glob(name), *root.glob(f"{name}/**/*.py")])]
    return {
        "epochs": epochs,
        "people": list(people),
        "device": torch.cuda.get_device_name() if device != "cpu" else device,
        "torch": torch.__version__,
        "code": sha256_of_json([sha256_of_file(f) for f in files if f.is_file()]),
        "noise": sha256_of_file(TRAIN_NOISE),
        "training shards": [sha256_of_file(folder / "lock.json") for folder in ALL_TRAIN_SHARDS],
    }


def _is_wanted(piece: Piece, out: Path, train_only: bool) -> bool:
    path = f"models/{piece.name}.pt2" if train_only else f"{piece.name}.json"
    return not (out / path).is_file()


def _run(
    group: tuple[Piece, ...],
    where: tuple[Path, Path | None, str | None] | None,
    out: Path,
    device: str,
) -> list[str]:
    """Train pieces, and evaluate them if there are shards; return a line about each."""
    train(group, out, device)
    if where is None:
        return [f"{piece.name}: trained" for piece in group]
    return [evaluated(out / "models" / f"{p.name}.pt2", where, out) for p in group]


def train(group: tuple[Piece, ...], out: Path, device: str) -> None:
    """Train pieces that have a lifter in common; keep what is there already.

    Raises:
        InputError: a config does not fit the noise or the training shards.
        OSError: a model cannot be written.
    """
    import torch

    from benchmarks.remedies.unscored import Unscored
    from corruptbench.datasets.studio import ALL_TRAIN_SHARDS
    from corruptbench.lifters.export import export
    from corruptbench.shards.shard_set import open_shards
    from corruptbench.training.logs import save_log
    from corruptbench.training.run import Checkpoints, run

    torch.set_num_threads(1)
    training = [open_shards(folder, None) for folder in ALL_TRAIN_SHARDS]
    lifter = Checkpoints.beside(out / group[0].training).lifter
    for piece in group:
        model = out / "models" / f"{piece.name}.pt2"
        if model.is_file():
            continue
        checkpoints = Checkpoints(lifter, Checkpoints.beside(out / piece.name).ca_input)
        config = piece.config(out / "noises")
        noise = Path(config.tagn)
        if noise.suffix and not noise.is_file():
            write_noise(noise)
        result = run(config, training, device, checkpoints, lambda _: None)
        save_log(result.trained, out / "epochs" / f"{piece.name}.parquet")
        network = result.trained.network
        if piece.variant == UNSCORED:
            network = torch.nn.Sequential(Unscored(), network)
        export(network, result.contract, model)
        checkpoints.ca_input.unlink(missing_ok=True)
    lifter.unlink(missing_ok=True)
