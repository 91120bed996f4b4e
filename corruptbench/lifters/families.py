"""Families of public lifters: how their contracts differ from the defaults."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from corruptbench.errors import InputError
from corruptbench.lifters.contract import Contract
from corruptbench.records import Record

FILE = Path(__file__).with_name("families.toml")


class Family(Record):
    """Models that read and give the same.

    Attributes:
        name: of the model that the others follow, in lower case.
        like: names of other models of the same conventions.
        note: what an author should know.
        contract: fields of the contract that are not its defaults. An empty list in them is for the
            author to fill.
    """

    name: str
    like: tuple[str, ...]
    note: str
    contract: dict[str, Any]

    @property
    def models(self) -> tuple[str, ...]:
        """The names of all models."""
        return (self.name, *self.like)


@cache
def families() -> tuple[Family, ...]:
    """Return all families."""
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Family.checked(record, FILE.name) for record in content["family"])


def family_of(model: str) -> Family:
    """Return the family of a model.

    Raises:
        InputError: there is none of that name.
    """
    found = [family for family in families() if model.lower() in family.models]
    if not found:
        known = ", ".join(model for family in families() for model in family.models)
        raise InputError(f"no family '{model}': expected one of {known}", "family")
    return found[0]


def unfilled_keys(family: Family | None) -> list[str]:
    """Return the keys of a family's contract that an author must fill, such as "units.mean"."""
    lines = {} if family is None else family.contract
    tables = {key: table for key, table in lines.items() if isinstance(table, dict)}
    return [f"{key}.{name}" for key, table in tables.items() for name in table if table[name] == []]


def value(content: Any) -> str:
    """Return a value of a contract as TOML, in one line."""
    if isinstance(content, dict):
        return f"{{ {', '.join(f'{key} = {value(item)}' for key, item in content.items())} }}"
    if isinstance(content, list | tuple):
        return f"[{', '.join(map(value, content))}]"
    if isinstance(content, bool):
        return str(content).lower()
    return f'"{content}"' if isinstance(content, str) else repr(content)


def template(name: str, family: Family | None) -> str:
    """Return the text of a new contract: every key, its meaning, and its value or the default.

    Args:
        name: of the lifter.
        family: whose lines it has; None: those of a model that lifts each frame by itself.
    """
    lines = {"window": "centre", "frames": 1} if family is None else family.contract
    joints = lines.get("joints", Contract.model_fields["joints"].default)
    values = {"name": name, "keypoints": joints, **lines}
    text = [_head(family)]
    for key, field in Contract.model_fields.items():
        found = values.get(key, field.default)
        line = f"# {key} = {_INSTEAD[key]}" if found is None else f"{key} = {value(found)}"
        text.append("\n".join([*(f"# {words}" for words in _MEANING[key]), line]))
    return "\n\n".join(text) + "\n"


def _head(family: Family | None) -> str:
    first = (
        "# The contract of a lifter: what it reads and what it gives. See docs/evaluate.md\n"
        "# and, for each key, docs/lifters.md."
    )
    if family is None:
        return f"{first}\n# corruptbench contract check FILE says what it means."
    return f"{first}\n# Written for {', '.join(family.models)}.\n# {family.note}"


#: Examples for keys that have no value by default.
_INSTEAD = {
    "hypotheses": '"1: b h t j c"',
    "fps": "50",
    "about": '{ paper = "arXiv:2312.06797", training_data = ["clean"] }',
}
#: What each key means, for people who fill it in.
_MEANING: dict[str, tuple[str, ...]] = {
    "format": ("The version of these keys.",),
    "name": ("The row of the leaderboard: letters, digits and . _ + -",),
    "window": (
        "What the model lifts in one pass (B batch, T frames, K keypoints, J joints, C channels).",
        '"sequence": (B, T + frames - 1, K, C) -> (B, T, J, 3), any T',
        '"centre":   (B, frames, K, C) -> (B, 1, J, 3), one frame of the window',
        '"block":    (B, frames, K, C) -> (B, frames, J, 3)',
        '"clip":     (B, T, K, C) -> (B, T, J, 3), T of at most frames',
    ),
    "frames": ("Number of frames, see window.",),
    "target": (
        'Which frame of a "sequence" or "centre" a pose belongs to: "middle", or "last" (causal).',
    ),
    "joints": (
        'Joints of the output: "h36m17", "humaneva15", or a set without some joints, such as',
        '"h36m17 - neck_nose". What is left out is not scored, and a root is the origin.',
    ),
    "keypoints": ('Keypoints of the input, likewise, or "coco17".',),
    "channels": ('"xy", or "xyc": the score of the detector is the third channel.',),
    "scores": (
        '"raw", or "calibrated": the probability that the keypoint is right, for channels "xyc".',
    ),
    "normalize": (
        'x and y. "screen": x / w * 2 - [1, h / w]; "pixel"; "crop": the bounds of the clip are',
        '-1 to 1; "rays": (x - c) / f; or { mean = [...], std = [...] } of the 2 K pixel numbers.',
    ),
    "input": (
        "Axes of the input: b batch, t frames, j keypoints, c channels, 0 an axis of length 1,",
        "and (j c) for two axes that are flattened into one.",
    ),
    "output": (
        "Axes of the output, likewise. h are hypotheses: their mean is scored. A number is the",
        'element that is taken (-1: the last). "0: ..." is for a tuple, "pose: ..." for a',
        "dictionary.",
    ),
    "hypotheses": ("Axes of the hypotheses, if the model gives them beside its own pose.",),
    "units": (
        'Of the output: "m", "mm", "none" (size not known: P-MPJPE and N-MPJPE only), or',
        '{ mean = [...], std = [...], units = "mm" } of the 3 J numbers of a pose.',
    ),
    "root": (
        '"relative" to the root joint, or "absolute" in camera space (made relative). Axes: x',
        "right, y down, z forward.",
    ),
    "flip": ("Whether the pose is the mean of those of the input and of the mirrored input.",),
    "fps": ("Frame rate of the training, if the model needs it. Without it: every frame.",),
    "samples": ("Passes of a model that draws random numbers. Errors are means over them.",),
    "about": (
        "What the row says: authors, paper, code, report, venue, date, license, and training_data",
        '(of "clean", "augmented", "corrupted", "extra").',
    ),
}
