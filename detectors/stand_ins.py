"""Empty modules in place of absent ones, while a package is imported that does not need them.

mmpose imports packages at its top level that only other parts of it use: evaluation on data sets,
drawing, heads for many people. Each attribute of a stand-in is an empty class. What would really
use one fails at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _Finder(MetaPathFinder, Loader):
    """Finds stand-ins for some modules and all that they contain."""

    def __init__(self, roots: Sequence[str]) -> None:
        self.roots = roots

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if any(f"{fullname}.".startswith(f"{root}.") for root in self.roots):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


@contextmanager
def standing_in(*needed: tuple[str, str]) -> Iterator[None]:
    """Let modules be imported inside of the block that are not installed.

    Afterwards none is left in `sys.modules`: they cannot mislead another library.

    Args:
        needed: pairs of a module, and of the module that shows by its presence that the first one
            can be imported. Modules that can be imported are left alone.
    """
    finder = _Finder([module for module, evidence in needed if not _present(evidence)])
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [n for n, module in sys.modules.items() if isinstance(module, _StandIn)]:
            del sys.modules[name]


def _present(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package around it
        return False
