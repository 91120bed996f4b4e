"""Data sets and manifests that can never be scored are refused when they are read."""

from __future__ import annotations

import re

import pytest

from corruptbench.datasets import Dataset, open_dataset
from corruptbench.datasets.dataset_json import read_record
from corruptbench.errors import InputError
from corruptbench.lifters.contract import Contract
from corruptbench.manifest import load_manifest
from corruptbench.scorable import check_scorable
from corruptbench.skeleton import JOINT_SETS, SCORED
from tests.fixtures import humaneva
from tests.fixtures.camera_json import CAM1
from tests.fixtures.folder import declare, write_manifest

# -- dataset.json ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"joints": "coco17"}, "joints: no lifter gives coco17"),
        ({"joints": "coco17"}, "expected h36m17 or humaneva15"),
        ({"fps": 1e9}, "fps: .*expected at most 100,000"),
        ({"fps": 0.001}, r"fps: .*expected 0\.01 or more"),
        ({"cameras": {}}, "cameras: .*at least 1"),
        ({"sequences": {}}, "sequences: .*at least 1"),
        ({"sequences": {"A1": {}}}, r"sequences\.A1: .*at least 1"),
        ({"sequences": {"A1": {"walk": "w", "Walk": "w"}}}, "walk and Walk differ in case only"),
        ({"sequences": {"A1": {"w": "w"}, "a1": {"w": "w"}}}, "A1 and a1 differ in case only"),
        ({"cameras": {"cam1": CAM1, "CAM1": CAM1}}, "cam1 and CAM1 differ in case only"),
        ({"units": "m"}, "units: found m, expected 'mm': multiply .*by 1000 "),
        ({"license": "CC0"}, r"json: license: no field of dataset\.json; it is licence"),
        ({"frame_rate": 50}, "frame_rate: .*it is fps"),
        ({"subject_cameras": {"B7": {"cam1": CAM1}}}, "B7 is not in sequences; expected .* A1, A2"),
        ({"subject_cameras": {"A1": {"c": CAM1}}}, "subject_cameras.A1: c is not in cameras"),
        (
            {"subject_cameras": {"A1": {"cam1": CAM1 | {"K": 1}}}},
            "A1.cam1: K: no field of a camera",
        ),
    ],
)
def test_what_can_never_be_scored(fields, said, mine):
    with pytest.raises(InputError, match=said):
        read_record(declare(mine, **fields))


def test_a_name_that_is_there_twice(mine):
    """JSON takes the last one and is silent about the first."""
    path = mine / "dataset.json"
    path.write_text(path.read_text().replace('"cam2"', '"cam1"'))
    with pytest.raises(InputError, match=r"dataset\.json: cam1 is there twice in one object"):
        read_record(mine)


@pytest.mark.parametrize("number", ["1" + "0" * 400, '"x"', "null", "[1]"])
def test_numbers_that_are_none(number, mine):
    """One line each, no traceback."""
    path = mine / "dataset.json"
    text = path.read_text()
    for field in ("rotation", "position", "focal_length", "principal_point"):
        path.write_text(re.sub(rf'("{field}": \[+)[^],]+', rf"\g<1>{number}", text, count=1))
        with pytest.raises(InputError, match=rf"dataset\.json: cameras\.cam1.*{field}"):
            read_record(mine)


# -- manifests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"h36m17"', '"coco17"', r"scoring\.joints: no lifter gives coco17"),
        ('"h36m17"', '"smpl24"', r"scoring\.joints: unknown joint set"),
        ("root_joint = 0", "root_joint = 17", r"scoring\.root_joint: found 17, expected .*0 to 16"),
        ("root_joint = 0", "root_joint = -1", r"scoring\.root_joint"),
        ('["A1", "A2"]', "[]", r"clips\.subjects: .*at least 1"),
        ("[crop]", "sequences = []\n[crop]", r"clips\.sequences: .*at least 1"),
        ("[crop]", "actions = []\n[crop]", r"clips\.actions: .*at least 1"),
        ("[crop]", "cameras = []\n[crop]", r"clips\.cameras: .*at least 1"),
    ],
)
def test_manifests_that_can_never_be_scored(old, new, said, tmp_path):
    with pytest.raises(InputError, match=said):
        load_manifest(str(write_manifest(tmp_path / "mine.toml", **{old: new})))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"h36m17"', '"humaneva15"', r"scoring\.joints: found 'humaneva15', .*mini are 'h36m17'"),
        ('"ground-truth"', '"published"', r"crop\.boxes: found 'published', but mini publishes no"),
        ("[crop]", 'exclude = ["A1/Step_1"]\n[crop]', r"no 'A1/Step_1'; .*mean 'A1/step_1'\?"),
        ("[crop]", 'exclude = ["A1/step_1.3"]\n[crop]', r"no 'A1/step_1\.3'"),
        ("[crop]", 'exclude = ["A1"]\n[crop]', r"clips\.exclude: .*<subject>/<sequence>"),
    ],
)
def test_a_manifest_that_does_not_fit_the_data(old, new, said, mini, tmp_path):
    manifest = load_manifest(str(write_manifest(tmp_path / "mine.toml", **{old: new})))
    with pytest.raises(InputError, match=f"manifest mini-c: .*{said}"):
        check_scorable(manifest, open_dataset("folder", mini))


def test_a_build_looks_first(mini, tmp_path, cli):
    path = write_manifest(tmp_path / "mine.toml", **{'"h36m17"': '"humaneva15"'})
    done = cli("build", "--manifest", path, "--root", mini, "--out", tmp_path / "out")
    assert done.code == 2
    assert "scoring.joints: found 'humaneva15'" in done.err


def test_manifests_that_fit(mini, mini_manifest, tmp_path):
    text = 'exclude = ["A1/step_1", "A1/sway_1.cam2"]\n[crop]'
    mine = load_manifest(str(write_manifest(tmp_path / "mine.toml", **{"[crop]": text})))
    folder, studio = open_dataset("folder", mini), open_dataset("studio", None)
    eva: Dataset = open_dataset("humaneva", humaneva.write_dataset(tmp_path / "eva"))
    for manifest, dataset in (
        (mine, folder), (load_manifest(str(mini_manifest)), folder),
        (load_manifest("studio-c"), studio), (load_manifest("humaneva-i-c"), eva),
    ):  # fmt: skip
        check_scorable(manifest, dataset)


def test_one_list_of_joint_sets():
    """A set can be scored exactly if a contract may declare it."""
    for name in JOINT_SETS:
        declared = {"name": "a", "window": "block", "frames": 1, "joints": name}
        if name in SCORED:
            assert Contract.model_validate(declared).joints == name
        else:
            with pytest.raises(ValueError, match="which nobody scores"):
                Contract.model_validate(declared)
