"""The sign-flip test and Holm's correction against plain enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from corruptbench.leaderboard.statistics import significance
from corruptbench.leaderboard.statistics.significance import holm, sign_flip, smallest_p


def plain_p(parts: list[float]) -> float:
    observed = abs(sum(parts))
    sums = [
        abs(sum(s * x for s, x in zip(signs, parts, strict=True)))
        for signs in product((1, -1), repeat=len(parts))
    ]
    return sum(total >= observed - 1e-12 for total in sums) / len(sums)


@pytest.mark.parametrize("takes", [1, 2, 3, 5, 8])
def test_p_matches_enumeration(takes: int) -> None:
    parts = np.random.default_rng(takes).normal(0.4, 1.0, (takes, 4))
    right = [plain_p(column) for column in parts.T.tolist()]
    assert sign_flip(parts).tolist() == pytest.approx(right, abs=1e-12)


def test_no_difference_has_p_1_and_one_sign_the_smallest() -> None:
    assert sign_flip(np.zeros((5, 1))).tolist() == [1.0]
    for takes in (1, 3, 16):
        assert sign_flip(np.ones((takes, 1)))[0] == smallest_p(takes) == 2.0 ** (1 - takes)


def test_random_flips_agree_with_all_flips(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = np.random.default_rng(3).normal(0.3, 1.0, (12, 6))
    exact = sign_flip(parts)
    monkeypatch.setattr(significance, "EXACT", 4)
    drawn = sign_flip(parts)
    assert drawn == pytest.approx(exact, abs=0.01)
    assert drawn.tolist() == sign_flip(parts).tolist()
    assert sign_flip(np.ones((60, 1)))[0] == smallest_p(60) == 2.0**-16


def test_p_is_uniform_where_nothing_differs() -> None:
    parts = np.random.default_rng(8).normal(0.0, 1.0, (10, 4000))
    p = sign_flip(parts)
    for level in (0.05, 0.2, 0.5):
        assert (p <= level).mean() == pytest.approx(level, abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_holm_matches_its_definition(seed: int) -> None:
    p = np.random.default_rng(seed).uniform(0.0, 0.1, 7).round(2)
    corrected = holm(p)
    for k, value in enumerate(p.tolist()):
        smaller = [x for j, x in enumerate(p.tolist()) if (x, j) <= (value, k)]
        ranked = sorted(smaller)
        right = max(min(1.0, x * (len(p) - place)) for place, x in enumerate(ranked))
        assert corrected[k] == pytest.approx(right, abs=1e-12)
