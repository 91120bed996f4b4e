"""The joints that a lifter reads or gives: a joint set, or one without some of its joints."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.skeleton import JointSet, joint_set


@dataclass(frozen=True)
class JointChoice:
    """Some joints of a set, in its order.

    Attributes:
        base: the set.
        kept: their indices in the set.
    """

    base: JointSet
    kept: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.kept)

    @property
    def joint_set(self) -> JointSet:
        """The chosen joints as a set of their own; a bone needs both of its joints."""
        if len(self) == len(self.base):
            return self.base
        place = {joint: i for i, joint in enumerate(self.kept)}
        left, right = (
            tuple(place[joint] for joint in side if joint in place)
            for side in (self.base.left, self.base.right)
        )
        out = ", ".join(self.base.joints[i] for i in range(len(self.base)) if i not in place)
        return JointSet(
            name=f"{self.base.name} - {out}",
            joints=tuple(self.base.joints[joint] for joint in self.kept),
            bones=tuple((place[a], place[b]) for a, b in self.base.bones if {a, b} <= place.keys()),
            left=left,
            right=right,
        )

    @property
    def mirror(self) -> list[int]:
        """Indices that exchange left and right."""
        place = {joint: i for i, joint in enumerate(self.kept)}
        return [place[self.base.mirror[joint]] for joint in self.kept]

    def with_root(self, root: int) -> tuple[int, ...]:
        """Return the indices of the joints that are scored: those that are kept, and the root."""
        return tuple(sorted({*self.kept, root}))

    def spread(self, poses: NDArray[np.float64], root: int) -> NDArray[np.float64]:
        """Return poses of the whole set: NaN for joints that are missing, 0 for a missing root.

        Args:
            poses: (..., J, 3) of the chosen joints.
            root: index of the root joint in the set.
        """
        whole = np.full((*poses.shape[:-2], len(self.base), 3), np.nan)
        whole[..., root, :] = 0
        whole[..., list(self.kept), :] = poses
        return whole


def joint_choice(text: str) -> JointChoice:
    """Return the joints of a text such as "h36m17" or "h36m17 - neck_nose, spine".

    Raises:
        InputError: there is no such set or joint, a joint is named twice, a joint is left out
            whose other side is not, or none is left.
    """
    name, minus, rest = text.partition("-")
    base = joint_set(name.strip())
    out = [word.strip() for word in rest.split(",")] if minus else []
    for word in out:
        if word not in base.joints:
            near = get_close_matches(word, base.joints, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise InputError(
                f"{base.name} has no joint '{word}': expected some of "
                f"{', '.join(base.joints)}{hint}"
            )
    if len(set(out)) < len(out):
        raise InputError(f"'{text}' names a joint twice; remove one")
    kept = tuple(i for i, joint in enumerate(base.joints) if joint not in out)
    if not kept:
        raise InputError(f"'{text}' leaves no joint; name fewer")
    for joint in kept:
        if base.mirror[joint] not in kept:
            raise InputError(
                f"'{text}' leaves out {base.joints[base.mirror[joint]]} and keeps "
                f"{base.joints[joint]}; leave out both, because a pose is mirrored at times"
            )
    return JointChoice(base, kept)
