from __future__ import annotations

from pathlib import Path

import pytest

from corruptbench.builder.plan import choose_cells, parse_severities
from corruptbench.errors import InputError
from corruptbench.evaluation.lifter import load_lifter
from corruptbench.files import sha256_of_json
from corruptbench.manifest import CLEAN, Cell, known_manifests, load_manifest

# A manifest is frozen: whoever changes one raises its version, and this table with it. The second
# digest is over the defaults, too: whoever changes one changes the manifests that leave it out.
FROZEN = {
    "human36m-c": (
        2,
        "04579da21e49b3ab2eb5386c47232a3dd62a0cf40e086079543df2c5dcd4e11d",
        "fe88eb42939d45fd8babcc95adf937975884ef8f06f2eadfede836a1bd8438c6",
    ),
    "human36m-c-unshifted": (
        2,
        "1e47f2a5c90027125565ee607e7c58da6b41f41d08394ad6cf8a8b78d054e91e",
        "ab04dd8f10a3b1ad83a1955c3e6f94ab94a30a37818c71a5c8cd6d3beb1eb58d",
    ),
    "humaneva-i-c": (
        2,
        "13499c40541611925da82d38e16de677b938ef1e3a29a66dd99f04f016363632",
        "623f3e342e7e45c682757febb283010224d8c138963d4ab3a3757e6ab34be528",
    ),
    "studio-c": (
        2,
        "5b7ca7b45b3c102ba99d335e2ad1839ba08c6979aac292dd5b6abfb6cfe6fb63",
        "67186d916b690e71a8ceda1f5f999990443b04e3bf1ba46b8b8c423005c99283",
    ),
    "studio-c-mini": (
        3,
        "4d1c0946256fce4ae811eafa65683eca09e2fdc9b465885d12d5c291489ace4c",
        "af03f7fd55d06a92d24b59c91f90743614efcd105bce19230997517e38ca6dca",
    ),
    "studio-train": (
        2,
        "30fe47ce9337f5cd9a1b2ac781ffca2e72594a2bac402e3dc4522e00c5b4ba5e",
        "6bb6ecbf7bdfa64432257b6b3899eafe8178dd1ed105f54cc73e43342d9f6e90",
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
        ('"erase"\nversion = 2', '"erase"\nversion = 7', "pins erase version 7"),
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


def test_unknown_manifest():
    with pytest.raises(InputError, match=r"unknown manifest 'h37m'.*studio-c"):
        load_manifest("h37m")
    with pytest.raises(InputError, match=r"nowhere\.toml: no such file"):
        load_manifest("nowhere.toml")
