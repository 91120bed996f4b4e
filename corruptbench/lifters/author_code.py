"""Run the author's own code: the function that builds a network.

Only `corruptbench export` does so, in this process. The author runs it on code of their own.
"""

from __future__ import annotations

import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.storage import found_at

_FORM = "expected FILE.py:FUNCTION, such as model.py:build"
#: The folder of this package. An author may keep code beside it.
_OURS = Path(__file__).parents[1]
_GPU = re.compile(r"cuda|nvidia", re.IGNORECASE)
_NO_GPU = (
    "it asks for a GPU: a lifter is exported on the CPU, so remove .cuda(), and in place of "
    "'cuda' write the device of the input (x.device)"
)
_WRAPPER = """
class Lifter(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x, ...)  # what it takes beside the keypoints
"""


class Author:
    """The code of an author: a file and the name of the function that builds the network."""

    def __init__(self, text: str) -> None:
        """Take a text such as "model.py:build".

        Raises:
            InputError: it has another form, or there is no such file.
        """
        name, colon, function = text.rpartition(":")
        if not colon or not name.endswith(".py") or not function.isidentifier():
            raise InputError(f"'{text}': {_FORM}")
        self.file, self.function = Path(name), function
        if not self.file.is_file():
            raise InputError(f"{self.file}: {found_at(self.file)}; {_FORM}")
        self._make: Callable[[], Any] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the author's code run: its folder is on the path, and it sees no arguments of ours.

        Raises:
            InputError: the code fails; names its file and line.
        """
        argv, path = sys.argv, list(sys.path)
        sys.argv, sys.path[:0] = [str(self.file)], [str(self.file.parent.resolve())]
        try:
            yield
        except (InputError, KeyboardInterrupt):
            raise
        except (Exception, SystemExit) as error:  # any code can raise anything
            raise InputError(self.blamed(error)) from error
        finally:
            sys.argv, sys.path[:] = argv, path

    def blamed(self, error: BaseException) -> str:
        """Return what an error says and the likely remedy; see `said`."""
        remedy = "correct it"
        if isinstance(error, ModuleNotFoundError):
            remedy = f"install it here, or put it into the folder of {self.file.name}"
        elif _GPU.search(str(error)):
            remedy = _NO_GPU
        return f"{self.said(error)}; {remedy}"

    def said(self, error: BaseException) -> str:
        """Return what an error says, and the line of the author's code that raised it."""
        what = f"{type(error).__name__}: {_first_line(error)}"
        if isinstance(error, SystemExit):
            what = "it ends the program (does it read arguments? it gets none)"
        return f"{self._place(error)}: {what}"

    def _place(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError) and error.filename:
            return f"{error.filename}, line {error.lineno}"
        folder = self.file.parent.resolve()
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            path = Path(frame.filename)
            ours = path.is_relative_to(_OURS) or "site-packages" in path.parts
            if path.is_relative_to(folder) and not ours:
                return f"{path}, line {frame.lineno}, in {frame.name}: {frame.line}"
        return str(self.file)

    def build(self) -> nn.Module:
        """Return a network that the function has built.

        Raises:
            InputError: the code fails, or what it returns is no network that takes one input.
        """
        with self.running():
            self._make = self._make or self._found()
            network = self._make()
        if not isinstance(network, nn.Module):
            raise InputError(
                f"{self.file}:{self.function} returned a {type(network).__name__}, expected a "
                "torch.nn.Module"
            )
        check_one_input(network)
        return network

    def _found(self) -> Callable[[], Any]:
        module = _imported(self.file)
        make = getattr(module, self.function, None)
        if not callable(make):
            known = [n for n, v in vars(module).items() if inspect.isfunction(v)]
            near = get_close_matches(self.function, known, n=1) or known[:1]
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InputError(f"{self.file}: no function '{self.function}'{hint}")
        needed = _required(make)
        if needed:
            raise InputError(
                f"{self.file}:{self.function} needs {', '.join(needed)}; expected a function that "
                "can be called without arguments: write the values of the training into it"
            )
        made: Callable[[], Any] = make
        return made


def check_one_input(network: nn.Module) -> None:
    """Check that a network takes the keypoints and nothing else.

    Raises:
        InputError: its ``forward`` needs another number of arguments; shows the wrapper to write.
    """
    needed = _required(network.forward)
    if len(needed) > 1:
        raise InputError(
            f"forward of {type(network).__name__} takes {', '.join(needed)}, expected one "
            f"argument, the keypoints; return a network that gives it the others:\n{_WRAPPER}"
        )


def unsaved(network: nn.Module) -> list[str]:
    """Return the names of weights that no checkpoint holds: those in plain lists and dictionaries.

    Torch does not know them. They are not in ``state_dict()``, so they stay as they were made.
    """
    known = {id(module) for module in network.modules()} | set(map(id, network.parameters()))
    return [
        f"{where}.{name}".lstrip(".")
        for where, module in network.named_modules()
        for name, value in vars(module).items()
        if not name.startswith("_")
        and any(_holds_weights(item) and id(item) not in known for item in _items(value))
    ]


def differing(author: Author, network: nn.Module) -> int:
    """Return how many tensors are drawn at random when the author's function builds a network.

    It builds another one, with another seed. Weights that it loads itself are equal in both.
    """
    torch.seed()
    other = author.build().state_dict()
    return sum(not torch.equal(t, other[n]) for n, t in network.state_dict().items() if n in other)


def _imported(file: Path) -> ModuleType:
    name = f"_author_{file.stem}"  # its own name may be that of a module of ours
    spec = spec_from_file_location(name, file.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # data classes look for it there
    spec.loader.exec_module(module)
    return module


def _required(function: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that a function needs."""
    return [
        name
        for name, p in inspect.signature(function).parameters.items()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def _holds_weights(value: Any) -> bool:
    if isinstance(value, nn.Module):
        return bool(value.state_dict())
    return isinstance(value, torch.Tensor) and value.requires_grad


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["(no message)"])[0]
