"""What a detector is, and how a detector is found by its name.

To add a family, add one module to this folder that defines at its top level

* ``VARIANTS``: a literal tuple of names, for example ``("small", "large")``; a pattern such as
  ``"*.onnx"`` stands for all paths that end so;
* ``load(variant: str, device: str) -> Detector``.

A family whose detectors all give the same scores also defines ``SCORE_MEANING``, their
`Detector.score_meaning`, so that it is known without weights.

Nothing else has to be edited. The list of families reads ``VARIANTS`` from the module's source
without running it. So a family whose libraries are not installed is listed too, and torch is not
imported for the list.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt


class DetectorError(ValueError):
    """An error that the user can repair: it says what was found, what was expected, and how."""


@dataclass(frozen=True)
class Detections:
    """Keypoints of one person in each of N crops.

    Attributes:
        keypoints: float32 (N, K, 2), x and y in pixels of the crop. The coordinates are
            continuous: the crop spans [0, S] x [0, S], the center of its top-left pixel is
            (0.5, 0.5). A joint may lie slightly outside of the crop.
        scores: float32 (N, K), larger is more certain; see `Detector.score_meaning`.

    Raises:
        DetectorError: shapes or dtypes are not the above.
    """

    keypoints: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        points, scores = self.keypoints, self.scores
        if points.ndim != 3 or points.shape[2] != 2 or scores.shape != points.shape[:2]:
            raise DetectorError(
                f"detections have keypoints of shape {points.shape} and scores of shape "
                f"{scores.shape}; expected (N, K, 2) and (N, K)"
            )
        if points.dtype != np.float32 or scores.dtype != np.float32:
            raise DetectorError(
                f"detections have dtypes {points.dtype} and {scores.dtype}; expected float32"
            )


@runtime_checkable
class Detector(Protocol):
    """A single-person 2D pose detector on square crops. Create one in each process.

    Attributes:
        name: "family:variant"; for a model of the user's, "family:" and the file's name.
        layout: name of the joint set, for example "coco17" (a shard's field has this name).
        score_meaning: one sentence that says what a score is.
        input_size: side S of the crops in pixels.
        batch: number of crops that should be given at once.
        weights_sha256: SHA-256 (hex) of the weights, or of all files that the user gave.
        runtime: what runs the network, for example "onnxruntime 1.32.0 cpu".
    """

    name: str
    layout: str
    score_meaning: str
    input_size: int
    batch: int
    weights_sha256: str
    runtime: str

    def __call__(self, crops: npt.NDArray[np.uint8]) -> Detections:
        """Detect the person in each crop.

        Args:
            crops: uint8 (N, S, S, 3), RGB, S = `input_size`; N may be 0.

        Raises:
            DetectorError: wrong shape or dtype.
        """
        ...


class Family(Protocol):
    """The names that a module of a family defines."""

    VARIANTS: tuple[str, ...]

    def load(self, variant: str, device: str) -> Detector:
        """Return the detector of this variant on this device, or raise DetectorError."""
        ...


def check_crops(crops: npt.NDArray[np.uint8], size: int, name: str) -> None:
    """Raise DetectorError unless `crops` is a uint8 array of shape (N, size, size, 3)."""
    found = (
        f"{crops.dtype} {crops.shape}" if isinstance(crops, np.ndarray) else type(crops).__name__
    )
    if (
        not isinstance(crops, np.ndarray)
        or crops.dtype != np.uint8
        or crops.ndim != 4
        or crops.shape[1:] != (size, size, 3)
    ):
        raise DetectorError(
            f"{name} was given {found}; expected uint8 (N, {size}, {size}, 3), RGB: "
            f"cut and resize with corruptbench.detectors.crops"
        )


def no_detections(joints: int) -> Detections:
    """Return the detections of no crop."""
    return Detections(np.zeros((0, joints, 2), np.float32), np.zeros((0, joints), np.float32))


def name_of(family: str, path: Path) -> str:
    """Return the name of a detector whose model is a file of the user's: "family:stem".

    Raises:
        DetectorError: the file's name has other characters than a detector's.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}", path.stem):
        raise DetectorError(
            f"{path}: the file's name becomes the detector's, expected up to 80 of A-Z, a-z, 0-9 "
            "and . _ + - ; rename it"
        )
    return f"{family}:{path.stem}"


def families() -> dict[str, tuple[str, ...]]:
    """Return the names of the families with those of their variants, sorted; import none."""
    package = importlib.import_module("corruptbench.detectors")
    found: dict[str, tuple[str, ...]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = f"{package.__name__}.{info.name}"
        spec = info.module_finder.find_spec(module, None)
        get_source = getattr(spec.loader, "get_source", None) if spec else None
        variants = _declared_variants(get_source(module) or "") if get_source else None
        if variants is not None:
            found[info.name] = variants
    return dict(sorted(found.items()))


@cache
def score_meaning(name: str) -> str | None:
    """Return what the scores of a detector mean, by its name, without loading it.

    None for a name that is not of ours, and for models of the user's, whose files decide.
    """
    family, _, variant = name.partition(":")
    if variant not in families().get(family, ()) or "*" in variant:
        return None
    module = importlib.import_module(f"corruptbench.detectors.{family}")
    meaning: str | None = getattr(module, "SCORE_MEANING", None)
    return meaning


def load(spec: str, device: str = "cpu") -> Detector:
    """Return the detector of this name, ready to run.

    Args:
        spec: "family:variant", for example "movenet:lightning", "onnx:path/to/model.onnx" or
            "mmpose:path/to/config.py:path/to/weights.pth".
        device: "cpu", "cuda" or "cuda:N"; for an ONNX model also "tensorrt" or "tensorrt:N".

    Raises:
        DetectorError: no such family, variant or device; weights missing or damaged.
    """
    known = families()
    names = ", ".join(f"{family}:{v}" for family, variants in known.items() for v in variants)
    family, colon, variant = spec.partition(":")
    if not colon or not variant:
        raise DetectorError(f"'{spec}' is not of the form family:variant; expected one of {names}")
    if family not in known:
        raise DetectorError(f"there is no detector family '{family}'; expected one of {names}")
    if not any(fnmatchcase(variant, name) for name in known[family]):
        raise DetectorError(
            f"detector family '{family}' has no variant '{variant}'; expected one of {names}"
        )
    try:
        module = cast(Family, importlib.import_module(f"corruptbench.detectors.{family}"))
        return module.load(variant, device)
    except ImportError as error:
        raise DetectorError(
            f"detector '{spec}' needs a package that cannot be imported ({error}); install it"
        ) from error


def _declared_variants(source: str) -> tuple[str, ...] | None:
    """Return top-level ``VARIANTS`` if the source defines it, as a literal, and ``load``."""
    variants: tuple[str, ...] | None = None
    has_load = False
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == "load":
            has_load = True
        target: ast.expr | None = None
        value: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign):
            target, value = node.target, node.value
        if isinstance(target, ast.Name) and target.id == "VARIANTS" and value is not None:
            try:
                literal = ast.literal_eval(value)
            except ValueError:
                continue
            if isinstance(literal, tuple) and all(isinstance(v, str) for v in literal):
                variants = literal
    return variants if has_load else None
