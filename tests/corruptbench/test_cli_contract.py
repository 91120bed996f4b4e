"""`corruptbench contract`: what it writes is valid, and what it says is what the benchmark does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import torch
from torch import nn

from corruptbench.cli import names
from corruptbench.lifters.allowance import BEFORE, DURING
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.explain import explained
from corruptbench.lifters.export import export
from corruptbench.lifters.families import families, family_of, template, value
from tests.corruptbench.conftest import contract

DOCS = Path(__file__).parents[2] / "docs"


def filled(content: dict[str, object]) -> dict[str, object]:
    """The contract of a family, with statistics where the author is to fill them in."""
    numbers = {"normalize": 2 * 16, "units": 3 * 16}
    return {
        key: {**item, "mean": [0.0] * numbers[key], "std": [1.0] * numbers[key]}
        if isinstance(item, dict) and item.get("mean") == []
        else item
        for key, item in content.items()
    }


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_each_family_is_a_valid_contract(family):
    declared = tomllib.loads(template("mine", family))
    expected = Contract.checked({"name": "mine", **filled(family.contract)}, family.name)
    assert Contract.checked(filled(declared), family.name) == expected
    defaults = {n: f.default for n, f in Contract.model_fields.items()}
    for key, item in family.contract.items():
        assert item != defaults[key], f"{family.name}: {key} says nothing"


def test_the_template_has_every_key(cli, tmp_path):
    path = tmp_path / "my.toml"
    assert cli("contract", "init", "--out", path).code == 0
    text = path.read_text()
    for key in Contract.model_fields:
        assert re.search(rf"^(# )?{key} = ", text, re.MULTILINE), key
    declared = Contract.parse_toml(text, "my.toml")
    assert declared.record() == Contract(name="my-lifter", window="centre", frames=1).record()
    assert max(map(len, text.splitlines())) <= 100


def test_a_file_is_not_replaced(cli, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("mine")
    done = cli("contract", "init", "--family", "mixste", "--out", path)
    assert done.code == 2
    assert "exists" in done.err
    assert path.read_text() == "mine"


def test_the_names_of_families():
    assert names.families() == sorted(m for family in families() for m in family.models)
    assert len(set(names.families())) == len(names.families())
    assert family_of("KTPFormer").name == "mixste"


def test_the_docs_show_each_family():
    text = (DOCS / "evaluate.md").read_text()
    for family in families():
        lines = "<br>".join(f"`{key} = {value(v)}`" for key, v in family.contract.items())
        row = f"| {', '.join(family.models)} | {lines} | {family.note} |"
        assert row in text, row


def test_the_docs_name_each_key_and_probe():
    text = (DOCS / "lifters.md").read_text()
    for key in Contract.model_fields:
        assert f"`{key}`" in text, key
    for probe in BEFORE + DURING:
        assert f"| `{probe}` |" in text, probe


@pytest.mark.parametrize(
    ("changes", "subject", "said"),
    [
        ({}, "window", "receptive field of 9; a clip of 500 frames is one pass"),
        ({}, "edges", "first frame is repeated 4 times before a clip, the last one 4 times after"),
        ({"target": "last"}, "edges", "repeated 8 times before a clip, the last one 0 times"),
        ({}, "input", "(B, 508, 17, 2), float32 for axes 'b t j c'; h36m17; x / w * 2 - 1"),
        ({}, "output", "(B, 500, 17, 3)"),
        ({}, "scored", "17 of 17 joints"),
        ({"window": "block"}, "window", "500 frames is 56 blocks"),
        ({"window": "block"}, "edges", "a shorter clip repeats its last frame"),
        ({"window": "centre"}, "output", "(B, 1, 17, 3) for axes 'b t j c' (or 9 poses, of which"),
        ({"window": "clip", "frames": 600}, "input", "(B, 500, 17, 2)"),
        (
            {"joints": "h36m17 - neck_nose"}, "scored",
            "16 of 17 joints, without neck_nose; not ranked with others",
        ),
        ({"joints": "h36m17 - hip"}, "scored", "17 of 17 joints; hip is the origin"),
        ({"joints": "h36m17 - hip"}, "sides", "left 3 left_hip, "),
        ({"units": "none"}, "pose", "of unknown size: P-MPJPE and N-MPJPE only"),
        ({"input": "b c t j 0"}, "input", "(B, 2, 508, 17, 1)"),
        ({"input": "b t (j c)"}, "input", "(B, 508, 17 x 2)"),
        ({"output": "1: b h t j c"}, "output", "(B, H, 500, 17, 3) for axes '1: b h t j c', elem"),
        ({"output": "b h t j c"}, "hypotheses", "their mean is the pose that is scored"),
        ({"fps": 10}, "rate", "10 frames per second"),
        ({"samples": 3}, "samples", "3 passes with seeds 0 to 2"),
        ({"flip": True}, "flip", "mirrored"),
        ({"channels": "xyc", "normalize": "rays"}, "input", "then the detector's score"),
        ({"channels": "xyc", "scores": "calibrated"}, "input", "the detector's score, calibrated"),
    ],
)  # fmt: skip
def test_a_contract_in_words(changes, subject, said):
    assert said in dict(explained(contract(**changes)))[subject]


class OfTheBatch(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = nn.functional.pad(x, (0, 1))
        return y - y.mean(0) / 2


def test_what_each_probe_measures(cli, tmp_path):
    declared = contract(frames=1, window="centre")
    export(OfTheBatch(), declared, tmp_path / "m.pt")
    path = tmp_path / "my.toml"
    path.write_text('name = "tiny"\nwindow = "centre"\nframes = 1\n')
    done = cli("contract", "check", path, tmp_path / "m.pt")
    assert done.code == 2
    assert "random:     the same input twice: differ by 0 of the size of a pose" in done.out
    assert re.search(
        r"batch: .*differ by [\d.]+ of the size of a pose\n +fault: a pose dep", done.out
    )
    assert "window:     does not apply" in done.out
    assert "tiny: failed batch; correct" in done.err
    path.write_text('name = "tiny"\nwindow = "centre"\nframes = 1\nunits = "mm"\n')
    done = cli("contract", "check", path, tmp_path / "m.pt")
    assert done.code == 2
    assert "its own contract says units = 'm'" in done.err


class Drawn(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = nn.functional.pad(x, (0, 1))
        return y + torch.randn_like(y) / 10


def test_what_probes_of_samples_compare(cli, tmp_path):
    export(Drawn(), contract(frames=1, window="centre", samples=2), tmp_path / "m.pt")
    path = tmp_path / "my.toml"
    path.write_text('name = "tiny"\nwindow = "centre"\nframes = 1\nsamples = 2\n')
    done = cli("contract", "check", path, tmp_path / "m.pt")
    assert done.code == 0, done.err
    assert "random:     the same input twice, with the same seed: differ by 0" in done.out
    assert "batch:      the same windows together with others: differ by 0" in done.out


def test_a_wrong_contract(cli, tmp_path):
    path = tmp_path / "my.toml"
    done = cli("contract", "init", "--family", "3d-pose-baseline", "--out", path)
    assert done.code == 0
    assert "fill in normalize.mean and normalize.std and units.mean and units.std" in done.err
    done = cli("contract", "check", path)
    assert done.code == 2
    assert "my.toml: normalize.mean: found 0 numbers, expected 32" in done.err
    assert "units.std: found 0 numbers, expected 48" in done.err
    assert "of your training code" in done.err


@pytest.mark.parametrize("found", ["'rgb'", "2", "'xyz'", "['x', 'y']", "'XY'", "true"])
def test_the_channels_are_explained(found, cli, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(f'name = "a"\nwindow = "block"\nframes = 9\nchannels = {found}\n')
    done = cli("contract", "check", path)
    assert done.code == 2
    assert f"channels: found {found}, expected 'xy'".lower() in done.err.lower()
    assert "'xyc' (in addition the detector's score)" in done.err
    assert done.err.count("\n") <= 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"<!doctype html><html>", "a web page"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    ],
)
@pytest.mark.parametrize("command", ["contract check", "export model.py:build --random --contract"])
def test_what_is_no_contract(content, said, command, cli, tmp_path):
    path = tmp_path / "my.toml"
    if content is not None:
        path.write_bytes(content)
    done = cli(*command.split(), path)
    assert done.code == 2
    assert f"my.toml: {said}" in done.err
    assert "expected the contract of a lifter, a text file (.toml)" in done.err


@pytest.mark.parametrize("name", ["absent.pt", "my.toml"])
def test_a_wrong_model_is_said_in_one_line(name, cli, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text('name = "a"\nwindow = "block"\nframes = 9\n')
    done = cli("contract", "check", path, tmp_path / name)
    assert (done.code, done.out) == (2, "")
    assert "expected an exported" in done.err


def test_contract_and_model_in_the_other_order(cli, tmp_path):
    (tmp_path / "m.onnx").touch()
    done = cli("contract", "check", tmp_path / "m.onnx", tmp_path / "my.toml")
    assert "a model; expected a contract (.toml), and then the model" in done.err
