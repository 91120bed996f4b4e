from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corruptbench.builder.plan import choose_cells, clip_info, parse_severities
from corruptbench.datasets import Clip, ClipId
from corruptbench.errors import InputError
from corruptbench.files import sha256_of_json
from corruptbench.lifters.lifter import load_lifter
from corruptbench.manifest import CLEAN, Cell, known_manifests, load_manifest
from tests.fixtures import folder

# A manifest is frozen: whoever changes one raises its version, and this table with it. The second
# digest is over the defaults, too: whoever changes one changes the manifests that leave it out.
FROZEN = {
    "human36m-c": (
        3,
        "de849bf3cc2b628ec32f837e662b828c926c1cbbad5e529fdd0c033f57837b83",
        "87023edb27b4bbfa90be4f6f2d37eeb692fb325c1d7ca591f298d7376fa410a4",
    ),
    "human36m-c-unshifted": (
        3,
        "a535646a6d85833d17601d2e687eb5080e57da8cf58ba815f0737fec95c191e1",
        "8e1cc6d0130f3c4209809384249409d8d21bf856bf71355d2fa4232fb93a3957",
    ),
    "humaneva-i-c": (
        3,
        "8a0423f4077036fb28abd9cc710e84d9a120bb26ce9a2b11e1e4a5e1287be3b1",
        "89df3a525f4c06722246ff283c92f68509e80ad75feeb082d5b35965d7804e42",
    ),
    "studio-c": (
        3,
        "9b243115b77977f138ccff0c0138e97d829e73998f8ef857c42b7a5979b3df40",
        "c12f351cf0d53225b0c06ad2a1c372edd645fe8f4495747607b427194bd28b75",
    ),
    "studio-c-mini": (
        4,
        "e021d56bf1abc65568df4baddd77ca2f03e92a8ac1ab52d3d3741d893afde9b8",
        "39323a00a4c9b803032918657cf1a6556cddc5f344b1377e5cb84465f497087e",
    ),
    "studio-train": (
        3,
        "75abdbff31f3d407b9aab4ebe02e0f3f933689ad86e81dbfab7ffab4879d39f1",
        "c601c8f24409e98ef9717f60a47226a13373e9ff6625fbcc7398376f4bbb1938",
    ),
    "studio-train-more": (
        1,
        "6e6c44e99f4e7944c0389cb03c1560e6b4b8dfe8df308df51363eae4c7e06337",
        "9f6a6743897cb698388e94d49f3b16abe80c2b6749d6127bf924eb822e5cfd1c",
    ),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", (3,)), ("1-5", (1, 2, 3, 4, 5)), ("1,3,5", (1, 3, 5)), ("5,1-2", (1, 2, 5)),
        (" 2 - 4 ", (2, 3, 4)), ("4,4", (4,)), ("3-3", (3,)),
    ],
)  # fmt: skip
def test_severities(text, expected):
    assert parse_severities(text) == expected


@pytest.mark.parametrize(
    "text", ["0", "6", "3-1", "a", "", "1-", "-1", "1,,2", "1-9", "2.5", "١-٩"]
)
def test_bad_severities(text):
    with pytest.raises(InputError, match="expected severities from 1 to 5"):
        parse_severities(text)


def test_cells_are_in_the_manifests_order():
    manifest = load_manifest("studio-c")
    assert choose_cells(manifest) == manifest.cells
    chosen = choose_cells(manifest, (2,), ("gaussian_noise", "erase"))
    assert chosen == (CLEAN, Cell("erase", 2), Cell("gaussian_noise", 2))
    with pytest.raises(InputError, match=r"'fog'.*erase, occluder, .*gaussian_noise"):
        choose_cells(manifest, (1,), ("fog",))


@pytest.mark.parametrize("name", known_manifests())
def test_manifests_are_frozen(name):
    manifest = load_manifest(name)
    whole = sha256_of_json(manifest.model_dump())
    assert (manifest.version, manifest.sha256, whole) == FROZEN[name]


@pytest.mark.parametrize("name", known_manifests())
def test_reference_lifters_are_here_and_fit(name):
    manifest = load_manifest(name)
    if manifest.reference_lifter is not None:
        path = Path(__file__).parents[2] / "baselines" / f"{manifest.reference_lifter}.pt2"
        contract = load_lifter(path, "cpu").contract
        assert contract.name == manifest.reference_lifter
        assert contract.joints == manifest.scoring.joints


def test_keys_depend_on_identity_alone():
    manifest = load_manifest("studio-c")
    clip = "x"
    keys = {manifest.key(c, clip) for c in manifest.cells if c != CLEAN}
    assert len(keys) == len(manifest.cells) - 1
    assert manifest.key(Cell("erase", 1), "y") not in keys


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("padding = 1.25", "padding = 9", "crop.padding"),
        ("version = 1\ntitle", "title", "version"),
        ('name = "erase"', 'name = "fog"', "unknown corruption 'fog'"),
        ('"erase"\nversion = 3', '"erase"\nversion = 7', "pins erase version 7"),
        ("[crop]", "[crop", "not TOML"),
        ('title = "mini-C"', 'title = "mini-C"\nsurprise = 1', "surprise"),
    ],
)
def test_bad_manifests(tmp_path, mini_manifest, old, new, message):
    text = mini_manifest.read_text()
    assert old in text
    path = tmp_path / "bad.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        load_manifest(str(path))


def test_the_name_of_another_benchmark(tmp_path, mini_manifest):
    """Or a table would hold two benchmarks of one name."""
    path = tmp_path / "mine.toml"
    path.write_text(mini_manifest.read_text().replace('"mini-c"', '"studio-c"'))
    with pytest.raises(InputError, match=r"mine\.toml: id: 'studio-c' .*another benchmark"):
        load_manifest(str(path))
    path.write_text((Path(__file__).parents[2] / "manifests/studio-c.toml").read_text())
    assert load_manifest(str(path)) == load_manifest("studio-c")


def test_a_joint_beside_the_camera_is_not_known(mini_manifest):
    """It may be projected to anywhere; the boxes say where the person is."""
    joints = np.repeat(folder.STANDING[None], 2, axis=0)
    joints[1, 3] = [3000, -3999, 0]  # cam1 stands at y = -4000, and looks along y
    camera = folder.cameras(64)["cam1"]
    clip = Clip(
        id=ClipId("mini", "A1", "step_1", "cam1", "step"), video=Path("none.mp4"), fps=50.0,
        camera=camera, joint_set="h36m17", joints=joints,
        person_boxes=np.tile([10.0, 5.0, 50.0, 60.0], (2, 1)),
    )  # fmt: skip
    assert np.isfinite(clip.keypoints).all()
    unknown = np.argwhere(np.isnan(clip_info(clip, load_manifest(str(mini_manifest))).joints))
    assert unknown.tolist() == [[1, 3, 0], [1, 3, 1]]


def test_unknown_manifest():
    with pytest.raises(InputError, match=r"unknown manifest 'h37m'.*studio-c"):
        load_manifest("h37m")
    with pytest.raises(InputError, match=r"nowhere\.toml: no such file"):
        load_manifest("nowhere.toml")
