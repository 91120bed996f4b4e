"""Who performs what: subjects, actions and the stretches of motion that they are driven by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .people import DRAWN

SPLIT_OF_SUBJECT = {
    **dict.fromkeys(("S1", "S2", "S3", "S4", "S5", *DRAWN), "train"),
    **dict.fromkeys(("S6", "S7"), "test"),
}
RATE_HZ = 50


@dataclass(frozen=True)
class Clip:
    """One sequence of the data set: seconds `start` to `stop` of the motion `key`."""

    subject: str
    sequence: str
    action: str
    key: str
    start: float
    stop: float

    @property
    def split(self) -> str:
        """`train` or `test`."""
        return SPLIT_OF_SUBJECT[self.subject]

    @property
    def name(self) -> str:
        """Name that seeds everything random about the clip."""
        return f"{self.subject}/{self.sequence}"

    def frame_range(self) -> tuple[int, int]:
        """First frame and the one after the last, at RATE_HZ; the motion may end sooner."""
        return round(self.start * RATE_HZ), round(self.stop * RATE_HZ)


_END = 60.0
"""Longer than any motion: to the end."""

_TEST = {
    "S6": (
        ("walking.test.walking_1", 0.5, 2.5),
        ("running.test.running_1", 0.0, _END),
        ("jumping.test.jumping_1", 4.9, 6.9),
        ("soccer.test.soccer_1", 0.9, 2.9),
        ("basketball.test.basketball_1", 0.74, 2.74),
        ("basketball_signal.train.basketball_signal_5", 2.0, 4.0),
        ("directing_traffic.train.directing_traffic_4", 13.0, 15.0),
        ("washwindow.test.washwindow_1", 0.5, 2.5),
    ),
    "S7": (
        ("walking_extra.test.walking_14", 0.6, 2.6),
        ("running.train.running_5", 0.0, _END),
        ("jumping.test.jumping_1", 12.5, 14.5),
        ("soccer.test.soccer_1", 2.96, 4.96),
        ("basketball.test.basketball_1", 2.78, 4.78),
        ("basketball_signal.train.basketball_signal_5", 6.4, 8.4),
        ("directing_traffic.train.directing_traffic_4", 26.0, 28.0),
        ("washwindow.test.washwindow_1", 4.5, 6.5),
    ),
}

_TRAIN = {
    "S1": (
        ("walking.train.walking_1", 0.0, _END),
        ("walking_extra.train.walking_14", 0.0, _END),
        ("walking_extra.train.walking_24", 0.4, 5.4),
        ("running.train.running_1", 0.0, _END),
        ("jumping.train.jumping_1", 0.4, _END),
        ("jumping.train.jumping_2", 0.5, 4.5),
        ("soccer.train.soccer_1", 2.0, _END),
        ("basketball.train.basketball_1", 0.9, _END),
        ("basketball_signal.train.basketball_signal_1", 1.0, 6.0),
        ("basketball_signal.train.basketball_signal_3", 2.0, 7.0),
        ("directing_traffic.train.directing_traffic_1", 0.2, 3.0),
        ("washwindow.test.washwindow_1", 9.0, 11.7),
    ),
    "S2": (
        ("walking.train.walking_2", 0.0, _END),
        ("walking_extra.train.walking_29", 0.0, _END),
        ("walking_extra.train.walking_49", 0.0, _END),
        ("running.train.running_2", 0.0, _END),
        ("jumping.train.jumping_2", 4.6, 8.6),
        ("jumping.train.jumping_5", 0.3, _END),
        ("soccer.train.soccer_2", 1.2, _END),
        ("basketball.train.basketball_2", 0.3, _END),
        ("basketball_signal.train.basketball_signal_2", 2.0, 7.0),
        ("basketball_signal.train.basketball_signal_4", 2.0, 7.0),
        ("directing_traffic.train.directing_traffic_1", 3.0, 4.1),
        ("washwindow.test.washwindow_1", 11.8, 14.5),
    ),
    "S3": (
        ("walking.train.walking_3", 0.0, _END),
        ("walking_extra.train.walking_34", 0.0, _END),
        ("running.train.running_3", 0.0, _END),
        ("jumping.train.jumping_2", 8.7, _END),
        ("jumping.train.jumping_3", 0.5, _END),
        ("soccer.train.soccer_3", 0.0, _END),
        ("basketball.train.basketball_3", 0.0, _END),
        ("basketball_signal.train.basketball_signal_3", 8.0, 13.0),
        ("basketball_signal.train.basketball_signal_1", 7.0, 12.0),
        ("directing_traffic.train.directing_traffic_1", 8.6, 11.2),
        ("washwindow.test.washwindow_1", 14.6, 17.3),
    ),
    "S4": (
        ("walking.train.walking_4", 0.0, _END),
        ("walking_extra.train.walking_19", 0.0, _END),
        ("walking_extra.train.walking_39", 0.0, _END),
        ("walking_extra.train.walking_24", 6.1, _END),
        ("running.train.running_4", 0.0, _END),
        ("jumping.train.jumping_4", 0.4, _END),
        ("soccer.train.soccer_4", 0.7, _END),
        ("basketball.train.basketball_4", 0.0, _END),
        ("basketball_signal.train.basketball_signal_4", 8.0, 13.0),
        ("basketball_signal.train.basketball_signal_2", 8.0, 13.0),
        ("directing_traffic.train.directing_traffic_1", 17.6, 20.0),
        ("washwindow.test.washwindow_1", 17.4, 20.1),
    ),
    "S5": (
        ("walking.train.walking_5", 0.0, _END),
        ("walking_extra.train.walking_44", 0.0, _END),
        ("running.train.running_2", 0.0, _END),
        ("jumping.train.jumping_3", 0.5, _END),
        ("jumping.train.jumping_2", 1.5, 5.5),
        ("soccer.train.soccer_5", 1.0, _END),
        ("basketball.train.basketball_5", 0.0, _END),
        ("basketball_signal.train.basketball_signal_1", 12.0, 17.0),
        ("basketball_signal.train.basketball_signal_4", 13.5, 18.5),
        ("directing_traffic.train.directing_traffic_1", 20.0, 22.4),
        ("washwindow.test.washwindow_1", 20.2, 22.9),
    ),
}


_SHORT: tuple[tuple[int, tuple[tuple[str, float], ...]], ...] = (
    (2, (
        ("walking.train.walking_1", 0.5), ("walking_extra.train.walking_19", 0.0),
        ("walking.train.walking_2", 2.5), ("walking_extra.train.walking_24", 2.6),
        ("walking_extra.test.walking_6", 0.8), ("walking_extra.train.walking_34", 0.5),
        ("walking.train.walking_5", 0.5), ("walking_extra.train.walking_49", 0.0),
        ("walking_extra.train.walking_14", 0.5), ("walking.train.walking_3", 0.5),
        ("walking_extra.test.walking_19", 0.7), ("walking_extra.train.walking_24", 8.4),
        ("walking.train.walking_4", 0.4), ("walking_extra.train.walking_44", 1.0),
        ("walking_extra.train.walking_39", 0.5), ("walking_extra.train.walking_29", 0.3),
    )),
    (1, tuple((f"running.train.running_{take}", 0.0) for take in (1, 2, 3, 4))),
    (2, (
        ("jumping.train.jumping_1", 0.4), ("jumping.train.jumping_2", 0.5),
        ("jumping.train.jumping_2", 6.6), ("jumping.train.jumping_3", 0.5),
        ("jumping.train.jumping_4", 0.4), ("jumping.train.jumping_2", 2.5),
        ("jumping.train.jumping_5", 0.5), ("jumping.train.jumping_2", 8.7),
        ("jumping.train.jumping_1", 1.4), ("jumping.train.jumping_2", 4.6),
    )),
    (2, (
        ("soccer.train.soccer_1", 2.0), ("soccer.train.soccer_2", 1.2),
        ("soccer.train.soccer_3", 0.5), ("soccer.train.soccer_4", 1.0),
        ("soccer.train.soccer_5", 1.0), ("soccer.train.soccer_1", 4.5),
        ("soccer.train.soccer_2", 2.8), ("soccer.train.soccer_5", 2.8),
    )),
    (1, (
        ("basketball.train.basketball_1", 0.9), ("basketball.train.basketball_2", 2.3),
        ("basketball.train.basketball_3", 1.0), ("basketball.train.basketball_4", 0.5),
        ("basketball.train.basketball_5", 1.0), ("basketball.train.basketball_1", 3.5),
        ("basketball.train.basketball_2", 0.3), ("basketball.train.basketball_5", 0.0),
    )),
    (1, (
        ("basketball_signal.train.basketball_signal_1", 18.0),
        ("basketball_signal.train.basketball_signal_2", 14.0),
        ("basketball_signal.train.basketball_signal_3", 14.0),
        ("basketball_signal.train.basketball_signal_4", 19.0),
        ("basketball_signal.train.basketball_signal_1", 22.0),
        ("basketball_signal.train.basketball_signal_2", 20.0),
        ("basketball_signal.train.basketball_signal_3", 20.0),
        ("basketball_signal.train.basketball_signal_4", 22.5),
    )),
    (1, tuple(("directing_traffic.train.directing_traffic_1", start)
              for start in (0.2, 8.6, 17.6, 20.2, 9.2, 18.6, 19.4, 0.8))),
    (1, tuple(("washwindow.test.washwindow_1", start)
              for start in (9.0, 11.8, 14.6, 17.4, 20.2, 10.4, 13.2, 16.0))),
)  # fmt: skip
"""By action: how many stretches of two seconds a drawn person performs, and where they start."""


def default_plan() -> tuple[Clip, ...]:
    """Return the plan of the published data set, for the packed motions."""
    drawn = {name: _stretches(number) for number, name in enumerate(DRAWN)}
    rows = (*_TEST.items(), *_TRAIN.items(), *drawn.items())
    return tuple(clip for subject, entries in rows for clip in _numbered(subject, entries))


def read_plan(path: Path) -> tuple[Clip, ...]:
    """Return a plan from JSON: a list of objects with the fields of `Clip`."""
    return tuple(Clip(**entry) for entry in json.loads(path.read_text()))


def seconds_between(one: Clip, two: Clip) -> float:
    """Gap between two stretches of the same motion; negative if they overlap."""
    if one.key != two.key:
        return float("inf")
    return max(one.start, two.start) - min(one.stop, two.stop)


def _stretches(person: int) -> tuple[tuple[str, float, float], ...]:
    """Return what a drawn person performs: the stretches after those of the person before."""
    return tuple(
        (key, start, start + 2.0)
        for count, stretches in _SHORT
        for key, start in (stretches[(person * count + i) % len(stretches)] for i in range(count))
    )


def _numbered(subject: str, entries: tuple[tuple[str, float, float], ...]) -> list[Clip]:
    """Clips called `<action>_<n>`, n counting per action."""
    clips: list[Clip] = []
    for key, start, stop in entries:
        action = key.split(".")[0].removesuffix("_extra")
        number = 1 + sum(clip.action == action for clip in clips)
        clips.append(Clip(subject, f"{action}_{number}", action, key, start, stop))
    return clips
