"""The experiment on the remedies, on a miniature: it runs, goes on, and its table is right."""

from __future__ import annotations

import json

import pytest

from benchmarks.remedies import __main__ as remedies
from benchmarks.remedies import table
from benchmarks.remedies.pieces import ABLATIONS, ARCHITECTURES, VARIANTS, pieces
from corruptbench.leaderboard import compare, read

NAMES = ("linear-9+plain-s1", "linear-9+both-s1")


@pytest.fixture(scope="module")
def results(mini, mini_manifest, mini_full, tmp_path_factory):
    out = tmp_path_factory.mktemp("remedies")
    where = ["--shards", mini_full, "--root", mini, "--manifest", mini_manifest, "--out", out]
    words = [*map(str, where), "--quick", "--workers", "1"]
    for name in NAMES:
        remedies.main([*words, "--only", name])
    return out, words


def test_every_piece_has_a_result(results):
    out, _ = results
    for name in NAMES:
        assert (out / f"{name}.json").is_file()
        assert (out / "models" / f"{name}.pt2").is_file()
        assert (out / "epochs" / f"{name}.parquet").is_file()


def test_it_does_not_do_a_piece_twice(results, capsys):
    _, words = results
    remedies.main([*words, "--only", NAMES[0]])
    assert "0 to do" in capsys.readouterr().out


def test_results_of_other_parameters_are_not_mixed(results):
    _, words = results
    longer = [w for w in words if w != "--quick"]
    with pytest.raises(SystemExit, match="was made with other epochs, noise or shards"):
        remedies.main([*longer, "--seeds", "1", "--epochs", "2", "--only", NAMES[0]])


def test_the_table_is_that_of_the_results(results, tmp_path, capsys):
    """Against the numbers of the result files, and against `corruptbench compare`."""
    out, _ = results
    page = tmp_path / "page.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.main(["--results", str(out), "--page", str(page)])
    capsys.readouterr()
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    errors = [json.loads((out / f"{name}.json").read_text())["mpjpe"] for name in NAMES]
    for variant, found in zip(("plain", "both"), errors, strict=True):
        line = next(x for x in text.splitlines() if x.startswith(f"| {variant} |"))
        assert f"| 1 | {found['clean']:.1f} ± nan | {found['corrupted']:.1f} ± nan |" in line
    pair = compare([read(out / f"{name}.json") for name in reversed(NAMES)]).pairs[0]
    change = next(d for d in pair.differences if d.name == "corrupted")
    assert f"{change.difference:.1f} ({change.low:.1f} to {change.high:.1f})" in text


def test_the_pieces_of_the_experiment():
    every = list(pieces([1, 2, 3], 60))
    assert len({p.name for p in every}) == len(every)
    assert len(every) == 3 * (len(ARCHITECTURES) * len(VARIANTS) + len(ABLATIONS))
    for piece in every:
        assert piece.config.name == piece.name
        assert piece.config.schedule.seed == piece.seed
    plain, both = (p for p in every if p.name in ("linear-9+plain-s2", "linear-9+both-s2"))
    assert (plain.config.tagn, plain.config.ca_conv) == ("none", False)
    assert (both.config.tagn, both.config.ca_conv) == ("measured", True)
