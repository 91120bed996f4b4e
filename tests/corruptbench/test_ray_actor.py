"""What an actor checks on its node, and how a cluster is chosen and divided; without Ray."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from corruptbench.api.building import build_request
from corruptbench.builder import ray_cluster, runner
from corruptbench.builder.ray_actor import Builder, Start, difference, facts
from corruptbench.builder.ray_cluster import connected, share
from corruptbench.cli import main
from corruptbench.errors import InputError
from tests.corruptbench.conftest import build_arguments


@pytest.fixture
def start(mini, mini_manifest, tmp_path, monkeypatch):
    """What an actor is given; its folder is another one than this process's."""
    request = build_request(
        mini_manifest, root=os.path.relpath(mini, tmp_path), severity=1, corruption="erase",
        out="out",
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    station, plan = runner._prepared(request)
    token = plan.items[0].path.with_name(".1.part")
    token.parent.mkdir(parents=True)
    token.touch()
    expected = facts(station, plan.items[0])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return Start(request.recipe, tmp_path, token, plan.items[0], expected)


@pytest.mark.detector
def test_an_actor_builds_in_the_folder_of_the_command(start):
    builder = Builder()
    assert builder.start(start)[1] == ""
    crops, batches = builder.counted()
    assert (crops, batches) == (0, 0)
    assert builder.build(start.sample) == (None, 2 * start.sample.frames)
    crops, batches = builder.counted()
    assert crops == 2 * start.sample.frames
    assert batches > 0
    assert Path(start.folder, start.sample.path).is_file()


@pytest.mark.detector
def test_a_clip_that_is_another_one_on_a_node_is_not_built(start):
    builder = Builder()
    builder.start(start)
    failure, crops = builder.build(replace(start.sample, fingerprint="0" * 64))
    assert "its video or labels of this clip are not those that the build was" in failure.cause
    assert crops == 0


@pytest.mark.detector
def test_what_differs_on_a_node_is_said(start, tmp_path):
    def said(**changes):
        return Builder().start(replace(start, **changes))[1]

    assert "out/keypoints/mini/A1: is not the folder" in said(token=start.token.with_name("x"))
    assert "none_such" in said(folder=tmp_path / "none_such")
    assert "none_such" in said(recipe=replace(start.recipe, root=Path("none_such")))
    older = start.expected | {"numpy": "1.0"}
    assert "numpy: found 2" in said(expected=older)
    assert "expected 1.0 as on the node" in said(expected=older)


def test_the_first_difference():
    assert difference({"a": "1", "b": "2"}, {"a": "1", "b": "2"}) == ""
    assert difference({"a": "1", "b": "2"}, {"a": "1"}).startswith("b: found None, expected 2")


def test_a_share_of_a_resource_lets_all_workers_in():
    assert share(4, 16) == 0.25
    assert share(8, 3) == 1.0
    for total in range(1, 9):
        for workers in range(1, 65):
            units = round(share(total, workers) * 10_000)  # as Ray counts, on each GPU by itself
            assert 10_000 // units * total >= workers


def test_without_ray(mini, mini_manifest, tmp_path, cli, monkeypatch):
    def refuse(_):
        raise ImportError

    monkeypatch.setattr(ray_cluster, "import_module", refuse)
    words = build_arguments(mini, mini_manifest, tmp_path / "out", "--engine", "ray")
    done = cli(*words)
    assert done.code == 2
    assert "pip install 'corruptbench[ray]'" in done.err
    assert "--engine" in done.err
    assert not (tmp_path / "out").exists()


@pytest.fixture
def dead():
    """An address at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def last_cluster(address):
    """Stands in for the import of Ray's module that knows the last cluster of the machine."""
    return lambda _: SimpleNamespace(read_ray_address=lambda: address)


def test_an_address_where_nothing_answers(dead, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", dead)
    with pytest.raises(InputError, match=f"RAY_ADDRESS={dead}: no Ray cluster answers"):
        ray_cluster._is_there()
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    assert ray_cluster._is_there()


def test_a_cluster_that_crashed_is_not_waited_for(dead, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    for last, there in ((dead, False), (None, True)):
        monkeypatch.setattr(ray_cluster, "import_module", last_cluster(last))
        assert ray_cluster._is_there() is there


def test_a_cluster_that_refuses_the_connection_is_not_replaced(monkeypatch):
    """A build here alone, on a node of a cluster that wants a token, would surprise."""

    def refuse(**_):
        raise ConnectionError("Failed to connect to Ray cluster at 10.0.0.1:6379")

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    ray = SimpleNamespace(
        init=refuse, is_initialized=lambda: False, shutdown=lambda: None,
        read_ray_address=lambda: None,
    )  # fmt: skip
    monkeypatch.setattr(ray_cluster, "import_module", lambda _: ray)
    with pytest.raises(InputError, match=r"10\.0\.0\.1:6379; .*RAY_AUTH_MODE=token"):
        connected("cpu").__enter__()


def test_a_numbered_device_is_refused():
    with pytest.raises(InputError, match=r"device 'cuda:1': .*expected cuda") as caught:
        connected("cuda:1").__enter__()
    assert caught.value.parameter == "device"


def test_an_engine_that_there_is_not():
    from corruptbench import build

    with pytest.raises(InputError, match=r"engine 'dask'.*processes or ray") as caught:
        build(engine="dask", progress=False)
    assert caught.value.parameter == "engine"


def test_finish_takes_the_options_of_the_parts(mini, mini_manifest, tmp_path, capsys):
    words = build_arguments(mini, mini_manifest, tmp_path / "out", "--engine", "ray", "--finish")
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 3
    assert "nothing is built here yet" in capsys.readouterr().err
