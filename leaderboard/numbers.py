"""The numbers of a result, all computed from its clips table."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from corruptbench.leaderboard.records import (
    Change,
    Millimeters,
    Name,
    Percent,
    Record,
    Seconds,
    Share,
    SparseRecord,
)

#: Joints of a pose; our own choice: whole-body sets have 133.
MOST_JOINTS = 200

OfJoints = Annotated[dict[Name, Millimeters], Field(min_length=1, max_length=MOST_JOINTS)]


class Cell(SparseRecord):
    """Each metric in one (corruption, severity), averaged by the rule of ``Scoring.average``.

    ``mpjpe_low`` and ``mpjpe_high`` bound the 95 % bootstrap interval over takes, and
    ``p_mpjpe_low`` and ``p_mpjpe_high`` that of P-MPJPE. A metric that the lifter does not have is
    left out.
    """

    corruption: Name
    severity: int = Field(ge=0, le=5)
    mpjpe: Millimeters | None = None
    p_mpjpe: Millimeters
    mpjve: Millimeters | None = None
    mpjpe_low: Millimeters | None = None
    mpjpe_high: Millimeters | None = None
    p_mpjpe_low: Millimeters | None = None
    p_mpjpe_high: Millimeters | None = None
    n_mpjpe: Millimeters | None = None
    acceleration: Millimeters | None = None
    pck: Percent | None = None
    auc: Percent | None = None
    bone_error: Millimeters | None = None
    bone_deviation: Millimeters | None = None
    best_mpjpe: Millimeters | None = None
    best_p_mpjpe: Millimeters | None = None
    mean_mpjpe: Millimeters | None = None
    spread: Millimeters | None = None


class Aggregate(Record):
    """One metric over the whole benchmark.

    ``corruptions`` maps a corruption to the mean over its severities. ``corrupted`` is the mean
    over the corruptions. ``degradation`` is ``corrupted - clean``: above 0 where errors grow.
    """

    clean: Millimeters
    corrupted: Millimeters
    degradation: Change
    corruptions: dict[Name, Millimeters]


class PercentAggregate(Record):
    """An `Aggregate` of a share of joints that are right, in percent.

    More is better, so ``degradation`` is below 0 where poses get worse.
    """

    clean: Percent
    corrupted: Percent
    degradation: float = Field(ge=-100.0, le=100.0, allow_inf_nan=False)
    corruptions: dict[Name, Percent]


class Interval(Record):
    """95 % percentile bootstrap interval over takes (a sequence with all its cameras)."""

    low: Change
    high: Change


class Intervals(Record):
    """Intervals of the aggregate of one metric."""

    clean: Interval
    corrupted: Interval
    degradation: Interval


class OcclusionErrors(SparseRecord):
    """Errors in mm while something hides the person, and after it.

    ``hidden`` and ``visible`` are means over joints that are hidden and that are not. ``covered``
    is the mean over frames in which the person is covered, ``after`` over the 0.3 s after a cover
    ends, ``free`` over all others. ``recovery`` is the mean time in s from the end of a cover until
    the error is back, and ``not_recovered`` the percentage of covers after which it was not back
    when the next cover or the clip's end came. These count in ``recovery`` with the time until
    then, so it is a lower bound. What never occurs is left out. For a lifter of unknown units these
    are errors after the alignment of P-MPJPE.
    """

    hidden: Millimeters | None = None
    visible: Millimeters | None = None
    covered: Millimeters | None = None
    after: Millimeters | None = None
    free: Millimeters | None = None
    recovery: Seconds | None = None
    not_recovered: Percent | None = None


class OcclusionIntervals(SparseRecord):
    """Intervals of `OcclusionErrors`. Resamples in which a part never occurs are left out."""

    hidden: Interval | None = None
    visible: Interval | None = None
    covered: Interval | None = None
    after: Interval | None = None
    free: Interval | None = None
    recovery: Interval | None = None
    not_recovered: Interval | None = None


class Occlusion(SparseRecord):
    """`OcclusionErrors` of each corruption that hides the person for a while, and their mean.

    A corruption's value is the mean over its severities. Both means leave out what never occurs.
    ``mean_intervals`` are the 95 % intervals of ``mean``.
    """

    mean: OcclusionErrors
    mean_intervals: OcclusionIntervals | None = None
    corruptions: dict[Name, OcclusionErrors]


class JointErrors(Record):
    """The mean error of each joint in mm, by its name in the joint set.

    They are averaged as the errors of the result are: MPJPE, or P-MPJPE where the units are
    unknown. The mean over joints is that error. ``corruptions`` has the mean over the severities
    of each corruption, and ``corrupted`` is the mean over corruptions.
    """

    clean: OfJoints
    corrupted: OfJoints
    corruptions: dict[Name, OfJoints]


class WorstCell(Record):
    """The corrupted cell with the largest error."""

    corruption: Name
    severity: int = Field(ge=1, le=5)
    error: Millimeters


class MeanCorruptionError(Record):
    """A lifter's errors in percent of those of the benchmark's reference lifter (mCE).

    ``corruptions`` has the errors of each corruption, summed over severities, in percent of those
    of ``reference``. ``value`` is their mean (Hendrycks & Dietterich, ICLR 2019). The errors are
    those of ``metric``, P-MPJPE where the units are unknown.
    """

    reference: Name
    metric: Literal["mpjpe", "p_mpjpe"]
    value: Share
    corruptions: dict[Name, Share]


class Robustness(SparseRecord):
    """How much corruption costs, in ``metric`` (P-MPJPE where the units are unknown).

    ``relative`` is the degradation in percent of the clean error (nothing if that is 0). ``area``
    is the mean error over severities 0 (clean) to 5: the area under the severity curve, divided by
    its length; ``areas`` has it for each corruption. ``worse`` is the percentage of (clip,
    corrupted cell) whose error is more than 10 mm above that of the same clip's clean cell.
    """

    metric: Literal["mpjpe", "p_mpjpe"]
    relative: Change | None = None
    relative_interval: Interval | None = None
    area: Millimeters
    area_interval: Interval
    areas: dict[Name, Millimeters]
    worst: WorstCell
    worse: Percent
    worse_interval: Interval
