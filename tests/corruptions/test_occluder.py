from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from corruptbench import corruptions
from corruptbench.corruptions import ClipInfo, Key, Region, get
from corruptbench.corruptions._crossings import SPEEDS
from corruptbench.corruptions._objects import HEIGHTS, cut_out, light_of, sized
from corruptbench.corruptions.occluder import APART, surroundings
from tests.corruptions.scenes import info, scene, skeleton

PICTURES = Path(corruptions.__path__[0]) / "objects"


def drawn(severity, about, *key):
    return get("occluder").prepare(about, severity, Key.of("occluder", *key))


def in_time(draws):
    return sorted(draws.crossings, key=lambda crossing: crossing.first)


def test_the_set_is_large_small_on_disk_and_says_where_it_comes_from():
    assert len(HEIGHTS) >= 24
    assert {path.stem for path in PICTURES.glob("*.webp")} == set(HEIGHTS)
    assert sum(path.stat().st_size for path in PICTURES.glob("*.webp")) < 1.6e6
    rows = (PICTURES / "README.md").read_text().splitlines()
    for name, height in HEIGHTS.items():
        row = next(row for row in rows if row.startswith(f"| `{name}` |"))
        assert "CC0" in row or "CC BY 3.0" in row
        assert row.endswith(f"| {height:.2f} |")


@pytest.mark.parametrize("name", HEIGHTS)
def test_an_object_is_textured_shaded_and_stands_on_its_shadow(name):
    cut = cut_out(name)
    color, cover, shadow = cut.layers[..., :3].astype(int), cut.layers[..., 3], cut.layers[..., 4]
    assert (color <= cover[..., None]).all(), "color is multiplied by coverage"
    assert (cover > 250).mean() > 0.04
    assert color[cover > 250].std(axis=0).max() > 7, "not one flat color"
    assert 40 < color[cover > 250].mean() < 190
    assert shadow[cut.bottom - cut.tall // 4 :].max() > 90
    assert shadow.max() < 220, "a soft shadow is not black"
    assert shadow[: cut.top + cut.tall // 3].max() < 60


@pytest.mark.parametrize("name", list(HEIGHTS)[::5])
def test_an_object_is_the_same_at_any_size(name):
    small, large = (sized(name, scale, (0, 0)).astype(float) for scale in (0.5, 2.0))
    height, width = small.shape[0] - 1, small.shape[1] - 1  # sizes are rounded
    reduced = large[: 4 * height, : 4 * width].reshape(height, 4, width, 4, 5).mean(axis=(1, 3))
    assert np.abs(small[:height, :width] - reduced).mean() < 6
    assert sized(name, 0.01, (1, 1)).shape >= (3, 3, 5)


def test_blur_makes_edges_soft_and_keeps_the_light():
    sharp, soft = (sized("barrel", 1.0, blur).astype(float) for blur in ((0, 0), (3, 1)))
    assert soft.shape == (sharp.shape[0] + 2, sharp.shape[1] + 6, 5)
    assert soft.sum() == pytest.approx(sharp.sum(), rel=0.02)
    assert np.abs(np.diff(soft[..., 3], axis=1)).max() < 0.5 * 255


def test_the_scene_lights_the_object():
    clean = scene(160, 1)[0]
    gain = light_of(clean)
    assert (light_of(clean // 2)[:3] < gain[:3]).all(), "darker"
    blue = light_of((clean * [0.6, 0.8, 1.0]).astype(np.uint8))
    assert blue[2] / blue[0] > 1.1 * gain[2] / gain[0]
    assert np.array_equal(light_of(np.ascontiguousarray(clean[::-1, ::-1])), gain)
    hazy, crisp = (light_of((low + clean * 0.5).astype(np.uint8)) for low in (60, 0))
    assert hazy[3] > crisp[3], "black is no darker than the scene's"
    for level in (0, 255):
        assert np.ptp(light_of(np.full((20, 30, 3), level, np.uint8))[:3]) == 0


def test_painting_mixes_object_shadow_and_what_is_behind():
    about = skeleton(120, 12, fps=6.0)
    draws, frames = drawn(4, about), scene(120, 12)
    changed = 0
    for t in range(12):
        out = get("occluder").apply(frames, t, draws, about.whole)
        expected = frames[t].astype(float)
        for crossing in draws.crossings:
            if not 0 <= t - crossing.first < crossing.left.size:
                continue
            thing, left = draws.things[crossing.name], int(crossing.left[t - crossing.first])
            light = light_of(surroundings(frames[t], thing, crossing.top, left))
            layers = thing.astype(float)
            layers = layers[:, ::-1] if crossing.mirrored else layers
            for y, x in np.ndindex(layers.shape[:2]):
                v, u = crossing.top + y, left + x
                if 0 <= v < 120 and 0 <= u < 120:
                    covered, shadow = layers[y, x, 3:]
                    own = np.minimum(layers[y, x, :3] * light[:3] / 256, covered)
                    own += light[3] * (covered - own) / 255
                    expected[v, u] *= (1 - covered / 255) * (1 - shadow / 255)
                    expected[v, u] += own
        assert np.abs(out - expected).max() < 3
        changed += (out != frames[t]).sum()
    assert changed > 0


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_objects_pass_at_the_speeds_of_people_and_carts(severity):
    about = skeleton(300, 1500, 50.0, speed=0.5)
    draws, unit = drawn(severity, about, severity), about.person_height / 50.0
    speeds = []
    for crossing in in_time(draws):
        steps = np.diff(crossing.left)
        assert np.ptp(steps) <= 1, "one speed"
        assert (steps.mean() < 0) == crossing.mirrored, "it looks where it goes"
        speeds.append(abs(steps.mean()) / unit)
    assert SPEEDS[0] - 0.01 <= min(speeds)
    assert max(speeds) < SPEEDS[1] + 0.02
    assert len({crossing.mirrored for crossing in draws.crossings}) == 2


def test_none_comes_again_soon_and_clips_have_others():
    names = [[c.name for c in in_time(drawn(3, info(200, 3000), clip))] for clip in range(6)]
    for passed in names:
        assert len(passed) > 15
        near = [set(passed[i : i + APART + 1]) for i in range(len(passed) - APART)]
        assert np.mean([len(one) == APART + 1 for one in near]) > 0.9
        assert all(one != other for one, other in pairwise(passed))
    assert len(set().union(*names)) > 20


def test_they_stand_before_the_feet_and_the_nearer_is_painted_last():
    about = skeleton(300, 1500, 50.0)
    draws = drawn(5, about)
    feet = about.boxes[:, 3].max()
    stands = [c.top + draws.things[c.name].shape[0] for c in draws.crossings]
    assert min(stands) > feet
    heights = [feet - c.top for c in draws.crossings]
    assert np.mean(heights) / about.person_height == pytest.approx(0.9, abs=0.12)


def test_a_plan_grows_with_the_clip_and_not_with_its_square():
    short, long = (drawn(3, info(200, count), "memory") for count in (1000, 6000))
    assert sum(c.left.size for c in long.crossings) < 9 * sum(c.left.size for c in short.crossings)
    assert len(long.things) <= 16
    for crossing in long.crossings:
        assert crossing.left.base is None, "no view that holds on to the whole path"


def test_what_passes_goes_on_while_the_person_is_not_seen():
    """It is not the person's: a clip in which the box is lost for a while is covered alike."""
    boxes = np.tile([40.0, 20.0, 70.0, 110.0], (40, 1))
    lost = boxes.copy()
    lost[12:25] = np.nan
    one, other = (drawn(4, ClipInfo(40, 120, 120, 10.0, seen), "lost") for seen in (boxes, lost))
    whole = Region(0, 0, 120, 120)
    covers = [[get("occluder").cover(t, draws, whole) for t in range(40)] for draws in (one, other)]
    assert np.array_equal(*covers)
    assert np.any(covers[0][12:25])


def test_nobody_nothing_passes():
    about = ClipInfo(9, 40, 50, 8.0, np.full((9, 4), np.nan))
    clip = np.full((9, 40, 50, 3), 77, dtype=np.uint8)
    for severity in range(1, 6):
        assert (get("occluder").clip(clip, about, severity, Key.of("x")) == 77).all()


@pytest.mark.parametrize("severity", range(1, 6))
def test_someone_who_jumps_is_hidden_too(severity):
    """What stands on the floor does not reach a person in the air: it has to stand nearer."""
    frames, fps = 100, 50.0
    rise = 75 * np.clip(3 * np.sin(np.arange(frames) / fps * 2 * np.pi), 0, 1)
    boxes = np.stack([np.full(frames, x) for x in (130.0, 80.0, 180.0, 230.0)], axis=1)
    boxes[:, 1::2] -= rise[:, None]
    about = ClipInfo(frames, 320, 320, fps, boxes)
    hidden = 0
    for clip in range(12):
        draws = drawn(severity, about, severity, clip)
        for t, box in enumerate(np.rint(boxes).astype(int).tolist()):
            part = get("occluder").cover(t, draws, Region(*box)).mean() / 255
            hidden += part > 0.05
    share = get("occluder").severities[severity - 1].share
    assert hidden / (12 * frames) == pytest.approx(share, abs=0.03)
