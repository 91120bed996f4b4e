"""Read the files that an evaluation leaves beside a result: joints, frames, extracts.

A file is taken only if its frames and errors are those of the clips table, so that a page never
mixes two evaluations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.report.extremes import KEY
from corruptbench.report.tables import REMEDY, lists_of, read, table_of
from corruptbench.skeleton import joint_set

#: Relative difference between a clip's error in two files, and an absolute one in mm. Our own
#: choice: single frames are float16, whose rounding is 0.05 %.
RELATIVE, ABSOLUTE = 2e-3, 0.05
#: mm, the greatest error that float16 holds. A greater one is stored as infinite.
GREATEST = float(np.finfo(np.float16).max)
#: Extracts that are shown, and frames of each.
MOST_EXTRACTS, MOST_FRAMES = 6, 100

#: Key of the file's metadata that names the joint set of the keypoints. Without it, it is that of
#: all detectors of this software, COCO's.
LAYOUT = b"layout"

#: Subject, sequence, action, camera, corruption, severity.
Key = tuple[str, str, str, str, str, int]


@dataclass(frozen=True)
class Extract:
    """Successive frames of one clip in one cell.

    Attributes:
        rank: such as "worst 1".
        key: the clip and the cell.
        joints: names of the J joints.
        layout: name of the joint set of the K keypoints.
        frames: (F,) int32, numbers in the clip.
        keypoints: (F, K, 2) float32, px of the full picture; NaN without a detection.
        predicted: (F, J, 3) float32 mm, relative to the root, in camera axes.
        target: (F, J, 3) float32 mm, likewise.
        error: (F,) float32 mm.
    """

    rank: str
    key: Key
    joints: Sequence[str]
    layout: str
    frames: NDArray[np.int32]
    keypoints: NDArray[np.float32]
    predicted: NDArray[np.float32]
    target: NDArray[np.float32]
    error: NDArray[np.float32]


def read_joints(
    path: Path,
    clips: pd.DataFrame,
    metric: str,
    names: Sequence[Sequence[str]],
    samples: int = 1,
) -> pd.DataFrame | None:
    """Read the errors of joints: the key, frames, ``exchanged``, and a column for each joint.

    Args:
        path: a file that may be missing.
        clips: the clips table.
        metric: its column whose value is the mean over the joints.
        names: the sets of joints that it may have.
        samples: passes of the lifter. The file is of the first one, the clips table of all.

    Returns:
        None if the file is missing.

    Raises:
        InputError: it is damaged, or not of the evaluation that wrote the clips table.
    """
    if not path.is_file():
        return None
    table = read(path, [*KEY, "frames", "error", "exchanged"], ["error"])
    rows = table_of(table.select([*KEY, "frames", "exchanged"]))
    errors = lists_of(table, "error", 1)[..., 0]
    joints = _joints(path, errors.shape[1], names)
    _check_same(path, rows.assign(found=np.nanmean(errors, axis=1)), clips, metric, samples)
    return pd.concat([rows, pd.DataFrame(errors, columns=list(joints))], axis=1)


def read_frames(
    path: Path, clips: pd.DataFrame, metric: str, chosen: pd.DataFrame, samples: int = 1
) -> pd.DataFrame | None:
    """Read the frames of the chosen clips, in the chosen cells and clean, in order.

    Args:
        path: a file that may be missing.
        clips: the clips table.
        metric: the column of errors, mm.
        chosen: keys of clips and cells.
        samples: passes of the lifter. The file is of the first one, the clips table of all.

    Returns:
        The key, frame, ``error`` (mm) and ``hidden`` (0 to 1). None if the file is missing.

    Raises:
        InputError: it is damaged, or not of the evaluation that wrote the clips table.
    """
    if not path.is_file():
        return None
    clean = chosen.assign(corruption="clean", severity=0)
    wanted = pd.concat([chosen, clean]).drop_duplicates()
    table = read(path, [*KEY, "frame", metric, "hidden"], wanted=wanted)
    rows = table_of(table.select([*KEY, "frame", metric, "hidden"])).rename(
        columns={metric: "error"}
    )
    rows = rows.merge(wanted, on=KEY)
    rows[["error", "hidden"]] = rows[["error", "hidden"]].astype("float64")
    by_clip = rows.groupby(KEY, sort=False)["error"].agg(found="mean", frames="size").reset_index()
    _check_same(path, by_clip, clips.merge(wanted, on=KEY), metric, samples)
    rows["error"] = rows["error"].clip(upper=GREATEST)
    return rows.sort_values([*KEY, "frame"], kind="stable", ignore_index=True)


def read_extracts(
    path: Path, clips: pd.DataFrame, names: Sequence[Sequence[str]]
) -> tuple[Extract, ...] | None:
    """Read the first `MOST_EXTRACTS` extracts, in their order; None if the file is missing.

    Raises:
        InputError: it is damaged, or has a clip or cell that the clips table does not have.
    """
    if not path.is_file():
        return None
    lists = ["keypoints", "predicted", "target"]
    table = read(path, ["rank", *KEY, "frame", "error", *lists], lists)
    rows = table_of(table.select(["rank", *KEY, "frame", "error"]))
    points = {
        n: lists_of(table, n, d) for n, d in (("keypoints", 2), ("predicted", 3), ("target", 3))
    }
    joints = _joints(path, points["target"].shape[1], names)
    layout = joint_set((table.schema.metadata or {}).get(LAYOUT, b"coco17").decode())
    _joints(path, points["keypoints"].shape[1], [layout.joints])
    extracts = []
    for rank, part in list(rows.groupby("rank", sort=False))[:MOST_EXTRACTS]:
        kept = part.sort_values("frame")[:MOST_FRAMES]
        place = kept.index.to_numpy()
        extracts.append(
            Extract(
                rank=str(rank),
                key=_key(path, kept, clips),
                joints=joints,
                layout=layout.name,
                frames=kept["frame"].to_numpy(),
                error=kept["error"].to_numpy(),
                **{name: array[place] for name, array in points.items()},
            )
        )
    return tuple(extracts)


def _key(path: Path, rows: pd.DataFrame, clips: pd.DataFrame) -> Key:
    """Return the clip and cell of an extract, which has one, and one of the clips table."""
    kinds = rows[KEY].drop_duplicates()
    if len(kinds) != 1 or kinds.merge(clips, on=KEY).empty:
        found = "/".join(map(str, kinds.iloc[-1]))
        raise _foreign(path, found, "one clip and cell of the clips table for each rank")
    subject, sequence, action, camera, corruption, severity = kinds.iloc[0]
    return subject, sequence, action, camera, corruption, int(severity)


def _joints(path: Path, count: int, names: Sequence[Sequence[str]]) -> Sequence[str]:
    fitting = next((joints for joints in names if len(joints) == count), None)
    if fitting is None:
        raise _foreign(path, f"{count} joints", " or ".join(str(len(n)) for n in names))
    return fitting


def _check_same(
    path: Path, rows: pd.DataFrame, clips: pd.DataFrame, metric: str, samples: int
) -> None:
    """Check that each clip and cell of the table is there once, with its frames and its error.

    The error of one sample of several may be any: the clips table has only their mean.
    """
    both = clips[[*KEY, "frames", metric]].merge(
        rows[[*KEY, "frames", "found"]], on=KEY, how="outer", suffixes=("", "_found")
    )
    near = np.isclose(both["found"], both[metric], RELATIVE, ABSOLUTE, equal_nan=True)
    near |= np.isinf(both["found"]) | (samples > 1)
    bad = both[(both["frames"] != both["frames_found"]) | ~near]
    if len(bad):
        row = bad.iloc[0]
        clip = "/".join(str(row[name]) for name in KEY)
        raise _foreign(
            path,
            f"{row['found']:.2f} mm over {row['frames_found']:.0f} frames of {clip}",
            f"{row[metric]:.2f} mm over {row['frames']:.0f} frames, as in the clips table",
        )


def _foreign(path: Path, found: str, expected: str) -> InputError:
    return InputError(
        f"{path}: does not belong to the result: found {found}, expected {expected}; {REMEDY}"
    )
