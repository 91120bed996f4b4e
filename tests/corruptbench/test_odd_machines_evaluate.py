"""Names, encodings and folders of a machine that an evaluation must not take for granted."""

from __future__ import annotations

import errno
import io
import json
import os
from codecs import BOM_UTF8
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

import corruptbench
from corruptbench.convert.folder import RECORD, ConvertedFolder
from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.evaluation.rejected import RejectedPosesError, save_rejected
from corruptbench.evaluation.score import COLUMNS
from corruptbench.leaderboard import Result
from corruptbench.lifters.export import export
from corruptbench.lifters.lifter import load_lifter
from corruptbench.manifest import load_manifest
from corruptbench.shards.lock import read_lock
from corruptbench.skeleton import H36M17
from corruptbench.training.config import Schedule
from corruptbench.training.samples import Samples, Span
from corruptbench.training.train import train
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.fixtures.export_shards import write_shards
from tests.fixtures.folder import write_manifest
from tests.fixtures.lifters import Lift, script


@pytest.fixture(params=[b"caf\xe9", b"two words", "π".encode(), b"s3:"])
def odd(request, tmp_path) -> Path:
    """A folder whose name is not UTF-8, or unusual in another way."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + request.param))
    folder.mkdir()
    return folder


@pytest.mark.parametrize("suffix", [".pt", ".pt2"])
def test_an_evaluation_in_an_odd_folder(odd, suffix, mini):
    manifest = write_manifest(odd / "m.toml")
    out = write_shards(open_dataset("folder", mini), load_manifest(str(manifest)), odd / "shards")
    model = odd / f"{odd.name}{suffix}"  # the result's command has the file's name
    export(Lift(), contract(frames=1), model)
    result = corruptbench.evaluate(model, out, root=mini, manifest=manifest, progress=False)
    assert Result.model_validate_json(result.save(odd / "results").read_bytes()) == result.record


def test_rejected_poses_in_an_odd_folder(odd):
    row = {"subject": "S1", "sequence": "walk", "action": "walk", "camera": "cam1"}
    row |= {"corruption": "erase", "severity": 3, "frames": 9, "mpjpe": 50.0, "rejected": 1}
    table = pd.DataFrame([row], columns=list(COLUMNS))
    error = save_rejected(RejectedPosesError("tiny", table), odd)
    assert str(odd / "tiny.rejected.csv") in str(error)
    assert len(pd.read_csv((odd / "tiny.rejected.csv").open())) == 1


def test_training_in_an_odd_folder(odd):
    """The second run finds the checkpoint of the first, which was interrupted."""
    network = VideoPose3D(17, 2, widths=(3,), features=4)
    spans = (Span("studio/S1/walking.cam1", -1, 17, 16),) * 4
    samples = Samples(torch.zeros(4, 18, 17, 3), torch.zeros(4, 16, 17, 3), spans, H36M17, H36M17)
    epochs = []

    def interrupt(epoch):
        epochs.append(epoch.epoch)
        if len(epochs) == 1:
            raise KeyboardInterrupt

    run = (lambda: network, 2, samples, Schedule(epochs=2), "cpu", odd / "checkpoint")
    with pytest.raises(KeyboardInterrupt):
        train(*run, interrupt)
    train(*run, interrupt)
    assert epochs == [1, 2]


def test_a_byte_order_mark_in_what_a_user_edits(tmp_path, mini_manifest):
    marked = tmp_path / "m.toml"
    marked.write_bytes(BOM_UTF8 + mini_manifest.read_bytes())
    assert load_manifest(str(marked)) == load_manifest(str(mini_manifest))
    declared = contract(frames=1)
    model = script(tmp_path / "beside.pt", Lift())
    lines = [f"{k} = {json.dumps(v)}" for k, v in declared.record().items()]
    model.with_suffix(".toml").write_bytes(BOM_UTF8 + "\n".join(lines).encode())
    assert load_lifter(model, "cpu").contract == declared
    text = "\ufeff" + declared.model_dump_json()
    inside = script(tmp_path / "inside.pt", Lift(), SimpleNamespace(model_dump_json=lambda: text))
    assert load_lifter(inside, "cpu").contract == declared


def test_a_byte_order_mark_in_what_two_sites_exchange(mini, mini_manifest, tmp_path):
    out = write_shards(open_dataset("folder", mini), load_manifest(str(mini_manifest)), tmp_path)
    lock = out / "lock.json"
    before = read_lock(lock)
    lock.write_bytes(BOM_UTF8 + lock.read_bytes())
    assert read_lock(lock) == before
    listing = tmp_path / RECORD
    listing.write_bytes(BOM_UTF8 + b'{"format": "corruptbench-export/1", "files": {}}')
    ConvertedFolder(tmp_path, None, {}).claim(["new.npz"])


@pytest.mark.parametrize("content", ["größe".encode("utf-16"), "größe".encode("latin-1")])
def test_another_encoding_is_named(tmp_path, content):
    (tmp_path / "m.toml").write_bytes(content)
    with pytest.raises(InputError, match=r"m\.toml: .*UTF-8"):
        load_manifest(str(tmp_path / "m.toml"))
    model = script(tmp_path / "model.pt", Lift())
    model.with_suffix(".toml").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.toml: .*UTF-8"):
        load_lifter(model, "cpu")


def test_a_model_that_may_not_be_read(tmp_path, monkeypatch):
    """Not taken for something that is no model; root may read anything, so this is acted out."""
    model = script(tmp_path / "model.pt", Lift(), contract(frames=1))

    def refuse(path, *_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(io, "open", refuse)
    with pytest.raises(PermissionError, match=r"model\.pt"):
        load_lifter(model, "cpu")
