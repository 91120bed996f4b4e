"""The page: one file, no request, nothing that a submitter wrote is markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import permutations
from pathlib import Path
from urllib.request import urlopen

import pytest

from corruptbench.leaderboard import About, Result, placed_rows, render, with_about
from corruptbench.leaderboard.compact import encoded
from corruptbench.leaderboard.exports.downloads import export_files
from corruptbench.leaderboard.page.heat import HOTTEST
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.schema import Aggregate
from tests.leaderboard.conftest import (
    CORRUPTIONS,
    clip_table,
    clip_table_3,
    digest,
    document,
    without_units,
)

#: What the contract of a lifter of unknown units says.
NO_UNITS = {"contract": {"units": "none"}}
VOID = {"meta", "input", "br", "link", "img", "col", "wbr"}


class Reader(HTMLParser):
    """Collects tags and text, and checks that elements nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.text.append(data)


def parse(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


def words(page: str) -> str:
    return " ".join(" ".join(parse(page).text).split())


def test_a_benchmark_is_called_by_its_version(results: list[Result]) -> None:
    page = html(results, {"toy-c": {"title": "Toy", "corruptions": ["erase"]}})
    assert '<h2 id="title-0">Toy, version 1</h2>' in page


def test_what_the_table_draws_is_explained_below_it(results: list[Result]) -> None:
    text = words(html(results))
    for told in (
        "The stronger the color of a cell, the larger its number",
        "The percentage is degradation divided by the clean error.",
        "the ring is the clean error, and the dot is the corrupted one.",
    ):
        assert told in text


@pytest.mark.parametrize("is_known", [True, False])
def test_the_metric_of_unknown_units_is_explained_where_it_is_shown(is_known: bool) -> None:
    rows = [Result.model_validate(document(clip_table(), digest("x")))]
    unknown = without_units(3), digest("y")
    rows += (
        []
        if is_known
        else [Result.model_validate(document(*unknown, name="scaleless", lifter=NO_UNITS))]
    )
    assert ("<dt>N-MPJPE</dt>" in html(rows)) != is_known


def test_elements_nest_and_ids_are_unique(results: list[Result]) -> None:
    reader = parse(html(results))
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in reader.tags:
        target = attrs.get("href")
        assert target is None or "download" in attrs or target.removeprefix("#") in ids
        assert {*(attrs.get("aria-labelledby") or "").split()} <= {*ids}


def test_offers_the_files_of_an_export(results: list[Result]) -> None:
    links = [attrs for _, attrs in parse(html(results)).tags if "download" in attrs]
    files = export_files(placed_rows(results), {})
    assert [link["download"] for link in links] == [
        f"toy-c-v1.{ending}" for ending in ("csv", "json", "parquet", "tex", "bib")
    ]
    for link in links:
        with urlopen(link["href"]) as reply:
            assert reply.read() == files[f"toy-c-v1/{link['download']}"]


def test_asks_for_nothing(results: list[Result]) -> None:
    page = html(results, {"toy-c": {"title": "Toy", "corruptions": ["erase"]}})
    assert not re.search(r"https?://|//[a-z]+\.|\bsrc=(?!.data:)|<link|@import|url\(|fetch\(", page)
    assert "default-src &#39;none&#39;" in page


def test_tells_every_lifter_and_number(results: list[Result]) -> None:
    page = html(results)
    text = words(page)
    for result in results:
        assert text.count(result.lifter.name) >= 3
        for metric, digits in (("mpjpe", 1), ("p_mpjpe", 1), ("mpjve", 2)):
            error: Aggregate = getattr(result, metric)
            for number in (error.clean, error.corrupted, *error.corruptions.values()):
                assert f"{number:.{digits}f}" in text
                assert f'data-value="{number}"' in page
            assert f"{error.degradation:+.{digits}f}" in text
            for cell in result.cells:
                assert f"{getattr(cell, metric):.{digits}f}" in text
        for interval in (result.mpjpe_intervals.clean, result.mpjpe_intervals.corrupted):
            assert f"{interval.low:.1f}\N{EN DASH}{interval.high:.1f}" in text
        for told in (result.command, result.lifter.sha256, result.clips_sha256):
            assert told in text
        assert result.build.score_meaning in text.replace("&#39;", "'")
    assert "mm per frame" in text


def test_a_lifter_can_be_evaluated_again_by_lines_to_copy(results: list[Result]) -> None:
    build = {"boxes": {"detector": "movenet:multipose", "weights_sha256": digest("b")}}
    found = Result.model_validate(document(clip_table_3(), digest("x"), name="mine", build=build))
    page = html([*results, found])
    assert (
        "<code>corruptbench build --manifest toy-c --detector movenet:thunder"
        " --boxes movenet:multipose --out SHARDS\n"
        f"{found.command}\n"
        "corruptbench compare toy-c-v1-boxes-movenet-multipose/mine results/mine.json"
        " --board BOARD</code>"
    ) in page
    assert page.count('<pre class="copy"><code>corruptbench build') == len(results) + 1
    assert page.count("--boxes movenet:multipose --out") == 1
    assert f"person detector's weights {digest('b')}" in words(page)


def test_a_lifter_says_what_it_was_trained_on(results: list[Result]) -> None:
    about = {"training_data": ["clean", "extra"], "code": "https://example.org/code"}
    found = Result.model_validate(
        document(clip_table_3(), digest("x"), name="mine", lifter={"about": about})
    )
    text = words(html([found]))
    told = "trained on uncorrupted video of the benchmark's training split, other data sets"
    assert told in text
    assert "Code: https://example.org/code" in text
    assert words(html(results)).count("trained on not stated") == len(results)


def test_best_of_each_column_is_the_least(results: list[Result]) -> None:
    page = html(results)
    best = min(result.mpjpe.corrupted for result in results)
    pattern = rf'<td data-value="{re.escape(str(best))}" class="best heat-0"><strong>'
    assert re.search(pattern, page)
    columns = 2 + 3 + 5  # clean, corrupted, three corruptions and five severities
    assert len(re.findall(r'<td data-value="[^"]+" class="best heat-0', page)) == 3 * columns


def test_rows_on_other_pixels_are_marked_and_never_best(results: list[Result]) -> None:
    build = {"pixels_sha256": digest("other")}
    table = clip_table(9, level=5.0, slope=0.5)
    other = Result.model_validate(document(table, digest("o"), name="odd", build=build))
    page = html([*results, other])
    assert "† other pixels" in page
    assert f'data-value="{other.mpjpe.corrupted}" class="best"' not in page


def test_a_board_of_unranked_rows_only_has_no_best() -> None:
    lifter = {"allowed": ["sides"]}
    page = html([Result.model_validate(document(clip_table_3(), digest("x"), lifter=lifter))])
    assert "† failed sides" in page
    assert 'class="best"' not in page


def test_a_corruption_that_a_row_lacks_is_said_so(results: list[Result]) -> None:
    table = clip_table(9, corruptions={"erase": 1.0, "h264": 1.0})
    other = Result.model_validate(document(table, digest("o"), name="odd"))
    assert words(html([*results, other])).count("not scored") == 3 * (4 + 2)


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", '"><img onerror=x>', "</pre><h1>", "{{ 7 * 7 }}", "'&amp;"],
)
def test_what_a_submitter_wrote_is_text(hostile: str) -> None:
    changes = {
        "command": hostile,
        "software": {hostile: hostile},
        "build": {"detector": hostile, "score_meaning": hostile},
        "lifter": {"contract": {hostile: hostile}},
    }
    result = Result.model_validate(document(clip_table(), digest("x"), **changes))
    harmless = Result.model_validate(document(clip_table(), digest("x")))
    # The schema allows no such name; the page must not rely on that.
    lifter = result.lifter.model_copy(update={"name": hostile})
    page = html([result.model_copy(update={"lifter": lifter})])
    tags = [tag for tag, _ in parse(page).tags]
    assert tags.count("script") == 3  # with the paired differences, which are JSON
    assert "img" not in tags
    assert sorted(set(tags)) == sorted({tag for tag, _ in parse(html([harmless])).tags})
    assert hostile in "".join(parse(page).text)


def test_the_policy_names_the_script_and_the_style(results: list[Result]) -> None:
    import base64
    import hashlib

    page = html(results)
    for tag, number in (("script", 2), ("style", 1)):
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        digests = [base64.b64encode(hashlib.sha256(b.encode()).digest()).decode() for b in bodies]
        allowed = " ".join(f"&#39;sha256-{digest}&#39;" for digest in digests)
        assert len(bodies) == number
        assert f"{tag}-src {allowed};" in page
    assert " style=" not in page
    assert not re.search(r"\son[a-z]+=", page)


def test_reads_without_script(results: list[Result]) -> None:
    """The tables are in the HTML; what needs the script is hidden until it runs."""
    page = html(results)
    assert page.count('<table class="ranking">') == 3
    assert '<label class="filter" hidden>' in page
    assert "<button" not in page
    assert 'aria-sort="ascending"' in page
    assert page.count('role="region" tabindex="0"') == 3 + 4 * len(results)


def test_same_input_gives_the_same_bytes(results: list[Result], tmp_path: Path) -> None:
    a = render(results, tmp_path / "a.html", None).read_bytes()
    b = render(list(reversed(results)), tmp_path / "b.html", {}).read_bytes()
    assert a == b
    assert b"\r" not in a


def test_benchmarks_have_tables_of_their_own(results: list[Result]) -> None:
    other = Result.model_validate(
        document(clip_table(9), digest("o"), name="odd", benchmark={"id": "other-c"})
    )
    page = html([*results, other], {"other-c": {"title": "The other", "corruptions": []}})
    assert page.count('<section class="benchmark"') == 2
    assert page.count('<table class="ranking">') == 6
    assert '<nav aria-label="Benchmarks">' in page
    assert "The other" in words(page)


def corruption_heads(page: str) -> list[str]:
    return re.findall(r'aria-sort="none" class="by-corruption(?: end)?">(.+?)</th>', page)


@pytest.mark.parametrize("order", list(permutations(CORRUPTIONS)))
def test_columns_figures_and_lines_follow_the_manifest(
    results: list[Result], order: tuple[str, ...]
) -> None:
    page = html(results, {"toy-c": {"title": "Toy", "corruptions": list(order)}})
    names = [name.replace("_", " ") for name in order]
    assert corruption_heads(page) == 3 * names
    assert re.findall(r"<figcaption>(.*?)</figcaption>", page) == 3 * 2 * names
    lines = re.findall(r'<tr data-corruption="(.*?)">', page)
    assert lines == 3 * len(results) * ["clean", *order]
    for result in results:
        row = re.search(rf'data-text="{result.lifter.name} .*?</tr>', page, re.S)
        assert row
        numbers = re.findall(
            r'<td data-value="([\d.]+)" class="[^"]*by-corruption(?: end)?"', row[0]
        )
        assert numbers == [str(result.mpjpe.corruptions[name]) for name in order]


def test_rows_can_be_filtered_by_what_their_authors_say(results: list[Result]) -> None:
    about = About(authors="A. Author", venue="CVPR", training_data=("augmented", "extra"))
    page = html([with_about(results[0], about), *results[1:]])
    for number, result in enumerate(results):
        name, said = result.lifter.name, " A. Author CVPR augmented extra" * (number == 0)
        assert f'data-text="{name} {result.build.detectors}{said}"' in page


def test_a_corruption_that_the_manifest_does_not_name_comes_last(results: list[Result]) -> None:
    listed = ["gaussian_noise", "unknown", "camera_shake"]
    page = html(results, {"toy-c": {"title": "Toy", "corruptions": listed}})
    assert corruption_heads(page)[:3] == ["gaussian noise", "camera shake", "erase"]
    assert "unknown" not in page


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"title": "Toy"},
        {"title": "Toy", "corruptions": [], "description": "Told."},
        {"title": "Toy", "corruptions": [{"name": "erase", "version": 1}]},
        {"title": "Toy", "corruptions": {"erase": 1}},
        {"title": "Toy", "corruptions": "erase"},
        {"title": 1, "corruptions": []},
    ],
)
def test_a_manifest_of_another_shape_is_refused(
    results: list[Result], tmp_path: Path, manifest: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="Heading"):
        render(results, tmp_path / "page.html", {"toy-c": manifest})
    assert not list(tmp_path.iterdir())


def test_an_empty_board_says_how_to_submit(tmp_path: Path) -> None:
    page = render([], tmp_path / "new" / "index.html", None)
    assert page.read_bytes() == encoded(html([]))
    text = words(html([]))
    assert "No results yet" in text
    assert "corruptbench evaluate model.pt2 --shards shards/" in text
    assert "corruptbench submit" in text


def test_a_failure_leaves_the_old_page(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    path = render([], tmp_path / "index.html", None)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        render(results, path, None)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]


def test_many_lifters_do_not_swell_the_figures() -> None:
    many = [
        Result.model_validate(document(clip_table(i, takes=1), digest("x"), name=f"lifter-{i:02}"))
        for i in range(14)
    ]
    page = html(many)
    assert "The first 5 lifters are drawn" in page
    assert page.count("<polyline") == 3 * 3 * 5  # metrics, corruptions, lifters
    assert page.count('class="fill"') == 3 * 3 * 5
    assert all(page.count(result.lifter.name) >= 3 for result in many)


def test_counts_of_one_are_singular(results: list[Result]) -> None:
    one = results[0].model_copy(
        update={"coverage": results[0].coverage.model_copy(update={"clips": 1})}
    )
    text = words(html([one]))
    assert "1 lifter " in text
    assert "1 clip " in text
    assert f"{len(results)} lifters " in words(html(results))


def test_numbers_are_colored_from_the_best_to_the_worst(results: list[Result]) -> None:
    """Also the degradation, which is stated in percent of the clean error too, and not in bold."""
    page = html(results)
    ordered = sorted(result.mpjpe.corrupted for result in results)
    heats = [
        int(re.search(rf'data-value="{re.escape(str(value))}" class="[^"]*heat-(\d)', page)[1])
        for value in ordered
    ]
    assert (heats[0], heats[-1]) == (0, HOTTEST)
    assert heats == sorted(heats)
    for result in results:
        lost = result.mpjpe.degradation
        value = re.escape(str(lost))
        cell = re.search(rf'<td data-value="{value}" class="([^"]*)">(.*?)</td>', page)
        assert "best" not in cell[1]
        assert f"+{100 * lost / result.mpjpe.clean:.0f} %" in cell[2]


def test_styles_and_scripts_are_ascii() -> None:
    """The page is written as ASCII. An entity in a style or a script would change its digest."""
    site = Path(render.__code__.co_filename).parent / "site"
    files = [*site.glob("*.css"), *site.glob("*.js")]
    assert files
    assert [file.name for file in files if not file.read_text("utf-8").isascii()] == []
