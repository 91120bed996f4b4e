"""The probes that a lifter may fail, and those that it failed."""

from __future__ import annotations

from collections.abc import Sequence

from corruptbench.errors import InputError

#: Names of the probes before the run (`corruptbench.lifters.probes`) and during it
#: (`corruptbench.evaluation`).
BEFORE, DURING = ("random", "batch", "window", "length"), ("state", "units")


class Allowance:
    """Decides whether a failed probe is an error, and remembers it where it is not."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        """Allow the probes of these names to fail.

        Raises:
            InputError: there is no probe of a name.
        """
        for name in names:
            if name not in BEFORE + DURING:
                known = ", ".join(BEFORE + DURING)
                raise InputError(f"no probe '{name}': expected one of {known}", "allow")
        self._names = tuple(names)
        self._failed: list[str] = []

    @property
    def failed(self) -> tuple[str, ...]:
        """The probes that failed so far."""
        return tuple(sorted(set(self._failed)))

    def fail(self, name: str, lifter: str, fault: str) -> None:
        """Record that a probe failed.

        Raises:
            InputError: it may not.
        """
        if name not in self._names:
            raise InputError(
                f"{lifter}: probe '{name}': {fault}; correct the model or its contract, or allow "
                f"'{name}', which marks the result",
                "allow",
            )
        self._failed.append(name)
