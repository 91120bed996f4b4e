"""Croissant metadata of a build, read by mlcroissant: valid, with the records of the shards."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import mlcroissant
import numpy as np
import pyarrow.parquet as pq
import pytest

from corruptbench.cli import main
from corruptbench.datasets import open_dataset
from corruptbench.datasets.card import STUDIO
from corruptbench.datasets.studio import MORE_TRAIN_SHARDS
from corruptbench.errors import InputError
from corruptbench.manifest import load_manifest
from corruptbench.shards.croissant import Publication, croissant
from corruptbench.shards.lock import read_lock
from corruptbench.shards.verify import recount
from tests.fixtures.locks import agreed

PUBLISHED = Publication("Our lab", "https://example.org/shards", "2026-11-27")
COLUMNS = [
    "corruption",
    "severity",
    "frame",
    "keypoints",
    "scores",
    "box",
    "hidden",
    "hidden_joints",
]

#: The fields of RAI 1.0, and one that its authors added in 2026.
RAI = {
    "dataCollection", "dataCollectionType", "dataCollectionMissingData", "dataCollectionRawData",
    "dataCollectionTimeframe", "dataImputationProtocol", "dataManipulationProtocol",
    "dataPreprocessingProtocol", "dataAnnotationProtocol", "dataAnnotationPlatform",
    "dataAnnotationAnalysis", "dataReleaseMaintenancePlan", "personalSensitiveInformation",
    "dataSocialImpact", "dataBiases", "dataLimitations", "dataUseCases", "annotationsPerItem",
    "annotatorDemographics", "machineAnnotationTools", "hasSyntheticData",
}  # fmt: skip


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Projected labels of the small studio benchmark, and their description."""
    out = tmp_path_factory.mktemp("croissant") / "shards"
    words = ["--detector", "ground-truth:projected", "--corruption", "erase", "--severity", "3"]
    main(["build", "--manifest", "studio-c-mini", "--out", str(out), *words, "--quiet"])
    (out / "croissant.json").write_text(json.dumps(croissant(out, PUBLISHED)))
    return out


def read(path: Path) -> mlcroissant.Dataset:
    return mlcroissant.Dataset(str(path / "croissant.json"))


def changed(shards: Path, folder: Path, **fields: Any) -> Path:
    """A folder with a lock that differs in some fields, and its description."""
    lock = json.loads((shards / "lock.json").read_text())
    (folder / "lock.json").write_text(json.dumps(agreed({**lock, **fields})))
    (folder / "croissant.json").write_text(json.dumps(croissant(folder, PUBLISHED)))
    return folder


def renamed(shards: Path, name: str) -> dict[str, Any]:
    """The clips of a build, as if they were of another data set."""
    clips = json.loads((shards / "lock.json").read_text())["clips"]
    return {clip.replace("studio/", f"{name}/", 1): cells for clip, cells in clips.items()}


def test_it_is_valid_and_nothing_is_missing(shards: Path) -> None:
    issues = read(shards).metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())


def test_the_records_are_the_rows_of_the_shards(shards: Path) -> None:
    records = list(read(shards).records("detections"))
    place = 0
    for path in sorted((shards / "keypoints").rglob("*.parquet")):
        rows = pq.read_table(path).to_pylist()
        clip = str(path.relative_to(shards / "keypoints").with_suffix("")).encode()
        for row, record in zip(rows, records[place : place + len(rows)], strict=True):
            assert record.pop("detections/clip") == clip
            for name in COLUMNS:
                found = record.pop(f"detections/{name}")
                found = found.decode() if isinstance(found, bytes) else found
                np.testing.assert_array_equal(found, row[name])
            assert record == {}
        place += len(rows)
    assert place == len(records) > 2000


def test_every_file_is_named_with_its_hash(shards: Path) -> None:
    described = {
        file.content_url: file.sha256
        for file in read(shards).metadata.distribution
        if isinstance(file, mlcroissant.FileObject)
    }
    there = [path for path in shards.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert described == {
        str(path.relative_to(shards)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in there
        if path.name != "croissant.json"
    }


def test_the_responsible_fields_are_read(shards: Path) -> None:
    found = read(shards).metadata
    assert found.name == "studio-c-mini-v4-ground-truth-projected"
    assert found.license == [STUDIO.license]
    assert "CMU Graphics Lab" in found.data_collection
    assert set(STUDIO.biases) <= set(found.data_biases)
    assert set(STUDIO.limitations) < set(found.data_limitations)
    assert found.personal_sensitive_information == [STUDIO.people]
    assert [text.partition(":")[0] for text in found.data_preprocessing_protocol] == [
        "clean", "erase",
    ]  # fmt: skip
    assert len(found.data_use_cases) == 2
    assert "not in the data" in found.data_social_impact
    document = json.loads((shards / "croissant.json").read_text())
    assert document["rai:hasSyntheticData"] is True
    assert {key.removeprefix("rai:") for key in document if key.startswith("rai:")} <= RAI
    assert found.machine_annotation_tools[0].startswith("ground-truth:projected")


def test_the_detector_is_named() -> None:
    """Of shards that are part of the project; a description of them is made from their lock."""
    document = croissant(MORE_TRAIN_SHARDS, PUBLISHED)
    assert document["name"].endswith("-movenet-lightning")
    assert document["rai:machineAnnotationTools"][0].startswith("movenet:lightning, weights SHA")
    clips = read_lock(MORE_TRAIN_SHARDS / "lock.json").clips
    assert len(document["distribution"]) == len(clips) + 2


@pytest.mark.parametrize(("name", "title"), [("human36m", "Human3.6M"), ("humaneva", "HumanEva-I")])
def test_a_build_of_licensed_data_says_that_it_may_not_be_passed_on(
    shards: Path, tmp_path: Path, name: str, title: str
) -> None:
    found = read(changed(shards, tmp_path, clips=renamed(shards, name))).metadata
    assert f"Made from {title}, whose license does not allow passing on" in found.license[0]
    assert "studio" not in found.data_collection


def test_the_terms_of_other_data_are_not_guessed(shards: Path, tmp_path: Path) -> None:
    """Nor does a name act, or break the file. A path with spaces is an address in the file."""
    hostile = 'my "lab" {\\n} é 漢 %20'
    found = read(changed(shards, tmp_path, clips=renamed(shards, hostile))).metadata
    assert found.license == [f"Not known to corruptbench: ask the owner of the data set {hostile}."]
    urls = [f.content_url for f in found.distribution if isinstance(f, mlcroissant.FileObject)]
    assert f"keypoints/{hostile}/S6/walking_1.cam1.parquet" in urls
    assert found.ctx.issues.errors == set()


@pytest.mark.parametrize(
    ("field", "value"),
    [("url", "example.org"), ("url", "https://a b"), ("date", "2026"), ("date", "27.11.2026")],
)
def test_what_is_no_address_or_day_is_refused(field: str, value: str) -> None:
    with pytest.raises(InputError, match=f"^{field}: found") as error:
        Publication(**{field: value})
    assert error.value.parameter == field


def test_the_command_writes_it_beside_the_lock(cli, shards: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(shards, tmp_path / "shards")
    (copy / "croissant.json").unlink()
    words = ("--creator", "Our lab", "--url", PUBLISHED.url, "--date", PUBLISHED.date)
    done = cli("croissant", copy, *words)
    assert (done.code, done.err) == (0, "")
    assert json.loads((copy / "croissant.json").read_text()) == croissant(copy, PUBLISHED)
    assert recount(copy) == 24


def test_a_build_in_s3_is_described_there(cli, shards: Path, bucket) -> None:
    bucket.fill("a/b", shards)
    done = cli("croissant", f"{bucket}/a/b", "--creator", "Our lab")
    assert done.code == 0, done.err
    found = bucket.objects("a/b")["croissant.json"]
    assert json.loads(found) == croissant(shards, Publication("Our lab"))


def test_the_card_of_the_studio_set_counts_its_people() -> None:
    clips = open_dataset("studio", None).clip_ids()
    test = {clip.subject for clip in load_manifest("studio-c").select(clips)}
    assert (len(test), len({clip.subject for clip in clips} - test)) == (2, 13)
    assert STUDIO.biases[0] == "Few people: two in the test split, thirteen in the training split."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("studio", "to publish it, Croissant requires --creator, --url, --date\n"),
        ("human36m", "made from Human3.6M, which is licensed: do not pass on the shards\n"),
        ("mylab", "the terms of mylab are not known: write them into the file, see license\n"),
    ],
)
def test_the_command_says_what_is_in_the_way(
    cli, shards: Path, tmp_path: Path, name: str, said: str
) -> None:
    folder = changed(shards, tmp_path, clips=renamed(shards, name))
    done = cli("croissant", folder)
    assert done.code == 0
    assert said in done.err


def test_an_unfinished_build_is_refused(cli, tmp_path: Path) -> None:
    done = cli("croissant", tmp_path)
    assert done.code == 2
    assert "holds neither lock.json nor keypoints/" in done.err
    assert list(tmp_path.iterdir()) == []
