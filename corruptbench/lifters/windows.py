"""Turn a clip's keypoints into a lifter's input, and its output into one pose for each frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera, normalize_screen
from corruptbench.errors import InputError
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.gaps import filled
from corruptbench.lifters.lifter import Lifter
from corruptbench.skeleton import convert, joint_set

Array = NDArray[np.float64]

#: Greatest number of windows in a batch, and of frames in a batch of sequences.
BATCH = 256
BATCH_FRAMES = 8192


def lifter_input(
    keypoints: NDArray[np.floating],
    scores: NDArray[np.floating],
    joints: str,
    camera: Camera,
    contract: Contract,
) -> NDArray[np.float32]:
    """Convert keypoints to a lifter's input: (F, K, C) float32 in the contract's convention.

    Frames without a detection (NaN keypoints) repeat the nearest frame that has one, the earlier
    of two; their scores stay 0. A clip without any detection shows the center of the picture.

    Args:
        keypoints: (F, K, 2) px.
        scores: (F, K).
        joints: joint set of the keypoints.
        camera: camera of the clip, for the size of the picture.
        contract: contract of the lifter.
    """
    points = filled(keypoints.astype(np.float64), camera)
    points, confidence = convert(points, scores.astype(np.float64), joints, contract.keypoints)
    if contract.normalize == "screen":
        points = normalize_screen(points, camera.width, camera.height)
    if contract.channels == "xyc":
        points = np.concatenate([points, confidence[..., None]], axis=-1)
    return points.astype(np.float32)


def lift(lifter: Lifter, tracks: NDArray[np.float32]) -> Array:
    """Lift N tracks of equal length, by the rule of the contract's window.

    Args:
        lifter: a loaded lifter.
        tracks: (N, F, K, C) float32 from `lifter_input`.

    Returns:
        (N, F, J, 3) float64 mm, in camera axes.

    Raises:
        InputError: the lifter gives another shape than its contract says.
    """
    if lifter.contract.window == "sequence":
        out = _sequence(lifter, tracks)
    else:
        run = _center if lifter.contract.window == "centre" else _block
        out = np.stack([run(lifter, track) for track in tracks])
    wanted = (*tracks.shape[:2], len(joint_set(lifter.contract.joints)), 3)
    if out.shape != wanted:
        raise InputError(
            f"{lifter.contract.name}: it gave poses of shape {out.shape} for tracks of shape "
            f"{tracks.shape}, expected {wanted}; correct the contract or the model"
        )
    return out.astype(np.float64) * (1000 if lifter.contract.units == "m" else 1)


def _edge_padded(tracks: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    half = (frames - 1) // 2
    return np.pad(tracks, ((0, 0), (half, half), (0, 0), (0, 0)), mode="edge")


def _sequence(lifter: Lifter, tracks: NDArray[np.float32]) -> NDArray[np.float32]:
    # One frame more than needed: an exported graph may refuse exactly its receptive field.
    padded = _edge_padded(tracks, lifter.contract.frames)
    padded = np.concatenate([padded, padded[:, -1:]], axis=1)
    return _in_batches(lifter, padded, max(1, BATCH_FRAMES // padded.shape[1]))[:, :-1]


def _center(lifter: Lifter, track: NDArray[np.float32]) -> NDArray[np.float32]:
    frames = lifter.contract.frames
    padded = _edge_padded(track[None], frames)[0]
    views = np.lib.stride_tricks.sliding_window_view(padded, frames, axis=0)
    return _in_batches(lifter, np.moveaxis(views, -1, 1), BATCH)[:, 0]


def _block(lifter: Lifter, track: NDArray[np.float32]) -> NDArray[np.float32]:
    # Full blocks from the start. The last one ends with the clip; its overlap with the block
    # before is not used, so that every frame is scored once.
    frames = lifter.contract.frames
    missing = max(frames - len(track), 0)
    padded = np.pad(track, ((0, missing), (0, 0), (0, 0)), mode="edge")
    last = len(padded) - frames
    blocks = np.stack([padded[s : s + frames] for s in (*range(0, last, frames), last)])
    out = _in_batches(lifter, blocks, BATCH)
    used = last % frames or frames  # of the last block
    return np.concatenate([*out[:-1], out[-1, -used:]])[: len(track)]


def _in_batches(lifter: Lifter, inputs: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Run the lifter on inputs (N, T, K, C), at most ``size`` at once."""
    starts = range(0, len(inputs), size)
    return np.concatenate([lifter(np.ascontiguousarray(inputs[i : i + size])) for i in starts])
