from __future__ import annotations

from collections.abc import Sequence

import pytest
from rich.console import Console

from corruptbench.leaderboard import Result, as_text

from .conftest import clip_table, digest, document

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


def printed(results: Sequence[Result], width: int = 80) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(as_text(results, width))
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
        for i, name in enumerate(["a" * 80, "videopose3d-tagn-ca-conv"])
    ]


@pytest.mark.parametrize("width", [80, 100, 140])
def test_says_all_eight_corruptions_in_any_width_with_long_names(width: int) -> None:
    results = long_named(EIGHT)
    text = printed(results, width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text
    assert "see the page" not in text
    for result in results:
        assert result.lifter.name[:14] in text
        assert all(f"{error:.1f}" in text for error in result.mpjpe.corruptions.values())
        assert f"{result.p_mpjpe.corrupted:.1f}" in text


def test_says_what_does_not_fit() -> None:
    text = printed(long_named({f"kind{i:02d}_noise": 10.0 + i for i in range(20)}))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert "10 more corruptions: see the page" in text


def test_marks_rows_on_other_shards(results: list[Result]) -> None:
    build = {"detector": "[red]other[/red]", "weights_sha256": digest("other")}
    other = Result.model_validate(document(clip_table(9), digest("o"), name="odd", build=build))
    text = printed([*results, other])
    assert "† odd: other detector, not ranked" in text
    assert "[red]other[/red]" in text
    assert "\x1b" not in text


def test_refuses_to_mix_benchmarks(results: list[Result]) -> None:
    other = document(clip_table(9), digest("o"), benchmark={"id": "other-c"})
    with pytest.raises(ValueError, match="do not share a table"):
        as_text([*results, Result.model_validate(other)])


def test_no_results() -> None:
    assert "No results" in printed([])
