"""The data card states the counts and hashes of the embedded data."""

from __future__ import annotations

import pytest

from tools import data_card


@pytest.mark.parametrize(
    "fact",
    [
        data_card.counts,
        data_card.actions,
        data_card.heights,
        data_card.bones,
        data_card.offsets,
        data_card.hashes,
    ],
)
def test_the_page_states_it(fact):
    assert fact() in data_card.PAGE.read_text(encoding="utf-8"), "run: python -m tools.data_card"
