"""Shards and locks that were altered, or are of another format or another site."""

from __future__ import annotations

import dataclasses
import json
import re

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.manifest import CLEAN, Cell, load_manifest
from corruptbench.shards import parquet
from corruptbench.shards.shard_set import open_shards
from tests.fixtures.export_shards import CELLS, write_shards
from tests.fixtures.folder import FRAMES
from tests.fixtures.locks import agreed

CLIP = "mini/A2/step_1.cam1"


@pytest.fixture
def shards(mini, mini_manifest, tmp_path):
    """A folder of shards and their lock."""
    return write_shards(open_dataset("folder", mini), load_manifest(str(mini_manifest)), tmp_path)


@pytest.fixture
def refusals(shards, mini, mini_manifest, tiny_lifter, cli):
    """Runs both commands that check shards; both refuse them. Returns what they say."""

    def run():
        words = ("--shards", shards, "--root", mini, "--manifest", mini_manifest)
        scored = cli("evaluate", tiny_lifter, *words, "--out", shards / "results")
        verified = cli("verify", shards)
        assert (scored.code, verified.code) == (2, 2)
        assert not (shards / "results").exists()
        return scored.err, verified.err

    return run


def shard(folder):
    return folder / f"keypoints/{CLIP}.parquet"


def written(path, table):
    with pq.ParquetWriter(path, table.schema) as writer:
        for i in range(len(CELLS)):
            writer.write_table(table.slice(FRAMES * i, FRAMES))


def with_hidden(path):
    """The detections of a shard; erasing hides a little more, in its first frame."""
    found = parquet.read(path, CELLS)
    hidden = found[1].hidden.copy()
    hidden[0] += 0.25
    return [found[0], dataclasses.replace(found[1], hidden=hidden), found[2]]


def rewritten(path, manifest):
    """Write a shard with other hidden shares whose metadata agree with its rows."""
    record, found = parquet.read_record(path), with_hidden(path)
    by = (load_manifest(str(manifest)), record.detector)
    parquet.write(path, record.clip, record.fingerprint, found, *by)


@pytest.mark.parametrize("name", ["keypoints", "scores", "hidden", "hidden_joints"])
def test_an_altered_column(shards, refusals, name):
    table = pq.read_table(shard(shards))
    column = table[name].combine_chunks()
    lists = isinstance(column, pa.FixedSizeListArray)
    values = (column.flatten() if lists else column).to_numpy().copy()
    values[0] += 1
    changed = (
        pa.FixedSizeListArray.from_arrays(values, column.type.list_size)
        if lists
        else pa.array(values)
    )
    field = table.schema.get_field_index(name)
    written(shard(shards), table.set_column(field, table.schema.field(field), changed))
    for said in refusals():
        assert f"{CLIP}.parquet: clean: " in said
        assert "altered" in said


def test_an_altered_column_with_metadata_that_agree(shards, refusals, mini_manifest):
    rewritten(shard(shards), mini_manifest)
    scored, verified = refusals()
    assert f"{CLIP}.parquet: erase 1: " in scored
    assert "lock.json" in scored
    assert "altered" in scored
    assert f"{CLIP}.parquet: erase 1: occlusion_sha256: found " in verified


def test_a_shard_of_format_1(shards, refusals):
    path = shard(shards)
    table = pq.read_table(path)
    metadata = table.schema.metadata[parquet.KEY].replace(b"shard/2", b"shard/1")
    written(path, table.replace_schema_metadata({parquet.KEY: metadata}))
    for said in refusals():
        assert f"{CLIP}.parquet: " in said
        assert "found corruptbench-shard/1" in said
        assert "build it again" in said


def test_a_lock_of_format_1(shards, refusals):
    path = shards / "lock.json"
    path.write_text(path.read_text().replace("corruptbench-lock/3", "corruptbench-lock/1"))
    for said in refusals():
        assert "lock.json: format" in said
        assert "found corruptbench-lock/1" in said
        assert "build it again" in said


def in_lock(shards, change):
    path = shards / "lock.json"
    lock = json.loads(path.read_text())
    change(lock)
    path.write_text(json.dumps(lock))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lock: lock["detector"].update(layout="h36m17"), "detector.layout: found 'coco17'"),
        (lambda lock: lock["detector"].update(name="movenet:thunder"), "detector.name: found 'f"),
        (lambda lock: lock["detector"].update(weights_sha256="1" * 64), "detector.weights_sha256"),
        (lambda lock: lock["detector"].update(score_meaning="p"), "detector.score_meaning"),
        (lambda lock: lock.update(pixels_sha256="1" * 64), "pixels_sha256: found 11111111"),
        (lambda lock: lock.update(detections_sha256="1" * 64), "detections_sha256: found 1111"),
        (lambda lock: lock["clips"][CLIP][1].update(pixels_sha256="1" * 64), "pixels_sha256"),
        (lambda lock: lock["clips"][CLIP][1].update(occlusion_sha256="1" * 64), CLIP),
        (lambda lock: lock["clips"][CLIP][1].update(severity=2), "lock.json"),
        (lambda lock: lock["files"].update({CLIP: "1" * 64}), "its SHA-256 is"),
        (lambda lock: lock["files"].pop(CLIP), f"{CLIP} is in one of files and clips"),
        (lambda lock: lock["files"].update({"mini/A9/x.cam1": "1" * 64}), "mini/A9/x.cam1 is in"),
        (lambda lock: lock["benchmark"].update(version=9), "version 9"),
    ],
)
def test_an_altered_lock(shards, refusals, change, said):
    """What is stated twice is compared."""
    in_lock(shards, change)
    assert all(said in text for text in refusals())


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (lambda cells: cells[1].update(frames=4), f"erase 1: frames: found {FRAMES}, .* has 4;"),
        (lambda cells: cells.pop(2), "erase 3: found a row group, lock.json has none;"),
        (lambda cells: cells[1].update(detections_sha256="1" * 64), "detections_sha256: found "),
    ],
)
def test_a_lock_that_was_edited_with_care(shards, cli, change, differs):
    """Its digests agree with its cells, so nobody can tell which of the two is right."""
    lock = json.loads((shards / "lock.json").read_text())
    change(lock["clips"][CLIP])
    (shards / "lock.json").write_text(json.dumps(agreed(lock) | {"files": lock["files"]}))
    said = cli("verify", shards).err
    assert re.search(f"{CLIP}.parquet: .*{differs}", said)
    assert "one of the two was altered" in said
    assert "delete this shard and run the same build again" in said


@pytest.mark.parametrize("where", ["of the cells that are read", "of others"])
def test_all_cells_of_a_lock_are_compared(shards, mini, mini_manifest, where):
    """Few cells are read here, but the digest that a result states is over all of them."""
    lock = json.loads((shards / "lock.json").read_text())
    lock["clips"][CLIP][0 if where == "of the cells that are read" else 2]["frames"] = 4
    (shards / "lock.json").write_text(json.dumps(lock))
    opened = open_shards(shards, mini, str(mini_manifest))
    with pytest.raises(InputError, match=r"frames: found 8, lock\.json has 4"):
        list(opened.clips([CLEAN]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda cells: cells.append(cells[1]), f"{CLIP} states erase 1 twice"),
        (lambda cells: cells.reverse(), "cells: found clean, erase 1, erase 3, lock.json has er"),
        (lambda cells: cells.pop(), "erase 3: found a row group, lock.json has none"),
        (lambda cells: cells[2].update(severity=2), "erase 3: found a row group"),
    ],
)
def test_other_cells_in_a_lock_whose_digests_agree(shards, mini, mini_manifest, cli, change, said):
    lock = json.loads((shards / "lock.json").read_text())
    change(lock["clips"][CLIP])
    (shards / "lock.json").write_text(json.dumps(agreed(lock) | {"files": lock["files"]}))
    assert said in cli("verify", shards).err
    with pytest.raises(InputError, match=said):
        list(open_shards(shards, mini, str(mini_manifest)).clips([CLEAN]))


def without_a_recording(root):
    """Take a recording with both of its clips out of a data set, so that what is left is sound."""
    declared = root / "dataset.json"
    content = json.loads(declared.read_text())
    del content["sequences"]["A1"]["sway_1"]
    declared.write_text(json.dumps(content))
    labels = root / "labels/A1.parquet"
    table = pq.read_table(labels)
    pq.write_table(table.filter(pc.field("sequence") != "sway_1"), labels)
    for video in (root / "videos/A1").glob("sway_1.*"):
        video.unlink()


def test_labels_of_fewer_clips_than_were_built(shards, mine, mini_manifest, cli):
    """Numbers of some clips would pass for those of the build."""
    without_a_recording(mine)
    words = ("--root", mine, "--manifest", mini_manifest)
    said = cli("evaluate-detector", shards, *words)
    assert said.code == 2
    assert "built from 6 clips, but the data set lacks 2 of them (first: mini/A1/sway" in said.err
    assert "(option --root)" in said.err
    with pytest.raises(InputError, match="lacks 2 of them"):
        list(open_shards(shards, mine, str(mini_manifest)).clips([CLEAN]))


def test_shards_in_a_folder_that_is_a_link(shards, cli, tmp_path):
    """Shards of one subject may lie on another disk."""
    place = shards / "keypoints/mini/A2"
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    assert cli("verify", shards).code == 0
    (tmp_path / "elsewhere/step_1.cam1.parquet").unlink()
    assert f"the shard of {CLIP} is missing (no such file)" in cli("verify", shards).err


def other_metadata(path, **fields):
    """Write the same rows with other metadata."""
    table = pq.read_table(path)
    record = json.loads(table.schema.metadata[parquet.KEY])
    for name, value in fields.items():
        record[name] = {**record[name], **value} if isinstance(value, dict) else value
    written(path, table.replace_schema_metadata({parquet.KEY: json.dumps(record)}))


def false_severities(path):
    table = pq.read_table(path)
    place = table.schema.get_field_index("severity")
    column = pa.DictionaryArray.from_arrays(
        pa.array([0] * len(table), pa.int8()), pa.array([5], pa.int8())
    )
    column = (
        column if pa.types.is_dictionary(table["severity"].type) else column.dictionary_decode()
    )
    field = table.schema.field("severity").with_type(column.type)
    written(path, table.set_column(place, field, column))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: other_metadata(path, detector={"name": "other"}), "detector.name: found 'o"),
        (lambda path: other_metadata(path, fingerprint="1" * 64), "its SHA-256 is"),
        (lambda path: other_metadata(path, fingerprint="0" * 64), "its SHA-256 is"),
        (false_severities, "its SHA-256 is"),
    ],
)
def test_a_shard_with_the_same_detections(shards, refusals, change, said):
    """Nothing that is scored was altered, but the file says something else."""
    change(shard(shards))
    assert all(said in text for text in refusals())


def test_shards_that_changed_places(shards, refusals):
    one, other = shard(shards), shards / "keypoints/mini/A1/step_1.cam1.parquet"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    assert all("holds the shard of mini/A" in text for text in refusals())


def test_a_copy_of_a_shard_is_found(shards, cli):
    copy = shards / "keypoints/mini/A2/copy.parquet"
    copy.write_bytes(shard(shards).read_bytes())
    done = cli("verify", shards)
    assert done.code == 2
    assert "a shard of mini/A2/copy, which is not in lock.json" in done.err


def test_another_site_with_other_occlusion(shards, tmp_path, cli):
    lock = json.loads((shards / "lock.json").read_text())
    lock["clips"][CLIP][1]["occlusion_sha256"] = "1" * 64
    other = tmp_path / "other.json"
    other.write_text(json.dumps(agreed(lock)))
    found = cli("verify", shards, "--against", other)
    assert found.code == 2
    assert f"other occlusion in 1 of 18 row groups (first: {CLIP} {Cell('erase', 1)})" in found.err
    assert "other pixels" not in found.err
    report = json.loads(cli("verify", shards, "--against", other, "--json").out)["comparison"]
    assert report["occlusion"] == [f"{CLIP} erase 1"]
    assert (report["pixels"], report["detections"]) == ([], [])

    lock["clips"][CLIP][2]["pixels_sha256"] = "1" * 64
    other.write_text(json.dumps(agreed(lock)))
    both = cli("verify", shards, "--against", other)
    assert f"other pixels in 1 of 18 row groups (first: {CLIP} erase 3)" in both.err
    assert "other occlusion in 1 of 18 row groups" in both.err

    same = cli("verify", shards, "--against", shards / "lock.json")
    assert same.code == 0
    assert "occlusion: the same in all 18 row groups that both have" in same.out
