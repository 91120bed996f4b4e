"""What holds for every corruption: a new one is tested here, and needs only its digest."""

from __future__ import annotations

import hashlib
import multiprocessing
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corruptbench.corruptions import ClipInfo, Key, Region, all_corruptions, get
from corruptbench.corruptions._srgb import TO_LINEAR
from tests.corruptions.scenes import info, scene, skeleton

NAMES = list(all_corruptions())
SEVERITIES = range(1, 6)

# One file for each corruption: SHA-256 over the clip of `golden`, severities 1 to 5. A change of
# these bytes is a change of the benchmark: raise the corruption's version and the manifests' pins.
GOLDEN = Path(__file__).parent / "golden"


def corrupted(name, severity, frames, about, key=None):
    return get(name).clip(frames, about, severity, key or Key.of("test", name, severity))


def golden(name):
    digest, about = hashlib.sha256(), info(96, 6)
    if get(name).family == "temporary occlusion":  # 1.5 s, so that every severity covers
        about = skeleton(96, 6, fps=4.0, speed=0.3)
    for severity in SEVERITIES:
        digest.update(corrupted(name, severity, scene(96, 6), about).tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_golden_digest(name):
    assert golden(name) == (GOLDEN / f"{name}.sha256").read_text().strip()


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_other_processes_give_the_same_bytes(method):
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(golden, NAMES) == [golden(name) for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_shape_dtype_and_frame_count_are_kept(name, severity):
    frames = scene(64, 5)
    before = frames.copy()
    out = corrupted(name, severity, frames, info(64, 5))
    assert out.dtype == np.uint8
    assert out.shape == frames.shape
    assert np.array_equal(frames, before), "the clean frames were written to"


def point_target(size, frames):
    """A bright disc that moves by a fraction of a pixel a frame, and its true centers."""
    ys, xs = np.mgrid[0:size, 0:size] + 0.5
    centers = np.stack(
        [size * 0.45 + 1.7 * np.arange(frames), size * 0.5 - 0.9 * np.arange(frames)], axis=1
    )
    clip = np.full((frames, size, size, 3), 90, dtype=np.uint8)
    for t, (x, y) in enumerate(centers):
        disc = np.clip(4.5 - np.hypot(xs - x, ys - y), 0, 1)
        clip[t] = np.rint(90 + 100 * disc)[..., None]
    return clip, centers


def centroid(light):
    """(x, y) of the light in a picture."""
    columns, rows = light.sum(axis=0), light.sum(axis=1)
    x, y = (side @ (np.arange(len(side)) + 0.5) for side in (columns, rows))
    return np.array([x, y]) / columns.sum()


def covers(name):
    return get(name).family in ("temporary occlusion", "mask")


@cache
def is_noisy(name):
    """Whether a flat gray picture does not stay smooth: neighboring pixels come to differ."""
    gray = np.full((1, 128, 128, 3), 128, dtype=np.uint8)
    out = corrupted(name, 3, gray, info(128, 1)).astype(int)
    return not covers(name) and np.abs(np.diff(out, axis=2)).mean() > 1


def transmittance(name, severity, about, key):
    """(F, H, W, 3) how much of what is behind a cover is left: 0 where it hides all, 1 beside it.

    Covers mix code values, so the same cover before black and before white tells. Each picture has
    black and white columns in turn, since the levels around a cover may light it.
    """
    one = np.zeros((about.frames, about.height, about.width, 3), dtype=np.uint8)
    one[:, :, ::2] = 255
    outs = (corrupted(name, severity, clip, about, key).astype(np.float64) for clip in (one, ~one))
    return np.subtract(*outs) / (2 * one.astype(np.float64) - 255)


def shown_frames(light, centers):
    """For each frame the number of the true center that its light lies at, to 0.1 px."""
    found = np.array([centroid(picture) for picture in light])
    away = np.linalg.norm(found[:, None] - centers, axis=-1)
    assert away.min(axis=1).max() < 0.1
    return away.argmin(axis=1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_labels_stay_true(name, severity):
    """What a target adds to the corrupted picture stays where the label says, to 0.1 px.

    In every frame by itself, and in linear light; behind a cover in code values, as far as the
    cover lets the target through, and to 0.02 px. A frame that is shown in the place of another
    (frame loss) is told by the target's place: it must be the frame that ``draws.source`` names,
    and none of the future. Noise and coarse quantization deform the target in a single frame: they
    have 0.1 px for the mean over frames, and for one frame 0.13 px for every step of severity.
    """
    size, frames = 160, 24
    target, centers = point_target(size, frames)
    empty = np.full_like(target, 90)
    above, below = size * np.array([0.1, 0.12]), size * np.array([0.1, 0.48])
    boxes = np.concatenate([centers - above, centers + below], axis=1)  # the target is at the neck
    about = ClipInfo(frames, size, size, 50.0, boxes)
    family = get(name).family
    value = (np.arange(256) if covers(name) else TO_LINEAR).astype(np.int32)

    def added(one, other):
        lights = (cv2.LUT(clip.reshape(frames, -1), value) for clip in (one, other))
        return np.subtract(*lights).reshape(one.shape)

    def all_channels(light):
        return light[..., 0] + light[..., 1] + light[..., 2]

    bright = added(target, empty)
    clean = all_channels(bright)
    assert max(np.abs(centroid(clean[t]) - centers[t]).max() for t in range(frames)) < 0.02
    offsets, late = [], 0
    for clip in range(10 if covers(name) else 6 if is_noisy(name) else 2):
        key = Key.of("alignment", name, severity, clip)
        found = all_channels(
            added(*(corrupted(name, severity, c, about, key) for c in (target, empty)))
        )
        shown = np.arange(frames)
        if family == "frame loss":
            shown = shown_frames(found, centers)
            assert tuple(shown) == get(name).prepare(about, severity, key).source
            assert (shown <= np.arange(frames)).all()
            late += (shown < np.arange(frames)).sum()
        expected = clean[shown]
        if covers(name):
            expected = all_channels(bright * transmittance(name, severity, about, key))
        for t in range(frames):
            if expected[t].sum() > 0.25 * clean[shown[t]].sum():
                offsets.append(centroid(found[t]) - centroid(expected[t]))
    assert len(offsets) > 36, "so many of all frames must be measurable"
    assert (late > 0) == (family == "frame loss")
    assert np.abs(np.mean(offsets, axis=0)).max() < 0.1
    deforms = is_noisy(name) or family == "compression"
    limit = 0.13 * severity if deforms else 0.02 if covers(name) else 0.1
    assert np.abs(offsets).max() < limit


def distance(name, severity, size, clips=3, frames=12):
    """Mean squared difference to the clean clip, in (gray levels)^2, over several identities.

    Measured where the person is, in 0.28 of the picture.
    """
    clean, corruption = list(scene(size, frames)), get(name)
    about = info(size, frames, fps=8.0)  # 1.5 s, so that runs come and go
    x0, y0, x1, y1 = (round(size * side) for side in (0.25, 0.15, 0.65, 0.85))
    region, total = Region(x0, y0, x1, y1), 0.0
    for clip in range(clips):
        draws = corruption.prepare(about, severity, Key.of("distance", name, severity, clip))
        for t in range(frames):
            out = corruption.apply(clean, t, draws, region)
            total += cv2.norm(out, clean[t][region.slices], cv2.NORM_L2SQR)
    return total / out.size / frames / clips


@pytest.mark.parametrize(
    ("name", "size"),
    [(name, 250) for name in NAMES]
    # the next test asks the others at its sizes
    + [
        pytest.param(name, 600, marks=pytest.mark.slow)
        for name in NAMES
        if get(name).scope == "clip" or get(name).family == "frame loss"
    ],
)
def test_severity_is_strictly_monotone(name, size):
    # What comes and goes needs a larger sample, and what is drawn for a clip more than one.
    comes_and_goes = covers(name) or get(name).family == "frame loss"
    clips = 8 if comes_and_goes else 1 if get(name).scope == "frame" else 2
    clips *= 4 if name == "occluder" else 1  # and objects differ
    distances = [distance(name, s, size, clips) for s in SEVERITIES]
    assert distances[0] > 0
    assert (np.diff(distances) > 0).all(), distances


@pytest.mark.slow
# Not for lost frames: their effect is the motion of the scene, which these few frames hardly have.
@pytest.mark.parametrize("name", [n for n in NAMES if get(n).family != "frame loss"])
def test_severity_is_the_same_at_any_resolution(name):
    sizes, frames = (400, 800, 1600), 12 if covers(name) else 3
    table = np.array([[distance(name, s, size, 2, frames) for s in SEVERITIES] for size in sizes])
    if get(name).scope == "frame":  # of the others see above
        assert (np.diff(table, axis=1) > 0).all(), table
    # A corruption must not fade with resolution; 15 % for edges that are sharper in larger pictures
    assert (np.abs(table / table.mean(axis=0) - 1) < 0.15).all(), table


@pytest.mark.parametrize("name", NAMES)
def test_clips_differ_and_a_key_decides(name):
    frames, about = scene(128, 8), info(128, 8, fps=4.0)
    one = corrupted(name, 3, frames, about, Key.of("clip one"))
    assert np.array_equal(one, corrupted(name, 3, frames, about, Key.of("clip one")))
    same = np.array_equal(one, corrupted(name, 3, frames, about, Key.of("clip two")))
    assert same != get(name).keyed


@pytest.mark.parametrize("name", NAMES)
def test_any_subset_in_any_order(name):
    frames, about = scene(96, 10), info(96, 10)
    corruption = get(name)
    whole = corrupted(name, 4, frames, about)
    draws = corruption.prepare(about, 4, Key.of("test", name, 4))
    for t in (7, 2, 9, 0):
        assert np.array_equal(corruption.apply(frames, t, draws, about.whole), whole[t])


@pytest.mark.parametrize("name", NAMES)
def test_the_layout_in_memory_does_not_matter(name):
    """Reversed channels (a view of what OpenCV reads), a part of a larger array, read-only."""
    frames, about, region = scene(96, 6), info(96, 6, fps=4.0), Region(13, 8, 70, 90)
    reversed_view = np.ascontiguousarray(frames[..., ::-1])[..., ::-1]
    part = np.pad(frames, ((0, 0), (3, 2), (5, 4), (0, 0)))[:, 3:-2, 5:-4]
    read_only = frames.copy()
    read_only.flags.writeable = False
    expected = corrupted(name, 4, frames, about)
    draws = get(name).prepare(about, 4, Key.of("test", name, 4))
    for other in (reversed_view, part, read_only):
        assert np.array_equal(other, frames)
        assert np.array_equal(corrupted(name, 4, other, about), expected)
        found = get(name).apply(list(other), 3, draws, region)
        assert np.array_equal(found, expected[3][region.slices])


#: (height, width): the large ones are wider than a strip of `corruptions._blur_kernel`, and higher
#: than two bands of `corruptions.defocus`.
SIZES = [(61, 87), (40, 1300), (430, 50)]


@cache
def passing_by(height, width):
    """Frames with fine texture, and info: a person comes in, is lost in one frame, and leaves."""
    frames = scene(max(height, width), 4)[:, :height, :width].astype(np.int16)
    frames += np.random.default_rng(5).integers(-20, 21, frames.shape, dtype=np.int16)
    x, y = width * np.array([-0.1, 0.2, 0.5, 0.8]), height * np.array([-0.2, 0.1, 0.2, 0.3])
    boxes = np.stack([x, y, x + 0.4 * width, y + 0.9 * height], axis=1)
    boxes[2] = np.nan
    return list(frames.clip(0, 255).astype(np.uint8)), ClipInfo(4, height, width, 3.0, boxes)


@lru_cache(maxsize=20)
def whole_frame(name, height, width, severity, t):
    """The draws for the clip of `passing_by`, and the whole of frame ``t``."""
    frames, about = passing_by(height, width)
    draws = get(name).prepare(about, severity, Key.of("region", name))
    return draws, get(name).apply(frames, t, draws, about.whole)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_region_is_the_crop_of_the_whole(name, size, data):
    height, width = size
    x0 = data.draw(st.integers(0, width - 1))
    y0 = data.draw(st.integers(0, height - 1))
    x1 = data.draw(st.integers(x0 + 1, width))
    y1 = data.draw(st.integers(y0 + 1, height))
    severity = data.draw(st.integers(1, 5))
    t = data.draw(st.integers(0, 3))
    draws, whole = whole_frame(name, height, width, severity, t)
    region = Region(x0, y0, x1, y1)
    part = get(name).apply(passing_by(height, width)[0], t, draws, region)
    assert np.array_equal(part, whole[region.slices])


ODD = {
    "one frame": (1, 64, 64, [[20, 10, 40, 60]]),
    "odd size": (3, 33, 47, [[10, 3, 30, 30]] * 3),
    "at the border": (3, 64, 64, [[-30, -20, 15, 50]] * 3),
    "beyond the border": (3, 64, 64, [[200, 10, 240, 60]] * 3),
    "absent in some frames": (3, 64, 64, [[20, 10, 40, 60], [np.nan] * 4, [20, 10, 40, 60]]),
    "absent throughout": (2, 64, 64, [[np.nan] * 4] * 2),
    "larger than the picture": (2, 40, 40, [[-100, -100, 200, 300]] * 2),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", ODD)
def test_odd_clips(name, case):
    count, height, width, boxes = ODD[case]
    frames = np.ascontiguousarray(scene(96, count)[:, :height, :width])
    about = ClipInfo(count, height, width, 50.0, np.array(boxes, dtype=np.float64))
    region = Region(width // 3, height // 4, width - 2, height - 1)
    for severity in SEVERITIES:
        out = corrupted(name, severity, frames, about)
        assert out.shape == frames.shape
        assert np.array_equal(out, corrupted(name, severity, frames, about))
        draws = get(name).prepare(about, severity, Key.of("test", name, severity))
        for t in range(count):
            part = get(name).apply(frames, t, draws, region)
            assert np.array_equal(part, out[t][region.slices])
        if covers(name) and np.isnan(about.boxes).all():
            assert np.array_equal(out, frames), "there is nobody to cover"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_gray_picture_gets_no_tint(name, severity):
    """Only a cover may have a color of its own, and noise in single samples; none on average."""
    gray = np.repeat(scene(96, 6)[..., :1], 3, axis=-1)
    about, key = info(96, 6, fps=4.0), Key.of("gray", name, severity)
    out = corrupted(name, severity, gray, about, key).astype(np.float64)
    if covers(name):
        out = out[(transmittance(name, severity, about, key) == 1).all(axis=-1)]
        assert out.size > 0.3 * gray.size
    if is_noisy(name):
        out = out.mean(axis=(0, 1, 2))
    assert np.ptp(out, axis=-1).max() <= 2  # gray levels


def of_family(family):
    return [name for name in NAMES if get(name).family == family]


@pytest.mark.parametrize("name", of_family("motion blur"))
@pytest.mark.parametrize("level", [0, 1, 128, 255])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_blur_changes_nothing_where_nothing_is_to_be_seen(name, level, severity):
    frames = np.full((3, 48, 48, 3), level, dtype=np.uint8)
    assert np.array_equal(corrupted(name, severity, frames, info(48, 3, fps=3.0)), frames)


# Not for objects, which the scene lights: see `test_the_cover_says_what_is_hidden`.
@pytest.mark.parametrize("name", [n for n in of_family("temporary occlusion") if n != "occluder"])
@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_what_covers_hides_and_leaves_the_rest_alone(name, level, severity):
    """What is covered does not shine through; but for soft edges all else keeps its value."""
    about = info(48, 8, fps=4.0)
    frames = np.full((8, 48, 48, 3), level, dtype=np.uint8)
    other = np.full_like(frames, (level + 77) % 256)
    out, out_other = (corrupted(name, severity, clip, about) for clip in (frames, other))
    hidden = (out == out_other).all(axis=-1)
    assert 0.002 < hidden.mean() < 0.5
    edge = (out != level).any(axis=-1) & ~hidden
    assert not edge.any()


WITH_COVER = [name for name in NAMES if get(name).cover]


@pytest.mark.parametrize("name", WITH_COVER)
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("joints", [True, False], ids=["joints", "box"])
def test_the_cover_says_what_is_hidden(name, severity, joints):
    """Where it is 0 the frame is clean, where it is 255 nothing of the clean frame is left."""
    about = skeleton(96, 12, fps=6.0, speed=0.5, joints=joints)
    draws = get(name).prepare(about, severity, Key.of("cover", name, severity))
    grain = np.random.default_rng(3).integers(-40, 41, (12, 96, 96, 3))
    frames = (scene(96, 12) + grain).clip(0, 255).astype(np.uint8)
    # each two columns exchanged: everywhere of the same levels, which may light what covers
    other = frames.reshape(12, 96, 48, 2, 3)[:, :, :, ::-1].reshape(frames.shape)
    hidden = 0
    for t in range(12):
        shown = get(name).cover(t, draws, about.whole)
        out, out_other = (get(name).apply(clip, t, draws, about.whole) for clip in (frames, other))
        assert shown.dtype == np.uint8
        assert shown.shape == (96, 96)
        assert (out[shown == 0] <= frames[t][shown == 0]).all(), "clean, or in a shadow"
        assert (out[shown == 0] >= 0.2 * frames[t][shown == 0] - 1).all()
        if name != "occluder":  # the only one that throws a shadow
            assert np.array_equal(out[shown == 0], frames[t][shown == 0])
        assert np.array_equal(out[shown == 255], out_other[shown == 255])
        hidden += (shown == 255).sum()
    assert hidden > 0


@pytest.mark.parametrize("name", WITH_COVER)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_cover_of_a_region_is_the_crop_of_the_whole(name, data):
    height, width = 61, 87
    draws, _ = whole_frame(name, height, width, data.draw(st.integers(1, 5)), 0)
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    region = Region(x0, y0, x1, y1)
    for t in range(4):
        whole = get(name).cover(t, draws, Region(0, 0, width, height))
        assert np.array_equal(get(name).cover(t, draws, region), whole[region.slices])


@pytest.mark.parametrize("name", NAMES)
def test_record(name):
    corruption = get(name)
    assert corruption.name == name
    assert len(corruption.severities) == 5
    assert len(set(corruption.severities)) == 5
    assert corruption.family
    assert corruption.version >= 1
