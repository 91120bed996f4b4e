"""What is said where a GPU is asked for and there is none: one line with the remedy."""

from __future__ import annotations

import pytest
import torch

from corruptbench.detectors import DetectorError
from corruptbench.detectors.runtimes import on_device
from corruptbench.errors import InputError
from corruptbench.lifters.torch_network import usable_device

WAYS = {None: "a build without CUDA: install one with it", "12.8": "built for CUDA 12.8"}


@pytest.mark.parametrize("cuda", WAYS)
def test_the_remedy_depends_on_the_build_of_torch(cuda, monkeypatch):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    monkeypatch.setattr(torch.version, "cuda", cuda)
    with pytest.raises(DetectorError, match=rf"finds no CUDA device; .*{WAYS[cuda]}.*'cpu'$"):
        on_device(torch.nn.Linear(1, 1), "cuda")
    with pytest.raises(InputError, match=rf"device 'cuda': .*{WAYS[cuda]}.*, or use 'cpu'$"):
        usable_device("cuda")
