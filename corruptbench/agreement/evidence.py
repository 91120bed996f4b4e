"""Measure how well projected labels fit 2D detections, as they are and under each likely fault.

A likely fault: labels in another order of left and right, of another camera, too early or too late,
at another rate. Errors are means over frames of the weighted mean over the 12 limb joints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.skeleton import convert, limb_joints

Array = NDArray[np.float64]

#: An error of a joint counts at most this fraction of the person's height, so that a few detections
#: of somebody else, or of a chair, do not decide. Our own choice.
CAP = 0.15
#: The same for shapes, in units of their size (root mean square), which is about 0.3 heights.
SHAPE_CAP = 0.5
#: Frames of a clip that are compared, and for rates: enough for every length, and quick.
MAX_FRAMES, MAX_RATE_FRAMES = 48, 32
#: Greatest lag that is tried, in seconds, and in frames for very fast cameras.
MAX_LAG_SECONDS, MAX_LAG_FRAMES = 0.5, 64
#: Lags in frames that are tried with every rate.
RATE_LAGS = np.array([-2, 0, 2])
#: Labels for one frame of the video: the ratios of the frame rates 24 (23.976), 25, 30, 48, 50, 60
#: (59.94), 100 and 120, one or two of which people confuse.
RATES = np.array(
    [
        1 / 4, 2 / 5, 1 / 2, 3 / 5, 4 / 5, 5 / 6, 24 / 25, 1000 / 1001,
        1001 / 1000, 25 / 24, 6 / 5, 5 / 4, 5 / 3, 2, 5 / 2, 4,
    ]
)  # fmt: skip
#: Left and right exchanged in `skeleton.LIMB_JOINTS`, whose joints come in pairs.
_EXCHANGED = np.arange(12).reshape(-1, 2)[:, ::-1].ravel()


@dataclass(frozen=True)
class Found:
    """Detections of the 12 limb joints in n frames of a clip; see `found_limbs`.

    Attributes:
        frames: (n,) int, indices into the labels.
        points: (n, 12, 2) px.
        weights: (n, 12), 1 on average in each frame.
        heights: (n,) px, of the person's box.
    """

    frames: NDArray[np.intp]
    points: Array
    weights: Array
    heights: Array

    def __len__(self) -> int:
        return len(self.frames)

    def thinned(self, most: int) -> Found:
        """Return at most this many of the frames, evenly spread."""
        if len(self) <= most:
            return self
        kept = np.linspace(0, len(self) - 1, most).round().astype(int)
        return self.at(kept)

    def at(self, kept: NDArray[np.intp] | NDArray[np.bool_]) -> Found:
        """Return the frames that an index or a mask selects."""
        return Found(self.frames[kept], self.points[kept], self.weights[kept], self.heights[kept])


@dataclass(frozen=True)
class Fit:
    """Errors under m suppositions, each beside the error of the labels as they are.

    Attributes:
        given: (m,) error of the labels as they are, over the frames that the supposition allows.
        error: (m,) error under the supposition, over the same frames.
        placed: (m,) the same with the mean offset of each joint, which the other two leave out.
        frames: (m,) number of these frames.
    """

    given: Array
    error: Array
    placed: Array
    frames: NDArray[np.intp]


@dataclass(frozen=True)
class Evidence:
    """What the detections of a clip, or of several clips, say about the labels.

    Errors are fractions of the height of the person's box; those of shapes are fractions of the
    shape's size.

    Attributes:
        frames: number of frames with detections and labels.
        fps: frames per second.
        height: mean height of the person's box, px.
        error: mean distance between labels and detections.
        exchanged: the same with left and right exchanged.
        offset: (2,) median offset of the detections from the labels, px, right and down.
        size: median size of the detected person as a multiple of that of the labels.
        shape: error of the shapes, place and size removed.
        other_shapes: the same for the labels of the other cameras.
        lags: (m,) frames; positive: the labels are late.
        lag: for each of ``lags``.
        rate: for each of `RATES`, at its best small lag.
    """

    frames: int
    fps: float
    height: float
    error: float
    exchanged: float
    offset: Array
    size: float
    shape: float
    other_shapes: Mapping[str, float]
    lags: NDArray[np.intp]
    lag: Fit
    rate: Fit


def found_limbs(
    frames: NDArray[np.intp],
    keypoints: Array,
    scores: Array,
    layout: str,
    joints: str,
    heights: Array,
) -> Found:
    """Return the limb joints of detections, without frames in which nobody was detected.

    Args:
        frames: (n,) indices into the labels.
        keypoints: (n, K, 2) px; NaN where the detector did not look.
        scores: (n, K), at least 0; only their ratios count.
        layout: joint set of the keypoints.
        joints: joint set of the labels.
        heights: (n,) px, of the person's box; NaN where there is nobody.

    Raises:
        InputError: the layout cannot be converted to the joint set.
    """
    points, weights = convert(keypoints, scores, layout, joints)
    limbs = limb_joints(joints)
    points, weights = points[:, limbs], weights[:, limbs]
    total = weights.mean(axis=1)
    seen = np.isfinite(points).all(axis=(1, 2)) & (total > 0) & (heights > 0)
    weights = weights / np.where(total > 0, total, 1)[:, None]
    return Found(frames, points, weights, heights).at(seen)


def measure(
    labels: Array, joints: str, found: Found, fps: float, others: Mapping[str, Array] | None = None
) -> Evidence:
    """Measure how well the labels of a clip fit its detections.

    Args:
        labels: (F, J, 2) px, projected into the picture; NaN where a label is not valid.
        joints: joint set of the labels.
        found: from `found_limbs`.
        fps: frames per second.
        others: labels (F', J, 2) px of other cameras of the recording, each in its own picture.

    Returns:
        The evidence; errors are NaN where no frame has both labels and a detection.
    """
    limbs = limb_joints(joints)
    labels = labels[:, limbs]
    found = _labeled(found, labels).thinned(MAX_FRAMES)
    given = labels[found.frames]
    offset, size = _placement(given, found)
    most = min(round(MAX_LAG_SECONDS * fps), MAX_LAG_FRAMES)
    lags = np.arange(-most, most + 1)
    return Evidence(
        frames=len(found),
        fps=fps,
        height=_mean(found.heights),
        error=_mean(_errors(given, found)),
        exchanged=_mean(_errors(given[:, _EXCHANGED], found)),
        offset=offset,
        size=size,
        shape=_mean(_shape_errors(given, found)),
        other_shapes={
            name: _other_shape(other[:, limbs], found) for name, other in (others or {}).items()
        },
        lags=lags,
        lag=_fit(labels, found, found.frames + lags[:, None]),
        rate=_rate_fit(labels, found.thinned(MAX_RATE_FRAMES)),
    )


def pool(evidence: Sequence[Evidence]) -> Evidence:
    """Return the evidence of several clips of one frame rate together, weighted by their frames.

    Clips without a usable frame do not count. Other cameras count where every clip has them.
    """
    clips = [e for e in evidence if e.frames] or list(evidence[:1])
    weights = [max(e.frames, 1) for e in clips]

    def mean(values: Sequence[object]) -> Array:
        return np.asarray(np.average(np.array(values, dtype=float), axis=0, weights=weights))

    names = set.intersection(*(set(e.other_shapes) for e in clips))
    return Evidence(
        frames=sum(e.frames for e in clips),
        fps=clips[0].fps,
        height=float(mean([e.height for e in clips])),
        error=float(mean([e.error for e in clips])),
        exchanged=float(mean([e.exchanged for e in clips])),
        offset=mean([e.offset for e in clips]),
        size=float(mean([e.size for e in clips])),
        shape=float(mean([e.shape for e in clips])),
        other_shapes={n: float(mean([e.other_shapes[n] for e in clips])) for n in sorted(names)},
        lags=clips[0].lags,
        lag=_pool_fits([e.lag for e in clips]),
        rate=_pool_fits([e.rate for e in clips]),
    )


def _pool_fits(fits: Sequence[Fit]) -> Fit:
    frames = np.array([f.frames for f in fits])
    total = np.maximum(frames.sum(axis=0), 1)
    errors = np.array([(f.given, f.error, f.placed) for f in fits])  # (clips, 3, m)
    given, error, placed = (errors * frames[:, None]).sum(axis=0) / total
    return Fit(given, error, placed, frames.sum(axis=0))


def _labeled(found: Found, labels: Array) -> Found:
    """Return the frames that have a label."""
    inside = found.at(found.frames < len(labels))
    return inside.at(np.asarray(np.isfinite(labels[inside.frames]).all(axis=(1, 2))))


def _mean(errors: Array) -> float:
    seen = errors[np.isfinite(errors)]
    return float(seen.mean()) if seen.size else float("nan")


def _errors(targets: Array, found: Found) -> Array:
    """Compute the error of targets (n, 12, 2) px in each frame, (n,) heights."""
    return _weighted((found.points - targets) / found.heights[:, None, None], found, CAP)


def _weighted(residuals: Array, found: Found, cap: float) -> Array:
    distances = np.minimum(np.hypot(residuals[..., 0], residuals[..., 1]), cap)
    return np.asarray((distances * found.weights).mean(axis=-1))


def _placement(given: Array, found: Found) -> tuple[Array, float]:
    """Return offset (2,) px and size of the detections relative to the labels, medians."""
    if not len(found):
        return np.full(2, np.nan), float("nan")
    _, labels_center, labels_size = _shape(given, found.weights)
    _, center, size = _shape(found.points, found.weights)
    return np.median(center - labels_center, axis=0), float(np.median(size / labels_size))


def _shape(points: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Take points (n, 12, 2) apart: shape, center (n, 2) and size (n,)."""
    center = (points * weights[..., None]).mean(axis=1)
    shape = points - center[:, None]
    size = np.sqrt((shape**2 * weights[..., None]).mean(axis=1).sum(axis=-1))
    return shape / np.maximum(size, 1e-9)[:, None, None], center, size


def _shape_errors(targets: Array, found: Found) -> Array:
    shape, _, _ = _shape(found.points, found.weights)
    target, _, _ = _shape(targets, found.weights)
    return _weighted(shape - target, found, SHAPE_CAP)


def _other_shape(labels: Array, found: Found) -> float:
    same = _labeled(found, labels)
    return _mean(_shape_errors(labels[same.frames], same))


def _rate_fit(labels: Array, found: Found) -> Fit:
    """Fit each of `RATES` at the best of `RATE_LAGS`."""
    positions = np.rint(RATES[:, None] * found.frames)[:, None] + RATE_LAGS[:, None]
    fit = _fit(
        labels, found, positions.reshape(RATES.size * RATE_LAGS.size, len(found)).astype(int)
    )
    shape = (len(RATES), len(RATE_LAGS))
    gain = np.where(fit.frames > 0, fit.error - fit.given, np.inf).reshape(shape)
    best = (np.arange(len(RATES)), gain.argmin(axis=1))
    return Fit(
        *(part.reshape(shape)[best] for part in (fit.given, fit.error, fit.placed, fit.frames))
    )


def _fit(labels: Array, found: Found, positions: NDArray[np.intp]) -> Fit:
    """Fit labels of other frames, ``positions`` (m, n), to the detections.

    The mean offset of each joint is left out: detector and labels place joints in different ways.
    """
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(labels).all(axis=(1, 2)))
    inside = (positions >= 0) & (positions < len(labels))
    positions = np.where(inside, positions, found.frames)
    usable = inside & whole[positions]
    points = np.where(whole[:, None, None], labels, 0).astype(np.float32)
    share = usable[..., None].astype(np.float32) * found.weights.astype(np.float32)  # (m, n, 12)
    given = _residuals(points[found.frames][None], found)
    moved = _residuals(points[positions], found)
    return Fit(
        given=_shared(_centered(given, share), share),
        error=_shared(_centered(moved, share), share),
        placed=_shared(moved, share),
        frames=usable.sum(axis=1),
    )


def _residuals(targets: NDArray[np.float32], found: Found) -> NDArray[np.float32]:
    """Return residuals of targets (m, n, 12, 2) px in heights; float32, as this takes the time."""
    heights = found.heights.astype(np.float32)[:, None, None]
    return np.asarray((found.points.astype(np.float32) - targets) / heights, np.float32)


def _centered(residuals: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the mean of each joint off residuals (m or 1, n, 12, 2), by their share (m, n, 12)."""
    total = np.maximum(share.sum(axis=1), np.float32(1e-9))
    mean = np.matmul(share.transpose(0, 2, 1)[:, :, None], residuals.transpose(0, 2, 1, 3))
    return np.asarray(residuals - (mean[:, :, 0] / total[..., None])[:, None], np.float32)


def _shared(residuals: NDArray[np.float32], share: NDArray[np.float32]) -> Array:
    """Return the mean length (m,) of residuals (m, n, 12, 2), by their share (m, n, 12)."""
    squares = np.einsum("mnjc,mnjc->mnj", residuals, residuals)
    distances = np.minimum(np.sqrt(squares), np.float32(CAP))
    total = np.maximum(share.sum(axis=(1, 2)), 1e-9)
    return np.asarray(np.einsum("mnj,mnj->m", distances, share) / total, np.float64)
