"""The gallery says what the code says now, and shows every corruption."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from corruptbench.builder.render import crops
from corruptbench.corruptions import CorruptionError, all_corruptions, get
from corruptbench.corruptions.registry import summary
from tests.corruptions.scenes import facts, scene
from tools import gallery
from tools.gallery import BAR, GAP, PAGE, PICTURES, POSEBENCH, Footage, meanings, page, picture

RUN = "run `python -m tools.gallery`"
TILE = 32


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(all_corruptions()), RUN


def test_the_page_is_of_the_corruptions_that_it_is_given() -> None:
    defocus = get("defocus")
    third = replace(defocus.severities[0], radius=1 / 3)
    text = page({"defocus": replace(defocus, severities=(third,) * 5)})
    assert "### defocus\n" in text
    assert "| `radius` |" + 5 * " 0.3333 |" in text
    assert "### erase\n" not in text
    sentence = summary(defocus)
    assert f"| defocus blur | [`defocus`](#defocus) | {sentence} | clip |\n" in text
    assert "| [`erase`](#erase) |" not in text.partition("PoseBench")[0]


def test_the_overview_has_a_sentence_on_each() -> None:
    """One that ends, so that the first paragraph of a file is a summary."""
    rows = page(all_corruptions()).partition("## ")[0].splitlines()
    for corruption in all_corruptions().values():
        (row,) = (r for r in rows if f"[`{corruption.name}`]" in r)
        _, family, _, sentence, scope, _ = row.split("|")
        assert family.strip() == corruption.family
        assert scope.strip() == corruption.scope
        assert sentence.strip().endswith(".")
        assert ". " not in sentence.strip()


def test_the_page_is_written_without_the_pictures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gallery, "PAGE", tmp_path / "gallery.md")
    monkeypatch.setattr(gallery, "PICTURES", tmp_path / "none")
    monkeypatch.setattr(sys, "argv", ["gallery", "--page"])
    gallery.main()
    assert [f.name for f in tmp_path.iterdir()] == ["gallery.md"]
    assert (tmp_path / "gallery.md").read_text(encoding="utf-8") == page(all_corruptions())


def test_there_is_a_picture_of_each_and_they_are_small() -> None:
    files = list(PICTURES.iterdir())
    assert {f.name for f in files} == {f"{name}.jpg" for name in all_corruptions()}, RUN
    assert sum(f.stat().st_size for f in files) < 3e6


def test_all_ten_of_posebench_are_there() -> None:
    assert len(POSEBENCH) == 10
    assert all(POSEBENCH.values())
    assert {name for ours in POSEBENCH.values() for name in ours} <= set(all_corruptions())


def test_meanings_come_from_the_docstring() -> None:
    @dataclass(frozen=True)
    class Listed:
        """How much.

        Attributes:
            one: of it, as a fraction
                of the whole.
            two: seconds.
        """

        one: float
        two: float

    @dataclass(frozen=True)
    class Alone:
        """Seconds of
        delay."""

        delay: float

    @dataclass(frozen=True)
    class Silent:
        """How much.

        Attributes:
            one: of it.
        """

        one: float
        two: float

    assert meanings(Listed) == {"one": "of it, as a fraction of the whole.", "two": "seconds."}
    assert meanings(Alone) == {"delay": "Seconds of delay."}
    with pytest.raises(CorruptionError, match="what two means"):
        meanings(Silent)


def tiles(name: str) -> np.ndarray:
    """(rows, 6, TILE, TILE, 3): what a small picture of a corruption shows."""
    about = facts(96, 16, fps=8.0)
    drawn = picture(name, Footage(list(scene(96, 16)), about, crops(about, 1.25)), 6, TILE)
    rows = drawn.shape[0] // (BAR + TILE + GAP)
    cut = drawn.reshape(rows, BAR + TILE + GAP, 6, TILE + GAP, 3)
    return cut[:, BAR : BAR + TILE, :, :TILE].swapaxes(1, 2)


def test_severities_stand_in_a_row_and_moments_below() -> None:
    shown = tiles("darkness")
    assert len(shown) == 3
    assert (np.diff(shown[0].mean(axis=(1, 2, 3))) < 0).all(), "the clean one is the brightest"
    assert np.array_equal(shown[1, 2], shown[0, 0]), "the moment of the first row is the third"
    assert np.array_equal(shown[2, 2], shown[0, 3]), "the last row is at severity 3"
    assert (shown[1].mean(axis=(1, 2, 3)) > shown[2].mean(axis=(1, 2, 3))).all()


@pytest.mark.parametrize("name", ["erase", "truncation", "frame_freeze"])
def test_what_comes_and_goes_is_to_be_seen(name: str) -> None:
    shown = tiles(name)[0].astype(int)
    assert (np.abs(shown[1:] - shown[0]).mean(axis=(1, 2, 3)) > 1).all()


def test_frames_that_stand_alone_have_one_row() -> None:
    assert len(tiles("gaussian_noise")) == 1
