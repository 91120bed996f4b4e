"""The parameters of TAGN, and two sets of them that are ready to use."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf, isfinite

#: Share of the chunks that stay as they are: our own choice.
KEPT = 0.5


#: Most frames of a run.
LONGEST = 10**6


@dataclass(frozen=True)
class Runs:
    """Successive frames that are disturbed.

    Attributes:
        share: of the chunks (or of their joints or limbs) that have a run, 0 to 1.
        shortest: frames.
        longest: frames.
        offset: standard deviation of an offset that all frames of a run have, in sizes of the
            person.
        jitter: standard deviation of an offset of each frame and joint, in sizes of the person.
    """

    share: float = 0.0
    shortest: int = 2
    longest: int = 40
    offset: float = 0.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: a number is out of its range.
        """
        _check(self, share=(0, 1), longest=(1, LONGEST), offset=(0, inf), jitter=(0, inf))
        _check(self, shortest=(1, self.longest))


@dataclass(frozen=True)
class Scores:
    """Parameters of how a score falls when its joint is moved. All values are our own choice.

    A score is divided by 1 + (d / half) ^ power, for a displacement d in sizes of the person, and
    multiplied by the exponential of a normal number.

    Attributes:
        half: displacement at which a score is halved.
        power: see above.
        spread: standard deviation of the normal number.
    """

    half: float = 0.06
    power: float = 1.5
    spread: float = 0.3

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: a number is out of its range.
        """
        _check(self, half=(1e-9, inf), power=(0, inf), spread=(0, inf))


@dataclass(frozen=True)
class Noise:
    """Parameters of the noise on a chunk of T frames. All values are our own choice.

    Attributes:
        kept: share of the chunks that stay as they are, 0 to 1.
        bias: standard deviation of an offset of each joint over the whole chunk, in sizes.
        jitter: standard deviation of an offset of each joint and frame, in sizes.
        frames: runs of whole poses, whose joints move together.
        joints: runs of single joints. The rest of the limb moves with its joint: a wrist with its
            elbow.
        exchanges: runs in which a limb and that of the other side are exchanged. Only share and
            lengths count.
        scores: what happens to scores.
    """

    kept: float = KEPT
    bias: float = 0.0
    jitter: float = 0.0
    frames: Runs = field(default_factory=Runs)
    joints: Runs = field(default_factory=Runs)
    exchanges: Runs = field(default_factory=Runs)
    scores: Scores = field(default_factory=Scores)

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: a number is out of its range.
        """
        _check(self, kept=(0, 1), bias=(0, inf), jitter=(0, inf))

    def scaled(self, factor: float) -> Noise:
        """Return this noise, with each standard deviation multiplied by a factor."""
        runs = {"frames": self.frames, "joints": self.joints}
        louder = {
            name: replace(run, offset=run.offset * factor, jitter=run.jitter * factor)
            for name, run in runs.items()
        }
        return replace(
            self,
            bias=self.bias * factor,
            jitter=self.jitter * factor,
            frames=louder["frames"],
            joints=louder["joints"],
        )


def _check(parameters: object, **ranges: tuple[float, float]) -> None:
    for name, (low, high) in ranges.items():
        value = getattr(parameters, name)
        if not (isfinite(value) and low <= value <= high):
            kind = type(parameters).__name__
            raise ValueError(f"{kind}.{name}: found {value}, expected {low:g} to {high:g}")


#: The idea in its plainest form: runs of frames with noise of one strength.
PLAIN = Noise(frames=Runs(share=1.0, jitter=0.03))
#: All parts, at a third of the strength that we tried first, which cost clean accuracy for nothing.
FULL = Noise(
    bias=0.02, jitter=0.02,
    frames=Runs(share=0.35, longest=60, offset=0.1, jitter=0.05),
    joints=Runs(share=0.25, offset=0.2, jitter=0.08),
    exchanges=Runs(share=0.1, longest=20),
).scaled(0.3)  # fmt: skip
