"""A map from a detector's scores to probabilities, and its file.

A raw score means something else for each detector. A calibrated score is the probability that the
joint lies within 0.05 of the longer side of the person's box from its label, as measured on clean
clips of the training split. The map never falls, so the order of scores stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from corruptbench.errors import InputError
from corruptbench.files import sha256_of_json, write_json
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.lift import Track
from corruptbench.records import Record, Sha256, problem
from corruptbench.shards.records import BenchmarkRecord, DetectorRecord
from corruptbench.text_files import read_text

#: The calibrations that come with the software.
SHIPPED = Path(__file__).parent / "calibrations"

Unit = Annotated[float, Field(ge=0, le=1)]
#: Scores are multiples of 1/4096, so that there are no more different ones.
Points = Annotated[tuple[Unit, ...], Field(min_length=1, max_length=4097)]


class Training(Record):
    """Shards that a calibration was fitted on."""

    benchmark: BenchmarkRecord
    detections_sha256: Sha256
    clips: int


class ScoreCalibration(Record):
    """A monotone map from the scores of one detector to probabilities.

    Attributes:
        format: of the file.
        detector: whose scores it takes, with the digest of its weights and its joint set.
        threshold: a joint is correct within this fraction of the longer side of the person's box.
        fitted_on: the shards; only their clean cells.
        joints: names of the joints that were compared with labels. The map holds for all joints.
        samples: number of joints, over all frames.
        scores: ends of the pieces of the map, ascending.
        probabilities: at these scores, never falling; between them the map is linear.
    """

    format: Literal["corruptbench-calibration/1"] = "corruptbench-calibration/1"
    detector: DetectorRecord
    threshold: float
    fitted_on: tuple[Training, ...]
    joints: tuple[str, ...]
    samples: int = Field(ge=1)
    scores: Points
    probabilities: Points

    @model_validator(mode="after")
    def _is_a_map(self) -> ScoreCalibration:
        found, expected = len(self.probabilities), len(self.scores)
        if found != expected:
            raise problem(f"probabilities: found {found}, expected {expected}, one for each score")
        if any(a >= b for a, b in pairwise(self.scores)):
            raise problem("scores: expected ascending numbers")
        if any(a > b for a, b in pairwise(self.probabilities)):
            raise problem("probabilities: expected numbers that never fall")
        return self

    @cached_property
    def sha256(self) -> str:
        """Digest of the content, 64 hexadecimal digits."""
        return sha256_of_json(self.model_dump(mode="json"))

    def __call__(self, scores: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the probabilities of raw scores of any shape, float32."""
        found = np.interp(scores, self.scores, self.probabilities)
        return np.asarray(found, dtype=np.float32)

    def of_track(self, track: Track) -> Track:
        """Return a track with calibrated scores; those of frames without a detection stay 0."""
        seen = np.isfinite(track.keypoints).all(axis=(1, 2))
        return replace(track, scores=np.where(seen[:, None], self(track.scores), 0))


def save_calibration(calibration: ScoreCalibration, path: Path) -> None:
    """Write a calibration as JSON, atomically; equal content gives equal bytes."""
    write_json(path, calibration.model_dump(mode="json"))


def load_calibration(path: Path) -> ScoreCalibration:
    """Read a calibration.

    Raises:
        InputError: the file is no calibration; names the first field that is wrong.
        OSError: it cannot be read.
    """
    return ScoreCalibration.parse(read_text(path), str(path), "fit it again")


def calibration_of(
    detector: DetectorRecord, given: Sequence[ScoreCalibration] = ()
) -> ScoreCalibration:
    """Return the calibration that was fitted for a detector: a given one, or a shipped one.

    Raises:
        InputError: there is none for its name, weights, joint set, meaning of scores and boxes.
    """
    shipped = map(load_calibration, sorted(SHIPPED.glob("*.json")))
    for calibration in (*given, *shipped):
        if calibration.detector == detector:
            return calibration
    known = ", ".join(f"{c.detector} ({c.detector.weights_sha256[:12]})" for c in given)
    found = f"; the given one is of {known}" if known else ""
    raise InputError(
        f"no calibration of the scores of {detector} with the weights "
        f"{detector.weights_sha256[:12]}{found}; expected one: fit it on training clips "
        "(corruptbench calibrate-scores) and give its file",
        "calibration",
    )


def calibration_for(
    contract: Contract, detector: DetectorRecord, path: Path | None
) -> ScoreCalibration | None:
    """Return the calibration that a lifter asks for; None for one that takes raw scores.

    Args:
        contract: of the lifter.
        detector: that made the shards.
        path: file of a calibration; None for a shipped one.

    Raises:
        InputError: there is none for the detector, or one is given to a lifter of raw scores.
    """
    if contract.scores == "calibrated":
        given = [] if path is None else [load_calibration(path)]
        return calibration_of(detector, given)
    if path is not None:
        raise InputError(
            f"{contract.name}: takes raw scores, so that {path} would change nothing; leave it "
            'out, or export the lifter with scores = "calibrated" in its contract',
            "calibration",
        )
    return None
