"""What a configuration says of a model, on plain dicts. Needs no mmpose."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from corruptbench.detectors import DetectorError, load, mmpose_config
from corruptbench.detectors.joint_orders import MIRRORED
from corruptbench.detectors.mmpose_config import JOINTS, STEPS, Input
from corruptbench.skeleton import COCO17, H36M17

STEP = {"type": "TopdownAffine", "input_size": (192, 256)}


def pipeline_of(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"test_dataloader": {"dataset": {"pipeline": list(steps)}}}


def test_the_picture_is_that_of_the_test_pipeline() -> None:
    steps = [{"type": name} for name in STEPS if name != "TopdownAffine"]
    assert mmpose_config.picture(pipeline_of(*steps, STEP), "cut", "c.py") == Input(
        192, 256, "cut", udp=False
    )
    udp = STEP | {"type": "mmpose.TopdownAffine", "use_udp": True}
    assert mmpose_config.picture(pipeline_of(udp), "pad", "c.py").udp


@pytest.mark.parametrize(
    "config", [{}, pipeline_of(), pipeline_of({"type": "Resize"}, STEP), {"test_dataloader": None}]
)
def test_an_unknown_pipeline_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(DetectorError, match=r"c.py: test_dataloader.dataset.pipeline: found \["):
        mmpose_config.picture(config, "pad", "c.py")


def test_the_older_name_of_mmpretrain_is_known() -> None:
    model = {"type": "TopdownPoseEstimator", "backbone": {"type": "mmcls.VisionTransformer"}}
    found = mmpose_config.network({"model": model}, "c.py")
    assert found["backbone"] == {"type": "mmpretrain.VisionTransformer"}


def test_the_network_is_without_downloads_and_packages() -> None:
    part = {"type": "CSPNeXt", "_scope_": "mmdet", "init_cfg": {"checkpoint": "https://x"}}
    model = {
        "type": "TopdownPoseEstimator",
        "pretrained": "y",
        "parts": [part],
        "deep": {"a": part},
    }
    assert mmpose_config.network({"model": model}, "c.py") == {
        "type": "TopdownPoseEstimator", "parts": [{"type": "CSPNeXt"}],
        "deep": {"a": {"type": "CSPNeXt"}},
    }  # fmt: skip


@pytest.mark.parametrize("model", [None, {}, "x", {"type": "PoseLifter"}])
def test_a_model_of_another_kind_is_refused(model: object) -> None:
    with pytest.raises(DetectorError, match=r"c.py: model.type: found .*TopdownPoseEstimator"):
        mmpose_config.network({"model": model}, "c.py")


def test_joints_are_those_of_the_training_after_the_model_has_chosen() -> None:
    coco, h36m = JOINTS["coco17"], JOINTS["h36m17"]
    assert mmpose_config.joint_set(coco, {}, "c.py") == "coco17"
    assert mmpose_config.joint_set(h36m, {"test_cfg": None}, "c.py") == "h36m17"
    chosen = {"test_cfg": {"output_keypoint_indices": list(range(1, 18))}}
    assert mmpose_config.joint_set(["top", *coco, "neck"], chosen, "c.py") == "coco17"
    with pytest.raises(DetectorError, match=r"c.py: gives 19 joints \(top, nose, "):
        mmpose_config.joint_set(["top", *coco, "neck"], {}, "c.py")
    with pytest.raises(DetectorError, match=r"gives 17 joints .* in their order"):
        mmpose_config.joint_set(coco[::-1], {}, "c.py")


def test_names_of_joints_are_those_of_the_joint_sets() -> None:
    assert JOINTS["coco17"] == COCO17.joints
    same = [(a, b) for a, b in zip(JOINTS["h36m17"], H36M17.joints, strict=True) if a == b]
    assert len(same) == 13, "mmpose has other names for hip, ankles and neck"


def test_names_of_joints_tell_the_sides_that_are_exchanged() -> None:
    for name, joints in JOINTS.items():
        exchanged = {"left": "right", "right": "left"}
        for joint, other in zip(joints, MIRRORED[name], strict=True):
            side, _, rest = joint.partition("_")
            assert joints[other] == (f"{exchanged[side]}_{rest}" if side in exchanged else joint)


def test_the_data_set_is_that_of_the_training() -> None:
    test, train = ({"dataset": {"type": name}} for name in ("test", "train"))
    both = {"train_dataloader": train, "test_dataloader": test}
    assert mmpose_config.dataset(both, "c.py") == {"type": "train"}
    assert mmpose_config.dataset({"test_dataloader": test}, "c.py") == {"type": "test"}
    with pytest.raises(DetectorError, match=r"train_dataloader.dataset: missing"):
        mmpose_config.dataset({"train_dataloader": None}, "c.py")


def test_equal_content_is_equal_text() -> None:
    one = {"b": (1, 2.5), "a": {"type": dict, "on": True}}
    assert mmpose_config.canonical(one) == b'{"a":{"on":true,"type":"dict"},"b":[1,2.5]}'


# -- what the family says before mmpose is imported


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mmpose", None)
    monkeypatch.delitem(sys.modules, "mmpose.models", raising=False)


@pytest.mark.usefixtures("absent")
def test_a_missing_package_is_explained(tmp_path: Path) -> None:
    import torch

    weights, config = tmp_path / "model.pth", tmp_path / "model.py"
    torch.save({"state_dict": {"x": torch.zeros(1)}}, weights)
    config.write_text("")
    for spec in (f"mmpose:some-name:{weights}", f"mmpose:{config}"):
        with pytest.raises(DetectorError, match=r"cannot be imported .*corruptbench\[mmpose\]"):
            load(spec)


@pytest.mark.parametrize(
    ("spec", "device", "said"),
    [
        ("mmpose:c.py", "tensorrt", "mmpose cannot run on 'tensorrt'; expected cpu, cuda"),
        ("mmpose:no/such.py", "cpu", "no/such.py: no such file"),
        ("mmpose:", "cpu", "not of the form family:variant"),
    ],
)
def test_what_cannot_be_loaded_is_named(spec: str, device: str, said: str) -> None:
    with pytest.raises(DetectorError, match=said):
        load(spec, device)


def test_a_configuration_wants_its_checkpoint(tmp_path: Path) -> None:
    config = tmp_path / "model.py"
    config.write_text("")
    with pytest.raises(DetectorError, match=r"model.pth: no such file, expected a checkpoint"):
        load(f"mmpose:{config}")


def test_the_name_of_the_file_is_that_of_the_detector(tmp_path: Path) -> None:
    config = tmp_path / "my model.py"
    config.write_text("")
    with pytest.raises(DetectorError, match=r"my model.py: the file's name becomes the detector's"):
        load(f"mmpose:{config}")
