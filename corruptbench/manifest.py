"""Manifests: the frozen definition of a benchmark, and its hash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from corruptbench.corruptions import CorruptionError, Key, get
from corruptbench.datasets import ALL_CLIPS, ClipId, Needs
from corruptbench.errors import InputError
from corruptbench.files import sha256_of_json
from corruptbench.records import Record
from corruptbench.skeleton import joint_set, scored_joints
from corruptbench.storage import found_at
from corruptbench.text_files import read_text

SEVERITIES = (1, 2, 3, 4, 5)
#: The manifests that come with the software.
_FOLDER = Path(__file__).parent / "manifests"


@dataclass(frozen=True, order=True)
class Cell:
    """One condition: a corruption at a severity of 1 to 5, or `CLEAN`."""

    corruption: str
    severity: int

    def __str__(self) -> str:
        return f"{self.corruption} {self.severity}" if self.severity else self.corruption


CLEAN = Cell("clean", 0)

#: A list that chooses. An empty one would choose nothing.
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class Clips(Record):
    """The clips of the data set that belong to the benchmark; a missing list means all.

    Attributes:
        subjects: names of subjects.
        sequences: names of recordings.
        actions: names of actions.
        cameras: names of cameras.
        exclude: recordings or clips to leave out: "S11/Directions", "S11/Directions.54138969".
        frame_stride: always 1, because lifters use neighboring frames.
    """

    subjects: Names
    sequences: Names | None = None
    actions: Names | None = None
    cameras: Names | None = None
    exclude: tuple[str, ...] = ()
    frame_stride: Literal[1] = 1

    def admits(self, clip: ClipId) -> bool:
        """Return whether the clip belongs to the benchmark."""
        recording = f"{clip.subject}/{clip.sequence}"
        lists = (self.subjects, self.sequences, self.actions, self.cameras)
        fields = (clip.subject, clip.sequence, clip.action, clip.camera)
        is_in_all = all(a is None or f in a for a, f in zip(lists, fields, strict=True))
        return is_in_all and not {recording, f"{recording}.{clip.camera}"} & {*self.exclude}


class Crop(Record):
    """The crop that the detector sees: a square of ``padding`` times the longer side of the box.

    ``boxes`` is "ground-truth" for the bounds of the projected labels, or "published" for the boxes
    of the data set.
    """

    boxes: Literal["ground-truth", "published"]
    padding: float = Field(ge=1.0, le=3.0)


class Scoring(Record):
    """Conventions of the metrics; see `corruptbench.evaluation`.

    With ``root_rule`` "subtract", joint ``root_joint`` of labels and predictions is moved to the
    origin. With "as-predicted", only that of the labels is moved, and poses that are relative to
    the root by the lifter's contract are scored as they are (VideoPose3D's rule).
    """

    joints: Annotated[str, AfterValidator(scored_joints)]
    root_joint: int = Field(ge=0)
    root_rule: Literal["subtract", "as-predicted"] = "subtract"
    average: Literal["actions", "frames"]


class CorruptionPin(Record):
    """A corruption and the version of its code."""

    name: str
    version: int = Field(ge=1)


class Manifest(Record):
    """One benchmark. Everything that changes its numbers is part of it, and of its hash.

    ``reference_lifter`` names the lifter whose errors are the divisor of relative errors.
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
        """SHA-256 of the content as canonical JSON, 64 hexadecimal digits.

        Comments, white space and fields at their defaults do not count. A field that is added later
        does not change the hashes of older manifests.
        """
        return sha256_of_json(self.model_dump(exclude_defaults=True))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All conditions, clean first."""
        return (CLEAN, *(Cell(c.name, s) for c in self.corruptions for s in SEVERITIES))

    def select(self, clip_ids: Iterable[ClipId]) -> list[ClipId]:
        """Select the clips that belong to the benchmark, in their order.

        Raises:
            InputError: the data set lacks a name that a list has, or no clip belongs to it.
        """
        clip_ids = list(clip_ids)
        wanted = self.clips
        for field in ("subjects", "sequences", "actions", "cameras"):
            present = {getattr(c, field.removesuffix("s")) for c in clip_ids}
            missing = sorted(set(getattr(wanted, field) or ()) - present)
            if missing:
                raise InputError(
                    f"manifest {self.id}: clips.{field}: the data set has no {', '.join(missing)}; "
                    f"it has {', '.join(sorted(present))}: fetch and unpack the rest "
                    f"(`corruptbench data check {self.dataset}` lists what is missing), or choose "
                    "another manifest"
                )
        chosen = [c for c in clip_ids if wanted.admits(c)]
        if not chosen:
            raise InputError(
                f"manifest {self.id}: clips: no clip of the data set is in all lists; correct them"
            )
        return chosen

    def key(self, cell: Cell, clip_id: ClipId) -> Key:
        """Return the random key of a cell of a clip; it depends only on their identity."""
        version = next(c.version for c in self.corruptions if c.name == cell.corruption)
        return Key.of(self.id, self.version, cell.corruption, version, cell.severity, str(clip_id))


def needs_of(manifests: Sequence[Manifest]) -> Needs:
    """Return what some benchmarks take from a data set; all of it if there is none."""
    if not manifests:
        return ALL_CLIPS
    published = [m for m in manifests if m.crop.boxes == "published"]
    return Needs(
        clip=lambda clip: any(m.clips.admits(clip) for m in manifests),
        published_boxes=lambda clip: any(m.clips.admits(clip) for m in published),
    )


def known_manifests() -> list[str]:
    """Return the ids of the manifests that come with the software, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_manifest(name: str) -> Manifest:
    """Load the manifest with this id, or at this path (``.toml``).

    Raises:
        InputError: there is no such manifest, a field is wrong, it pins a corruption that this
            software does not have in that version, or it has the id of another benchmark.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise InputError(f"{name}: {found_at(path)}; expected a manifest (.toml)", "manifest")
    elif name in known_manifests():
        path = _FOLDER / f"{name}.toml"
    else:
        raise InputError(
            f"unknown manifest '{name}': expected one of {', '.join(known_manifests())}, "
            "or the path of a .toml file",
            "manifest",
        )
    manifest = Manifest.parse_toml(read_text(path), f"manifest {name}")
    _check(manifest, name)
    if name != manifest.id and manifest.id in known_manifests():
        own = load_manifest(manifest.id)
        if own.sha256 != manifest.sha256:
            raise InputError(
                f"manifest {name}: id: '{manifest.id}' is the id of another benchmark, which comes "
                "with the software; choose an id of your own"
            )
    return manifest


def _check(manifest: Manifest, name: str) -> None:
    """Check that the joints exist, and the corruptions in their pinned versions."""
    joints = len(joint_set(manifest.scoring.joints))
    if manifest.scoring.root_joint >= joints:
        raise InputError(
            f"manifest {name}: scoring.root_joint: found {manifest.scoring.root_joint}, expected a "
            f"joint of {manifest.scoring.joints}, 0 to {joints - 1}"
        )
    if len({pin.name for pin in manifest.corruptions}) < len(manifest.corruptions):
        raise InputError(f"manifest {name}: corruptions: a name is listed twice; remove one")
    for pin in manifest.corruptions:
        try:
            version = get(pin.name).version
        except CorruptionError as error:
            raise InputError(f"manifest {name}: corruptions: {error}") from None
        if version != pin.version:
            raise InputError(
                f"manifest {name}: corruptions: it pins {pin.name} version {pin.version}, this "
                f"software has version {version}; use the release that has the pinned version"
            )
