"""Broken lifters are refused by the name of what is wrong; honest ones pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.lifters.allowance import BEFORE, Allowance
from corruptbench.lifters.probes import probe
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.fixtures.lifters import python_lifter

FRAMES = 9


def network():
    torch.manual_seed(0)
    return VideoPose3D(17, 2, widths=(3, 3), features=16).eval()


def broken(kind):
    honest = network()
    state = {"calls": 0}

    def whole_clip(x):
        return honest(x) + x.mean(dim=1).mean(dim=-1)[:, None, :, None]

    def counts(x):
        state["calls"] += 1
        return honest(x) * state["calls"]

    def remembers(x):
        state.setdefault("first", x.mean())
        return honest(x) + state["first"]

    def shifted(x):  # one frame late: the window begins one frame earlier
        late = torch.cat([x[:, :1], x[:, :-1]], dim=1)
        return honest(late)

    def smoothed(x):
        y = honest(x).permute(0, 2, 3, 1).flatten(1, 2)
        return nn.functional.avg_pool1d(y, 3, 1, 1).unflatten(1, (17, 3)).permute(0, 3, 1, 2)

    def seeded(x):
        return honest(x) + 0.001 * torch.randn(17, 3)

    source = np.random.default_rng()

    def unseeded(x):
        return honest(x) + float(source.normal())

    def in_place(x):
        y = honest(x)
        x.zero_()
        return y

    if kind.startswith("seeded "):
        inner = broken(kind.removeprefix("seeded "))
        return lambda x: inner(x) + 0.001 * torch.randn(17, 3)
    return {
        "honest": honest,
        "batch mean": lambda x: honest(x) - honest(x).mean(dim=0) / 2,
        "first row for all": lambda x: honest(x[:1].expand_as(x)),
        "train mode": network().train(),
        "whole clip": whole_clip,
        "scale by length": lambda x: honest(x) * x.shape[1] / 20,
        "counts": counts,
        "remembers": remembers,
        "shifted": shifted,
        "smoothed": smoothed,
        "seeded": seeded,
        "unseeded": unseeded,
        "in place": in_place,
        "nan": lambda x: honest(x) * float("nan"),
        "constant": lambda x: honest(x * 0),
    }[kind]


def lifter(kind, allow=(), **fields):
    return python_lifter(
        contract(**fields), broken(kind), allowance=Allowance(allow), seed=torch.manual_seed
    )


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("batch mean", "batch", "what else is in the batch.*of the size of a pose"),
        ("first row for all", "batch", "what else is in the batch"),
        ("train mode", "random", "dropout or sampling"),
        ("whole clip", "window", "frames outside of its window of 9"),
        ("shifted", "window", "outside of its window"),
        ("smoothed", "window", "outside of its window"),
        ("scale by length", "length", "depends on the number of frames"),
        ("counts", "random", "asked before.*state between calls"),
        ("seeded", "random", "the same input gives different outputs.*declare samples"),
        ("unseeded", "random", "even with the same seed"),
    ],
)
def test_each_fault_has_a_name(kind, name, said):
    reload = (lambda: None) if kind != "counts" else None
    made = lifter(kind)
    if reload is None:  # as a file that is loaded anew
        cells = made.run.__closure__[0].cell_contents.__closure__
        state = next(c.cell_contents for c in cells if isinstance(c.cell_contents, dict))
        object.__setattr__(made, "reload", lambda: state.update(calls=0))
    with pytest.raises(InputError, match=rf"^tiny: probe '{name}': .*{said}") as caught:
        probe(made)
    assert f"allow '{name}'" in str(caught.value)


@pytest.mark.parametrize("kind", ["honest", "in place", "constant", "remembers"])
def test_what_no_probe_may_refuse(kind):
    """A harness that gives copies need not fear a model that writes into its input."""
    made = lifter(kind)
    probe(made)
    assert made.allowance.failed == ()


def test_a_probe_may_be_allowed_to_fail():
    made = lifter("batch mean", allow=("batch", "window"))
    probe(made)
    assert made.allowance.failed == ("batch",), "the result is marked by what failed"
    with pytest.raises(InputError, match="probe 'window'"):
        probe(lifter("whole clip", allow=("batch",)))
    with pytest.raises(InputError, match=f"no probe 'batsch': expected one of {BEFORE[0]}"):
        Allowance(("batsch",))


def test_numbers_that_are_not_finite_cannot_be_allowed():
    with pytest.raises(InputError, match="NaN or infinity"):
        probe(lifter("nan", allow=BEFORE))


def test_a_lifter_that_declares_samples():
    """It may draw random numbers, if a seed repeats them. It is probed all the same."""
    probe(lifter("seeded", samples=5))
    with pytest.raises(InputError, match="probe 'random': it gives the same with other seeds"):
        probe(lifter("honest", samples=5))
    faults = {"batch mean": "batch", "whole clip": "window", "scale by length": "length"}
    for kind, name in faults.items():
        with pytest.raises(InputError, match=f"probe '{name}'"):
            probe(lifter(f"seeded {kind}", samples=5))
    with pytest.raises(InputError, match="even with the same seed"):
        probe(lifter("unseeded", samples=5))


def test_samples_hide_no_dependence_on_the_size_of_a_batch():
    honest = network()

    def by_size(x):
        return honest(x) + 0.1 * len(x) + 0.001 * torch.randn(len(x), 1, 17, 3)

    made = python_lifter(contract(samples=2), by_size, seed=torch.manual_seed)
    with pytest.raises(InputError, match="probe 'batch'"):
        probe(made)


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        ({"window": "centre"}, (1, 17, 3)),
        ({"window": "block"}, (9, 17, 3)),
        ({"window": "clip", "frames": 243}, (-1, 17, 3)),
        ({"window": "clip", "frames": 1}, (-1, 17, 3)),
        ({"window": "centre", "frames": 1, "input": "b j c", "output": "b j c"}, (17, 3)),
        ({"joints": "h36m17 - neck_nose", "window": "block"}, (9, 16, 3)),
        ({"normalize": {"mean": [500.0] * 34, "std": [100.0] * 34}, "window": "block"}, (9, 17, 3)),
        ({"channels": "xyc", "normalize": "crop", "units": "none", "window": "block"}, (9, 17, 3)),
    ],
)
def test_honest_lifters_of_other_conventions_pass(fields, shape):
    def honest(x):
        frames = x.shape[1] if shape[0] == -1 else shape[0]
        mean = x.flatten(1).mean(dim=1)
        return mean.view(-1, *[1] * len(shape)).expand(len(x), *(frames, *shape[1:]))

    probe(python_lifter(contract(**fields), honest))


def test_shapes_are_told_in_the_models_own_order():
    declared = contract(input="b c t j", output="0: b c t j 0", window="block")
    with pytest.raises(
        InputError, match=r"expected \(3, 3, 9, 17, any\) for an input of shape \(3, 2, 9, 17\)"
    ):
        probe(python_lifter(declared, lambda _: (torch.zeros(3, 3, 9, 16, 1),)))
    probe(python_lifter(declared, lambda x: (torch.zeros(len(x), 3, 9, 17, 1), None)))


def test_joints_that_were_declared_wrong():
    def same(x):
        return nn.functional.pad(x, (0, 1))

    probe(python_lifter(contract(frames=1, joints="humaneva15"), same))
    for declared, shapes in (
        (contract(frames=1, keypoints="humaneva15"), r"\(3, 9, 15, 3\), expected \(3, 9, 17, 3\)"),
        (
            contract(frames=1, joints="humaneva15", keypoints="coco17"),
            r"\(3, 9, 17, 3\), expected \(3, 9, 15, 3\)",
        ),
    ):
        with pytest.raises(InputError, match=shapes):
            probe(python_lifter(declared, same))


@pytest.mark.parametrize("scale", [1e25, 1e-30])
def test_the_unit_of_poses_hides_no_fault(scale):
    """Squares of such numbers are infinity or 0 in float32, and then all poses are alike."""

    def scaled(kind):
        poses = broken(kind)
        return python_lifter(contract(units="none"), lambda x: scale * poses(x))

    probe(scaled("honest"))
    with pytest.raises(InputError, match="probe 'batch'"):
        probe(scaled("batch mean"))


def test_a_huge_hypothesis_hides_no_fault():
    declared = contract(output="0: b t j c", hypotheses="1: b h t j c")

    def beside(poses):
        return lambda x: (poses(x), torch.stack([1e12 * network()(x), poses(x)], dim=1))

    probe(python_lifter(declared, beside(broken("honest"))))
    with pytest.raises(InputError, match="probe 'batch'"):
        probe(python_lifter(declared, beside(broken("batch mean"))))
    with pytest.raises(InputError, match="probe 'batch'"):  # of a hypothesis alone
        probe(python_lifter(declared, lambda x: (network()(x), beside(broken("batch mean"))(x)[1])))
