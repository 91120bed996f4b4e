"""Compare the detections of a clip in a cell with its projected labels, joint by joint.

Scored are the 12 limb joints: shoulders, elbows, wrists, hips, knees and ankles. They are the same
points of the body in all joint sets, and COCO has a sigma for each of them. Joints that we derive
from others (hip, spine, thorax, head) would measure our conversion, and no labels have COCO's nose,
eyes and ears.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets import Clip
from corruptbench.keypoint_evaluation.metrics import keypoint_error, longer_sides
from corruptbench.keypoint_evaluation.oks import AREA_OF_BOX, similarity
from corruptbench.shards.records import CellDetections
from corruptbench.skeleton import limb_joints

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: A joint is correct within this fraction of the longer side of the person's box: about the width
#: of a hand on a standing adult. Our own choice.
CORRECT = 0.05
#: It is roughly correct within this one: the threshold of PCK in mmpose, relative to the same side.
ROUGHLY_CORRECT = 0.2


@dataclass(frozen=True)
class ComparedJoints:
    """Detections of N frames beside their labels, in the order of `oks.JOINTS`.

    A joint is scored if its label lies in the picture, as COCO labels no other. It is scored, too,
    where the body or a corruption hides it: COCO labels such joints, and a lifter needs them.

    Attributes:
        errors: (N, 12) float32, distance as a fraction of the longer side of the person's box; NaN
            for a joint that is not scored, infinite where nothing was detected.
        scores: (N, 12) float32, of the detector.
        hidden: (N, 12) bool, whether the corruption hides the joint.
        oks: (N,) float32, object keypoint similarity.
        cameras: (N,) int16, index of the camera.
    """

    errors: Array32
    scores: Array32
    hidden: Mask
    oks: Array32
    cameras: NDArray[np.int16]

    @cached_property
    def scored(self) -> Mask:
        """(N, 12) whether a joint is scored."""
        return ~np.isnan(self.errors)

    @cached_property
    def correct(self) -> Mask:
        """(N, 12) whether a joint is within `CORRECT`."""
        return np.asarray(self.errors <= CORRECT)

    def of_camera(self, camera: int) -> ComparedJoints:
        """Return the frames of one camera."""
        kept = self.cameras == camera
        return ComparedJoints(*(getattr(self, field.name)[kept] for field in fields(self)))


def joined(parts: Sequence[ComparedJoints]) -> ComparedJoints:
    """Return the frames of several comparisons as those of one."""
    names = [field.name for field in fields(ComparedJoints)]
    return ComparedJoints(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def compare(clip: Clip, found: CellDetections, layout: str, camera: int = 0) -> ComparedJoints:
    """Compare detections with the labels; frames without a joint to score are left out.

    Args:
        clip: with labels.
        found: detections of one cell of the clip.
        layout: joint set of the detections.
        camera: index to give to the frames.
    """
    limbs = limb_joints(clip.joint_set)
    target = clip.keypoints[:, limbs]
    has_box = np.asarray(np.isfinite(clip.boxes).all(axis=1))
    scored = _in_picture(target, clip) & has_box[:, None]
    kept = scored.any(axis=1)
    boxes, scored = clip.boxes[kept], scored[kept]
    ours = limb_joints(layout)
    points = found.keypoints[kept][:, ours].astype(np.float64)
    sides = longer_sides(boxes)
    errors = keypoint_error(points, target[kept], sides)
    errors = np.where(scored, np.where(np.isnan(errors), np.inf, errors), np.nan)
    areas = AREA_OF_BOX * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return ComparedJoints(
        errors.astype(np.float32),
        found.scores[kept][:, ours],
        _hidden(found.hidden_joints[kept], limbs),
        similarity(errors * sides[:, None], areas).astype(np.float32),
        np.full(int(kept.sum()), camera, dtype=np.int16),
    )


def _in_picture(points: Array, clip: Clip) -> Mask:
    """Tell which points (F, J, 2) px lie in the picture; NaN does not."""
    size = (clip.camera.width, clip.camera.height)
    return np.asarray(((points >= 0) & (points < size)).all(axis=-1))


def _hidden(masks: NDArray[np.uint32], joints: Sequence[int]) -> Mask:
    """Tell which of these joints of the labels a bit mask (N,) names, (N, 12)."""
    bits = np.uint32(1) << np.array(joints, dtype=np.uint32)
    return np.asarray((masks[:, None] & bits) != 0)
