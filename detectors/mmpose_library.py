"""Import mmpose, which has no types, and read its configurations.

This file and `detectors.mmpose_network` are the only ones that touch it. mmpose 1.3.2 imports
compiled operators, mmdetection, torchvision and data set tools that its top-down models do not use:
stand-ins take their place (`detectors.stand_ins`).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.files import found_at
from corruptbench.detectors.stand_ins import standing_in

#: What mmpose and mmpretrain import and do not use here, and what shows that it is installed.
_UNUSED = {
    "mmpose.models": (
        ("mmcv.ops", "mmcv._ext"), ("mmdet", "mmdet"), ("torchvision", "torchvision"),
        ("xtcocotools", "xtcocotools"), ("munkres", "munkres"),
    ),
    "mmpretrain.models": (
        ("mmcv.ops", "mmcv._ext"), ("torchvision", "torchvision"), ("modelindex", "modelindex"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Joints:
    """Joints of a data set of mmpose.

    Attributes:
        names: in order.
        mirrored: for each joint, the index of the same joint of the other side.
    """

    names: tuple[str, ...]
    mirrored: tuple[int, ...]


def config_file(name: str) -> Path:
    """Return the path of a configuration: a .py file, or one of mmpose's by its name.

    Raises:
        DetectorError: there is none; ImportError: mmpose is not installed.
    """
    path = Path(name)
    if path.suffix == ".py":
        if not path.is_file():
            raise DetectorError(f"{path}: {found_at(path)}; expected a configuration of mmpose")
        return path
    spec = find_spec("mmpose")
    if spec is None or spec.origin is None:
        raise ImportError("No module named 'mmpose'")
    package = Path(spec.origin).parent
    known = {p.stem: p for place in (".mim/configs", "../configs") for p in _files(package / place)}
    if name not in known:
        close = ", ".join(get_close_matches(name, known, n=3, cutoff=0.5)) or "none is similar"
        raise DetectorError(
            f"mmpose has no configuration '{name}' (similar: {close}); expected the name of one "
            "without .py, or the path of a .py file"
        )
    return known[name]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.py") if "_base_" not in path.parts]


def read_config(path: Path) -> dict[str, Any]:
    """Run a configuration file, which is Python, and return its content as plain dicts.

    Raises:
        DetectorError: it cannot be run; ImportError: mmpose is not installed.
    """
    import_part("mmpose.models")
    from mmengine.config import Config

    try:
        return dict(Config.fromfile(str(path)).to_dict())
    except Exception as error:  # it is any code
        raise DetectorError(
            f"{path}: cannot be read as a configuration of mmpose ({type(error).__name__}: "
            f"{error!s:.200}); correct it"
        ) from error


def joints_of(dataset: Mapping[str, Any], where: str) -> Joints:
    """Return the joints of the data set that a configuration describes.

    Raises:
        DetectorError: they are not said.
    """
    from mmpose.datasets.datasets.utils import parse_pose_metainfo
    from mmpose.registry import DATASETS

    kind = dataset.get("type")
    about = dataset.get("metainfo") or (DATASETS.get(kind) if isinstance(kind, str) else kind)
    try:
        with warnings.catch_warnings(action="ignore"):  # it says where it found its own file
            found = parse_pose_metainfo(getattr(about, "METAINFO", about))
    except Exception as error:  # of mmpose's parser, which asserts
        raise DetectorError(
            f"{where}: the data set of type {kind!r} does not say its joints "
            f"({type(error).__name__}: {error!s:.100}); expected one with COCO's or Human3.6M's 17"
        ) from error
    names = tuple(found["keypoint_id2name"][k] for k in range(found["num_keypoints"]))
    return Joints(names, tuple(int(k) for k in found["flip_indices"]))


def import_part(module: str) -> None:
    """Import a part of mmpose or mmpretrain; raise ImportError where a package is missing."""
    if module in sys.modules:
        return
    if module.startswith("mmpretrain"):  # it asks for the older name of a standard module
        sys.modules.setdefault("importlib_metadata", importlib.metadata)
    with warnings.catch_warnings(action="ignore"), standing_in(*_UNUSED[module]):
        importlib.import_module(module)
        if module == "mmpose.models":
            importlib.import_module("mmpose.datasets.datasets")
