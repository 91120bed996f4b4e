"""Measure how well projected labels fit 2D detections, as they are and under each likely fault.

A likely fault: labels in another order of left and right, of another camera, too early or too late,
at another rate. Errors are means over frames of the weighted mean over the 12 limb joints.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from corruptbench.agreement.fit import CAP, Fit, fit_moved, fit_rates, pool_fits
from corruptbench.agreement.found import Found, with_labels, with_upright
from corruptbench.skeleton import limb_joints

Array = NDArray[np.float64]
Clip = TypeVar("Clip", bound=Hashable)

#: Most that a joint's error counts in a shape, in units of its size (root mean square), which is
#: about 0.3 heights: as `CAP`.
SHAPE_CAP = 0.5
#: Frames of a clip that are compared, and for rates: enough for every length, and quick.
MAX_FRAMES, MAX_RATE_FRAMES = 48, 32
#: Greatest lag that is tried, in seconds, and in frames for very fast cameras.
MAX_LAG_SECONDS, MAX_LAG_FRAMES = 0.5, 64
#: The pairs of joints in `skeleton.LIMB_JOINTS`, in order; and left and right exchanged in each.
PAIRS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_EXCHANGED = np.arange(12).reshape(-1, 2)[:, ::-1].ravel()


@dataclass(frozen=True)
class Evidence:
    """What the detections of a clip, or of several clips, say about the labels.

    Errors are fractions of the height of the person's box; those of shapes are fractions of the
    shape's size.

    Attributes:
        clips: number of clips.
        frames: number of frames with detections and labels, the person upright in the picture.
        detected: the same, with those in which the person is not upright.
        fps: frames per second.
        seconds: time from the first of these frames to the last one.
        height: mean height of the person's box, px.
        error: mean distance between labels and detections.
        exchanged: the same with left and right exchanged.
        pairs: (2, 6) what each of `PAIRS` adds to ``error`` and to ``exchanged``.
        offset: (2,) median offset of the detections from the labels, px, right and down.
        size: median size of the detected person as a multiple of that of the labels.
        shape: error of the shapes, place and size removed.
        other_shapes: the same for the labels of the other cameras.
        lags: (m,) frames; positive: the labels are late.
        lag: for each of ``lags``.
        rate: for each of `fit.RATES`, at its best small lag.
    """

    clips: int
    frames: int
    detected: int
    fps: float
    seconds: float
    height: float
    error: float
    exchanged: float
    pairs: Array
    offset: Array
    size: float
    shape: float
    other_shapes: Mapping[str, float]
    lags: NDArray[np.intp]
    lag: Fit
    rate: Fit


def measure(
    labels: Array, joints: str, found: Found, fps: float, others: Mapping[str, Array] | None = None
) -> Evidence:
    """Measure how well the labels of a clip fit its detections.

    Args:
        labels: (F, J, 2) px, projected into the picture; NaN where a label is not valid.
        joints: joint set of the labels.
        found: from `found.found_limbs`.
        fps: frames per second.
        others: labels (F', J, 2) px of other cameras of the recording, each in its own picture.

    Returns:
        The evidence; errors are NaN where no frame has both labels and a detection.
    """
    limbs = limb_joints(joints)
    labels = labels[:, limbs]
    detected = with_labels(found, labels)
    found = with_upright(detected, labels).thinned(MAX_FRAMES)
    given = labels[found.frames]
    offset, size = _placement(given, found)
    most = min(round(MAX_LAG_SECONDS * round(fps)), MAX_LAG_FRAMES)  # as in `by_rate`
    lags = np.arange(-most, most + 1)
    errors = [_errors(targets, found) for targets in (given, given[:, _EXCHANGED])]
    return Evidence(
        clips=1,
        frames=len(found),
        detected=len(detected),
        fps=fps,
        seconds=_span(found.frames) / fps,
        height=_mean(found.heights),
        error=_mean(errors[0].mean(axis=-1)),
        exchanged=_mean(errors[1].mean(axis=-1)),
        pairs=np.array([_of_pairs(e) for e in errors]),
        offset=offset,
        size=size,
        shape=_mean(_shape_errors(given, found)),
        other_shapes={
            name: _other_shape(other[:, limbs], found) for name, other in (others or {}).items()
        },
        lags=lags,
        lag=fit_moved(labels, found, found.frames + lags[:, None]),
        rate=fit_rates(labels, found.thinned(MAX_RATE_FRAMES)),
    )


def _span(frames: NDArray[np.intp]) -> int:
    """Return the number of frames from the first to the last one."""
    return int(frames.max() - frames.min()) + 1 if frames.size else 0


def by_rate(name: str, evidence: Mapping[Clip, Evidence]) -> dict[str, dict[Clip, Evidence]]:
    """Group the clips of a camera by frame rate: a lag is in frames, so only these can be pooled.

    Rates are rounded, as a video that says 25 can have 25.01.

    Args:
        name: of the camera. Where there are several rates, the names of the groups state them.
        evidence: of each clip.
    """
    groups: dict[int, dict[Clip, Evidence]] = defaultdict(dict)
    for clip, found in evidence.items():
        groups[round(found.fps)][clip] = found
    return {
        name if len(groups) == 1 else f"{name} at {rate} fps": clips
        for rate, clips in sorted(groups.items())
    }


def pool(evidence: Sequence[Evidence]) -> Evidence:
    """Return the evidence of clips of one rate (`by_rate`) together, weighted by their frames.

    Clips without a usable frame do not count. Other cameras count where every clip has them.
    """
    clips = [e for e in evidence if e.frames] or list(evidence[:1])
    weights = [max(e.frames, 1) for e in clips]

    def mean(values: Sequence[object]) -> Array:
        return np.asarray(np.average(np.array(values, dtype=float), axis=0, weights=weights))

    names = set.intersection(*(set(e.other_shapes) for e in clips))
    return Evidence(
        clips=len(clips),
        frames=sum(e.frames for e in clips),
        detected=sum(e.detected for e in evidence),
        fps=clips[0].fps,
        seconds=sum(e.seconds for e in clips),
        height=float(mean([e.height for e in clips])),
        error=float(mean([e.error for e in clips])),
        exchanged=float(mean([e.exchanged for e in clips])),
        pairs=mean([e.pairs for e in clips]),
        offset=mean([e.offset for e in clips]),
        size=float(mean([e.size for e in clips])),
        shape=float(mean([e.shape for e in clips])),
        other_shapes={n: float(mean([e.other_shapes[n] for e in clips])) for n in sorted(names)},
        lags=clips[0].lags,
        lag=pool_fits([e.lag for e in clips]),
        rate=pool_fits([e.rate for e in clips]),
    )


def _mean(errors: Array) -> float:
    seen = errors[np.isfinite(errors)]
    return float(seen.mean()) if seen.size else float("nan")


def _errors(targets: Array, found: Found) -> Array:
    """Compute the weighted errors of targets (n, 12, 2) px, (n, 12) heights."""
    return _weighted((found.points - targets) / found.heights[:, None, None], found, CAP)


def _weighted(residuals: Array, found: Found, cap: float) -> Array:
    distances = np.minimum(np.hypot(residuals[..., 0], residuals[..., 1]), cap)
    return np.asarray(distances * found.weights)


def _of_pairs(errors: Array) -> Array:
    """Return what each pair of joints adds to the mean of errors (n, 12), (6,); NaN for none."""
    if not len(errors):
        return np.full(len(PAIRS), np.nan)
    return np.asarray(errors.reshape(len(errors), len(PAIRS), 2).sum(axis=-1).mean(axis=0) / 12)


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
    return np.asarray(_weighted(shape - target, found, SHAPE_CAP).mean(axis=-1))


def _other_shape(labels: Array, found: Found) -> float:
    same = with_labels(found, labels)
    return _mean(_shape_errors(labels[same.frames], same))
