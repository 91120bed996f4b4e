"""Manifests: the frozen definition of a benchmark, and its hash."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from corruptbench.corruptions import CorruptionError, Key, get
from corruptbench.datasets import ClipId
from corruptbench.errors import InputError, first_problem
from corruptbench.files import sha256_of_json
from corruptbench.records import Record
from corruptbench.skeleton import joint_set

SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True, order=True)
class Cell:
    """One condition: a corruption at a severity of 1-5, or `CLEAN`."""

    corruption: str
    severity: int

    def __str__(self) -> str:
        return f"{self.corruption} {self.severity}" if self.severity else self.corruption


CLEAN = Cell("clean", 0)


class Clips(Record):
    """Which clips of the data set; an absent list means all.

    Attributes:
        subjects: their names.
        sequences: names of recordings.
        actions: the classes that recordings count for.
        cameras: their names.
        exclude: what is left out by name, as "S11/Directions" or "S11/Directions.54138969".
        frame_stride: every frame is used; lifters look at neighbours.
    """

    subjects: tuple[str, ...]
    sequences: tuple[str, ...] | None = None
    actions: tuple[str, ...] | None = None
    cameras: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    frame_stride: Literal[1] = 1

    def admits(self, clip: ClipId) -> bool:
        """Whether the clip belongs to the benchmark."""
        recording = f"{clip.subject}/{clip.sequence}"
        return (
            clip.subject in self.subjects
            and (self.sequences is None or clip.sequence in self.sequences)
            and (self.actions is None or clip.action in self.actions)
            and (self.cameras is None or clip.camera in self.cameras)
            and recording not in self.exclude
            and f"{recording}.{clip.camera}" not in self.exclude
        )


class Crop(Record):
    """Where the detector looks: a square of ``padding`` times the longer side of the box.

    ``boxes``: "ground-truth", the bounds of the projected labels; or "published", those that the
    data set itself gives.
    """

    boxes: Literal["ground-truth", "published"]
    padding: float = Field(ge=1.0, le=3.0)


class Scoring(Record):
    """Conventions of the metrics; see `corruptbench.evaluation`.

    ``root_rule`` is "subtract": joint ``root_joint`` of labels and predictions alike is moved to
    the origin; or "as-predicted": of the labels only, and a lifter whose contract says that its
    poses are relative to the root is scored as it gives them (VideoPose3D's rule).
    """

    joints: str
    root_joint: int = Field(ge=0)
    root_rule: Literal["subtract", "as-predicted"] = "subtract"
    average: Literal["actions", "frames"]


class CorruptionPin(Record):
    """A corruption and the version of its code."""

    name: str
    version: int = Field(ge=1)


class Manifest(Record):
    """One benchmark. Anything that changes its numbers is in here, and so in its hash.

    ``reference_lifter`` names the one whose errors the others' are divided by where errors are
    given as a ratio.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    version: int = Field(ge=1)
    title: str
    dataset: str
    clips: Clips
    crop: Crop
    scoring: Scoring
    reference_lifter: str | None = None
    corruptions: tuple[CorruptionPin, ...] = ()

    @property
    def sha256(self) -> str:
        """SHA-256 of the content as canonical JSON.

        Comments, layout and fields at their defaults do not count: a field that is added later
        leaves the hashes of older manifests as they are.
        """
        return sha256_of_json(self.model_dump(exclude_defaults=True))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All conditions, clean first."""
        return (CLEAN, *(Cell(c.name, s) for c in self.corruptions for s in SEVERITIES))

    def select(self, clip_ids: Iterable[ClipId]) -> list[ClipId]:
        """The clips that belong to the benchmark; raises `InputError` if there are none."""
        clip_ids = list(clip_ids)
        wanted = self.clips
        for field, allowed, present in (
            ("subjects", wanted.subjects, {c.subject for c in clip_ids}),
            ("sequences", wanted.sequences, {c.sequence for c in clip_ids}),
            ("actions", wanted.actions, {c.action for c in clip_ids}),
            ("cameras", wanted.cameras, {c.camera for c in clip_ids}),
        ):
            missing = sorted(set(allowed or ()) - present)
            if missing:
                raise InputError(
                    f"manifest {self.id}: clips.{field}: the data set has no {', '.join(missing)}; "
                    f"it has {', '.join(sorted(present))}: fetch and unpack the rest (`data check "
                    f"{self.dataset} --root ROOT` says what is missing), or name another "
                    "benchmark (--manifest)"
                )
        chosen = [c for c in clip_ids if wanted.admits(c)]
        if not chosen:
            raise InputError(f"manifest {self.id}: no clip of the data set fits its lists")
        return chosen

    def key(self, cell: Cell, clip_id: ClipId) -> Key:
        """The random key of a cell of a clip: identity alone decides."""
        version = next(c.version for c in self.corruptions if c.name == cell.corruption)
        return Key.of(self.id, self.version, cell.corruption, version, cell.severity, str(clip_id))


def known_manifests() -> list[str]:
    """Ids of the manifests that come with the software."""
    return sorted(
        f.name.removesuffix(".toml")
        for f in files("corruptbench.manifests").iterdir()
        if f.name.endswith(".toml")
    )


def load_manifest(name: str) -> Manifest:
    """The manifest of that id, or at that path (``.toml``).

    Raises:
        InputError: when there is none, when a field is wrong, when it pins a corruption that this
            software does not have in that version, or when it bears the name of another one.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise InputError(f"{name}: no such manifest file")
        data = path.read_bytes()
    elif name in known_manifests():
        data = files("corruptbench.manifests").joinpath(f"{name}.toml").read_bytes()
    else:
        raise InputError(
            f"unknown manifest '{name}': expected one of {', '.join(known_manifests())}, "
            "or the path of a .toml file"
        )
    try:
        manifest = Manifest.model_validate(tomllib.loads(data.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"manifest {name}: not TOML: {error}") from None
    except ValidationError as error:
        raise InputError(f"manifest {name}: {first_problem(error)}") from None
    _check(manifest, name)
    if name != manifest.id and manifest.id in known_manifests():
        own = load_manifest(manifest.id)
        if own.sha256 != manifest.sha256:
            raise InputError(
                f"manifest {name}: id: '{manifest.id}', which is another benchmark, that comes "
                "with the software; choose a name of your own"
            )
    return manifest


def _check(manifest: Manifest, name: str) -> None:
    """What a schema cannot say: joints exist, corruptions are here in the pinned version."""
    joints = len(joint_set(manifest.scoring.joints))
    if manifest.scoring.root_joint >= joints:
        raise InputError(
            f"manifest {name}: scoring.root_joint: {manifest.scoring.root_joint}, "
            f"{manifest.scoring.joints} has joints 0 to {joints - 1}"
        )
    if len({pin.name for pin in manifest.corruptions}) < len(manifest.corruptions):
        raise InputError(f"manifest {name}: corruptions: one is listed twice; remove it")
    for pin in manifest.corruptions:
        try:
            version = get(pin.name).version
        except CorruptionError as error:
            raise InputError(f"manifest {name}: corruptions: {error}") from None
        if version != pin.version:
            raise InputError(
                f"manifest {name}: corruptions: it pins {pin.name} version {pin.version}, this "
                f"software has version {version}; use the software release that the manifest names"
            )
