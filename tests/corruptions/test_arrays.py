"""`corrupt` takes pictures and clips in many forms, and returns the same form."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from corruptbench.corruptions import (
    ClipInfo,
    CorruptionError,
    Key,
    all_corruptions,
    corrupt,
    get,
    list_corruptions,
)
from tests.corruptions.scenes import info, scene

NAMES = list(all_corruptions())
COVERS = [n for n in NAMES if get(n).family in ("temporary occlusion", "mask")]
CLIP = scene(48, 3)
BOX = (10.0, 4.0, 30.0, 44.0)
NOBODY = [np.nan] * 4


@pytest.fixture(autouse=True)
def _no_warning_of_unchanged_pixels():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "[a-z0-9_]+ changed no pixel", UserWarning)
        yield


def whole_picture(frames, height, width, fps=25.0):
    boxes = np.tile([0.0, 0.0, width, height], (frames, 1))
    return ClipInfo(frames, height, width, fps, boxes)


def gray(clip):
    return np.ascontiguousarray(clip[..., 1])


@pytest.mark.parametrize("severity", [1, 5])
@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_are_those_of_the_library(name, severity):
    about, key = info(48, 3, fps=8.0), Key.of(name, 7)
    expected = get(name).clip(CLIP, about, severity, key)
    found = corrupt(CLIP, name, severity, boxes=about.boxes, fps=8.0, seed=7)
    assert np.array_equal(found, expected)
    default = get(name).clip(CLIP, whole_picture(3, 48, 48), 3, Key.of(name, 0))
    assert np.array_equal(corrupt(CLIP, name), default)


#: Forms of the clip of three frames, or of its first frame: name to a function of the clip.
FORMS = {
    "clip": lambda clip: clip,
    "picture": lambda clip: clip[0],
    "gray picture": lambda clip: gray(clip)[0],
    "gray picture, one channel": lambda clip: gray(clip)[0][..., None],
    "gray clip": lambda clip: gray(clip)[..., None],
    "clip of one frame": lambda clip: clip[:1],
    "list": list,
    "tuple of gray pictures": lambda clip: tuple(gray(clip)),
    "list of float pictures": lambda clip: list(clip.astype(np.float32) / 255),
    "tensor": lambda clip: torch.from_numpy(clip.copy()).movedim(-1, -3),
    "tensor of one picture": lambda clip: torch.from_numpy(clip[0].copy()).movedim(-1, -3),
    "gray tensor": lambda clip: torch.from_numpy(gray(clip).copy())[:, None],
    "list of tensors": lambda clip: [torch.from_numpy(f.copy()).movedim(-1, -3) for f in clip],
    "float16": lambda clip: (clip / 255).astype(np.float16),
    "float32": lambda clip: (clip / 255).astype(np.float32),
    "float64": lambda clip: clip / 255,
    "big-endian float": lambda clip: (clip / 255).astype(">f4"),
    "float tensor": lambda clip: torch.from_numpy(clip / 255).movedim(-1, -3),
    "half tensor": lambda clip: (torch.from_numpy(clip.copy()).movedim(-1, -3) / 255).half(),
}


def same_form(found, given):
    """Type, shape, dtype and device, for lists of each of their frames."""
    assert type(found) is type(given)
    if isinstance(given, list | tuple):
        assert len(found) == len(given)
        return all(same_form(f, g) for f, g in zip(found, given, strict=True))
    assert found.shape == given.shape
    assert found.dtype == given.dtype
    return not isinstance(given, torch.Tensor) or found.device == given.device


def codes(frames):
    """(F, H, W, C) uint8 of any form."""
    if isinstance(frames, list | tuple):
        return np.concatenate([codes(f) for f in frames])
    if isinstance(frames, torch.Tensor):
        frames = frames.movedim(-3, -1).numpy()
    frames = frames[..., None] if frames.ndim == 2 else frames
    frames = frames[None] if frames.ndim == 3 else frames
    return (
        frames if frames.dtype == np.uint8 else np.rint(frames * np.float64(255)).astype(np.uint8)
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["gaussian_noise", "erase", "long_exposure", "jpeg"])
def test_the_form_that_was_passed_comes_back(name, form):
    given = FORMS[form](CLIP)
    before = codes(given).copy()
    found = corrupt(given, name, 4, fps=8.0)
    assert same_form(found, given)
    assert np.array_equal(codes(given), before), "the input was written to"
    colored = np.repeat(before, 3, axis=-1) if before.shape[-1] == 1 else before
    expected = corrupt(colored, name, 4, fps=8.0)
    channels = [1] if before.shape[-1] == 1 else [0, 1, 2]
    assert np.array_equal(codes(found), expected[..., channels])


@pytest.mark.parametrize("name", NAMES)
def test_every_corruption_takes_gray_and_float(name):
    clip = gray(CLIP)[..., None]
    found = corrupt(clip, name)
    assert same_form(found, clip)
    assert np.array_equal(found, corrupt(np.repeat(clip, 3, axis=-1), name)[..., 1:2])
    floats = (CLIP / 255).astype(np.float32)
    assert np.array_equal(corrupt(floats, name), (corrupt(CLIP, name) / 255).astype(np.float32))


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 20)] * 3),
    channels=st.sampled_from([1, 3]),
    dtype=st.sampled_from([np.uint8, np.float16, np.float32, np.float64]),
    seed=st.integers(-(2**70), 2**70),
    as_tensor=st.booleans(),
)
def test_any_size_comes_back(shape, channels, dtype, seed, as_tensor):
    clip = np.random.default_rng(0).integers(0, 256, (*shape, channels), dtype=np.uint8)
    given = clip if dtype == np.uint8 else (clip / 255).astype(dtype)
    given = torch.from_numpy(np.moveaxis(given, -1, 1).copy()) if as_tensor else given
    for name in ("impulse_noise", "pixelate", "occluder"):
        assert same_form(corrupt(given, name, 2, seed=seed), given)


def test_the_layout_in_memory_does_not_matter():
    expected = corrupt(CLIP, "shot_noise")
    padded = np.pad(CLIP, ((0, 0), (2, 3), (4, 1), (0, 0)))[:, 2:-3, 4:-1]
    frozen = CLIP.copy()
    frozen.flags.writeable = False
    bgr = np.ascontiguousarray(CLIP[..., ::-1])
    for same in (padded, frozen, bgr[..., ::-1], np.asfortranarray(CLIP)):
        found = corrupt(same, "shot_noise")
        assert np.array_equal(found, expected)
        assert found.flags.writeable


def test_the_result_is_the_callers_own():
    """A tensor that requires a gradient comes back detached; the memory is never shared."""
    tensor = torch.rand(3, 20, 30, requires_grad=True)
    found = corrupt(tensor, "frame_freeze", 3)
    assert not found.requires_grad
    assert found.is_contiguous()
    assert not np.shares_memory(found.numpy(), tensor.detach().numpy())
    for frames in (CLIP, CLIP[0], gray(CLIP)[0]):
        assert not np.shares_memory(corrupt(frames, "frame_freeze", 1), frames)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_tensor_stays_on_its_device():
    given = torch.from_numpy(CLIP).movedim(-1, -3).cuda()
    found = corrupt(given, "gaussian_noise", boxes=torch.tensor(BOX).cuda())
    assert found.device == given.device
    assert np.array_equal(codes(found.cpu()), corrupt(CLIP, "gaussian_noise", boxes=BOX))


def test_torch_is_not_imported_for_arrays():
    code = (
        "import sys, numpy\n"
        "from corruptbench.corruptions import corrupt\n"
        "corrupt(numpy.zeros((2, 9, 9, 3), numpy.uint8), 'gaussian_noise')\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", COVERS)
def test_without_boxes_a_cover_takes_the_whole_picture_for_the_person(name):
    clip = scene(64, 50)  # two seconds: covers come and go
    out = corrupt(clip, name)
    assert 0.01 < (out != clip).any(axis=-1).mean() < 0.9
    about = whole_picture(50, 64, 64)
    assert np.array_equal(out, get(name).clip(clip, about, 3, Key.of(name, 0)))


@pytest.mark.parametrize("boxes", [BOX, list(BOX), np.float32(BOX), torch.tensor(BOX)])
def test_one_box_is_that_of_every_frame(boxes):
    expected = corrupt(CLIP, "mask", boxes=np.tile(BOX, (3, 1)))
    assert np.array_equal(corrupt(CLIP, "mask", boxes=boxes), expected)
    picture = corrupt(CLIP[0], "mask", boxes=boxes)
    assert np.array_equal(picture, corrupt(CLIP[0], "mask", boxes=[BOX]))


def test_a_frame_without_a_person_is_not_covered():
    out = corrupt(CLIP, "mask", boxes=[BOX, NOBODY, BOX])
    assert [np.array_equal(a, b) for a, b in zip(out, CLIP, strict=True)] == [False, True, False]


@pytest.mark.parametrize(
    ("frames", "name", "boxes"),
    [(CLIP[0], "long_exposure", None), (CLIP[:1], "frame_freeze", None), (CLIP, "mask", NOBODY)],
)
def test_no_change_is_never_silent(frames, name, boxes):
    with pytest.warns(UserWarning, match=rf"{name} changed no pixel \(severity 3, seed 0, "):
        assert np.array_equal(corrupt(frames, name, boxes=boxes), frames)


def test_a_seed_decides():
    one = corrupt(CLIP, "gaussian_noise", seed=1)
    assert np.array_equal(one, corrupt(CLIP, "gaussian_noise", seed=np.int64(1)))
    assert not np.array_equal(one, corrupt(CLIP, "gaussian_noise", seed=2))
    noise = [corrupt(CLIP, n).astype(int) - CLIP for n in ("gaussian_noise", "shot_noise")]
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05


PICTURE = CLIP[0]
REFUSED = {
    "gray clip without channels": (CLIP[..., 0], r"\(3, 48, 48\), .*\[\.\.\., None\]"),
    "transparency": (np.zeros((9, 9, 4), np.uint8), r"\(9, 9, 4\), .*\[\.\.\., :3\]"),
    "channels first": (PICTURE.transpose(2, 0, 1), r"np\.moveaxis\(frames, 0, -1\)"),
    "clip, channels first": (np.moveaxis(CLIP, -1, 1), r"np\.moveaxis\(frames, 1, -1\)"),
    "one axis": (np.zeros(9, np.uint8), r"shape \(9,\), expected"),
    "five axes": (CLIP[None], r"shape \(1, 3, 48, 48, 3\), expected"),
    "no frame": (CLIP[:0], r"shape \(0, 48, 48, 3\), expected at least one pixel"),
    "no row": (PICTURE[:0], r"shape \(0, 48, 3\), expected at least one pixel"),
    "empty list": ([], "an empty list, expected at least one frame"),
    "other sizes": ([PICTURE, PICTURE[:9]], "frame 1 has 9 x 48 pixels, expected 48 x 48"),
    "a clip in a list": ([CLIP], "frame 0 of the list is a clip, expected a picture"),
    "a list in a list": ([[PICTURE]], "frame 0 of the list is a clip"),
    "lists in lists": ([[[["text"]]]], "^frame 0 of the list is a clip, expected a picture$"),
    "a mask": (np.ma.masked_less(CLIP, 9), r"MaskedArray, expected a plain array: .*filled\(0\)"),
    "a matrix": (CLIP[0, ..., 0].view(np.matrix), r"matrix, .*np\.asarray\(frames\) makes one"),
    "bad frame of a list": ([PICTURE, PICTURE.astype(int)], "frame 1 of the list: frames: int64"),
    "nothing": (None, "NoneType, expected a NumPy array, a torch tensor"),
    "text": ("clip.mp4", "str, expected a NumPy array"),
    "int": (CLIP.astype(np.int32), r"int32, expected uint8, or float16, .* in \[0, 1\]"),
    "bool": (CLIP > 9, "bool, expected uint8"),
    "0 to 255": (CLIP.astype(np.float32), r"float32 from .*, expected \[0, 1\]: divide by 255"),
    "-1 to 1": (CLIP / 127.5 - 1, r"expected \[0, 1\]: np.clip"),
    "NaN": (np.full((9, 9), np.nan), r"from nan to nan, expected \[0, 1\]: replace NaN"),
    "infinity": (np.full((9, 9), np.inf), r"from inf to inf, expected \[0, 1\]"),
    "tensor, channels last": (torch.zeros(9, 9, 3), r"\(9, 9, 3\), .*movedim\(-1, -3\)"),
    "tensor of two axes": (torch.zeros(9, 9), r"shape \(9, 9\), expected \(1 or 3, H, W\)"),
    "bfloat16": (torch.zeros(3, 9, 9, dtype=torch.bfloat16), "bfloat16 .*expected uint8"),
    "tensor of int": (torch.zeros(3, 9, 9, dtype=torch.int64), "int64, expected uint8"),
    "meta": (torch.zeros(3, 9, 9, device="meta"), "on meta"),
    "sparse": (torch.zeros(3, 9, 9).to_sparse(), "sparse"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_frames_that_are_refused(case):
    frames, message = REFUSED[case]
    with pytest.raises(CorruptionError, match=message):
        corrupt(frames, "erase")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "gausian_noise"}, r"'gausian_noise': did you mean 'gaussian_noise'\?.*erase"),
        ({"name": "Camera Shake"}, "did you mean 'camera_shake'"),
        ({"name": None}, "unknown corruption None"),
        ({"severity": 6}, "severity 6 of erase: expected 1, 2, 3, 4 or 5"),
        ({"severity": "3"}, "expected a whole number"),
        ({"seed": 0.5}, "seed is 0.5, expected a whole number"),
        ({"fps": 0}, "fps is 0, expected a finite number above 0"),
        ({"boxes": [BOX] * 2}, r"shape \(2, 4\), expected \(3, 4\)"),
        ({"boxes": [30, 4, 10, 44]}, "box of frame 0 is .*x0 <= x1"),
        ({"boxes": "here"}, "boxes: str, expected an array of numbers"),
    ],
)
def test_other_arguments_that_are_refused(changed, message):
    with pytest.raises(CorruptionError, match=message):
        corrupt(CLIP, **{"name": "erase"} | changed)


def test_the_list_of_corruptions_reads_as_a_table():
    rows = list_corruptions()
    assert [row.name for row in rows] == NAMES
    assert {row.name: row.family for row in rows} == {n: get(n).family for n in NAMES}
    lines = repr(rows).splitlines()
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line.split()[0] == row.name
        assert line.endswith(row.sentence)
        assert row.sentence.endswith(".")


@pytest.mark.parametrize(
    ("frames", "way"),
    [("video.mp4", "corruptbench corrupt"), (iter([]), r"list\(frames\)"), (3, r"np\.asarray")],
)
def test_what_is_no_frame_is_told_the_way(frames, way):
    with pytest.raises(CorruptionError, match=way):
        corrupt(frames, "erase")
