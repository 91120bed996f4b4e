"""Checkpoints: weights are read, anything else is refused and never run. Needs no mmpose."""

from __future__ import annotations

import builtins
import hashlib
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from corruptbench.detectors import DetectorError
from corruptbench.detectors.mmpose_checkpoint import read

WEIGHTS = {"head.weight": torch.arange(6.0).reshape(2, 3), "head.count": torch.tensor(3)}


def saved(folder: Path, content: Any, legacy: bool = False) -> Path:
    path = folder / "model.pth"
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


@pytest.mark.parametrize("legacy", [False, True], ids=["archive", "before torch 1.6"])
@pytest.mark.parametrize(
    "content",
    [
        {"state_dict": WEIGHTS, "meta": {"epoch": 210, "time": "now"}},
        WEIGHTS,
        {"state_dict": {f"module.{name}": values for name, values in WEIGHTS.items()}},
        {
            "state_dict": WEIGHTS,
            "meta": {"dataset_meta": {"sigmas": np.ones(17, np.float32), "text": np.str_("coco")}},
            "message_hub": {"loss": np.float64(0.5), "mask": np.zeros(2, bool), "n": np.int64(3)},
        },
    ],
    ids=["mmpose", "plain", "parallel", "with arrays"],
)
def test_the_weights_are_read(content: Any, legacy: bool, tmp_path: Path) -> None:
    path = saved(tmp_path, content, legacy)
    found = read(path)
    assert found.weights.keys() == WEIGHTS.keys()
    for name, values in WEIGHTS.items():
        assert torch.equal(found.weights[name], values)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_arrays_of_numpy_1_are_admitted(tmp_path: Path) -> None:
    """It had another name for the function that makes an array."""
    path = saved(tmp_path, {"state_dict": WEIGHTS, "meta": np.ones(2)}, legacy=True)
    content = path.read_bytes()
    assert b"numpy._core" in content
    path.write_bytes(content.replace(b"numpy._core", b"numpy.core"))
    assert read(path).weights.keys() == WEIGHTS.keys()


class _Runs:
    """A pickle that calls a function when it is read."""

    def __init__(self, function: Any, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call

    def __call__(self) -> None:
        """So that one can be the function of another."""


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("place", ["state_dict", "meta"])
@pytest.mark.parametrize(
    ("function", "name"),
    [(os.mkdir, "mkdir"), (builtins.exec, "exec"), (pickle.loads, "pickle.loads"),
     (np.load, "numpy.load"), (torch.load, "torch.serialization.load")],
)  # fmt: skip
def test_code_is_refused_and_not_run(
    function: Any, name: str, place: str, legacy: bool, tmp_path: Path
) -> None:
    evil = tmp_path / "evil"
    attack = {os.mkdir: (str(evil),), builtins.exec: (f"import os; os.mkdir({str(evil)!r})",),
              pickle.loads: (pickle.dumps(_Runs(os.mkdir, str(evil))),)}  # fmt: skip
    content = {"state_dict": WEIGHTS, "meta": {}}
    content[place] = {"x": _Runs(function, *attack.get(function, ("no.npy",)))}
    with pytest.raises(DetectorError, match=rf"model.pth: refused, and nothing .* run.*{name}"):
        read(saved(tmp_path, content, legacy))
    assert not evil.exists()


def test_getattr_reaches_nothing(tmp_path: Path) -> None:
    """It is admitted, as mmengine stores it, but it is not the real one."""
    method = _Runs(getattr, np.ndarray, "tofile")
    assert read(saved(tmp_path, {"state_dict": WEIGHTS, "meta": method})).weights
    evil = tmp_path / "evil"
    with pytest.raises(DetectorError, match="refused"):
        read(saved(tmp_path, {"state_dict": WEIGHTS, "meta": _Runs(method, np.ones(3), str(evil))}))
    assert not evil.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "not a checkpoint of torch, or damaged"), (b"PK\x03\x04" + bytes(99), "damaged"),
     (b"<html>moved</html>", "refused|damaged")],
)  # fmt: skip
def test_other_files_are_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    with pytest.raises(DetectorError, match=said):
        read(path)


def test_a_cut_checkpoint_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, {"state_dict": WEIGHTS})
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DetectorError, match="damaged"):
        read(path)


@pytest.mark.parametrize("content", [{}, {"meta": {}}, [1, 2], {"state_dict": {"a": 1}}, None])
def test_a_file_without_weights_is_refused(content: Any, tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match=r"holds no weights, expected .*'state_dict'"):
        read(saved(tmp_path, content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match=r"no.pth: no such file, expected a checkpoint"):
        read(tmp_path / "no.pth")
