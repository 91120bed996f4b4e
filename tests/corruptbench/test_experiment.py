"""The experiment on the remedies, on a miniature: it runs, goes on, and its table is right."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.remedies import elsewhere, figure, table
from benchmarks.remedies import experiment as remedies
from benchmarks.remedies.pieces import (
    ABLATED,
    UNSCORED,
)
from corruptbench.leaderboard import compare, read
from corruptbench.leaderboard.statistics.wide import resample_counts
from corruptbench.lifters.lifter import load_lifter

NAMES = ("linear-9+plain-s1", "linear-9+tagn+ca-conv-s1")


@pytest.fixture(scope="module")
def results(mini, mini_manifest, mini_full, tmp_path_factory):
    out = tmp_path_factory.mktemp("remedies")
    where = ["--shards", mini_full, "--root", mini, "--manifest", mini_manifest, "--out", out]
    words = [*map(str, where), "--quick", "--workers", "1"]
    subprocess.run(  # as a user does: its workers do not know this process
        [sys.executable, "-m", "benchmarks.remedies", *words, "--only", NAMES[0]],
        check=True,
        timeout=300,
    )
    remedies.main([*words, "--only", NAMES[1]])
    return out, words


def test_every_piece_has_a_result(results):
    out, _ = results
    for name in NAMES:
        assert (out / f"{name}.json").is_file()
        assert (out / "models" / f"{name}.pt2").is_file()
        assert (out / "epochs" / f"{name}.parquet").is_file()
    assert not list(out.glob(".*")), "no checkpoint is left"


def test_noise_before_an_input_does_not_reach_the_lifter(results):
    out, _ = results
    plain, aware = (
        torch.export.load(out / "models" / f"linear-9+{variant}-s1.pt2").state_dict
        for variant in ("plain", "tagn+ca-conv")
    )
    assert all(torch.equal(aware[f"1.{name}"], value) for name, value in plain.items())


def test_it_does_not_do_a_piece_twice(results, capsys):
    _, words = results
    remedies.main([*words, "--only", NAMES[0]])
    assert "0 to do" in capsys.readouterr().out


def test_results_of_other_parameters_are_not_mixed(results):
    _, words = results
    longer = [w for w in words if w != "--quick"]
    with pytest.raises(SystemExit, match="epochs: found 1, expected 2: the results here were made"):
        remedies.main([*longer, "--seeds", "1", "--epochs", "2", "--only", NAMES[0]])


def test_lifters_are_evaluated_on_other_shards(
    results, mini, mini_manifest, mini_shards, tmp_path, capsys
):
    """With their own table, and once."""
    out, _ = results
    where = ["--shards", mini_shards, "--root", mini, "--manifest", mini_manifest, "--out", out]
    words = ["extended", *map(str, where), "--only", NAMES[0]]
    elsewhere.main(words)
    assert "linear-9+plain-s1: kept" not in capsys.readouterr().out
    elsewhere.main(words)
    assert "linear-9+plain-s1: kept" in capsys.readouterr().out
    page = tmp_path / "page.md"
    page.write_text(f"{table.BEGIN}\n{table.END}")
    table.main(["--results", str(out), "--page", str(page)])
    assert elsewhere.ELSEWHERE["extended"] in page.read_text()
    assert "| linear-9, plain | 1 |" in page.read_text()
    (out / "models" / f"{NAMES[0]}.pt2").touch()
    copy = shutil.copytree(out, tmp_path / "copy")
    shutil.copy(copy / "models" / f"{NAMES[1]}.pt2", copy / "models" / f"{NAMES[0]}.pt2")
    elsewhere.main(["extended", *map(str, [*where[:-1], copy]), "--only", NAMES[0]])
    assert "kept" not in capsys.readouterr().out, "another lifter has this name"


def test_results_of_other_shards_are_not_mixed(results, mini, mini_manifest, mini_shards):
    out, _ = results
    where = ["--shards", mini_shards, "--root", mini, "--manifest", mini_manifest, "--out", out]
    with pytest.raises(SystemExit, match=r"inputs\.json: detections: found"):
        elsewhere.main(["studio-c", *map(str, where)])


def test_a_lifter_of_an_ablation(tmp_path):
    """Trained only: the control has its own network, and a noise is written where it is read."""
    for variant in (UNSCORED, "tagn-no-blur+ca-conv"):
        name = f"{ABLATED}+{variant}-s1"
        words = ["--quick", "--train-only", "--workers", "1", "--out", str(tmp_path)]
        remedies.main([*words, "--only", name])
        assert (tmp_path / "models" / f"{name}.pt2").is_file()
    assert (tmp_path / "noises" / "no-blur.parquet").is_file()
    lifter = load_lifter(tmp_path / "models" / f"{ABLATED}+{UNSCORED}-s1.pt2", "cpu")
    x = np.random.default_rng(1).random((1, lifter.contract.frames + 4, 17, 3), dtype=np.float32)
    other = np.concatenate([x[..., :2], x[..., 2:] / 2], axis=-1)
    np.testing.assert_array_equal(lifter.run(x, [None])[0], lifter.run(other, [None])[0])


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
    for variant, found in zip(("plain", "tagn+ca-conv"), errors, strict=True):
        line = next(x for x in text.splitlines() if x.startswith(f"| {variant} |"))
        assert f" {found['clean']:.1f} | {found['corrupted']:.1f} |" in line
    pair = compare([read(out / f"{name}.json") for name in reversed(NAMES)]).pairs[0]
    change = next(d for d in pair.differences if d.name == "corrupted")
    assert f"{change.difference:.1f} ({change.low:.1f} to {change.high:.1f})" in text


def test_the_figure_names_what_has_results(results, tmp_path):
    out, _ = results
    drawn = []
    for name in ("a.svg", "b.svg"):
        figure.main(["--results", str(out), "--out", str(tmp_path / name)])
        drawn.append((tmp_path / name).read_text())
    assert drawn[0] == drawn[1], "equal results give equal bytes"
    texts = re.findall("<!-- (.*) -->", drawn[0])  # of what is drawn as outlines
    assert {"linear-9", "linear-9, plain", "tagn+ca-conv"} <= {*texts}
    assert not {"attention-27", "on-corruptions"} & {*texts}


@pytest.fixture(scope="module")
def rows(results):
    """Two variants with three seeds, whose errors are those of a result and some noise."""
    out, _ = results
    wide = table.load(out, "linear-9", "plain").seeds[1]
    rng = np.random.default_rng(1)

    def made(shift):
        return table.Row({
            seed: replace(
                wide,
                columns=wide.columns
                | {"mpjpe": rng.normal(100 - shift, 5, wide.columns["mpjpe"].shape)},
            )
            for seed in (1, 2, 3)
        })  # fmt: skip

    return made(0), made(3)


def corrupted_error(wide, counts):
    """The mean over corruptions of the means over severities, in plain loops."""
    per_cell = []
    for cell in range(1, len(wide.cells)):
        actions = []
        for members in wide.groups:
            frames = wide.columns["run_frames"][members, cell] * counts[members]
            if frames.sum():
                errors = wide.columns["mpjpe"][members, cell]
                actions.append((errors * frames).sum() / frames.sum())
        per_cell.append(np.mean(actions))
    kinds = [name for name, _ in wide.cells[1:]]
    return np.mean([
        np.mean([e for e, k in zip(per_cell, kinds, strict=True) if k == kind])
        for kind in dict.fromkeys(kinds)
    ])  # fmt: skip


def test_a_gain_is_over_seeds_and_takes(rows):
    before, after = rows
    found = table.gain(before, after)
    wide = before.first
    each = [
        [corrupted_error(row.seeds[s], np.ones(len(wide.clips))) for s in (1, 2, 3)] for row in rows
    ]
    assert found.mean == pytest.approx(np.mean(each[0]) - np.mean(each[1]))
    assert found.percent == pytest.approx(100 * (1 - np.mean(each[1]) / np.mean(each[0])))
    assert found.lower == sum(a < b for b, a in zip(*each, strict=True))
    assert found.seeds == 3
    drawn_seeds = resample_counts(3, 1000)
    draws = []
    for takes, seeds in zip(wide.resamples[:60], drawn_seeds[:60], strict=True):
        errors = [
            np.average([corrupted_error(row.seeds[s], takes) for s in (1, 2, 3)], weights=seeds)
            for row in rows
        ]
        draws.append(errors[0] - errors[1])
    differences = (before.drawn([1, 2, 3]) - after.drawn([1, 2, 3]))[..., 1]
    own = (differences * drawn_seeds / 3).sum(axis=1)
    np.testing.assert_allclose(own[:60], draws)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(own, [0.025, 0.975])))


def test_the_gain_of_a_family_is_that_of_its_corruptions(rows):
    before, after = rows
    found = table.gains(before, after)
    assert [*found] == ["clean", "corrupted", "temporary occlusion", "pixel noise"]
    for name, kind in (("temporary occlusion", "erase"), ("pixel noise", "gaussian_noise")):
        errors = [
            [
                corrupted_error(_only(wide, kind), np.ones(len(wide.clips)))
                for wide in row.seeds.values()
            ]
            for row in rows
        ]
        assert found[name].mean == pytest.approx(np.mean(errors[0]) - np.mean(errors[1]))
        assert found[name].low < found[name].mean < found[name].high


def _only(wide, kind):
    """The clean cell, and those of one corruption."""
    kept = [i for i, (name, _) in enumerate(wide.cells) if name in ("clean", kind)]
    columns = {name: values[:, kept] for name, values in wide.columns.items()}
    return replace(wide, cells=tuple(wide.cells[i] for i in kept), columns=columns)


def test_only_seeds_that_both_have_are_compared(rows):
    before, after = rows
    two = table.Row({s: after.seeds[s] for s in (3, 2)})
    found = table.gain(before, two)
    assert found.seeds == 2
    pairs = [
        corrupted_error(row.seeds[s], np.ones(len(before.first.clips)))
        for row in (before, two)
        for s in (2, 3)
    ]
    assert found.mean == pytest.approx((pairs[0] + pairs[1] - pairs[2] - pairs[3]) / 2)
    with pytest.raises(ValueError, match="no seed in common"):
        table.gain(before, table.Row({9: after.seeds[1]}))
    shorter = replace(after.seeds[1], clips=after.seeds[1].clips[:-1])
    with pytest.raises(ValueError, match="different clips"):
        table.gain(before, table.Row({1: shorter}))


def test_errors_have_the_deviation_over_seeds_and_families(rows):
    before, _ = rows
    clean, corrupted, occlusion, noise = table._errors(before)
    counts = np.ones(len(before.first.clips))
    values = [corrupted_error(w, counts) for w in before.seeds.values()]
    assert corrupted == f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}"
    assert "±" in clean
    assert (float(occlusion) + float(noise)) / 2 == pytest.approx(np.mean(values), abs=0.1)
