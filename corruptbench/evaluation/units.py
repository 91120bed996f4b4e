"""Find a lifter whose unit is another one than its contract says, from the first poses on."""

from __future__ import annotations

import numpy as np

from corruptbench.evaluation.groups import Group
from corruptbench.evaluation.scored import Scored
from corruptbench.lifters.allowance import Allowance
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.lift import Lifted
from corruptbench.progress import short_number

#: Ratios of sizes of predicted and labeled people that only another unit explains: m for mm is
#: 1000. Our own choice; honest lifters have 0.5 to 1.3.
_FROM, _TO = 500.0, 2000.0


class UnitsProbe:
    """Compares the size of the first predicted people with that of the labels."""

    def __init__(self, contract: Contract, allowance: Allowance) -> None:
        """Start without a pose of the lifter that has this contract."""
        self._name, self._allowance = contract.name, allowance
        self._done = not contract.is_scaled

    def see(self, group: Group, cell: int, lifted: Lifted, found: Scored | None) -> None:
        """Compare the people of the first cell.

        Raises:
            InputError: they have the size of another unit, and that is not allowed.
        """
        del group, cell, lifted
        if found is None or self._done:
            return
        self._done = True
        sizes = [
            np.std(p - p.mean(axis=1, keepdims=True)) for p in (found.predicted, found.labels.poses)
        ]
        ratio = float(sizes[0] / sizes[1])
        if _FROM < ratio < _TO or 1 / _TO < ratio < 1 / _FROM:
            said, given = ("m", "mm") if ratio > 1 else ("mm", "m")
            self._allowance.fail(
                "units", self._name,
                f"predicted people are {short_number(ratio)} times as large as the labels: the "
                f'contract says units = "{said}", and the model seems to give {given}',
            )  # fmt: skip
