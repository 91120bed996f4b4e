"""The process that a model runs in, seen from the harness.

The harness never runs a line of a model. The model's process gets arrays and gives arrays. It has
limits of time and memory, writes what it prints to a log, and is confined where the system permits
it (see `corruptbench.sandbox.confinement`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.lifters.archive import ModelFile
from corruptbench.processors import usable_processors
from corruptbench.sandbox import Child, Limits
from corruptbench.sandbox.child import stopped

Array32 = NDArray[np.float32]

#: Our own choice: a large transformer on two cores needs about 60 s for a batch of 4096 frames, and
#: 3 GB.
TIME_LIMIT, MEMORY_LIMIT = 300.0, 8.0
#: Most bytes of an output: poses of a batch, for a thousand hypotheses.
_OUTPUT = 2**31
#: Largest limit of seconds, and of GB.
_LARGEST = 1e6
#: Seconds to import torch, on a busy machine with a slow disk.
_START = 120
#: Bytes that the allocator of glibc keeps for the next pass.
_KEPT = 2**29
_MODULE = "corruptbench.lifters.serving"


@dataclass(frozen=True)
class RunLimits:
    """What a model may use.

    Attributes:
        seconds: for loading, and for each batch.
        memory: GB beyond what its process needs without it, on a CPU.
        threads: of a CPU; None for all processors that may be used.
    """

    seconds: float = TIME_LIMIT
    memory: float = MEMORY_LIMIT
    threads: int | None = None

    def __post_init__(self) -> None:
        """Raise `InputError` for a limit that is none."""
        for name, value in (("time_limit", self.seconds), ("memory_limit", self.memory)):
            if not 0 < value <= _LARGEST:
                raise InputError(
                    f"{name}: found {value:g}, expected more than 0 and at most {_LARGEST:g}", name
                )


class ModelProcess:
    """A model in a process of its own."""

    def __init__(
        self,
        name: str,
        path: Path,
        file: ModelFile,
        device: str,
        limits: RunLimits,
        log: Path | None,
    ) -> None:
        """Prepare the process; start nothing.

        Args:
            name: of the lifter, for messages.
            path: of the model file. Another one that takes its place is refused.
            file: what was found when it was inspected.
            device: "cpu", "cuda" or "cuda:N".
            limits: what it may use.
            log: file for what it prints.
        """
        threads = limits.threads or usable_processors()
        self._name, self._limits, self._log = name, limits, log
        self._model = [str(path.resolve()), file.kind, device, threads, file.sha256]
        # A thread that waits for work must not take the processor from others.
        waiting = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
        # Memory that a pass gives back to the system costs a tenth of the next pass.
        memory = {f"MALLOC_{of}_": str(_KEPT) for of in ("TRIM_THRESHOLD", "MMAP_THRESHOLD")}
        count = {f"{of}_NUM_THREADS": str(threads) for of in ("OMP", "MKL", "OPENBLAS")}
        self._child = Child("the model's process", waiting | memory | count, log, confined=True)
        self._loading = Lock()
        self.is_confined = False

    def load(self) -> int:
        """Load the model, anew if it is loaded already; return the number of its parameters.

        Raises:
            InputError: the model cannot be loaded, or broke a limit.
        """
        self._call("prepare", [], Limits(math.inf, math.inf, _OUTPUT, _START))
        parameters, self.is_confined = self._ask("load", self._model)
        return int(parameters)

    def reload(self) -> None:
        """Load the model anew, so that it remembers nothing."""
        self.load()

    def close(self) -> None:
        """End the process, whatever it does. The next pass starts another."""
        self._child.stop()

    def run(self, batch: Array32, select: Sequence[int | str | None]) -> list[Array32]:
        """Run one forward pass; see `corruptbench.lifters.lifter.Run`.

        Raises:
            InputError: the model fails, crashes, or broke a limit.
        """
        with self._loading:
            if not self._child.is_running:
                self.load()
        while True:
            found: list[Array32] | None = self._ask("run", [batch, list(select)])
            if found is not None:
                return found
            self.load()  # another pass has ended the process that this one was for

    def seed(self, seed: int) -> None:
        """Set the seed of the model's random numbers."""
        self._ask("seed", [seed])

    def _ask(self, function: str, arguments: list[Any]) -> Any:
        """Call a function in the process, within the limits of the model."""
        on_cpu = self._model[2] == "cpu"  # CUDA takes address space without end
        memory = self._limits.memory * 1e9 if on_cpu else math.inf
        limits = Limits(memory, math.inf, _OUTPUT, elapsed=self._limits.seconds)
        return self._call(function, arguments, limits)

    def _call(self, function: str, arguments: list[Any], limits: Limits) -> Any:
        kind, found = self._child.ask(f"{_MODULE}:{function}", arguments, limits)
        if kind == "value":
            return found
        raise InputError(f"{self._name}: {found}{self._remedy(kind, found)}")

    def _remedy(self, kind: str, found: str) -> str:
        """Return what can be done about a process that broke a limit or crashed."""
        if kind not in ("limit", "ended"):
            return ""
        bounds = f"{self._limits.seconds:g} s for a batch and {self._limits.memory:g} GB"
        remedy = (
            f" ({bounds} are allowed); correct the model, or allow more"
            if found.startswith(stopped(""))
            else "; correct the model"
        )
        if self._log and self._log.is_file() and self._log.stat().st_size:
            remedy += f"; {self._log} holds what it printed"
        return remedy
