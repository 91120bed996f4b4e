"""The studio set's plan: who moves how, and that test motion is never trained on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from itertools import combinations

import pytest

from tools.studio.people import SUBJECTS
from tools.studio.plan import Clip, default_plan, read_plan, seconds_between

ACTIONS = {
    "walking", "running", "jumping", "soccer",
    "basketball", "basketball_signal", "directing_traffic", "washwindow",
}  # fmt: skip
PLAN = default_plan()
TEST = [clip for clip in PLAN if clip.split == "test"]
TRAIN = [clip for clip in PLAN if clip.split == "train"]


def test_sequences_are_unique_within_a_subject() -> None:
    assert max(Counter(clip.name for clip in PLAN).values()) == 1
    assert all(clip.sequence.startswith(f"{clip.action}_") for clip in PLAN)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_performs_every_action(subject: str) -> None:
    assert {clip.action for clip in PLAN if clip.subject == subject} == ACTIONS


def test_each_test_subject_performs_each_action_once() -> None:
    assert len(TEST) == 16
    for clip in TEST:
        first, last = clip.frame_range()
        assert clip.action == "running" or last - first == 100


def test_no_test_motion_is_trained_on() -> None:
    gaps = [seconds_between(one, two) for one in TEST for two in TRAIN]
    assert min(gaps) >= 2.0
    shared = {clip.key for clip in TEST} & {clip.key for clip in TRAIN}
    assert shared == {"washwindow.test.washwindow_1"}


def test_the_two_test_subjects_do_not_share_motion() -> None:
    for one, two in combinations(TEST, 2):
        assert seconds_between(one, two) > 0


def test_a_train_subject_never_repeats_a_stretch() -> None:
    for one, two in combinations(TRAIN, 2):
        if one.subject == two.subject:
            assert seconds_between(one, two) >= 0


def test_seconds_between() -> None:
    one = Clip("S1", "a_1", "a", "k", 1.0, 3.0)
    assert seconds_between(one, Clip("S2", "a_1", "a", "k", 5.5, 6.0)) == pytest.approx(2.5)
    assert seconds_between(one, Clip("S2", "a_1", "a", "k", 2.0, 6.0)) == pytest.approx(-1.0)
    assert seconds_between(one, Clip("S2", "a_1", "a", "other", 2.0, 6.0)) == float("inf")


def test_a_plan_can_be_read_from_a_file(tmp_path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps([asdict(clip) for clip in PLAN]))
    assert read_plan(path) == PLAN
