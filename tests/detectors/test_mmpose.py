"""Models of mmpose: they find what mmpose's own inference finds. `make test-mmpose` runs this."""

from __future__ import annotations

import logging
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from corruptbench.datasets import open_dataset
from corruptbench.detectors import DetectorError, load
from corruptbench.video.reader import decode
from tests.fixtures import mmpose_models
from tests.fixtures.mmpose_models import MOBILENET, Model, needs_mmpose, write_config, write_model

pytestmark = needs_mmpose
PADDING = 1.25  # of mmpose's GetBBoxCenterScale
PLAIN = "model = dict(test_cfg=dict(flip_test=False))"
CUT = 'corruptbench = dict(fit="cut")'
#: Base, fit, flip test. All take 192 x 256 px.
CASES = {
    "HRNet": (mmpose_models.HRNET, "cut", True),
    "HRNet, plain": (mmpose_models.HRNET, "pad", False),
    "RTMPose": (mmpose_models.RTMPOSE, "pad", True),
    "RTMPose, plain": (mmpose_models.RTMPOSE, "cut", False),
    "ViTPose": (mmpose_models.VITPOSE, "cut", True),
    "ViTPose, padded": (mmpose_models.VITPOSE, "pad", False),
    "regression": (mmpose_models.REGRESSION, "cut", True),
}
Images = np.ndarray


@pytest.fixture(scope="session")
def frames() -> Images:
    """Three pictures of a person, (3, H, W, 3) RGB, of an embedded clip."""
    data = open_dataset("studio", None)
    clip = next(clip for clip in map(data.load, data.clip_ids()) if clip.video.is_file())
    return np.stack(list(islice(decode(clip.video), 0, 30, 10)))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A quick model without flip test; do not write to it."""
    return write_model(tmp_path_factory.mktemp("small"), MOBILENET, PLAIN)


@pytest.mark.parametrize("case", CASES)
def test_keypoints_are_those_of_inference_topdown(
    case: str, frames: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, fit, flip = CASES[case]
    model = write_model(
        tmp_path, base, *([] if flip else [PLAIN]), f'corruptbench = dict(fit="{fit}")'
    )
    detector = load(f"mmpose:{model.config}")
    side = {"pad": 192, "cut": 256}[fit]
    assert detector.input_size == side
    top, left = (frames.shape[1] - side) // 2, (frames.shape[2] - side) // 2
    crops = frames[:, top : top + side, left : left + side]
    found = detector(crops)
    assert found.keypoints.std(axis=(0, 1)).min() > 1, "the network gives more than one place"
    for crop, keypoints, scores in zip(crops, found.keypoints, found.scores, strict=True):
        points, values = _expected(model, crop, monkeypatch)
        np.testing.assert_allclose(keypoints, points, rtol=0, atol=0.05)
        np.testing.assert_allclose(scores, np.clip(values, 0, 1), rtol=0, atol=1e-4)


def _expected(
    model: Model, crop: Images, monkeypatch: pytest.MonkeyPatch
) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints in px of the crop, and scores, of mmpose's own pipeline.

    "pad": the person's box is the crop, and the picture ends there. "cut": the box is the middle of
    the crop. Both boxes become 192 x 256 px at scale 1. Models with UDP take the first and the last
    pixel as the ends of a box. mmpose would widen such a box by 0.13 %, which is prevented here.
    """
    from mmpose.datasets.transforms.topdown_transforms import TopdownAffine

    monkeypatch.setattr(TopdownAffine, "_fix_aspect_ratio", staticmethod(lambda scale, **_: scale))
    udp = any(step.get("use_udp") for step in model.network.cfg.test_dataloader.dataset.pipeline)
    sides = np.array([192, 256]) - udp
    center = np.array(crop.shape[1::-1]) / 2 - udp / 2
    box = np.concatenate([center - sides / PADDING / 2, center + sides / PADDING / 2])
    points, scores = mmpose_models.reference(model, crop[..., ::-1], box)
    return points + 0.5, scores


def test_a_person_in_a_frame_is_found_where_mmpose_finds_it(frames: Images, tmp_path: Path) -> None:
    """Box and picture as they are: nothing of mmpose is replaced."""
    model = write_model(tmp_path, MOBILENET, PLAIN, CUT)
    crop = frames[0, 40:296, 60:316]
    box = np.array([60 + 32, 40, 60 + 224, 296], float)
    center, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / PADDING / 2
    points, _ = mmpose_models.reference(
        model, frames[0][..., ::-1], np.concatenate([center - half, center + half])
    )
    found = load(f"mmpose:{model.config}")(crop[None])
    expected = points + 0.5 - (60, 40)
    np.testing.assert_allclose(found.keypoints[0], expected, rtol=0, atol=0.05)


def test_a_result_hardly_depends_on_the_other_crops(frames: Images, small: Model) -> None:
    detector = load(f"mmpose:{small.config}")
    crops = np.ascontiguousarray(frames[:, :192, :192])
    together = detector(crops)
    for crop, keypoints in zip(crops, together.keypoints, strict=True):
        np.testing.assert_allclose(detector(crop[None]).keypoints[0], keypoints, atol=1e-3)
    assert detector(crops[:0]).keypoints.shape == (0, 17, 2)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_lower_precision_changes_little(
    precision: str, frames: Images, small: Model, tmp_path: Path
) -> None:
    changed = f'corruptbench = dict(precision="{precision}")'
    config = write_config(tmp_path / "model.py", MOBILENET, PLAIN, changed)
    crops = frames[:, :192, :192]
    plain = load(f"mmpose:{small.config}")(crops)
    detector = load(f"mmpose:{config}:{small.weights}")
    assert detector.runtime.endswith(f"cpu {precision}")
    found = detector(crops)
    assert (found.scores != plain.scores).any()
    np.testing.assert_allclose(found.scores, plain.scores, rtol=0.1, atol=0.01)


def test_the_threads_of_torch_are_left_as_they_were(frames: Images, small: Model) -> None:
    before = torch.get_num_threads()
    load(f"mmpose:{small.config}")(frames[:, :192, :192])
    assert torch.get_num_threads() == before


# -- files


def test_a_name_of_mmpose_is_its_configuration(small: Model, tmp_path: Path) -> None:
    name = Path(MOBILENET).name
    detector = load(f"mmpose:{name}:{small.weights}")
    assert (detector.name, detector.layout) == (f"mmpose:{name}", "coco17")
    assert detector.runtime == f"mmpose 1.3.2 torch {torch.__version__} cpu float32"
    own = write_config(tmp_path / "my.own.py", MOBILENET)
    again = load(f"mmpose:{own}:{small.weights}")
    assert again.name == "mmpose:my.own"
    assert again.weights_sha256 == detector.weights_sha256, "the content decides, not the file"


def test_the_identity_covers_checkpoint_and_configuration(small: Model, tmp_path: Path) -> None:
    other = torch.load(small.weights)
    next(iter(other["state_dict"].values()))[0] += 1e-3
    torch.save(other, tmp_path / "other.pth")
    wide = write_config(tmp_path / "model.py", MOBILENET, PLAIN, CUT)
    flipped = write_config(tmp_path / "flipped.py", MOBILENET)
    found = {
        load(f"mmpose:{spec}").weights_sha256
        for spec in (
            small.config, f"{small.config}:{tmp_path / 'other.pth'}", f"{wide}:{small.weights}",
            f"{flipped}:{small.weights}",
        )
    }  # fmt: skip
    assert len(found) == 4


def test_a_checkpoint_of_training_is_read(frames: Images, tmp_path: Path) -> None:
    """It has arrays and scalars of NumPy and the history of the log beside the weights."""
    from mmengine.logging.history_buffer import HistoryBuffer

    meta = {
        "dataset_meta": {"sigmas": np.ones(17, np.float32), "name": np.str_("coco")},
        "seed": np.int64(3), "loss": HistoryBuffer([1.0, 2.0], [1, 1]),
    }  # fmt: skip
    model = write_model(tmp_path, MOBILENET, PLAIN, meta=meta)
    load(f"mmpose:{model.config}")(frames[:, :192, :192])


def test_human36m_models_give_its_joints(
    frames: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = "metainfo=dict(from_file='configs/_base_/datasets/h36m.py')"
    model = write_model(tmp_path, MOBILENET, f"train_dataloader = dict(dataset=dict({about}))")
    detector = load(f"mmpose:{model.config}")
    assert detector.layout == "h36m17"
    points, _ = _expected(model, frames[0, :192, :192], monkeypatch)
    np.testing.assert_allclose(detector(frames[:1, :192, :192]).keypoints[0], points, atol=0.05)


def test_no_stand_in_is_left(small: Model) -> None:
    load(f"mmpose:{small.config}")
    assert not {"mmdet", "torchvision", "xtcocotools", "mmcv.ops"} & set(sys.modules)


# -- refusals


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("td-hm_res50_8xb64-210e_mpii-256x256", "gives 16 joints .* expected COCO's 17"),
        (
            "td-hm_res50_8xb64-210e_deepfashion_full-256x192",
            "'DeepFashionDataset' does not say its",
        ),
        ("rtmw-m_8xb1024-270e_cocktail14-256x192", "gives 133 joints"),
        ("rtmo-s_8xb32-600e_coco-640x640", "found 'BottomupPoseEstimator', expected 'Topdown"),
        ("td-hm_hrnet-w32", "no configuration 'td-hm_hrnet-w32' .similar: td-hm_"),
        ("no/such.py", "no such file"),
    ],
)
def test_other_models_are_refused(name: str, said: str, small: Model) -> None:
    with pytest.raises(DetectorError, match=said):
        load(f"mmpose:{name}:{small.weights}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('corruptbench = dict(fit="stretch")', "corruptbench.fit: found 'stretch'"),
        ("corruptbench = dict(flip=True)", "corruptbench.flip: found True"),
        ("model = dict(backbone=dict(type='NoSuchNet'))", "cannot build its model .*NoSuchNet"),
        ("raise RuntimeError('mine')", "cannot be read as a configuration .*mine"),
        ("model = dict(head=dict(out_channels=5))", "does not fit the configuration: size mism"),
        ("model = dict(head=dict(deconv_out_channels=(256,)*4, deconv_kernel_sizes=(4,)*4))",
         "lacks .* weights of the model, such as 'head.deconv_layers"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_refused(
    line: str, said: str, small: Model, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "model.py", MOBILENET, line)
    with pytest.raises(DetectorError, match=said):
        load(f"mmpose:{config}:{small.weights}")


def test_weights_that_the_model_has_not_are_mentioned(
    small: Model, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored = torch.load(small.weights)
    stored["state_dict"]["extra"] = torch.zeros(1)
    torch.save(stored, tmp_path / "more.pth")
    with caplog.at_level(logging.WARNING):
        load(f"mmpose:{small.config}:{tmp_path / 'more.pth'}")
    assert "1 weights are not part of the model and are left out, such as 'extra'" in caplog.text


def test_numbers_that_are_not_finite_are_refused(small: Model, tmp_path: Path) -> None:
    stored = torch.load(small.weights)
    for values in stored["state_dict"].values():
        if values.dtype == torch.float32:
            values.fill_(float("nan"))
    torch.save(stored, tmp_path / "nan.pth")
    with pytest.raises(DetectorError, match=r"mmpose:model: .*not finite"):
        load(f"mmpose:{small.config}:{tmp_path / 'nan.pth'}")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_machine_without_gpu_is_told_so(small: Model) -> None:
    with pytest.raises(DetectorError, match=r"finds no CUDA device; .* or use device 'cpu'"):
        load(f"mmpose:{small.config}", "cuda:1")
