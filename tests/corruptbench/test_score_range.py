"""Confidences that a network would misread are refused, where nobody has to wait for that."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.lifters import ca_conv, ca_input
from corruptbench.lifters.ca_conv import CAConv1d, ConfidenceAware, attention_bias
from corruptbench.lifters.ca_input import CAInput
from corruptbench.lifters.filters.learned_confidence import smoothed
from corruptbench.training.videopose3d import VideoPose3D

INPUT = CAInput(1, padded=True)
CONV = CAConv1d(4, 4, 3)
LIFTER = ConfidenceAware(VideoPose3D(joints=17, channels=2).eval())
NETWORKS = {
    "input": lambda scores: INPUT(_with(scores)),
    "convolution": lambda scores: CONV(torch.rand(2, 4, 40), scores[..., 0][:, None]),
    "lifter": lambda scores: LIFTER(_with(scores)),
    "attention": lambda scores: attention_bias(scores.mean(dim=2)),
}


def _with(scores):
    return torch.cat([torch.rand(2, 40, 17, 2), scores[..., None]], dim=-1)


@pytest.fixture
def scores():
    return torch.rand(2, 40, 17)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("spoil", [lambda s: 8 * s - 4, lambda s: s.log() * 0 + torch.nan])
def test_logits_and_gaps_are_refused(network, spoil, scores):
    with pytest.raises(InputError, match=r"expected .*0.*sigmoid"):
        NETWORKS[network](spoil(scores))


def test_percent_is_refused_where_the_unit_matters(scores):
    with pytest.raises(InputError, match=r"found scores of .* expected 0 to 1; divide percent"):
        NETWORKS["input"](100 * scores)
    for name in ("convolution", "lifter", "attention"):
        NETWORKS[name](100 * scores)  # only ratios matter


def test_the_filter_refuses_percent():
    draw = np.random.default_rng(0)
    with pytest.raises(InputError, match="divide percent by 100"):
        smoothed(draw.random((30, 17, 2)), 100 * draw.random((30, 17)), 50)


@pytest.mark.parametrize("network", NETWORKS)
def test_sound_scores_are_taken(network, scores):
    for given in (scores, scores * 0, scores * 0 + 1, 1.1 * scores - 0.05):
        assert NETWORKS[network](given) is not None


class Module(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x)


@pytest.mark.filterwarnings("ignore")  # of the trace, which is deprecated
@pytest.mark.parametrize("network", [INPUT, LIFTER], ids=["input", "lifter"])
def test_an_exported_network_does_not_look(network, scores):
    x = _with(scores)
    for made in (
        torch.export.export(Module(network).eval(), (x,)).module(),
        torch.jit.trace(Module(network).eval(), x, check_trace=False),
    ):
        assert made(_with(100 * scores)).isfinite().all()


@pytest.mark.parametrize("network", [INPUT, CAInput(1), LIFTER])
def test_a_look_leaves_nothing_in_an_exported_graph(network, scores, monkeypatch):
    """Files have the bytes of a network that does not look at all."""

    def graph():
        return str(torch.export.export(Module(network).eval(), (_with(scores),)).graph)

    found = graph()
    monkeypatch.setattr(ca_input, "check_scores", lambda _: None)
    monkeypatch.setattr(ca_conv, "check_confidences", lambda _: None)
    monkeypatch.setattr(CAInput, "_check", lambda *_: None)
    assert found == graph()


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_under_vmap_does_not_look(network, scores):
    found = torch.vmap(NETWORKS[network], randomness="different")(torch.stack([scores, scores]))
    assert len(found[0] if isinstance(found, tuple) else found) == 2
