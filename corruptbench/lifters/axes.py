"""Axis patterns: in which order a network wants its input and gives its output.

A pattern is a list of axes: ``b`` batch, ``h`` hypotheses, ``t`` frames, ``j`` joints, ``c``
channels. A number stands for an axis that the benchmark does not have: in an input it has length
1 (write 0), in an output the element of that number is taken (-1 is the last one). Parentheses hold
axes that are flattened into one. An output may begin with the element of a tuple ("0: ") or of a
dictionary ("pose: "). The style is that of einops (Rogozhnikov, ICLR 2022).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError

Array = NDArray[Any]

#: One axis of an array: letters that are flattened into it, or the number of an element.
Axis = tuple[str, ...] | int
_TOKEN = re.compile(r"\(([^()]*)\)|([a-z])|(-?\d{1,4})|\s+")
_SELECT = re.compile(r"^\s*(?:(-?\d{1,3})|([A-Za-z_][A-Za-z0-9_]{0,63}))\s*:\s*")


@dataclass(frozen=True)
class Pattern:
    """A parsed pattern.

    Attributes:
        axes: the axes of the array.
        select: element of a tuple or dictionary that holds the array; None if it stands alone.
    """

    axes: tuple[Axis, ...]
    select: int | str | None = None

    @property
    def letters(self) -> tuple[str, ...]:
        """All letters, in order."""
        return tuple(x for axis in self.axes if isinstance(axis, tuple) for x in axis)


def written(pattern: Pattern) -> str:
    """Return the text of a pattern, such as "0: b t (j c)"."""
    axes = (
        str(a) if isinstance(a, int) else a[0] if len(a) == 1 else f"({' '.join(a)})"
        for a in pattern.axes
    )
    return ("" if pattern.select is None else f"{pattern.select}: ") + " ".join(axes)


def parse(text: str, required: str, allowed: str) -> Pattern:
    """Return the pattern of a text.

    Args:
        text: such as "b t j c".
        required: letters that must be there once.
        allowed: all letters that may be there.

    Raises:
        InputError: it is no such pattern.
    """
    select, rest = _selected(text)
    pattern = Pattern(tuple(_axes(text, rest)), select)
    letters = pattern.letters
    unknown = sorted({x for x in letters if x not in allowed})
    twice = sorted({x for x in letters if letters.count(x) > 1})
    missing = [x for x in required if x not in letters]
    for odd, what in ((unknown, "unknown axis"), (twice, "named twice:"), (missing, "lacks axis")):
        if odd:
            raise InputError(
                f"'{text}': {what} {', '.join(odd)}; expected the axes {' '.join(allowed)} once "
                "each, such as 'b t j c' (b batch, t frames, j joints, c channels, h hypotheses)"
            )
    return pattern


def _selected(text: str) -> tuple[int | str | None, str]:
    found = _SELECT.match(text)
    if not found:
        return None, text
    number, name = found.groups()
    return (name if number is None else int(number)), text[found.end() :]


def _axes(text: str, rest: str) -> Iterator[Axis]:
    place = 0
    while place < len(rest):
        found = _TOKEN.match(rest, place)
        group = found.group(1) if found else None
        if not found or (group is not None and not re.fullmatch(r"\s*([a-z]\s*)+", group)):
            raise InputError(
                f"'{text}': cannot be read at '{rest[place:][:20]}'; expected letters, numbers and "
                "(letters), such as 'b t (j c)'"
            )
        if group is not None:
            yield tuple(group.split() if " " in group.strip() else group.strip())
        elif found.group(2):
            yield (found.group(2),)
        elif found.group(3):
            yield int(found.group(3))
        place = found.end()


def arranged(batch: Array, pattern: Pattern) -> Array:
    """Return a copy of a batch (B, T, K, C) in the order of an input pattern.

    A pattern without t takes batches of one frame only. A network may write into the copy.
    """
    order = ["btjc".index(letter) for letter in pattern.letters]
    if "t" not in pattern.letters:
        batch, order = batch[:, 0], ["bjc".index(letter) for letter in pattern.letters]
    sizes = dict(zip(pattern.letters, np.array(batch.shape)[order].tolist(), strict=True))
    shape = [prod(sizes[x] for x in a) if isinstance(a, tuple) else 1 for a in pattern.axes]
    return np.array(batch.transpose(order), order="C").reshape(shape)


def restored(out: Array, pattern: Pattern, sizes: Mapping[str, int]) -> Array:
    """Return an output in the order (b, h, t, j, c); axes without a letter have length 1.

    Args:
        out: the network's array.
        pattern: its axes.
        sizes: lengths of axes that are known, by letter. One letter of a group may be unknown.

    Raises:
        InputError: the array has another number of axes, or lengths that do not fit.
    """
    if out.ndim != len(pattern.axes):
        raise InputError(
            f"output of shape {out.shape} has {out.ndim} axes, and its pattern {len(pattern.axes)}"
        )
    found: list[int] = []
    for axis in reversed(range(out.ndim)):
        what = pattern.axes[axis]
        if isinstance(what, int):
            if not -out.shape[axis] <= what < out.shape[axis]:
                raise InputError(
                    f"output of shape {out.shape} has no element {what} on axis {axis}"
                )
            out = out.take(what, axis=axis)
        else:
            found = [*_lengths(out.shape, axis, what, sizes), *found]
    out = out.reshape(found)
    letters = [x for x in "bhtjc" if x in pattern.letters]
    out = out.transpose([pattern.letters.index(x) for x in letters])
    return out.reshape([out.shape[letters.index(x)] if x in letters else 1 for x in "bhtjc"])


def _lengths(
    shape: tuple[int, ...], axis: int, letters: tuple[str, ...], sizes: Mapping[str, int]
) -> list[int]:
    """Return the length of each letter of an axis."""
    if len(letters) == 1:
        return [shape[axis]]
    known = prod(sizes[x] for x in letters if x in sizes)
    unknown = [x for x in letters if x not in sizes]
    if len(unknown) > 1 or shape[axis] % known or (not unknown and shape[axis] != known):
        expected = " x ".join(f"{x} = {sizes[x]}" if x in sizes else x for x in letters)
        raise InputError(f"output of shape {shape}: axis {axis} is {shape[axis]}, not {expected}")
    return [sizes.get(x, shape[axis] // known) for x in letters]
