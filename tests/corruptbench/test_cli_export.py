"""`corruptbench export`: from an author's code and checkpoint to a file of the same poses."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.lifters.archive import inspect
from corruptbench.lifters.author_code import Author
from corruptbench.lifters.export import export
from corruptbench.lifters.lifter import Lifter, open_lifter
from corruptbench.lifters.network import open_network
from corruptbench.lifters.probes import made_up
from tests.corruptbench.conftest import contract

#: A repository: its network lies in a package beside the file that is named.
NETWORK = """
import torch
from torch import nn
from torch import nn


class Net(nn.Module):
    def __init__(self, frames=3):
        super().__init__()
        self.filter = nn.Conv1d(34, 51, frames)
        self.norm = nn.BatchNorm1d(51)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        b, t = x.shape[:2]
        y = self.norm(self.filter(x.reshape(b, t, 34).permute(0, 2, 1)))
        return self.drop(y).permute(0, 2, 1).reshape(b, -1, 17, 3)


class Pair(Net):
    def forward(self, x):  # (B, C, T, J, 1), the order of P-STMO
        y = super().forward(x[..., 0].permute(0, 2, 3, 1)).permute(0, 3, 1, 2)[..., None]
        return y[:, :, :1], y.flip(-1)


class Branch(Net):
    def forward(self, x):
        return super().forward(x) if x.mean() > 1000 else -super().forward(x)


class Noisy(Net):
    def forward(self, x):
        return super().forward(x) + 0.1 * torch.randn(x.shape[0], 1, 17, 3) * int(x[0, 0, 0, 0] < 9)


class Length(Net):
    def forward(self, x):
        return super().forward(x) * float(x.mean() < 1000) * len(x)


class TwoInputs(Net):
    def forward(self, x, x_flipped):
        return super().forward(x)


class Several(Net):
    def forward(self, x):
        return super().forward(x), None


class Sixteen(Net):
    def forward(self, x):
        return super().forward(x)[:, :, :16]


class Bug(Net):
    def forward(self, x):
        return super().forward(x) + torch.zeros(7)


class Unsaved(Net):
    def __init__(self):
        super().__init__()
        self.scales = [nn.Parameter(torch.ones(1))]
        self.known = [self.filter]
"""
CODE = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--frames", type=int, default=3)
options = parser.parse_args()

import torch
from torch import nn
from author_package import networks
from corruptbench.lifters.ca_input import CAInput


class Wrapper(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.network = networks.Net(options.frames)

    def forward(self, x):
        return self.network(x)


def build():
    return Wrapper()


def named(name):
    return getattr(networks, name)()


def itself():
    network = networks.Net()
    network.load_state_dict(torch.load("best.bin")["model_pos"])
    return network


def loosely():
    network = networks.Net()
    network.load_state_dict(torch.load("best.bin")["model_pos"], strict=False)
    return network


def nan():
    network = networks.Net()
    torch.nn.init.constant_(network.norm.weight, float("nan"))
    return network


def gpu():
    return torch.zeros(1, device="cuda")


def behind():
    return torch.nn.Sequential(CAInput(1, padded=True), torch.nn.Linear(3, 3))


def ends():
    raise SystemExit(3)
"""
CONTRACT = 'name = "mine"\nwindow = "sequence"\nframes = 3\n'


def line(source: str, name: str, after: int) -> str:
    """The number of a line so many after that of a class."""
    lines = source.splitlines()
    return f"line {1 + after + next(i for i, s in enumerate(lines) if f'class {name}(' in s)}"


def forget() -> None:
    """Let Python import the package anew: each test has a folder of its own."""
    for name in [n for n in sys.modules if n.startswith("author_package")]:
        del sys.modules[name]


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Iterator[Path]:
    """A folder with code, a checkpoint and a contract; the tests start in it."""
    (tmp_path / "author_package").mkdir()
    (tmp_path / "author_package/networks.py").write_text(NETWORK)
    classes = re.findall(r"^class (\w+)", NETWORK, re.MULTILINE)
    makers = "".join(f"\n\ndef {n.lower()}():\n    return networks.{n}()\n" for n in classes)
    (tmp_path / "model.py").write_text(CODE + makers)
    (tmp_path / "my.toml").write_text(CONTRACT)
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(3)
    network = Author("model.py:net").build()
    state = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save({"epoch": 1, "model_pos": state}, tmp_path / "best.bin")
    forget()
    yield tmp_path
    forget()


def words(function: str, *more: str, contract: str = "my.toml", out: str = "my.pt2") -> list[str]:
    return ["export", f"model.py:{function}", "--contract", contract, "--out", out, *more]


def test_a_checkpoint_becomes_a_lifter(repository, cli):
    done = cli(*words("build", "--weights", "best.bin"))
    assert done.code == 0, done.err
    assert "weights: 'model_pos' of best.bin, prefix module. removed, 7 of 7 tensors" in done.out
    assert "model: my.pt2" in done.out
    network = Author("model.py:net").build().eval()
    state = torch.load(repository / "best.bin")["model_pos"]
    network.load_state_dict({n.removeprefix("module."): t for n, t in state.items()})
    lifter = open_lifter(repository / "my.pt2", "cpu")
    assert lifter.contract.name == "mine"
    x = np.random.default_rng(1).normal(size=(3, 20, 17, 2)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(x)).numpy()
    assert np.allclose(lifter(x), expected, atol=1e-6)
    lifter.close()


def test_a_pair_in_another_order_and_a_trial(repository, cli):
    lines = CONTRACT.replace("sequence", "centre")
    (repository / "pair.toml").write_text(lines + 'input = "b c t j 0"\noutput = "0: b c t j 0"\n')
    done = cli(*words("pair", "--random", contract="pair.toml", out="pair.pt"))
    assert done.code == 0, done.err
    assert "weights: as they are built (--random)" in done.out
    assert "contract: mine-random, window centre, 3 frames" in done.out
    assert "(2, 2, 3, 17, 1) and (5, 2, 3, 17, 1)" in done.out


def test_what_torch_export_cannot_follow_is_traced(repository, cli):
    (repository / "noisy.toml").write_text(CONTRACT + "samples = 2\n")
    done = cli(*words("noisy", "--random", contract="noisy.toml"))
    assert done.code == 0, done.err
    assert "traced, because torch.export cannot follow the network: " in done.out
    assert f"networks.py, {line(NETWORK, 'Noisy', 2)}, in forward: " in done.out
    assert "GuardOnDataDependent" in done.out
    assert "model: my.pt\n" in done.out
    assert not (repository / "my.pt2").exists()
    shutil.copy(repository / "best.bin", repository / "taken.pt")
    before = (repository / "taken.pt").read_bytes()
    done = cli(*words("noisy", "--random", contract="noisy.toml", out="taken.pt2"))
    assert done.code == 2
    assert "taken.pt: exists" in done.err
    assert (repository / "taken.pt").read_bytes() == before


def test_a_trace_that_gives_other_poses_is_refused(repository, cli):
    done = cli(*words("length", "--random"))
    assert done.code == 2
    assert "the exported file gives other poses than the network" in done.err
    assert "it was traced, because torch.export cannot follow the network" in done.err
    assert not list(repository.glob("my.pt*"))


REFUSED = {
    "named": "model.py:named needs name; expected a function that can be called without arguments",
    "bild": "no function 'bild'; did you mean build?",
    "gpu": 'in gpu: return torch.zeros(1, device="cuda"): ',
    "ends": "it ends the program",
    "twoinputs": "forward of TwoInputs takes x, x_flipped, expected one argument",
    "bug": "in forward: return super().forward(x) + torch.zeros(7): RuntimeError: ",
    "several": "the network returns a tuple, expected a tensor; correct the contract's output",
    "nan": "the network gives NaN or infinity on finite input; are its weights finite?",
    "sixteen": "output shape (2, 9, 16, 3), expected (2, 9, 17, 3)",
}


@pytest.mark.parametrize("function", REFUSED)
def test_what_is_refused_before_the_export(function, repository, cli):
    done = cli(*words(function, "--random"))
    assert done.code == 2
    assert REFUSED[function] in done.err
    if function == "bug":
        assert f"networks.py, {line(NETWORK, 'Bug', 2)}, in forward" in done.err
        assert "correct it (by its contract, the input has the shape (2, 11, 17, 2))\n" in done.err
    if function == "gpu":
        assert "it asks for a GPU: a lifter is exported on the CPU" in done.err
    assert "Traceback" not in done.err
    assert not (repository / "my.pt2").exists()


def test_a_lifter_that_reads_scores_behind_an_input_that_gives_none(repository, cli):
    """As MotionBERT does, whose first layer is a Linear of x, y and score."""
    (repository / "xyc.toml").write_text(CONTRACT + 'channels = "xyc"\n')
    said = "; a CAInput gives x and y: put a lifter that reads scores itself behind WithScores("
    done = cli(*words("behind", "--random", contract="xyc.toml"))
    assert done.code == 2
    assert "the input has the shape (2, 11, 17, 3))" + said in done.err
    assert "Traceback" not in done.err
    assert said not in cli(*words("bug", "--random")).err


@pytest.mark.usefixtures("repository")
def test_weights_are_never_left_at_random_without_a_word(cli):
    done = cli(*words("build"))
    assert done.code == 2
    assert "model.py:build leaves 2 of 7 tensors at random; give --weights CHECKPOINT" in done.err
    done = cli(*words("loosely"))
    assert "model.py:loosely leaves 2 of 7 tensors at random" in done.err
    done = cli(*words("build", "--random", "--weights", "best.bin"))
    assert "--weights and --random: expected one of them" in done.err


@pytest.mark.usefixtures("repository")
def test_weights_that_the_function_loads(cli):
    content = torch.load("best.bin")["model_pos"]
    torch.save(
        {"model_pos": {n.removeprefix("module."): t for n, t in content.items()}}, "best.bin"
    )
    done = cli(*words("itself", out="my.pt"))
    assert done.code == 0, done.err
    assert "weights: those that itself loads" in done.out


@pytest.mark.usefixtures("repository")
def test_weights_that_no_checkpoint_holds(cli):
    done = cli(*words("unsaved", "--weights", "best.bin", out="my.pt"))
    assert "warning: scales is in a plain list or dictionary" in done.out
    assert "known" not in done.out


def test_code_that_is_no_code(repository, cli):
    (repository / "broken.py").write_text("def build():\n    return (\n")
    (repository / "lacks.py").write_text("import einops_of_nobody\n")
    for code, said in (
        ("lacks.py:build", "'einops_of_nobody'; install it here, or put it into the folder of lac"),
        ("broken.py:build", "broken.py, line 2: SyntaxError: "),
        ("nothing.py:build", "nothing.py: no such file"),
        ("model.py", "'model.py': expected FILE.py:FUNCTION, such as model.py:build"),
    ):
        done = cli("export", code, "--random", "--contract", "my.toml")
        assert done.code == 2
        assert said in done.err


@pytest.mark.usefixtures("repository")
def test_a_source_is_not_written_over(cli):
    shutil.copy("best.bin", "best.pt")
    done = cli(*words("build", "--weights", "best.pt", out="best.pt"))
    assert done.code == 2
    assert "best.pt: the same file as the source" in done.err


def test_the_former_command_of_this_name_is_named(cli):
    done = cli("export", "--format", "videopose3d", "--cell", "clean", "--out", "x")
    assert done.code == 2
    assert "corruptbench convert, with the options that export had before" in done.err


class Places(nn.Module):
    """A transformer's position codes: clips of at most 9 frames."""

    def __init__(self) -> None:
        super().__init__()
        self.codes = nn.Parameter(torch.randn(1, 9, 1, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.pad(x, (0, 1)) + self.codes[:, : x.shape[1]]


class Flat(nn.Module):
    """Each frame by itself, joints and channels in one axis."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(32, 48)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


class Hypotheses(nn.Module):
    """A dictionary with its own pose, and three hypotheses with an axis of joints first."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        y = nn.functional.pad(x, (0, 1))
        return {"pose": y, "all": torch.stack([y, 2 * y, 3 * y]).permute(3, 0, 1, 2, 4)}


SIXTEEN = {"keypoints": "h36m17 - neck_nose", "joints": "h36m17 - hip"}
FORMS = {
    "clip": (Places(), {"window": "clip"}, ((3, 5), (2, 9), (1, 4))),
    "flat": (Flat(), {**SIXTEEN, "window": "centre", "frames": 1, "input": "b (j c)",
                      "output": "b (j c)"}, ((3, 1), (5, 1))),
    "flat frames": (Flat(), {**SIXTEEN, "frames": 1, "input": "b t (j c)",
                             "output": "b t (j c)"}, ((3, 4), (5, 9))),
    "hypotheses": (Hypotheses(), {"window": "block", "output": "pose: b t j c",
                                  "hypotheses": "all: j h b t c"}, ((1, 9), (2, 9), (5, 9))),
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".pt2", ".pt"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_network(form, suffix, tmp_path):
    network, changes, shapes = FORMS[form]
    declared, path = contract(**changes), tmp_path / f"m{suffix}"
    export(network, declared, path)
    with path.open("rb") as stream:
        there = open_network(stream, inspect(path, trust=False).kind, "cpu", 1)

    def here(batch, select):
        returned = network(torch.from_numpy(batch))
        return [(returned if s is None else returned[s]).detach().numpy() for s in select]

    lifters = [Lifter(declared, run, "cpu", "", 0, 0) for run in (there, here)]
    for batch, frames in shapes:
        given = made_up(declared, batch, frames)
        a, b = (lifter.outputs(given) for lifter in lifters)
        assert np.allclose(a, b, atol=1e-6)
        assert a.shape[:2] == (batch, 4 if form == "hypotheses" else 1)
