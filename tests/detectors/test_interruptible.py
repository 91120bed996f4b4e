"""Native code that runs in another thread, so that the main thread hears signals."""

from __future__ import annotations

import threading

import pytest

from corruptbench.detectors import interruptible as module
from corruptbench.detectors.interruptible import interruptible


def _nothing() -> None:
    """Ask nobody to stop."""


def test_what_the_work_returns_and_raises() -> None:
    found = interruptible(threading.current_thread, _nothing)
    assert found is not threading.main_thread()
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 / 0, _nothing)


def test_other_threads_work_themselves() -> None:
    found: list[threading.Thread] = []
    thread = threading.Thread(
        target=lambda: found.append(interruptible(threading.current_thread, _nothing))
    )
    thread.start()
    thread.join()
    assert found == [thread]


def test_an_interrupt_stops_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped, ended = threading.Event(), threading.Event()

    class Interrupted(module.Future):  # type: ignore[type-arg]
        def result(self, timeout: float | None = None) -> None:  # noqa: ARG002
            raise KeyboardInterrupt

    def work() -> None:
        stopped.wait(60)
        ended.set()

    monkeypatch.setattr(module, "Future", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        interruptible(work, stopped.set)
    assert ended.is_set(), "it was waited for"
