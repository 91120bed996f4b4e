from __future__ import annotations

import pytest

from corruptbench.build.plan import choose_cells, parse_severities
from corruptbench.errors import InputError
from corruptbench.manifest import CLEAN, Cell, known_manifests, load_manifest

# A manifest is frozen: whoever changes one raises its version, and this table with it.
FROZEN = {
    "human36m-c": (1, "9542e9116e18dcd6d784b4809af7a0e9ef99ea7160c5b24a4139728b5a3afa16"),
    "human36m-c-unshifted": (
        1,
        "21ca312732923ac2dc349c360f04b5f6b18bcedfc3d2e61225a1b781bdf543ae",
    ),
    "humaneva-i-c": (1, "a47dc503aa427085146a2a16473e5295bcef453b9f05673ec25093f247113384"),
    "studio-c": (2, "5b7ca7b45b3c102ba99d335e2ad1839ba08c6979aac292dd5b6abfb6cfe6fb63"),
    "studio-c-mini": (3, "4d1c0946256fce4ae811eafa65683eca09e2fdc9b465885d12d5c291489ace4c"),
    "studio-train": (2, "30fe47ce9337f5cd9a1b2ac781ffca2e72594a2bac402e3dc4522e00c5b4ba5e"),
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
    with pytest.raises(InputError, match=r"--corruption 'fog'.*erase, occluder, .*gaussian_noise"):
        choose_cells(manifest, (1,), ("fog",))


@pytest.mark.parametrize("name", known_manifests())
def test_manifests_are_frozen(name):
    manifest = load_manifest(name)
    assert (manifest.version, manifest.sha256) == FROZEN[name]


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


def test_unknown_manifest():
    with pytest.raises(InputError, match=r"unknown manifest 'h37m'.*studio-c"):
        load_manifest("h37m")
    with pytest.raises(InputError, match="no such manifest file"):
        load_manifest("nowhere.toml")
