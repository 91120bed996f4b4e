"""Text that a reader takes for another one is refused in what authors say; no name is."""

from __future__ import annotations

import pytest

from corruptbench.leaderboard import About
from corruptbench.leaderboard.referee.said import about_faults
from corruptbench.leaderboard.visible import mixed, unseen

UNSEEN = (
    "\u200b", "\u200c", "\u200d", "\u2060", "\u00ad", "\ufeff", "\u034f", "\ufe0f", "\U000e0100",
    "\U000e0041", "\ue000", "\u0378", "\u3164", "\u115f", "\u180b", "\u202e",
)  # fmt: skip


@pytest.mark.parametrize("char", UNSEEN)
def test_a_character_that_nobody_sees_is_refused(char: str) -> None:
    assert unseen(f"A. Au{char}thor") == f"U+{ord(char):04X}"


def test_the_message_names_the_character() -> None:
    (fault,) = about_faults(About(venue="CVPR\u200b 2024"))
    assert fault.expected == "no character that nobody sees, such as U+200B"


NAMES = (
    "علی\u200cرضا کریمی", "محمد علي", "م. علي", "क्\u200dष", "José Nuñez", "Nguyễn Thị Ánh",
    "Nguye\u0302\u0303n", "Łukasz Żółć", "İbrahim Çelik", "Ærø Ångström", "O'Brien", "M.ª José",
    "Γιώργος Παπαδόπουλος", "Α. Παπαδόπουλος", "Дмитрий Иванов", "Д. А. Иванов", "Ђорђе Петровић",
    "Олексій П\u02bcятаченко", "Ka\u02bbimi", "יוסי כהן", "გიორგი", "Հակոբ", "สมชาย ใจดี", "नमस्ते",
    "李小龍", "李小龍 (Bruce Lee)", "김철수", "金철수", "山田 タロウ", "Jean-Пьер", "e\u0301",
    "A. B. Author, Д. Иванов and Ph.D. Παπαδόπουλος", "A. कुमार", "A. محمد", "कुमार A.", "〆木",
    "ETH Zürich", "Inria & Université", "Đại học Bách khoa", "清华大学 (Tsinghua University)",
)  # fmt: skip
#: Of venues and licenses.
TEXTS = (
    "第23回CVIM研究会", "計算機学報（中文版）", "ＣＶＰＲ 2024", "ΔPose", "π-GAN at ℓ1",
    "CC BY-NC 4.0", "β-VAE & 5\u00b5m", "№ 5, N°5", "株式会社ＮＴＴデータ", "ＡＩ研究所", "βVAE",
    "αPose", "μLab", "5 \u03bcm", "X³",
)  # fmt: skip


@pytest.mark.parametrize("text", [*NAMES, *TEXTS])
def test_text_of_one_script_in_each_word_is_accepted(text: str) -> None:
    assert list(about_faults(About(authors=text, venue=text))) == []


@pytest.mark.parametrize("field", ["authors", "venue", "license"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A. Auth\u043er", "; Auth\u043er has Cyrillic and Latin letters"),
        ("\u0391. Author", "\u0391.Author has Greek and Latin letters"),
        ("\u03b1lan", "\u03b1lan has Greek and Latin letters"),
        ("\uff21I研究所", "letters of one script"),
        ("X and Al\u03b1n", "Al\u03b1n has Greek and Latin letters"),
        ("M\u0406T", "M\u0406T has Cyrillic and Latin letters"),
        ("Au\u0301\u0442", "Cyrillic and Latin letters"),
        ("\u13aaB", "Cherokee and Latin letters"),
        ("\uff21uthor", "Full-width and Latin letters"),
        ("\U0001d400uthor", "Latin and Special-font letters"),
        ("\U0001d400\U0001d42e\U0001d42d", "Special-font letters"),
        ("\u24b6uthor", "Latin and Special-font letters"),
        ("A" + "\u0301\u0316" * 3, "at most 4 marks on a letter"),
        ("  ", "a letter or a digit"),
        ("A\u2800B", "such as U+2800"),
    ],
)
def test_letters_that_look_alike_are_refused(field: str, text: str, expected: str) -> None:
    (fault,) = about_faults(About.model_validate({field: text}))
    assert fault.field == field
    assert expected in fault.expected


def test_ascii_never_mixes() -> None:
    assert mixed("".join(map(chr, range(128)))) is None


@pytest.mark.parametrize("text", ["\u200dع", "ع\u200d", "a\u200cع", "ع\u200cक"])
def test_a_joiner_that_joins_nothing_is_refused(text: str) -> None:
    assert unseen(text)
