"""Characters that nobody sees are refused in what authors say; names of any script are not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from corruptbench.leaderboard import About
from corruptbench.leaderboard.visible import unseen

UNSEEN = (
    "\u200b", "\u200c", "\u200d", "\u2060", "\u00ad", "\ufeff", "\u034f", "\ufe0f", "\U000e0100",
    "\U000e0041", "\ue000", "\u0378", "\u3164", "\u115f", "\u180b", "\u202e",
)  # fmt: skip


@pytest.mark.parametrize("char", UNSEEN)
def test_a_character_that_nobody_sees_is_refused(char: str) -> None:
    assert unseen(f"A. Au{char}thor") == f"U+{ord(char):04X}"
    with pytest.raises(ValidationError):
        About(authors=f"A. Au{char}thor")


def test_the_message_names_the_character() -> None:
    with pytest.raises(ValidationError, match=r"expected no character .* U\+200B"):
        About(venue="CVPR\u200b 2024")


@pytest.mark.parametrize(
    "name",
    [
        "علی\u200cرضا کریمی",
        "क्\u200dष",
        "José Nuñez",
        "Nguyễn Văn A",
        "李小龍",
        "김철수",
        "e\u0301",
        "O'Brien",
    ],
)
def test_names_of_people_are_accepted(name: str) -> None:
    assert About(authors=name).authors == name


@pytest.mark.parametrize("text", ["\u200dع", "ع\u200d", "a\u200cع", "ع\u200cक"])
def test_a_joiner_that_joins_nothing_is_refused(text: str) -> None:
    assert unseen(text)
