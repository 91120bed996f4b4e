"""What a contract may say, and what it must not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from corruptbench.errors import InputError
from corruptbench.lifters.axes import arranged, parse, restored
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.joint_choice import joint_choice
from corruptbench.skeleton import H36M17
from tests.corruptbench.conftest import contract

FEWEST = {"name": "a", "window": "sequence", "frames": 27}
Z = {"mean": [0.0] * 34, "std": [1.0] * 34}


def declared(**changes):
    return Contract.checked(FEWEST | changes, "my.toml")


def test_three_fields_are_enough():
    assert declared() == declared(
        target="middle", joints="h36m17", keypoints="h36m17", channels="xy", normalize="screen",
        input="b t j c", output="b t j c", units="m", root="relative", flip=False, samples=1,
    )  # fmt: skip
    with pytest.raises(InputError, match=r"my\.toml: frames: found nothing"):
        Contract.checked({"name": "a", "window": "block"}, "my.toml")


def test_a_contract_of_the_first_format_means_what_it_meant():
    old = {
        "format": "corruptbench-lifter/1", "name": "tiny", "joints": "h36m17",
        "keypoints": "h36m17", "channels": "xy", "normalize": "screen", "window": "sequence",
        "frames": 9, "units": "m", "root": "relative",
    }  # fmt: skip
    found = Contract.model_validate(old)
    assert found.record() == old, "and a result says the same of it"
    assert found.model_copy(update={"format": contract().format}) == contract()


def test_a_result_says_what_differs_from_the_usual():
    assert declared(flip=True).record()["flip"] is True
    assert not {"flip", "samples", "input", "target"} & declared().record().keys()
    assert Contract.model_validate(declared(normalize=Z).record()) == declared(normalize=Z)
    assert json.dumps(
        declared(units=Z | {"mean": [0.0] * 51, "std": [1.0] * 51, "units": "mm"}).record()
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"frames": 26}, "frames: 26 has no middle.*target = 'last'"),
        ({"frames": 0}, "frames: "),
        ({"window": "centre", "frames": 2}, "has no middle"),
        ({"window": "block", "target": "last"}, "target: found 'last' with window 'block'"),
        ({"window": "clip", "target": "last"}, "target: found 'last' with window 'clip'"),
        ({"joints": "coco17"}, "joints: found coco17, which nobody scores"),
        ({"joints": "smpl24"}, "joints: found unknown joint set 'smpl24'"),
        ({"keypoints": "smpl24"}, "keypoints: found unknown joint set 'smpl24'"),
        ({"joints": "h36m17 - neck_nos"}, "has no joint 'neck_nos'.*did you mean"),
        ({"joints": "h36m17 - neck_nose, neck_nose"}, "names a joint twice"),
        ({"joints": "h36m17 - left_knee"}, "leaves out left_knee and keeps right_knee"),
        ({"joints": f"h36m17 - {', '.join(H36M17.joints)}"}, "leaves no joint"),
        ({"joints": "h36m17 -"}, "has no joint ''"),
        ({"joints": "h36m17 - hip", "root": "absolute"}, "leave out the root"),
        ({"normalize": "guess"}, r"normalize: found 'guess', expected screen, .*or a table$"),
        ({"normalize": {"mean": [1.0]}}, r"normalize: std: found nothing"),
        ({"normalize": {"mean": [1.0], "std": [1.0]}}, "normalize.mean: found 1 numbers, expected"),
        ({"normalize": Z | {"std": [0.0] * 34}}, "normalize.std: found 0.0, expected more than 0"),
        ({"normalize": Z | {"mean": [float("nan")] * 34}}, "normalize: mean.0: .*finite"),
        ({"units": Z}, "units: units: found nothing"),
        ({"units": Z | {"units": "m"}}, "units.mean: found 34 numbers, expected 51"),
        ({"units": "cm"}, "units: found 'cm', expected m, mm, none"),
        ({"units": ["m"]}, "units: found"),
        ({"input": "b t j"}, "'b t j': lacks axis c"),
        ({"input": "b c t j 1"}, "input: found 'b c t j 1'"),
        ({"input": "0: b t j c"}, "input: found '0: b t j c'"),
        ({"input": "b h t j c"}, "unknown axis h"),
        ({"input": "b j c"}, "has no axis t; expected frames = 1"),
        ({"input": "b j c", "frames": 1}, "has no axis t; expected window = 'centre'"),
        ({"output": "b j c"}, "has no axis t; expected window = 'centre'"),
        ({"output": "b t j c c"}, "named twice: c"),
        ({"output": "b t [j] c"}, r"cannot be read at '\[j\] c'"),
        ({"output": "b t (j c"}, "cannot be read at"),
        ({"output": "b t () j c"}, "cannot be read at"),
        ({"output": "b h t j c", "hypotheses": "1: b h t j c"}, "output has an axis h already"),
        ({"hypotheses": "1: b t j c"}, "lacks axis h"),
        ({"samples": 0}, "samples: "),
        ({"fps": -1}, "fps: "),
        ({"fps": 0.3}, "fps: "),
        ({"frames": True}, "frames: "),
        ({"frames": "27"}, "frames: "),
        ({"samples": True}, "samples: "),
        ({"flip": 1}, "flip: "),
        ({"normalize": Z | {"mean": [True] * 34}}, "normalize: mean.0: "),
        ({"normalize": {"mean": [], "std": []}}, "normalize.mean: found 0 numbers, expected 34"),
        ({"flip": "sometimes"}, "flip: "),
        ({"stride": 2}, "stride: unknown key; remove it"),
        ({"normalise": "crop"}, r"normalise: unknown key; did you mean normalize\?"),
        ({"units": Z | {"units": "m", "means": []}}, "means: unknown key; did you mean mean"),
        ({"window": "center"}, "window: found center, expected 'sequence', 'centre'"),
        ({"name": "a/b"}, "name: "),
        ({"format": "corruptbench-lifter/3"}, "format: "),
    ],
)  # fmt: skip
def test_what_a_contract_must_not_say(changes, said):
    with pytest.raises(InputError, match=rf"^my\.toml: .*{said}"):
        declared(**changes)


@pytest.mark.parametrize("window", ["block", "clip"])
@pytest.mark.parametrize("even", [2, 26])
def test_a_window_has_a_middle_only_if_it_gives_one_pose(even, window):
    assert declared(window=window, frames=even).frames == even
    assert declared(window="centre", frames=even, target="last").frames == even


def test_joints_are_those_of_the_output_unless_declared():
    assert declared(joints="humaneva15").keypoints == "humaneva15"
    both = declared(joints="humaneva15", keypoints="coco17")
    assert (len(both.given), len(both.lifted)) == (17, 15)
    fewer = declared(joints="h36m17 - neck_nose")
    assert (len(fewer.given), len(fewer.lifted)) == (16, 16)


def test_sides_of_a_set_without_some_joints():
    chosen = joint_choice("h36m17 - neck_nose, spine")
    names = [H36M17.joints[i] for i in chosen.kept]
    for i, other in enumerate(chosen.mirror):
        swapped = names[i].replace("left_", "L").replace("right_", "left_").replace("L", "right_")
        assert names[other] == swapped


def test_joints_that_are_missing_are_not_filled():
    """A root that is left out is the origin. Nothing else is made up."""
    chosen = joint_choice("h36m17 - hip, neck_nose")
    poses = np.random.default_rng(0).normal(size=(4, 15, 3))
    whole = chosen.spread(poses, 0)
    assert np.array_equal(whole[:, list(chosen.kept)], poses)
    assert (whole[:, 0] == 0).all()
    assert np.isnan(whole[:, 9]).all()
    assert chosen.with_root(0) == tuple(i for i in range(17) if i != 9)


BATCH = np.arange(2 * 5 * 17 * 2, dtype=np.float32).reshape(2, 5, 17, 2)


@pytest.mark.parametrize(
    ("pattern", "by_hand"),
    [
        ("b t j c", BATCH),
        ("b c t j", BATCH.transpose(0, 3, 1, 2)),
        ("b c t j 0", BATCH.transpose(0, 3, 1, 2)[..., None]),
        ("b t (j c)", BATCH.reshape(2, 5, 34)),
        ("b t (c j)", BATCH.transpose(0, 1, 3, 2).reshape(2, 5, 34)),
        ("b (tjc)", BATCH.reshape(2, 170)),
        ("(b t) j c", BATCH.reshape(10, 17, 2)),
        ("t b j c", BATCH.transpose(1, 0, 2, 3)),
        ("b 0 t j c", BATCH[:, None]),
    ],
)
def test_axes_are_arranged_and_restored(pattern, by_hand):
    found = arranged(BATCH, parse(pattern, "bjc", "btjc"))
    assert np.array_equal(found, by_hand)
    assert found.flags.c_contiguous
    back = restored(found, parse(pattern, "bjc", "bhtjc"), {"b": 2, "j": 17, "c": 2})
    assert np.array_equal(back[:, 0], BATCH)


def test_an_axis_without_frames():
    one = BATCH[:, :1]
    assert np.array_equal(arranged(one, parse("b j c", "bjc", "btjc")), one[:, 0])
    back = restored(one[:, 0], parse("b j c", "bjc", "bhtjc"), {"b": 2, "j": 17, "c": 2})
    assert np.array_equal(back, one[:, None])


def test_elements_of_an_axis():
    """As D3DP gives them: steps of the sampler, hypotheses."""
    out = np.random.default_rng(0).normal(size=(2, 4, 3, 5, 17, 3))
    sizes = {"b": 2, "j": 17, "c": 3}
    found = restored(out, parse("b -1 h t j c", "bjc", "bhtjc"), sizes)
    assert np.array_equal(found, out[:, -1])
    with pytest.raises(InputError, match="no element 4 on axis 1"):
        restored(out, parse("b 4 h t j c", "bjc", "bhtjc"), sizes)
    with pytest.raises(InputError, match="has 6 axes, and its pattern 4"):
        restored(out, parse("b t j c", "bjc", "bhtjc"), sizes)
    with pytest.raises(InputError, match="axis 2 is 50, not j = 17 x c = 3"):
        restored(np.zeros((2, 5, 50)), parse("b t (j c)", "bjc", "bhtjc"), sizes)
    assert parse("pose: b t j c", "bjc", "bhtjc").select == "pose"
    assert parse("12: b t j c", "bjc", "bhtjc").select == 12
    assert parse("-1: b t j c", "bjc", "bhtjc").select == -1
