"""Poses that other code made from converted detections are scored as those of an evaluation."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

import corruptbench as cb
from corruptbench.errors import InputError
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.corruptbench.test_convert_humaneva import CAMERAS as HUMANEVA_CAMERAS
from tests.corruptbench.test_convert_humaneva import CHUNKS, opened, write_words
from tests.docs.blocks import blocks
from tests.fixtures.export_shards import CAMERAS, folder_words, human36m
from tests.fixtures.export_shards import opened as opened_shards
from tests.fixtures.lifters import python_lifter

CONTRACT = 'name = "mine"\nwindow = "sequence"\nframes = 9\n'


@pytest.fixture(scope="module")
def words(mini, mini_manifest, tmp_path_factory):
    return folder_words(mini, mini_manifest, tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return VideoPose3D(17, 2, widths=(3, 3), features=16).eval()


def lift(network, keypoints):
    """What VideoPose3D does with 128 px: normalize, pad, lift, keep the camera's axes."""
    x = np.pad(keypoints / 128 * 2 - 1, ((4, 4), (0, 0), (0, 0)), mode="edge")[None]
    with torch.no_grad():
        return network(torch.from_numpy(x.astype(np.float32)))[0].numpy()


@pytest.fixture(scope="module")
def lifted(words, network, tmp_path_factory):
    """A folder of poses, made by the function that the documentation shows; do not write to it."""
    from corruptbench.cli import main

    folder = tmp_path_factory.mktemp("lifted")
    main([str(w) for w in ("convert", *words, "--format", "videopose3d", "--out", folder / "2d")])
    (block,) = [b for b in blocks("docs/results.md") if b.title == "lift.py"]
    names = {}
    exec(block.text, names)
    names["lift_folder"](folder / "2d", folder / "3d", lambda keypoints: lift(network, keypoints))
    return folder / "3d"


@pytest.fixture
def mine(lifted, tmp_path):
    """A copy that a test may spoil, and a contract."""
    (tmp_path / "my.toml").write_text(CONTRACT)
    return shutil.copytree(lifted, tmp_path / "3d")


def scored(folder, shards):
    return cb.score(folder, shards, contract=folder.parent / "my.toml", progress=False)


def test_the_numbers_of_an_evaluation(words, network, mine, cli, tmp_path):
    shards = opened_shards(words)
    ours = cb.evaluate(python_lifter(contract(), network), shards, progress=False)
    theirs = scored(mine, shards)
    for column in ("mpjpe", "p_mpjpe", "n_mpjpe", "mpjve", "acceleration"):
        assert np.allclose(ours.clips[column], theirs.clips[column], rtol=1e-5)
    done = cli("score", mine, *words, "--contract", tmp_path / "my.toml", "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "marked: it failed probe 'probes'" not in done.out
    assert "marked: it could not be probed" in done.out
    lifter = json.loads((tmp_path / "out/mine.json").read_text())["lifter"]
    assert (lifter["allowed"], lifter["parameters"], lifter["hypotheses"]) == (["probes"], 0, 1)
    assert lifter["bytes"] == sum(p.stat().st_size for p in mine.iterdir())


def test_human36m(tmp_path):
    words = human36m(tmp_path, {"S9": ("Greeting",), "S11": ("Phoning 3",)})
    shards = opened_shards(words)

    def entries(clip):
        yield clip.id.subject, clip.id.sequence, slice(None)

    check(shards, tmp_path, "h36m", CAMERAS, entries)


def test_chunks_of_humaneva(tmp_path, monkeypatch):
    from corruptbench.datasets import humaneva

    monkeypatch.setattr(humaneva, "open_root", opened)
    words = write_words(tmp_path, **{"[crop]": "exclude = ['S1/Box_1_Train']\n\n[crop]"})

    def entries(clip):
        action, _, partition = clip.id.sequence.split("_")
        subject = f"{partition}/{clip.id.subject}"
        for name, frames in CHUNKS.get(subject, {}).items():
            if name.startswith(f"{action} "):
                yield subject, name, slice(frames.start, frames.stop)

    shards = opened_shards(words)
    check(shards, tmp_path, "humaneva15", HUMANEVA_CAMERAS, entries, 'joints = "humaneva15"\n')


def check(shards, folder, name, cameras, entries, more=""):
    """Poses that are the labels, one millimeter off in x but for the root."""
    poses = {}
    for clip, _ in shards.clips(shards.cells[:1]):
        for subject, recording, frames in entries(clip):
            labels = clip.joints_camera[frames] / 1000
            labels[:, 1:, 0] += 0.001
            each = poses.setdefault(subject, {}).setdefault(recording, [None] * len(cameras))
            each[cameras.index(clip.id.camera)] = labels
    (folder / "3d").mkdir()
    for cell in ("clean", "erase_1", "erase_3"):
        np.savez(folder / f"3d/data_2d_{name}_corruptbench_coco_{cell}.npz", positions_3d=poses)
    (folder / "my.toml").write_text(f'{CONTRACT}{more}root = "absolute"\n')
    found = scored(folder / "3d", shards)
    joints = found.record.lifter.scored_joints
    assert np.allclose(found.clips["mpjpe"], (joints - 1) / joints, atol=1e-2)  # of float32


def poses_of(path):
    with np.load(path, allow_pickle=True) as file:
        return file["positions_3d"].item()


def put(recording):
    """Returns what replaces the poses of a recording in one cell."""

    def spoil(folder):
        path = next(folder.glob("*_erase_3.npz"))
        table = poses_of(path)
        table["A1"]["step_1"] = recording(table["A1"]["step_1"])
        np.savez(path, positions_3d=table)

    return spoil


def renamed(folder):
    next(folder.glob("*_erase_3.npz")).rename(folder / "erase_3.npz")


def twice(folder):
    path = next(folder.glob("*_erase_3.npz"))
    shutil.copy(path, path.with_name(path.name.replace("h36m", "coco")))


def extra(folder):
    np.savez(folder / "more.npz", positions_3d={})


def detections(folder):
    for path in folder.glob("*_erase_3.npz"):
        shutil.copy(folder.parent / "2d.npz", path)


def more(subject, name):
    def spoil(folder):
        path = next(folder.glob("*_erase_3.npz"))
        table = poses_of(path)
        table.setdefault(subject, {})[name] = table["A1"]["step_1"]
        np.savez(path, positions_3d=table)

    return spoil


def less(folder):
    path = next(folder.glob("*_erase_3.npz"))
    table = poses_of(path)
    del table["A1"]["sway_1"]
    np.savez(path, positions_3d=table)


class Evil:
    def __reduce__(self):
        return (print, ("evil",))


SPOILT = {
    "a cell without a file": (renamed, r"erase 3: no file; .*data_2d_mini_corruptbench_h36m_eras"),
    "two files": (twice, r"erase 3: 2 files, .*h36m_erase_3.npz and .*coco_erase_3.npz"),
    "another file": (extra, r"more.npz: no cell of the shards has that name"),
    "another subject": (more("A9", "step_1"), r"A9: step_1 is not in the shards"),
    "another recording": (more("A1", "jump"), r"A1: jump is not in the shards"),
    "a recording less": (less, r"A1: sway_1 is missing \(1 recordings are\)"),
    "a camera less": (put(lambda p: p[:1]), r"A1: step_1: 1 cameras, expected 2: cam1, cam2"),
    "a frame less": (put(lambda p: [a[1:] for a in p]), r"step_1: 7 frames, expected 8"),
    "16 joints": (put(lambda p: [a[:, 1:] for a in p]), r"step_1: float32 \(8, 16, 3\)"),
    "pixels": (put(lambda p: [a[..., :2] for a in p]), r"\(8, 17, 2\) \(pixels\?\)"),
    "integers": (put(lambda p: [a.astype(int) for a in p]), r"step_1: int64"),
    "no list": (put(lambda _: 3), "step_1: a int; expected"),
    "an empty array": (put(lambda _: np.array(3)), "step_1: "),
    "NaN": (put(lambda p: [a * np.nan for a in p]), r"cannot score 16 of \d+ poses"),
    "a program": (put(lambda _: [Evil()]), "opening it would call .*print"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_other_poses_are_refused(name, words, mine):
    spoil, said = SPOILT[name]
    spoil(mine)
    with pytest.raises(InputError, match=said):
        scored(mine, opened_shards(words))


def test_an_array_of_cameras_will_do(words, mine):
    whole = scored(mine, opened_shards(words))
    put(np.array)(mine)
    assert scored(mine, opened_shards(words)).clips.equals(whole.clips)


@pytest.mark.parametrize(("text", "said"), [
    (None, "does not say what its poses are; expected the contract"),
    (f"{CONTRACT}samples = 3\n", "several poses for a frame"),
    (f'{CONTRACT}output = "b h t j c"\n', "several poses for a frame"),
    (f'{CONTRACT}units = "mm"\n', "probe 'units'"),
    ('name = "mine"\n', "window: found nothing"),
])  # fmt: skip
def test_other_contracts_are_refused(text, said, words, mine):
    (mine.parent / "my.toml").write_text(text or "")
    declared = None if text is None else mine.parent / "my.toml"
    if "probe" in said:  # people of the right size, said to be mm
        put_people(mine)
    with pytest.raises(InputError, match=said):
        cb.score(mine, opened_shards(words), contract=declared, progress=False)


def put_people(folder):
    from tests.fixtures.folder import STANDING

    for path in folder.glob("*.npz"):
        table = poses_of(path)
        for recordings in table.values():
            for cameras in recordings.values():
                cameras[:] = [np.repeat(STANDING[None] / 1000, len(a), axis=0) for a in cameras]
        np.savez(path, positions_3d=table)
