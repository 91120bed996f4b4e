from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys

import numpy as np
import pytest

from corruptbench.corruptions import CorruptionError, Key, Region
from corruptbench.corruptions.imgaug_adapter import imgaug_corruption
from tests.corruptions.scenes import info, scene

FRAMES, ABOUT = scene(64, 6), info(64, 6)


@pytest.fixture
def iaa():
    return pytest.importorskip(
        "imgaug.augmenters", reason="needs the extra: pip install 'corruptbench[reference]'"
    )


def noise(iaa):
    """Nested, sometimes absent, in random order, and with a child that fixed its own seed."""
    return iaa.Sequential(
        [
            iaa.Sometimes(0.7, iaa.AdditiveGaussianNoise(scale=25)),
            iaa.Dropout((0.05, 0.2)).to_deterministic(),
            iaa.Add((-30, 30)),
        ],
        random_order=True,
    )


def weather(iaa):
    return iaa.Rain()  # draws from imgaug's global generator


class Drift:
    """A user's function at its worst: counts its calls, draws globally, writes into its input."""

    calls = 0

    def __call__(self, images, random_state, parents, hooks):  # noqa: ARG002
        self.calls += 1
        for image in images:
            image += np.random.randint(0, 9, image.shape).astype(np.uint8)  # noqa: NPY002
            image[:4] = self.calls
        return images


def own_function(iaa):
    return iaa.Lambda(func_images=Drift())


KINDS = [noise, weather, own_function]


def clip_bytes(kind):
    import imgaug.augmenters as iaa

    corruption = imgaug_corruption("noise", (kind(iaa),) * 5)
    return corruption.clip(FRAMES, ABOUT, 3, Key.of("clip one")).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_same_key_same_bytes_in_any_order_whatever_was_drawn_before(iaa, kind):
    import imgaug

    one = imgaug_corruption("noise", (kind(iaa),) * 5)
    whole = one.clip(FRAMES, ABOUT, 3, Key.of("clip one"))
    random.seed(1)
    np.random.seed(2)  # noqa: NPY002
    imgaug.random.seed(3)
    other = imgaug_corruption("noise", (kind(iaa),) * 5)
    draws = other.prepare(ABOUT, 3, Key.of("clip one"))
    for t in (4, 0, 5, 0):
        assert np.array_equal(other.apply(FRAMES, t, draws, ABOUT.whole), whole[t])


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_same_bytes_in_another_process(iaa, method):  # noqa: ARG001
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.map(clip_bytes, KINDS) == [clip_bytes(kind) for kind in KINDS]


def test_other_frames_clips_and_words_of_a_key_differ(iaa):
    still = np.repeat(FRAMES[:1], 6, axis=0)
    corruption = imgaug_corruption("noise", (iaa.AdditiveGaussianNoise(scale=25),) * 5)
    one = corruption.clip(still, ABOUT, 1, Key(5, 6))
    others = [corruption.clip(still, ABOUT, 1, key) for key in (Key(5, 7), Key(4, 6))]
    every = [frame.tobytes() for clip in (one, *others) for frame in clip]
    assert len(set(every)) == 18


@pytest.mark.parametrize("kind", KINDS)
def test_global_generators_and_inputs_are_left_alone(iaa, kind):
    import imgaug

    def states():
        numbers = np.random.get_state()  # noqa: NPY002
        ours = imgaug.random.get_global_rng().state
        return repr((random.getstate(), numbers[1].tobytes(), numbers[2:], ours))

    augmenter, frames = kind(iaa), FRAMES.copy()
    mine = augmenter.random_state.state
    before = states()
    corruption = imgaug_corruption("noise", (augmenter,) * 5)
    out = corruption.clip(frames, ABOUT, 3, Key.of("x"))
    assert states() == before
    assert repr(augmenter.random_state.state) == repr(mine)
    assert np.array_equal(frames, FRAMES)
    assert not np.array_equal(out, FRAMES)


def test_a_region_is_the_crop_of_the_whole(iaa):
    corruption = imgaug_corruption("noise", (noise(iaa),) * 5)
    draws = corruption.prepare(ABOUT, 2, Key.of("region"))
    whole = corruption.apply(FRAMES, 3, draws, ABOUT.whole)
    part = corruption.apply(FRAMES, 3, draws, Region(7, 11, 50, 32))
    assert np.array_equal(part, whole[11:32, 7:50])


def test_the_severity_chooses_the_augmenter(iaa):
    steps = tuple(iaa.Add(10 * s) for s in range(1, 6))
    corruption = imgaug_corruption("brighter", steps)
    steps[0].value = steps[4].value  # copies were kept
    for severity in range(1, 6):
        out = corruption.clip(FRAMES, ABOUT, severity, Key.of("x"))
        assert np.array_equal(out, np.minimum(FRAMES.astype(int) + 10 * severity, 255))


def geometric(iaa):
    return {
        "shift": iaa.Affine(translate_px={"x": 2}),
        "sometimes a mirror": iaa.Sometimes(0.5, iaa.Fliplr(1.0)),
        "warp": iaa.PiecewiseAffine(scale=0.05),
        "larger": iaa.Resize({"height": 80, "width": 70}),
        "does not say": iaa.imgcorruptlike.ElasticTransform(severity=1),
    }


@pytest.mark.parametrize("kind", ["shift", "sometimes a mirror", "warp", "larger", "does not say"])
def test_what_moves_the_picture_is_refused(iaa, kind):
    harmless = (iaa.Add(1),) * 3
    with pytest.raises(CorruptionError, match=r"bad, severity 4: .*(moves|makes|fails)"):
        imgaug_corruption("bad", (*harmless, geometric(iaa)[kind], iaa.Add(1)))


def test_a_missing_package_is_named_and_how_to_install_it(iaa, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecorruptions", None)
    monkeypatch.setitem(sys.modules, "imagecorruptions.corruptions", None)
    with pytest.raises(CorruptionError, match="--no-deps imagecorruptions-imaug") as caught:
        imgaug_corruption("fog", (iaa.imgcorruptlike.Fog(severity=1),) * 5)
    assert "keypoints" not in str(caught.value)
    assert "pip install imagecorruptions`" not in str(caught.value), "that one asks for OpenCV"


def test_a_rare_move_is_refused_at_the_frame_that_draws_it(iaa):
    rare = imgaug_corruption("rare", (iaa.Sometimes(0.03, iaa.Fliplr(1.0)),) * 5)
    frames = np.repeat(FRAMES[:1], 200, axis=0)
    with pytest.raises(CorruptionError, match="moves or removes keypoints"):
        rare.clip(frames, info(64, 200), 1, Key.of("rare"))


def test_other_things_than_five_augmenters_are_refused(iaa):
    with pytest.raises(CorruptionError, match="five imgaug augmenters, got Add"):
        imgaug_corruption("one", (iaa.Add(1),))
    with pytest.raises(CorruptionError, match="five imgaug augmenters, got float"):
        imgaug_corruption("numbers", (0.1, 0.2, 0.3, 0.4, 0.5))


def test_without_imgaug_the_library_works_and_the_error_names_the_extra():
    code = """
import sys
sys.modules["imgaug"] = None  # as where it is not installed
from corruptbench import corruptions
from corruptbench.corruptions.imgaug_adapter import imgaug_corruption
assert "gaussian_noise" in corruptions.all_corruptions()
try:
    imgaug_corruption("fog", (1, 2, 3, 4, 5))
except corruptions.CorruptionError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'corruptbench[reference]'" in done.stdout


def test_the_library_does_not_import_imgaug():
    code = (
        "import sys; from corruptbench import corruptions; corruptions.all_corruptions(); "
        "print('imgaug' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
