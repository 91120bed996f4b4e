"""Worker processes that end early, and machines that cannot start them."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from types import SimpleNamespace

import pytest

from corruptbench.builder import worker_process, workers
from corruptbench.builder.engines import Engine
from corruptbench.builder.runner import Conduct, _build_clips
from corruptbench.builder.station import Recipe
from corruptbench.errors import InputError
from corruptbench.manifest import load_manifest
from tests.fixtures.endings import ITEMS, killed, left, tells_its_end


@pytest.mark.parametrize(
    ("ending", "said"),
    [(killed, "was killed by signal 9, Killed (out of memory"), (left, "ended with exit code 7")],
)
def test_it_is_said_how_a_worker_ended(ending, said, monkeypatch):
    monkeypatch.setattr(worker_process, "_start", ending)
    building = workers.build_items(SimpleNamespace(recipe=None), 2, ITEMS, print)
    with pytest.raises(InputError, match="the same command") as caught:
        list(building)
    assert said in str(caught.value)


def test_a_machine_without_shared_memory_is_told_to_use_one_worker(monkeypatch):
    def refuse(*_, **__):
        raise OSError(38, "Function not implemented")

    context = SimpleNamespace(Value=refuse, Event=refuse)
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: context)
    building = workers.build_items(SimpleNamespace(recipe=None), 2, ITEMS, print)
    with pytest.raises(InputError, match=r"Function not implemented.*one worker"):
        list(building)


def test_a_script_is_hidden_from_workers_only_while_they_start():
    main = sys.modules["__main__"]
    before = dict(vars(main))
    with worker_process._without_main():
        assert not hasattr(main, "__file__")
        assert main.__spec__ is None
    assert dict(vars(main)) == before


def test_a_daemonic_process_works_alone(monkeypatch):
    """A worker of somebody's own pool may start no processes."""
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    built = []
    station = SimpleNamespace(recipe=None, build=lambda item, _: built.append(item))
    assert list(workers.build_items(station, 2, ITEMS, print)) == [(i, None) for i in ITEMS]
    assert built == list(ITEMS)


def test_a_machine_that_starts_no_process_is_told_so(monkeypatch):
    def refuse(*_):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(worker_process.ProcessPoolExecutor, "submit", refuse)
    building = workers.build_items(SimpleNamespace(recipe=None), 2, ITEMS, print)
    with pytest.raises(InputError, match=r"temporarily unavailable.*fewer workers"):
        list(building)


def test_a_second_interrupt_does_not_break_the_end_of_the_workers(monkeypatch):
    """It made the interpreter end before the workers were told to: both then waited forever."""
    seen = []
    shutdown = worker_process.ProcessPoolExecutor.shutdown

    def watched(pool, **options):
        seen.append(signal.getsignal(signal.SIGINT))
        shutdown(pool, **options)

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(worker_process.ProcessPoolExecutor, "shutdown", watched)
    monkeypatch.setattr(workers, "wait", interrupt)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        list(workers.build_items(SimpleNamespace(recipe=None), 2, ITEMS, print))
    assert set(seen) == {signal.SIG_IGN}
    assert signal.getsignal(signal.SIGINT) == before


def test_workers_end_without_a_look_at_every_object(monkeypatch, tmp_path):
    """The collector of reference cycles takes 0.3 s for what was imported, and frees nothing."""
    monkeypatch.setattr(worker_process, "_start", tells_its_end)
    monkeypatch.setenv("ENDS", str(tmp_path))
    recipe = Recipe(load_manifest("studio-c-mini"), None, "ground-truth:projected", "cpu")
    assert list(workers.build_items(SimpleNamespace(recipe=recipe), 2, (), print)) == []
    assert [int(path.read_text()) > 10_000 for path in tmp_path.iterdir()] == [True, True]


@pytest.mark.parametrize(("number", "order"), [(1, [5, 9, 7, 9]), (2, [9, 9, 7, 5])])
def test_several_workers_begin_with_the_longest_clips(number, order, tmp_path):
    given = []

    def build_items(_station, _workers, items, _tick):
        given.extend(item.frames for item in items)
        yield from ((item, None) for item in items)

    todo = [SimpleNamespace(frames=frames) for frames in (5, 9, 7, 9)]
    conduct = Conduct(Engine(number, build_items), announce=print, progress=print)
    _build_clips(tmp_path, None, todo, conduct, tmp_path / "failures.json")
    assert given == order
