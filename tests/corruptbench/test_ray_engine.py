"""Builds on a real Ray cluster of two nodes; `make test-ray` runs them."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from corruptbench.builder import ray_crew
from corruptbench.builder.failures import Failure
from corruptbench.builder.ray_cluster import connected, load_ray, options
from corruptbench.errors import InputError
from tests.corruptbench.conftest import build_arguments
from tests.corruptbench.test_parts import files, whole  # noqa: F401
from tests.fixtures import ray_builders
from tests.fixtures.ray_builders import outcomes

if find_spec("ray") is None:
    pytest.skip("needs Ray: make test-ray", allow_module_level=True)
ray = load_ray()  # before anything else imports it: then it keeps its lines to itself

#: What each node of the cluster has; two GPUs that there are not are enough to divide them.
NODE = {"num_cpus": 1, "num_gpus": 2, "object_store_memory": 80_000_000}
FEW = ("--severity", "1", "--corruption", "erase")


@pytest.fixture(autouse=True, scope="module")
def _no_token():
    """Ray writes no token into the user's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.delenv("RAY_ADDRESS", raising=False)
        yield


@pytest.mark.detector
def test_a_cluster_is_started_where_none_runs(mini, mini_manifest, whole, tmp_path):  # noqa: F811
    """In a process of its own; it comes before `cluster`, which it would find."""
    words = build_arguments(mini, mini_manifest, tmp_path, *FEW, "--engine", "ray")
    done = subprocess.run(
        [sys.executable, "-m", "corruptbench", *words], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    engine, *others = done.stderr.splitlines()
    assert engine.startswith("engine: a Ray cluster started on this machine, as none was found")
    assert len(others) <= 5, "Ray's own lines are not shown"
    assert len(done.stdout.splitlines()) == 1
    assert files(tmp_path) == files(whole)


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        made = Cluster(initialize_head=True, head_node_args=NODE)
        patch.setenv("RAY_ADDRESS", made.address)
        yield made
        made.shutdown()


@pytest.fixture
def second(cluster):
    """A second node of the cluster, which a test may kill."""
    node = cluster.add_node(**NODE)
    yield node
    if node in cluster.list_all_nodes():
        cluster.remove_node(node)


@pytest.mark.detector
def test_a_node_that_dies_costs_nothing(
    mini, mini_manifest, mini_shards, tmp_path, cluster, second, cli
):
    """It is killed when one of six clips is built; the bytes are those of processes."""
    left = []

    def kill():
        while not (built := list(tmp_path.rglob("*.parquet"))):
            time.sleep(0.02)
        cluster.remove_node(second, allow_graceful=False)
        left.append(6 - len(built))

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    words = build_arguments(mini, mini_manifest, tmp_path, "--severity", "1,3", "--engine", "ray")
    done = cli(*words)
    killer.join(60)
    assert done.code == 0, done.err
    assert left
    assert left[0] > 1
    assert f"engine: the Ray cluster at {cluster.address} (2 nodes, 2 processors" in done.err
    assert "6 to build (270 crops), 2 workers" in done.err
    assert "build: 270/270 crops" in done.err, "none is counted twice"
    assert done.err.rstrip().endswith("(6 clips)")
    assert len(done.out.splitlines()) == 1, "Ray's own lines are not shown"
    assert files(tmp_path) == files(mini_shards)


@pytest.mark.detector
@pytest.mark.usefixtures("second")
def test_an_interrupt_leaves_no_actor(mini, mini_manifest, whole, tmp_path, cli):  # noqa: F811
    words = build_arguments(mini, mini_manifest, tmp_path, *FEW, "--engine", "ray")
    process = subprocess.Popen(
        [sys.executable, "-m", "corruptbench", *words], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("*.parquet")) and time.monotonic() < deadline:
        assert process.poll() is None, "the build ended before it could be interrupted"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "interrupted; the same command resumes" in said
    assert not actors()
    assert not list(tmp_path.rglob(".*.lock"))
    again = cli(*words)
    assert again.code == 0
    assert "6 to build" not in again.err
    assert files(tmp_path) == files(whole)


def actors(name="Builder"):
    """Process ids of the actors on this machine."""
    found = Path("/proc").glob("[0-9]*/cmdline")
    return [p.parent.name for p in found if p.read_bytes().startswith(f"ray::{name}".encode())]


@pytest.mark.usefixtures("second")
def test_a_clip_whose_actor_dies_is_tried_once_more(tmp_path, monkeypatch):
    ticks = []
    found = outcomes(tmp_path, ray_builders.Dies, monkeypatch, ticks)
    tries = sorted(tmp_path.glob("walk*"))
    assert [p.name for p in tries] == ["walk_0.0", "walk_1.0", "walk_1.1", "walk_2.0", "walk_2.1"]
    assert len({p.read_text() for p in tries if "walk_1" in p.name}) == 2, "by another actor"
    assert found["walk_0"] is found["walk_2"] is None
    assert found["walk_1"].clip == "mini/A1/walk_1.cam1"
    assert found["walk_1"].cause == "the Ray actor on node n1 ended: its worker process has died"
    assert sum(ticks) == 10, "crops of an actor that died do not count"
    assert not list((tmp_path / "out").rglob("*.part"))


@pytest.mark.usefixtures("second")
def test_an_actor_that_never_returns_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_crew, "SILENCE", 6)
    ticks = []
    with pytest.warns(UserWarning, match="the clip is tried again") as said:
        found = outcomes(tmp_path, ray_builders.Hangs, monkeypatch, ticks)
    tries = sorted(p.name for p in tmp_path.glob("walk*"))
    assert tries == ["walk_0.0", "walk_1.0", "walk_1.1", "walk_2.0", "walk_2.1"]
    assert found["walk_0"] is found["walk_2"] is None
    cause = "the Ray actor on node n1 was ended: it finished no batch for 0.1 min"
    assert found["walk_1"] == Failure("mini/A1/walk_1.cam1", cause)
    assert sorted(str(line.message) for line in said) == [
        f"mini/A1/walk_{i}.cam1: {cause}; the clip is tried again" for i in (1, 2)
    ]
    assert sum(ticks) == 10, "crops of an actor that was ended do not count"
    assert not actors("Hangs")


@pytest.mark.usefixtures("second")
def test_actors_that_never_get_ready_are_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_crew, "SILENCE", 6)
    ended = "the Ray actor was ended: it was not ready after 0.1 min; "
    with (
        pytest.warns(UserWarning, match=f"{ended}the others go on"),
        pytest.raises(InputError, match=f"{ended}run the same command again"),
    ):
        outcomes(tmp_path, ray_builders.NeverReady, monkeypatch)
    assert not actors("NeverReady")


@pytest.mark.usefixtures("cluster")
def test_an_actor_that_works_is_not_ended_however_long_its_clip(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_crew, "SILENCE", 6)
    found = outcomes(tmp_path, ray_builders.Slow, monkeypatch)
    assert set(found.values()) == {None}
    assert len(list(tmp_path.glob("walk*"))) == 3, "each clip is tried once"


@pytest.mark.usefixtures("cluster")
def test_an_interrupt_ends_actors_that_never_return(tmp_path):
    build = f"from tests.fixtures import ray_builders as b; b.hang({str(tmp_path)!r})"
    process = subprocess.Popen([sys.executable, "-c", build], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "walk_1.0").exists() and time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it could be interrupted"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert not actors("Hangs")


@pytest.mark.usefixtures("cluster")
def test_the_others_are_built(tmp_path, monkeypatch):
    found = outcomes(tmp_path, ray_builders.Fails, monkeypatch)
    assert found == {"walk_0": None, "walk_1": Failure("walk_1", "bad"), "walk_2": None}


@pytest.mark.usefixtures("cluster")
def test_a_full_disk_ends_the_build(tmp_path, monkeypatch):
    with pytest.raises(OSError, match="No space left") as caught:
        outcomes(tmp_path, ray_builders.FindsTheDiskFull, monkeypatch)
    assert caught.value.errno == errno.ENOSPC


def test_a_node_without_the_package_is_named(tmp_path, monkeypatch, cluster):
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import sys; sys.modules['corruptbench'] = None")
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    node = cluster.add_node(**NODE, env_vars={"PYTHONPATH": path})
    try:
        with pytest.raises(InputError) as caught:
            outcomes(tmp_path, ray_builders.Waits, monkeypatch)
    finally:
        cluster.remove_node(node)
    assert "cannot import corruptbench (ModuleNotFoundError: " in str(caught.value)
    assert str(caught.value).startswith(f"node {cluster.address.partition(':')[0]}")


@pytest.mark.usefixtures("cluster")
def test_several_actors_share_a_gpu():
    with connected("cuda") as found:
        assert found.workers("cuda") == 2
        wanted = options(ray, "cuda", 4) | {"num_cpus": 0}
        handles = [ray.remote(**wanted)(ray_builders.Device).remote() for _ in range(4)]
        seen = Counter(ray.get([h.visible.remote() for h in handles]))
    assert wanted["num_gpus"] == 0.5
    assert seen == {"0": 2, "1": 2}


def test_a_cluster_of_the_callers_own_program_stays(cluster):
    ray.init(address=cluster.address, log_to_driver=False)
    try:
        with connected("cpu") as found:
            assert found.where.startswith("the Ray cluster of this program (1 node")
        assert ray.is_initialized()
    finally:
        ray.shutdown()
