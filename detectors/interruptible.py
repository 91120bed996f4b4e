"""Run native code so that Ctrl-C and SIGTERM are heard while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
#: Seconds to wait for native code that was asked to return; our own choice.
PATIENCE = 3.0


def interruptible(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Return what ``work`` returns, and raise what it raises.

    Python runs the handlers of signals in the main thread, between its own instructions. In the
    main thread, a call of native code that never returns would keep them out forever. So the work
    is done in another thread, and the main thread waits for it in Python. A daemon thread does not
    keep the process from ending.

    Args:
        work: calls native code, which releases Python's lock.
        stop: asks the native code to return; called when the waiting is interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()  # no handler runs here
    outcome: Future[T] = Future()
    thread = threading.Thread(target=_settle, args=(outcome, work), daemon=True)
    thread.start()
    try:
        return outcome.result()
    except KeyboardInterrupt:
        stop()
        thread.join(PATIENCE)  # one that returns while the interpreter ends would abort the process
        raise


def _settle(outcome: Future[T], work: Callable[[], T]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:  # the thread that waits raises it
        outcome.set_exception(error)
