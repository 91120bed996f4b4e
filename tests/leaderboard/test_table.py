from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from rich.console import Console

from corruptbench.leaderboard import Result, as_text
from corruptbench.leaderboard.ranking.ties import ByTable
from corruptbench.leaderboard.table_columns import folded
from tests.leaderboard.conftest import clip_table, digest, document

EIGHT = {
    "erase": 10.0,
    "occluder": 10.0,
    "truncation": 10.0,
    "camera_shake": 10.0,
    "long_exposure": 10.0,
    "gaussian_noise": 10.0,
    "shot_noise": 10.0,
    "impulse_noise": 10.0,
}


def printed(results: Sequence[Result], width: int = 80, resampled: ByTable | None = None) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(as_text(results, width, resampled))
    return capture.get()


def test_says_every_number_that_it_should(results: list[Result]) -> None:
    text = printed(results)
    for result in results:
        assert result.lifter.name in text
        numbers = [result.mpjpe.clean, result.mpjpe.corrupted, *result.mpjpe.corruptions.values()]
        numbers += [result.p_mpjpe.clean, result.p_mpjpe.corrupted]
        assert all(f"{number:.1f}" in text for number in numbers)
        assert f"{result.mpjpe.degradation:+.1f}" in text
    assert "movenet:thunder" in text
    assert "in mm" in text


def long_named(corruptions: dict[str, float]) -> list[Result]:
    return [
        Result.model_validate(
            document(clip_table(i, corruptions=corruptions, level=80), digest("x"), name=name)
        )
        for i, name in enumerate([LONG, "a" * 80, "videopose3d-tagn-ca-conv"])
    ]


#: 80 characters.
LONG = "videopose3d-243-pretrained_on_everything+tagn+ca-conv-s1+learned_confidence-v2.1"


def names_in(text: str) -> str:
    """All second columns of the tables, without spaces: wrapped names are whole again."""
    lines = [re.match(r" *\S+ (\S+)|  +(\S+)$", line.rstrip()) for line in text.splitlines()]
    return "".join(found[1] or found[2] for found in lines if found)


@pytest.mark.parametrize("width", [80, 100, 140])
def test_says_all_eight_corruptions_in_any_width_with_long_names(width: int) -> None:
    results = long_named(EIGHT)
    text = printed(results, width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text
    assert "see the page" not in text
    for result in results:
        assert result.lifter.name in names_in(text)
        assert all(f"{error:.1f}" in text for error in result.mpjpe.corruptions.values())
        assert f"{result.p_mpjpe.corrupted:.1f}" in text


def test_numbers_are_aligned_whatever_the_names_are() -> None:
    lines = printed(long_named(EIGHT)).splitlines()
    for column in ("dation", "lse"):
        place, end = next((k, line) for k, line in enumerate(lines) if column in line)
        edge = end.index(column) + len(column)  # heads end where their numbers do
        numbers = [line for line in lines[place:] if re.match(r" *[123] ", line)][:3]
        assert len(numbers) == 3
        assert all(re.search(r"\d\.\d$", line[:edge]) for line in numbers)


def test_a_wide_terminal_has_one_table_with_more_columns(results: list[Result]) -> None:
    narrow, wide = printed(long_named(EIGHT)), printed(long_named(EIGHT), 170)
    assert narrow.count("# lifter") == 2
    assert wide.count("# lifter") == 1
    assert "95 % interval" not in narrow
    interval = results[0].mpjpe_intervals
    assert interval is not None
    corrupted = interval.corrupted
    assert f"{corrupted.low:.1f} to {corrupted.high:.1f}" in printed(results, 120)
    assert "million" in printed(results, 120)


def heads(text: str) -> list[str]:
    """The heads of the columns of the last table, each in one line, without hyphens of breaks."""
    lines = text.splitlines()
    rule = max(i for i, line in enumerate(lines) if "──" in line)
    last = lines[rule - 1]
    start = max(i for i in range(rule) if not lines[i].strip()) + 1
    ends = [found.end() for found in re.finditer(r"\S+", last)]
    columns = [
        " ".join(line.ljust(ends[-1])[before:end].strip() for line in lines[start:rule])
        for before, end in zip([0, *ends], ends, strict=False)
    ]
    return [column.replace("- ", "").strip() for column in columns]


def test_heads_name_corruptions_in_full(results: list[Result]) -> None:
    """Words that are too long are broken, and none is cut."""
    names = [name.replace("_", " ") for name in EIGHT]
    assert heads(printed(long_named(EIGHT)))[2:] == names
    odd = {"a_synchronization_error": 1.0, "h264": 1.0}
    assert heads(printed(long_named(odd), 80))[2:] == ["a synchronization error", "h264"]
    assert heads(printed(results))[2:] == ["erase", "camera shake", "gaussian noise"]


def test_heads_of_the_summary_are_words(results: list[Result]) -> None:
    summary = printed(results).partition("gaus")[0]
    assert heads(summary)[2:8] == [
        "det", "clean", "corrupted", "degradation", "P-MPJPE clean", "P-MPJPE corrupted",
    ]  # fmt: skip


def test_names_are_broken_before_their_parts() -> None:
    assert folded("videopose3d-81+tagn+ca-conv-s1", 20) == "videopose3d-81+tagn\n+ca-conv-s1"
    assert folded("a", 20) == "a"
    for name in (LONG, "a" * 80, "a--b++c", "-".join("abc" * 9), "x" * 30 + "+y ‡"):
        for width in (1, 7, 14, 80):
            lines = folded(name, width).split("\n")
            assert "".join(lines) == name
            assert max(map(len, lines)) <= width


def test_says_what_does_not_fit() -> None:
    text = printed(long_named({f"kind{i:02d}_noise": 10.0 + i for i in range(20)}))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert "10 more corruptions: see the page" in text


def test_marks_rows_on_other_pixels(results: list[Result]) -> None:
    build = {"pixels_sha256": digest("other")}
    other = Result.model_validate(document(clip_table(9), digest("o"), name="odd", build=build))
    text = printed([*results, other])
    assert "† odd: other pixels, not ranked" in text


def test_refuses_to_mix_benchmarks(results: list[Result]) -> None:
    other = document(clip_table(9), digest("o"), benchmark={"id": "other-c"})
    with pytest.raises(ValueError, match="do not share a table"):
        as_text([*results, Result.model_validate(other)])


def test_no_results() -> None:
    assert "No results" in printed([])
