"""``corruptbench plan``: the size of a build that does not take place."""

from __future__ import annotations

import json

import numpy as np
import pytest

from corruptbench.builder.forecast import forecast
from corruptbench.datasets.folder import FolderDataset
from corruptbench.defaults import MOST_PARTS
from corruptbench.manifest import load_manifest
from corruptbench.shards.shard_set import open_shards


def said(cli, *words):
    done = cli("plan", *words, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_the_official_test_split_of_human36m(cli):
    """543,344 is the number that evaluations on all frames state."""
    found = said(cli, "--manifest", "human36m-c", "--rate", 1000, "--rate", 10, "--parts", 4)
    assert (found["clips"], found["frames"], found["exact"]) == (236, 543_344, True)
    assert found["crops"] == 543_344 * 41
    assert found["hours"]["1000"] == pytest.approx(543_344 * 41 / 1000 / 4 / 3600)
    assert found["hours"]["10"] == pytest.approx(100 * found["hours"]["1000"])


def test_boxes_of_a_person_detector_take_longer(cli):
    words = ("--manifest", "studio-c")
    few, many = said(cli, *words), said(cli, *words, "--boxes", "movenet:multipose")
    assert (few["boxes"], many["boxes"]) == ("labels", "movenet:multipose")
    assert few["crops"] == many["crops"]
    assert list(few["hours"]) == ["100", "1000", "10000"]
    assert list(many["hours"]) == ["25", "250", "2500"]
    assert many["hours"]["250"] == pytest.approx(4 * few["hours"]["1000"])
    measured = said(cli, *words, "--boxes", "movenet:multipose", "--rate", 50)
    assert list(measured["hours"]) == ["50"]
    assert "4 times as long" in cli("plan", *words, "--boxes", "movenet:multipose").out


def test_frames_that_only_a_copy_can_tell_are_a_limit(cli):
    assert not said(cli, "--manifest", "humaneva-i-c")["exact"]
    text = cli("plan", "--manifest", "humaneva-i-c").out
    assert "at most 11,628 labeled frames" in text
    assert "at 100 crops/s: at most 79 min" in text
    assert "at 10,000 crops/s" in text


def test_it_is_what_is_built(mini, mini_manifest, mini_shards, cli):
    words = ("--manifest", mini_manifest, "--root", mini, "--severity", "1,3")
    found = said(cli, *words)
    lock = open_shards(mini_shards, mini, str(mini_manifest)).lock
    assert found["clips"] == len(lock.clips)
    assert found["crops"] == sum(cell.frames for cells in lock.clips.values() for cell in cells)
    less = said(cli, *words, "--corruption", "erase")
    assert less["cells"] == 3
    assert less["crops"] == found["crops"] * 3 // found["cells"]


def test_frames_without_a_valid_label_count(mini, mini_manifest, monkeypatch):
    """The detector sees them, too."""
    manifest = load_manifest(str(mini_manifest))
    before = forecast(manifest, manifest.cells, mini)
    load = FolderDataset.load

    def partly_labeled(dataset, clip_id):
        clip = load(dataset, clip_id)
        clip.joints[0] = np.nan
        return clip

    monkeypatch.setattr(FolderDataset, "load", partly_labeled)
    assert forecast(manifest, manifest.cells, mini) == before


def test_data_of_ones_own_needs_its_folder(mini_manifest, cli):
    done = cli("plan", "--manifest", mini_manifest)
    assert done.code == 2
    assert "expected its folder" in done.err
    assert "(option --root: corruptbench " in done.err


def test_studio_is_as_large_as_the_benchmark_says():
    manifest = load_manifest("studio-c")
    found = forecast(manifest, manifest.cells)
    assert (found.clips, found.crops) == (64, 249_608)


@pytest.mark.parametrize("rate", ["nan", "inf", "1e999", "-inf", "0", "-1", "1e-320", "fast"])
def test_a_rate_that_cannot_be(cli, rate):
    done = cli("plan", "--manifest", "studio-c", "--rate", rate)
    assert (done.code, done.out) == (2, "")
    assert "--rate" in done.err


def test_more_parts_than_a_build_takes(cli):
    done = cli("plan", "--manifest", "studio-c", "--parts", MOST_PARTS + 1)
    assert (done.code, done.out) == (2, "")
    assert "--parts" in done.err
