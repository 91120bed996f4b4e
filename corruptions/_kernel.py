"""Compile the inner loops with Numba; keep the machine code where a folder can be written.

Numba looks for a folder in this order: ``NUMBA_CACHE_DIR``, ``__pycache__`` beside the source file,
the user's cache folder. Numba's own ``cache=True`` raises an error on import where it finds none (a
read-only installation without a home), makes a folder named ``~`` where there is no home at all,
and raises an error in the middle of the work where the folder is full. Here each of these costs the
time to compile again (some seconds in each process), and nothing else.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numba
from numba.core import caching

_log = logging.getLogger(__name__)


class _Places(caching.CompileResultCacheImpl):
    """The folders that Numba tries, without the user's cache folder where no home is known."""

    _locator_classes = [  # noqa: RUF012 - Numba's own attribute
        place
        for place in caching.CompileResultCacheImpl._locator_classes
        if place is not caching.UserWideCacheLocator
        or os.path.isabs(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~"))
    ]


class _Cache(caching.FunctionCache):
    """Numba's cache of one function; a file that cannot be read or written is no error."""

    _impl_class = _Places

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the kept machine code, or None."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except (OSError, EOFError, UnpicklingError) as error:
            _log.info("compiled code in %s cannot be read: %s", self.cache_path, error)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the machine code if there is room."""
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except (OSError, EOFError, UnpicklingError) as error:
            _log.info("compiled code cannot be kept in %s: %s", self.cache_path, error)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function of arrays and numbers at its first call, without bounds checks.

    An index outside of an array is not noticed. To find one, set ``NUMBA_DISABLE_JIT=1``: then the
    function runs as plain Python.
    """
    compiled = numba.njit(function, boundscheck=False)
    if hasattr(compiled, "enable_caching"):  # not with NUMBA_DISABLE_JIT
        try:
            compiled._cache = _Cache(function)  # type: ignore[no-untyped-call]
        except (RuntimeError, UnicodeError) as error:  # no folder; a path that is not UTF-8
            _log.info("compiled code is not kept: %s", error)
    return compiled
