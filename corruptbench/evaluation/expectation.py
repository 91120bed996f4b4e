"""What the leaderboard expects of every result of a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache

from pydantic import ValidationError

from corruptbench.datasets import ClipId, LabelCounts, expected_clips
from corruptbench.detectors import families, score_meaning
from corruptbench.errors import first_problem
from corruptbench.leaderboard.expected import Expected, ExpectedClip
from corruptbench.leaderboard.lifter import MOST_DRAWS
from corruptbench.leaderboard.ranking.order import UNPROBED
from corruptbench.leaderboard.reference import retired_expectation
from corruptbench.leaderboard.schema import Benchmark, Lifter, Scoring
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.filters.registry import all_filters
from corruptbench.manifest import Manifest
from corruptbench.shards.ground_truth_scores import FAMILY, ground_truth_meaning
from corruptbench.skeleton import joint_set


def expectation(manifest: Manifest) -> Expected:
    """Return what a manifest fixes, and its clips where they are known."""
    known = expected_clips(manifest.dataset)
    return Expected(
        benchmark=Benchmark(
            id=manifest.id, version=manifest.version, manifest_sha256=manifest.sha256
        ),
        cells=tuple((c.corruption, c.severity) for c in manifest.cells),
        scoring=Scoring(**manifest.scoring.model_dump()),
        excluded=manifest.clips.exclude,
        clips=None if known is None else _clips(manifest, known),
        filters=tuple(all_filters()),
        joints=joint_set(manifest.scoring.joints).joints,
        contract=contract_fault,
        score_meaning=known_score_meaning,
        detectors=known_detectors(),
    )


@cache
def known_detectors() -> tuple[str, ...]:
    """Return the names of our detectors, and of ground truth in place of one."""
    ours = [f"{family}:{name}" for family, names in families().items() for name in names]
    return (*(name for name in ours if "*" not in name), f"{FAMILY}:projected")


def known_score_meaning(detector: str) -> str | None:
    """Return what the scores of a detector of ours mean, by its name; None for other ones."""
    return score_meaning(detector) or ground_truth_meaning(detector)


def contract_fault(lifter: Lifter) -> tuple[str, str, str] | None:
    """Return field, found and expected of what is wrong with the contract of a result; or None.

    A contract is one that a model can have, and the result says the same of joints, hypotheses and
    samples. Of poses that nobody could probe, hypotheses and samples are those of the files. In
    version 2 a result has no number of hypotheses, and a contract may state it.
    """
    fields = dict(lifter.contract)
    number = fields.get("hypotheses")
    if lifter.hypotheses is None and isinstance(number, int) and number is not True:
        fields.pop("hypotheses")
        if not 1 <= number <= MOST_DRAWS:
            return "contract", f"hypotheses: {number}", f"1 to {MOST_DRAWS:,} hypotheses"
    try:
        contract = Contract.model_validate(fields)
    except ValidationError as error:
        return "contract", first_problem(error, Contract.model_fields), "the contract of a lifter"
    if lifter.scored_joints not in (None, contract.scored_joints):
        expected = f"{contract.scored_joints}, as in its contract"
        return "scored_joints", str(lifter.scored_joints), expected
    if UNPROBED in (lifter.allowed or ()):
        return None
    if lifter.samples not in (None, contract.samples):
        return "samples", str(lifter.samples), f"{contract.samples}, as in its contract"
    gives_several = "h" in contract.output_axes.letters or contract.hypotheses_axes is not None
    if lifter.hypotheses not in (None, 1) and not gives_several:
        return "hypotheses", str(lifter.hypotheses), "1: its contract has no axis of hypotheses"
    return None


def expectations(manifests: Iterable[Manifest]) -> Callable[[Benchmark], Expected | None]:
    """Return what says what a board expects of a benchmark's rows, for `leaderboard.board.audit`.

    A benchmark has the manifest of its hash. One with another hash and a known id is compared with
    the manifest of that id, which it does not fit. For an older version than that, what a retired
    version expects counts. None stands for a benchmark that nobody here knows.
    """
    owned = list(manifests)
    by_hash, by_id = {m.sha256: m for m in owned}, {m.id: m for m in owned}

    def expected(benchmark: Benchmark) -> Expected | None:
        frozen = by_hash.get(benchmark.manifest_sha256) or by_id.get(benchmark.id)
        if frozen is None or benchmark.version < frozen.version:
            retired = retired_expectation(benchmark)
            return retired and replace(
                retired, score_meaning=known_score_meaning, detectors=known_detectors()
            )
        return expectation(frozen)

    return expected


def _clips(
    manifest: Manifest, known: Mapping[ClipId, LabelCounts]
) -> dict[tuple[str, str, str], ExpectedClip]:
    return {
        (c.subject, c.sequence, c.camera): ExpectedClip(
            action=c.action,
            frames=known[c].frames,
            run_frames=(known[c].in_runs or (None, None))[0],
            acceleration_frames=(known[c].in_runs or (None, None))[1],
        )
        for c in manifest.select(known)
    }
