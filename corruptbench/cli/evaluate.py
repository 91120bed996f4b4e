"""``corruptbench evaluate``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import names, options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_json, say_table, say_text, table_width
from corruptbench.cli.words import Name
from corruptbench.lifters.allowance import BEFORE, DURING
from corruptbench.storage import AnyPath

if TYPE_CHECKING:
    from corruptbench.api import Result
    from corruptbench.shards.shard_set import ShardSet


@define(
    "corruptbench evaluate model.pt2 --shards shards --out results",
    json="an object with path (of the result file), complete (whether all cells were built) "
    "and result (the content of the result file, with labels and warnings)",
)
@click.argument("model", type=options.PATH)
@options.shards
@options.root
@options.manifest_of_shards
@options.device
@options.time_limit
@options.memory_limit
@options.threads
@click.option(
    "--allow", multiple=True, metavar="PROBE",
    help="Score a model that fails this probe, and mark the result. One of "
    f"{', '.join(BEFORE + DURING)}.",
)  # fmt: skip
@options.trust
@click.option(
    "--save-predictions", type=options.PATH, metavar="FILE",
    help="Parquet file for the poses; corruptbench score reads it.",
)  # fmt: skip
@click.option(
    "--filter", "filter_name", type=Name(names.filters),
    help="Smooth keypoints over time before the lifter sees them; a row of its own. One of "
    f"{', '.join(names.filters())}.",
)  # fmt: skip
@options.calibration
@options.as_json
@options.quiet
@options.out("results", "Folder for the result.")
def command(
    model: Path, shards: AnyPath, root: Path | None, manifest: str | None, device: str,
    time_limit: float, memory_limit: float, threads: int | None, allow: tuple[str, ...],
    trust: bool, save_predictions: Path | None, filter_name: str | None,
    calibration: Path | None, as_json: bool, quiet: bool, out: Path,
) -> None:  # fmt: skip
    """Score a lifter (model.pt2, model.pt or model.onnx) on shards and write a result file.

    A model is a program, and this command runs it. It runs in a process of its own, with limits of
    time and memory. On Linux it has no network and cannot write files, where the system permits
    that; a line says so where it does not. It can read what you can read. Evaluate a stranger's
    model in a container or on a machine that holds nothing of value.
    """
    from corruptbench import api
    from corruptbench.evaluation.rejected import RejectedPosesError, save_rejected
    from corruptbench.evaluation.result import check_free, result_path
    from corruptbench.evaluation.score import check_cells
    from corruptbench.files import check_folder
    from corruptbench.keypoint_evaluation.score_calibration import calibration_for
    from corruptbench.lifters.filtered import row_name
    from corruptbench.lifters.lifter import declared, unused_contract
    from corruptbench.progress import note

    shard_set = api.open_shards(shards, root, manifest)
    check_folder(out)  # now rather than after the work
    check_cells(shard_set)
    file, contract = declared(model, trust)
    lock = shard_set.lock
    calibration_for(contract, lock.detector, calibration)  # now rather than after the probes
    check_free(
        result_path(out, row_name(contract.name, filter_name)), file.sha256,
        lock.benchmark.manifest_sha256, lock.detections_sha256,
    )  # fmt: skip
    beside = unused_contract(model, contract)
    if beside and not quiet:
        note(f"{beside}: not used, because {model.name} has another contract inside")
    with _log(out / f"{model.stem}.printed.log", quiet) as log:
        lifter = api.load_lifter(
            model, device, allow=allow, time_limit=time_limit, memory_limit=memory_limit,
            threads=threads, trust=trust, log=log,
        )  # fmt: skip
        if not (lifter.is_confined or quiet):
            note(
                "this system does not permit namespaces: the model can use the network and write "
                "your files"
            )
        try:
            evaluated = api.evaluate(
                lifter, shard_set, progress=not quiet, save_predictions=save_predictions,
                filter=filter_name, calibration=calibration,
            )  # fmt: skip
        except RejectedPosesError as error:
            raise save_rejected(error, out) from None
    path = evaluated.save(out)
    say_result(evaluated, shard_set, path, as_json, quiet)


@contextmanager
def _log(path: Path, quiet: bool) -> Iterator[Path]:
    """Give a new file for what the model prints, and remove it if that is nothing."""
    from corruptbench.progress import note

    made = not path.parent.exists()
    path.unlink(missing_ok=True)
    try:
        yield path
    finally:
        if path.is_file() and path.stat().st_size:
            if not quiet:
                note(f"{path} holds what the model printed")
        else:
            path.unlink(missing_ok=True)
            if made:
                with suppress(OSError):  # there is none, or it holds something else
                    path.parent.rmdir()


def say_result(
    evaluated: Result, shard_set: ShardSet, path: Path, as_json: bool, quiet: bool
) -> None:
    """Print a result that was saved to ``path``, as text or JSON."""
    from corruptbench.leaderboard import as_text, mce_text
    from corruptbench.lifters.allowance import BEFORE, DURING
    from corruptbench.progress import note

    result = evaluated.record
    complete = result.coverage.n_scored == result.coverage.n_expected
    if not (complete or quiet):
        note(
            f"partial: {result.coverage.cells} of {len(shard_set.manifest.cells)} cells were "
            "built; the leaderboard takes complete results only"
        )
    if as_json:
        record = result.model_dump(mode="json")
        say_json({"path": str(path), "complete": complete, "result": record})
        return
    say_table(as_text([result], table_width()))
    if mce := mce_text(result, shard_set.manifest.reference_lifter):
        say_text(f"mCE: {mce}")
    for warning in evaluated.warnings:
        say_text(f"warning: {warning}")
    for name in result.lifter.allowed or ():
        is_asked = name in BEFORE + DURING
        failed = f"it failed probe '{name}', which was allowed"
        say_text(f"marked: {failed if is_asked else 'it could not be probed'}")
    say_text(f"result: {path}")
