"""A model runs in a process of its own, with limits, and whatever it does is one sentence."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from corruptbench.errors import InputError
from corruptbench.evaluation.live import LivePoses
from corruptbench.evaluation.run import evaluated
from corruptbench.lifters.archive import inspect
from corruptbench.lifters.export import export
from corruptbench.lifters.lifter import load_lifter, open_lifter
from corruptbench.lifters.process import RunLimits
from corruptbench.sandbox import Child, Limits, confinement
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.fixtures import model_files
from tests.fixtures.lifters import Lift, script

pytestmark = pytest.mark.usefixtures("own_model_process")

ROOT = Path(__file__).parents[2]


class Odd(torch.nn.Module):
    """Works on the probes, whose keypoints are within a picture; then it does something else."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.nn.functional.pad(x, [0, 1])
        if bool(x.abs().max() > 5):
            if self.what == "loop":
                while bool(x.abs().max() > 5):
                    y = y + 1
            if self.what == "memory":
                y = y + torch.zeros([4, 1000, 1000, 1000]).sum()
            if self.what == "fail":
                y = y.reshape([7, 7])
        if self.what == "print":
            print("lifting")
        return y


def odd(tmp_path, what):
    import warnings

    path = tmp_path / "m.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(Odd(what).eval())
        extra = {"corruptbench.json": contract(frames=1).model_dump_json()}
        torch.jit.save(scripted, str(path), _extra_files=extra)
    return path


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("loop", r"stopped at the limit of 6 s \(6 s for a batch and 2 GB are allowed\)"),
        ("memory", "memory"),
        ("fail", r"fails on an input of shape \(\d+, \d+, 17, 2\)"),
    ],
)
def test_what_goes_wrong_names_cell_and_clip(tmp_path, drawn_shards, what, said):
    lifter = load_lifter(odd(tmp_path, what), "cpu", RunLimits(seconds=6, memory=2, threads=1))
    with pytest.raises(InputError, match=rf"^(clean|erase \d): A\d/s\w+_1\.cam\d.*tiny: .*{said}"):
        evaluated(LivePoses(lifter), drawn_shards, "again", shown=False)


@pytest.mark.parametrize("value", [float("nan"), 0, -1, 1e300, float("inf")])
@pytest.mark.parametrize("name", ["seconds", "memory"])
def test_limits_that_are_none(name, value):
    with pytest.raises(InputError, match=r"_limit: found .*, expected more than 0 and at most"):
        RunLimits(**{name: value})


def test_a_limit_of_memory_is_that_of_the_model(tmp_path):
    """What torch itself needs does not count."""
    path = script(tmp_path / "m.pt", Lift(), contract(frames=1))
    assert load_lifter(path, "cpu", RunLimits(memory=0.5, threads=1)).parameters == 1


def test_a_model_in_shared_memory():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = script(Path(folder) / "m.pt", Lift(), contract(frames=1))
        assert load_lifter(path, "cpu").is_confined in (True, False)


def test_a_killed_process_is_said_and_started_anew(tmp_path):
    lifter = load_lifter(script(tmp_path / "m.pt", Lift(), contract(frames=1)), "cpu")
    x = np.zeros((2, 3, 17, 2), dtype=np.float32)
    before = lifter(x)
    process = lifter.run.__self__
    os.kill(process._child._running.process.pid, signal.SIGSTOP)
    os.kill(process._child._running.process.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert np.array_equal(lifter(x), before), "between two calls nobody needs to know"


def test_a_pass_that_ends_the_process_costs_no_other_its_poses(tmp_path):
    """The other one is asked again of a process that has loaded the model."""
    lifter = load_lifter(odd(tmp_path, "loop"), "cpu", RunLimits(seconds=2))
    x = np.zeros((2, 3, 17, 2), dtype=np.float32)
    with ThreadPoolExecutor(2) as pool:
        loops = pool.submit(lifter, x + 10)
        time.sleep(0.5)
        assert np.array_equal(pool.submit(lifter, x).result(60), np.zeros((2, 3, 17, 3)))
        assert "limit of 2 s" in str(loops.exception(60))


def test_threads_change_nothing_but_rounding(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "m.pt"
    export(VideoPose3D(17, 2, widths=(3, 3), features=64), contract(), path)
    x = np.random.default_rng(0).normal(0, 0.3, (8, 60, 17, 2)).astype(np.float32)
    one, two = (load_lifter(path, "cpu", RunLimits(threads=n))(x) for n in (1, 2))
    assert np.allclose(one, two, atol=1e-5)


def test_what_a_model_prints_goes_to_a_log(tmp_path, capfd):
    log = tmp_path / "out/m.log"
    lifter = load_lifter(odd(tmp_path, "print"), "cpu", log=log)
    lifter(np.zeros((2, 3, 17, 2), dtype=np.float32))
    lifter.close()
    assert capfd.readouterr() == ("", "")
    assert "lifting" in log.read_text()


def test_a_model_that_leaks_has_one_limit_for_all_its_batches():
    child = Child("the model's process", {}, confined=True)
    child.ask("corruptbench.lifters.serving:prepare", [], Limits(float("inf"), 100))
    answers = [
        child.ask("tests.fixtures.sandboxed:keep", [2**28], Limits(memory=2**30)) for _ in range(6)
    ]
    child.stop()
    kinds = [kind for kind, _ in answers]
    assert kinds[0] == "value"
    assert "limit" in kinds


@pytest.fixture(scope="module")
def confined():
    child = Child("the model's process", {}, confined=True)
    if not child.ask("corruptbench.sandbox.confinement:is_confined", [], Limits())[1]:
        pytest.skip("this system does not permit namespaces")
    yield child
    child.stop()


def test_a_confined_process_cannot_write_files(confined, tmp_path):
    (tmp_path / "there").write_text("as it was")
    for path in (tmp_path / "new", tmp_path / "there", Path.home() / "corruptbench-test"):
        kind, found = confined.ask("tests.fixtures.sandboxed:write", [str(path)], Limits())
        assert (kind, "Read-only file system" in found) == ("error", True)
    assert (tmp_path / "there").read_text() == "as it was"
    assert not (tmp_path / "new").exists()
    assert confined.ask("tests.fixtures.sandboxed:scratch", [], Limits()) == ("value", True)


def test_a_confined_process_names_its_threads(confined):
    """CUDA does that, and does not start where it cannot."""
    assert confined.ask("tests.fixtures.sandboxed:name_thread", ["one"], Limits()) == (
        "value",
        "one",
    )
    for path in ("/proc/sys/kernel/printk", f"/proc/{os.getpid()}/comm", "/proc/self/root/new"):
        kind, _ = confined.ask("tests.fixtures.sandboxed:write", [path], Limits())
        assert kind == "error"


def test_what_a_confined_process_shares_in_memory_is_its_own(confined):
    shared = Path("/dev/shm/corruptbench-test")
    shared.write_text("as it was")
    try:
        kind, _ = confined.ask("tests.fixtures.sandboxed:write", [str(shared)], Limits())
        there = confined.ask("tests.fixtures.sandboxed:content", [str(shared)], Limits())
        assert shared.read_text() == "as it was"
        if kind == "value":  # some systems have no overlays for this
            assert there == ("value", "x")
    finally:
        shared.unlink()


def test_a_confined_process_has_no_network(confined):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        kind, found = confined.ask("tests.fixtures.sandboxed:connect", [port], Limits())
    assert kind == "error"
    assert "unreachable" in found


def test_a_confined_process_cannot_undo_it(confined):
    kind, found = confined.ask("tests.fixtures.sandboxed:remount", [], Limits())
    assert (kind, found) == ("value", -1)


@pytest.mark.parametrize("error", [PermissionError(1, "no"), AttributeError("unshare")])
def test_a_system_that_does_not_permit_it(monkeypatch, error):
    """As some containers, and C libraries without these calls; here in this process."""

    def refuse(_, __):
        raise error

    monkeypatch.setattr(confinement, "_confine", refuse)
    monkeypatch.setattr(confinement, "_limit_files", lambda: None)
    confinement.confine("")
    assert not confinement.is_confined()


LOOPING = """
import sys
from pathlib import Path
from corruptbench.lifters.lifter import load_lifter
from corruptbench.lifters.process import RunLimits
import numpy as np
lifter = load_lifter(Path(sys.argv[1]), "cpu", RunLimits(threads=1))
print(lifter.run.__self__._child._running.process.pid, flush=True)
lifter(np.full((2, 3, 17, 2), 9, dtype=np.float32))
"""


def test_ctrl_c_ends_a_model_that_loops(tmp_path):
    path = odd(tmp_path, "loop")
    parent = subprocess.Popen(
        [sys.executable, "-c", LOOPING, str(path)], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True, text=True,
    )  # fmt: skip
    child = int(parent.stdout.readline())
    time.sleep(0.5)
    os.killpg(parent.pid, signal.SIGINT)
    _, said = parent.communicate(timeout=30)
    assert said.rstrip().endswith("KeyboardInterrupt")
    for _ in range(100):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the model's process still runs")


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_a_file_that_changes_after_it_was_inspected_is_refused(tmp_path, monkeypatch, suffix):
    path, other = tmp_path / f"m{suffix}", tmp_path / f"other{suffix}"
    for target, what in ((other, "fail"), (path, "print")):
        if suffix == ".onnx":
            model_files.export_onnx(target, batch=what)
        else:
            odd(tmp_path, what).replace(target)
    declared = contract(frames=1)

    def changed(path, trust):
        found = inspect(path, trust)
        other.replace(path)
        return found

    monkeypatch.setattr("corruptbench.lifters.lifter.inspect", changed)
    with pytest.raises(InputError, match=f"m{suffix}: the file changed after it was inspected"):
        open_lifter(path, "cpu", contract=declared)


def test_a_file_that_changes_before_it_is_loaded_again_is_refused(tmp_path):
    lifter = open_lifter(odd(tmp_path, "print"), "cpu")
    odd(tmp_path, "fail")
    with pytest.raises(InputError, match=r"m\.pt: the file changed after it was inspected"):
        lifter.reload()
    lifter.close()
    with pytest.raises(InputError, match=r"m\.pt: the file changed after it was inspected"):
        lifter(np.zeros((2, 1, 17, 2), np.float32))
    lifter.close()
