"""Check the footer of a file of predictions: shards, lifter, columns and sizes.

Sizes are checked before a column is read, so that a small file cannot take all memory.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from corruptbench.errors import InputError
from corruptbench.evaluation.predictions import AGAIN, PredictionsRecord
from corruptbench.formats.pose_table import TEXTS, Footer
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.lifters.allowance import BEFORE, DURING
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.filtered import row_name
from corruptbench.shards.shard_set import ShardSet

#: Bytes of a column in a row group beyond three times its numbers, as written (a column that is
#: written as a dictionary has its numbers and their indices). Our own choice: names take some kB.
_SLACK = 1_000_000
_LISTS = "fixed_size_list of float"
#: Types of the columns.
_TYPES = {
    **dict.fromkeys(TEXTS, "string"), "severity": "int8", "frame": "int32", "sample": "int16",
    "pose": _LISTS, "hypotheses": _LISTS,
}  # fmt: skip


def check_build(path: Path, record: PredictionsRecord, shard_set: ShardSet) -> None:
    """Raise `InputError` when poses are those of another benchmark or build than the shards."""
    lock = shard_set.lock
    pairs = {
        "benchmark": (record.benchmark, lock.benchmark),
        "pixels_sha256": (record.pixels_sha256, lock.pixels_sha256),
        "detections_sha256": (record.detections_sha256, lock.detections_sha256),
    }
    for what, (found, expected) in pairs.items():
        if found != expected:
            raise InputError(
                f"{path}: {what}: found {found}, the shards have {expected}; give the shards that "
                "the lifter was evaluated on"
            )


def contract_of(path: Path, lifter: LifterRecord) -> Contract:
    """Return the contract in a record, if what the record says beside it is the same."""
    where = f"{path}: metadata: lifter"
    contract = Contract.checked(lifter.contract, f"{where}.contract")
    try:
        name = row_name(contract.name, lifter.filter)
    except InputError as error:
        raise InputError(f"{where}.filter: {error}; {AGAIN}") from None
    pairs = {
        "name": (lifter.name, name),
        "samples": (lifter.samples, contract.samples),
        "scored_joints": (lifter.scored_joints, contract.scored_joints),
    }
    for field, (found, expected) in pairs.items():
        if found != expected:
            raise InputError(f"{where}.{field}: found {found}, expected {expected}; {AGAIN}")
    if lifter.calibration_sha256 and contract.scores == "raw":
        raise InputError(
            f"{where}.calibration_sha256: found one, expected none for raw scores; {AGAIN}"
        )
    unknown = set(lifter.allowed or ()) - {*BEFORE, *DURING}
    if lifter.allowed is None or unknown:
        found = ", ".join(sorted(unknown)) or "nothing"
        raise InputError(
            f"{where}.allowed: found {found}, expected names of probes: "
            f"{', '.join(BEFORE + DURING)}; {AGAIN}"
        )
    return contract


def check_columns(path: Path, footer: Footer, contract: Contract, lifter: LifterRecord) -> int:
    """Return the number of hypotheses in the columns; 0 for one pose.

    Raises:
        InputError: a column is missing, unknown, or of another type or size.
    """
    names = [name for name, _, _ in footer["columns"]]
    needed = {*_TYPES} - {"hypotheses"} - ({"sample"} if contract.samples == 1 else set())
    _check_names(path, names, needed)
    for name, kind, _ in footer["columns"]:
        if kind != _TYPES[name]:
            raise InputError(
                f"{path}: column {name}: found {kind}, expected {_TYPES[name]}; {AGAIN}"
            )
    sizes, numbers = {name: size for name, _, size in footer["columns"]}, 3 * len(contract.lifted)
    _check_length(path, "pose", sizes["pose"], numbers)
    if "hypotheses" not in sizes:
        _check_count(path, 1, lifter)
        return 0
    count = max(1, sizes["hypotheses"] // numbers)
    _check_length(path, "hypotheses", sizes["hypotheses"], count * numbers)
    _check_count(path, count, lifter)
    return count


def _check_names(path: Path, names: list[str], needed: set[str]) -> None:
    counts = Counter(names)
    wrong = {
        **dict.fromkeys(sorted(counts.keys() - needed - {"hypotheses"}), "is not expected"),
        **dict.fromkeys(sorted(needed - counts.keys()), "is missing"),
        **{name: f"is there {n} times" for name, n in counts.items() if n > 1},
    }
    if wrong:
        name, what = next(iter(wrong.items()))
        expected = ", ".join(name for name in _TYPES if name in needed)
        raise InputError(f"{path}: column {name:.80} {what}; expected {expected}; {AGAIN}")


def _check_length(path: Path, name: str, found: int, expected: int) -> None:
    if found != expected:
        raise InputError(
            f"{path}: column {name}: {found} numbers in a row, expected {expected}, 3 for each "
            f"joint of the contract; {AGAIN}"
        )


def _check_count(path: Path, count: int, lifter: LifterRecord) -> None:
    if lifter.hypotheses != count:
        raise InputError(
            f"{path}: metadata: lifter.hypotheses: found {lifter.hypotheses}, expected {count}, as "
            f"the columns have; {AGAIN}"
        )


def check_sizes(path: Path, footer: Footer, most: int) -> None:
    """Raise `InputError` for more than ``most`` rows, or a column too large for its rows."""
    counts = [rows for rows, _ in footer["groups"]]
    if min(counts, default=0) < 0 or sum(counts) > most:
        raise InputError(f"{path}: {sum(counts)} rows, the shards have {most} frames; {AGAIN}")
    widths = {name: 4 * length for name, _, length in footer["columns"]}
    for rows, columns in footer["groups"]:
        for name, size in columns.items():
            if size > 3 * widths.get(name, 0) * rows + _SLACK:
                raise InputError(
                    f"{path}: column {name:.80}: {size} bytes for {rows} rows; {AGAIN}"
                )
