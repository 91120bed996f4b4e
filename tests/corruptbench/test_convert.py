"""What conversions have in common: what is refused, what is recorded, what is never replaced."""

from __future__ import annotations

import json
import os
import shutil
import zipfile

import numpy as np
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.manifest import CLEAN, load_manifest
from tests.fixtures.export_shards import TEST, content, folder_words, human36m, opened, write_shards


@pytest.fixture(scope="module")
def set_in_folders(mini, mini_manifest, tmp_path_factory):
    return folder_words(mini, mini_manifest, tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="module")
def h36m(tmp_path_factory):
    """The same for Human3.6M; its packed labels hold more recordings."""
    return human36m(tmp_path_factory.mktemp("h36m"), TEST)


VIDEOPOSE3D = ("--format", "videopose3d", "--cell", "clean")


def test_the_same_bytes_every_time(set_in_folders, tmp_path, cli):
    for name in "ab":
        assert cli("convert", *set_in_folders, *VIDEOPOSE3D, "--out", tmp_path / name).code == 0
    assert content(tmp_path / "a") == content(tmp_path / "b")
    with zipfile.ZipFile(tmp_path / "a/data_2d_mini_corruptbench_h36m_clean.npz") as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"numpy._core" not in archive.read("positions_2d.npy"), "NumPy 1 has no such module"


def test_what_a_conversion_lists(set_in_folders, tmp_path, cli):
    for cell in ("clean", "erase 3"):
        words = ["--format", "videopose3d", "--cell", cell, "--out", tmp_path]
        assert cli("convert", *set_in_folders, *words).code == 0
    files = json.loads((tmp_path / "corruptbench-export.json").read_text())["files"]
    name = "data_2d_mini_corruptbench_h36m_{}.npz"
    assert {n: f["cell"] for n, f in files.items()} == {
        name.format("clean"): "clean",
        name.format("erase_3"): "erase 3",
    }
    facts = files[name.format("clean")]
    source = facts["source"]
    assert source["benchmark"]["id"] == "mini-c"
    assert source["detector"]["layout"] == "coco17"
    assert (source["repository"], source["layout"]) == ("videopose3d", "h36m17")
    assert (facts["labels"], facts["left_out"]) == (None, [])


# -- nothing is written over -----------------------------------------------------------------------


def refused(cli, folder, said, *arguments):
    """The conversion fails with these words, and the folder is as before."""
    before = content(folder)
    done = cli("convert", *arguments, "--out", folder)
    assert done.code == 2, done.out
    assert said in done.err
    assert "expected another output folder" in done.err
    assert content(folder) == before


def test_the_annotations_are_not_written_over(h36m, tmp_path, cli):
    path = shutil.copy(h36m[3], tmp_path / "data_3d_h36m.npz")
    said = f"{path}: is also the annotations, and would be written over"
    refused(cli, tmp_path, said, *h36m, *VIDEOPOSE3D, "--annotations", path)
    other = shutil.copy(path, tmp_path.parent / f"{tmp_path.name}.npz")
    said = f"{path}: is there, no conversion wrote it (corruptbench-export.json beside it would"
    refused(cli, tmp_path, said, *h36m, *VIDEOPOSE3D, "--annotations", other)
    path.unlink()
    os.link(other, path)
    said = f"{path}: is also the annotations"
    refused(cli, tmp_path, said, *h36m, *VIDEOPOSE3D, "--annotations", other)


def test_the_root_is_not_written_over(h36m, tmp_path, cli):
    path = shutil.copy(h36m[3], tmp_path / "data_3d_h36m.npz")
    words = [*h36m[:3], path, *h36m[4:], *VIDEOPOSE3D, "--annotations", h36m[3]]
    refused(cli, tmp_path, f"{path}: is also the labels", *words)


@pytest.mark.parametrize("made", ["file", "folder", "link"])
def test_what_no_conversion_wrote_is_not_written_over(set_in_folders, made, tmp_path, cli):
    path = tmp_path / "out/data_2d_mini_corruptbench_h36m_clean.npz"
    path.parent.mkdir()
    if made == "folder":
        path.mkdir()
    elif made == "link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.write_bytes(b"mine")
    done = cli("convert", *set_in_folders, *VIDEOPOSE3D, "--out", path.parent)
    assert done.code == 2
    assert f"{path}: is there, no conversion wrote it" in done.err
    assert [*path.parent.iterdir()] == [path]


def test_a_list_that_is_none_is_not_written_over(set_in_folders, tmp_path, cli):
    for text in ('{"a": 1}', "[1]", "mine", '{"files": {"a": 3}}'):
        (tmp_path / "corruptbench-export.json").write_text(text)
        said = "corruptbench-export.json: no list of a conversion"
        refused(cli, tmp_path, said, *set_in_folders, *VIDEOPOSE3D)


def test_a_conversion_replaces_its_own_files_until_they_are_changed(h36m, tmp_path, cli):
    words = [*h36m, *VIDEOPOSE3D, "--annotations", h36m[3]]
    for _ in range(2):
        assert cli("convert", *words, "--out", tmp_path).code == 0
    before = content(tmp_path)
    assert len(before) == 3
    assert cli("convert", *words, "--out", tmp_path).code == 0
    assert content(tmp_path) == before
    with (tmp_path / "data_3d_h36m.npz").open("ab") as stream:
        stream.write(b"more")
    refused(
        cli, tmp_path, "data_3d_h36m.npz: is there, was changed since a conversion wrote", *words
    )


def test_a_conversions_own_labels_as_annotations(h36m, tmp_path, cli):
    first = [*h36m, *VIDEOPOSE3D, "--annotations", h36m[3]]
    assert cli("convert", *first, "--out", tmp_path).code == 0
    cut = tmp_path / "data_3d_h36m.npz"
    said = f"{cut}: is also the annotations"
    refused(cli, tmp_path, said, *h36m, *VIDEOPOSE3D, "--annotations", cut)


def test_cut_labels_that_other_files_rely_on(h36m, tmp_path, tmp_path_factory, cli):
    """Two conversions with different recordings into one folder: the first would no longer load."""
    labels = ("--annotations", h36m[3], "--out", tmp_path)
    assert cli("convert", *h36m, *VIDEOPOSE3D, *labels).code == 0
    fewer = human36m(tmp_path_factory.mktemp("fewer"), {"S9": TEST["S9"]})
    words = [*fewer, "--format", "videopose3d", "--cell", "erase 3", "--annotations", fewer[3]]
    said = "data_3d_h36m.npz: belongs to data_2d_h36m_corruptbench_h36m_clean.npz of an earlier"
    refused(cli, tmp_path, said, *words)
    assert cli("convert", *fewer, *VIDEOPOSE3D, *labels).code == 0, "replaces all that is there"


# -- errors ----------------------------------------------------------------------------------------


def test_what_cannot_be_converted(set_in_folders, h36m, tmp_path, cli):
    labels, out = h36m[3], ["--out", tmp_path / "out"]
    page, empty, numbers = tmp_path / "page.pkl", tmp_path / "empty.pkl", tmp_path / "n.npz"
    page.write_text("<html>")
    empty.write_bytes(b"\x80\x03}.")
    np.savez(numbers, positions_2d=np.zeros(3))
    cases = [
        ([*set_in_folders, "--format", "motionbert"], "for Human3.6M, these are shards of mini"),
        ([*h36m, "--format", "motionbert"], "the annotations are missing: expected"),
        ([*h36m, "--format", "mmpose", "--joints", "coco17"], "joints coco17: repositories"),
        ([*h36m, "--format", "mmpose", "--layout", "coco17"], "(option --joints)"),
        ([*h36m, "--format", "motionbert", "--annotations", page], "page.pkl: a web page"),
        ([*h36m, "--format", "motionbert", "--annotations", empty], "holds no dictionary, and"),
        ([*h36m, "--format", "mmpose", "--annotations", labels], "no imgname, part in it"),
        ([*h36m, "--format", "videopose3d", "--cell", "erase 2"], "'erase 2' is not in the shards"),
        ([*h36m, *VIDEOPOSE3D, "--annotations", tmp_path / "no.npz"], "no.npz: no such file"),
        ([*h36m, *VIDEOPOSE3D, "--annotations", numbers], "n.npz: holds positions_2d (keyp"),
        ([*h36m, *VIDEOPOSE3D, "--annotations", empty], "empty.pkl: a pickle; expected an .npz"),
        ([*h36m, "--format", "mmpose", "--annotations", empty], "a pickle; expected an .npz, the"),
        ([*h36m, "--format", "motionbert", "--annotations", labels], "an .npz; expected a pickle"),
    ]
    for arguments, said in cases:
        done = cli("convert", *arguments, *out)
        assert done.code == 2
        assert said in done.err
        assert "expected" in done.err or "give" in done.err or "They have" in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(set_in_folders, tmp_path, cli):
    (tmp_path / "file").write_text("mine")
    done = cli("convert", *set_in_folders, *VIDEOPOSE3D, "--out", tmp_path / "file")
    assert (done.code, done.err) == (
        2,
        f"error: {tmp_path / 'file'}: not a folder; expected a folder there: name another one\n",
    )


def test_a_layout_that_the_detector_cannot_give(mini, mini_manifest, tmp_path, cli):
    out = write_shards(
        open_dataset("folder", mini), load_manifest(str(mini_manifest)), tmp_path / "s", "h36m17"
    )
    words = ["--shards", out, "--root", mini, "--manifest", mini_manifest, *VIDEOPOSE3D]
    done = cli("convert", *words, "--joints", "coco17", "--out", tmp_path / "out")
    assert done.code == 2
    assert f"joints coco17: {out} holds joints of h36m17; no conversion from" in done.err
    assert not (tmp_path / "out").exists()


def test_packed_labels_do_for_an_evaluation(h36m, tiny_lifter, tmp_path, cli):
    """Shards and data_3d_h36m.npz, no other file of the data set."""
    done = cli("evaluate", tiny_lifter, *h36m, "--out", tmp_path)
    assert done.code == 0, done.err
    result = json.loads((tmp_path / "tiny.json").read_text())
    frames = sum(len(c.joints) for c, _ in opened(h36m).clips((CLEAN,)))
    assert result["coverage"]["n_scored"] == 3 * frames
