from __future__ import annotations

import statistics

import pytest

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.page.columns import columns, value
from tests.leaderboard.conftest import CORRUPTIONS, clip_table, digest, document

FAMILIES = {"erase": "occlusion", "camera_shake": "motion blur", "gaussian_noise": "pixel noise"}


def test_groups_follow_each_other_and_keys_can_be_in_an_address() -> None:
    found = columns(list(CORRUPTIONS), FAMILIES | {"camera_shake": "occlusion"})
    assert [c.key for c in found] == [
        "clean", "corrupted", "degradation", "erase", "camera_shake", "gaussian_noise",
        "occlusion", "pixel-noise", *(f"severity-{s}" for s in range(1, 6)),
    ]  # fmt: skip
    assert [c.label for c in found[3:8]] == [
        "erase", "camera shake", "gaussian noise", "occlusion", "pixel noise",
    ]  # fmt: skip


def test_without_all_families_there_are_no_columns_of_them() -> None:
    groups = {c.group for c in columns([*CORRUPTIONS, "unknown"], FAMILIES)}
    assert groups == {"total", "corruption", "severity"}


def test_values_are_means_over_what_a_column_names(results: list[Result]) -> None:
    found = columns(list(CORRUPTIONS), FAMILIES | {"camera_shake": "occlusion"})
    for metric in ("mpjpe", "mpjve"):
        error = getattr(results[0], metric)
        numbers = {c.key: value(metric, results[0], c) for c in found}
        for part in ("clean", "corrupted", "degradation"):
            assert numbers[part] == getattr(error, part)
        for name in CORRUPTIONS:
            assert numbers[name] == error.corruptions[name]
        both = error.corruptions["erase"], error.corruptions["camera_shake"]
        assert numbers["occlusion"] == pytest.approx(statistics.mean(both))
        for s in range(1, 6):
            cells = [getattr(c, metric) for c in results[0].cells if c.severity == s]
            assert len(cells) == 3
            assert numbers[f"severity-{s}"] == pytest.approx(statistics.mean(cells))


def test_a_number_that_lacks_a_part_is_none() -> None:
    table = clip_table(corruptions={"erase": 1.0}, severities=(1, 2))
    found = columns(["erase", "camera_shake"], {"erase": "a", "camera_shake": "a"})
    result = Result.model_validate(document(table, digest("x")))
    missing = {c.key for c in found if value("mpjpe", result, c) is None}
    assert missing == {"camera_shake", "a", "severity-3", "severity-4", "severity-5"}
