"""Where clothes, hair and face parts begin and end on a body.

A region is a signed field in millimetres over rest-pose points: positive inside, zero at the hem.
All functions take `points` (V, 3) mm and `weights` (V, B) and return (V,).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from .body import RestBody
from .subjects import Subject

Field = Callable[[np.ndarray, np.ndarray], np.ndarray]

_LIMIT_MM = 60.0


class Regions:
    """Fields for one person."""

    def __init__(self, body: RestBody, subject: Subject) -> None:
        self.subject = subject
        self._body = body
        self._head_bone = body.names.index("Head")
        skin = np.unique(body.quads["body"])
        of_head = skin[body.weights[skin, self._head_bone] > 0.5]
        head = body.points_mm[of_head]
        self.nose_mm = head[head[:, 1].argmin()]
        self.crown_mm = head[head[:, 2].argmax()]
        self._nape_y = head[:, 1].max()
        self._eyes = [
            body.points_mm[np.unique(body.quads[name])].mean(axis=0)
            for name in ("helper-l-eye", "helper-r-eye")
        ]
        neck = self._bone("Neck")
        self._hair_end = neck[2] - 5.0

    def covering(self) -> tuple[Field, ...]:
        """Fields of everything that hides skin for good."""
        return self.shirt, self.trousers, self.shoes

    def shirt(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Shirt: from the hem over the hips to the collar and along the arms."""
        hem = points[:, 2] - (self._bone("LeftUpLeg")[2] + 15.0)
        tilt = np.array([0.0, -0.42, 0.91])
        collar = (self._bone("Neck") + np.array([0.0, 0.0, 2.0]) - points) @ tilt
        sleeve = self._limb_left(points, weights, "Arm", self.subject.shirt.reach)
        return self._limited(np.minimum.reduce([hem, collar, sleeve]))

    def trousers(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Trousers: from under the shirt's hem along the legs."""
        waist = self._bone("LeftUpLeg")[2] + 60.0 - points[:, 2]
        leg = self._limb_left(points, weights, "Leg", self.subject.trousers.reach)
        arms = self._share(weights, "Arm") > 0.3
        return np.where(arms, -_LIMIT_MM, self._limited(np.minimum(waist, leg)))

    def shoes(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Shoes: what lies below the ankle."""
        below = self._bone("LeftFoot")[2] + 4.0 - points[:, 2]
        return np.where(self._share(weights, "Leg") > 0.3, self._limited(below), -_LIMIT_MM)

    def scalp(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Hair on the skull: behind a plane from the forehead's hairline to the nape."""
        eye = np.mean(self._eyes, axis=0)
        tall = self.crown_mm[2] - eye[2]
        front = np.array([0.0, eye[1] - 10.0, eye[2] + 0.66 * tall])
        nape = np.array([0.0, self._nape_y, eye[2] - 0.45 * tall])
        along = (nape - front) / np.linalg.norm(nape - front)
        normal = np.cross([1.0, 0.0, 0.0], along)
        normal *= np.sign(normal[2])
        behind = (points - front) @ normal
        return np.where(weights[:, self._head_bone] > 0.4, self._limited(behind), -_LIMIT_MM)

    def long_hair(self, points: np.ndarray) -> np.ndarray:
        """Hair that hangs down behind the face, as far as the shoulders."""
        behind = points[:, 1] - (self._eyes[0][1] + 30.0)
        return self._limited(np.minimum(points[:, 2] - self._hair_end, behind))

    def hang(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """How freely cloth hangs, 0 at the shoulders and arms to 1 from the waist down."""
        chest, waist = self._bone("Spine1")[2] - 40.0, self._bone("LowerBack")[2]
        low = np.clip((chest - points[:, 2]) / (chest - waist), 0.0, 1.0)
        off = (self._share(weights, "Arm") > 0.3) | (points[:, 2] < self._bone("LeftFoot")[2] + 60)
        return np.where(off, 0.0, low)

    def shirt_push(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Distance of the shirt from the skin: loose at the hem and at the sleeves' ends."""
        top, hem = self._bone("LeftArm")[2], self._bone("LeftUpLeg")[2]
        low = np.clip((top - points[:, 2]) / (top - hem), 0.0, 1.0)
        sleeve = np.clip(self._limb_covered(points, weights, "Arm"), 0.0, 1.0)
        on_arm = self._share(weights, "Arm") > 0.5
        return 8.0 + np.where(on_arm, 7.0 * sleeve, 19.0 * low**2)

    def trousers_push(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Distance of the trousers from the skin: loose at the legs' ends."""
        return 6.0 + 10.0 * np.clip(self._limb_covered(points, weights, "Leg"), 0.0, 1.0)

    def skin_colour(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(V, 3) sRGB of bare skin with brows, lips and eyes."""
        colour = np.tile(np.array(self.subject.skin), (len(points), 1))
        head = weights[:, self._head_bone] > 0.5
        face = head & (points[:, 1] < self._eyes[0][1] + 5.0)
        cheek = np.exp(-(((points[:, 2] - self.nose_mm[2]) / 25.0) ** 2))
        colour[:, 1:] *= 1.0 - 0.06 * (cheek * face)[:, None]
        mouth = self.nose_mm + np.array([0.0, 14.0, -36.0])
        reach = ((points - mouth) / np.array([25.0, 18.0, 8.5])) ** 2
        colour[face & (reach.sum(axis=1) < 1.0)] *= np.array([0.86, 0.60, 0.62])
        for eye in self._eyes:
            brow = (
                (points - eye - np.array([0.0, -16.0, 21.0])) / np.array([21.0, 22.0, 5.0])
            ) ** 2
            colour[face & (brow.sum(axis=1) < 1.0)] = np.array(self.subject.hair) * 0.8
            ball = np.linalg.norm(points - eye, axis=1) < 15.5
            colour[ball] = 0.92
            pupil = np.linalg.norm((points - eye)[:, [0, 2]], axis=1) < 7.0
            colour[ball & pupil & (points[:, 1] < eye[1])] = (0.14, 0.09, 0.06)
        return np.clip(colour, 0.0, 1.0)

    def _bone(self, name: str) -> np.ndarray:
        return self._body.heads_mm[self._body.names.index(name)]

    def _share(self, weights: np.ndarray, limb: str) -> np.ndarray:
        """(V,) how much a point moves with the arms or legs."""
        ends = {"Arm": ("Arm", "Hand", "Thumb", "Finger"), "Leg": ("UpLeg", "Leg", "Foot", "Toe")}
        bones = [any(part in name for part in ends[limb]) for name in self._body.names]
        return weights[:, bones].sum(axis=1)

    def _along_limb(self, points: np.ndarray, limb: str) -> tuple[np.ndarray, float]:
        """(V,) distance along the nearer limb from its root, and the limb's length; mm."""
        chain = {"Arm": ("Arm", "ForeArm", "Hand"), "Leg": ("UpLeg", "Leg", "Foot")}[limb]
        left = np.stack([self._bone(f"Left{name}") for name in chain])
        mirrored = points * np.where(points[:, :1] < 0, [-1.0, 1.0, 1.0], 1.0)
        best = np.full(len(points), np.inf)
        travelled = np.zeros(len(points))
        start = 0.0
        for one, two in pairwise(left):
            length = float(np.linalg.norm(two - one))
            along = (mirrored - one) @ (two - one) / length
            last = bool(np.allclose(two, left[-1]))
            inside = np.clip(along, 0.0, np.inf if last else length)
            off = np.linalg.norm(mirrored - one - inside[:, None] * (two - one) / length, axis=1)
            nearer = off < best
            travelled = np.where(nearer, start + inside, travelled)
            best = np.minimum(best, off)
            start += length
        return travelled, start

    def _limb_left(
        self, points: np.ndarray, weights: np.ndarray, limb: str, reach: float
    ) -> np.ndarray:
        """(V,) length of limb that a garment still has to cover; positive off the limb."""
        along, length = self._along_limb(points, limb)
        return np.where(self._share(weights, limb) > 0.5, reach * length - along, _LIMIT_MM)

    def _limb_covered(self, points: np.ndarray, weights: np.ndarray, limb: str) -> np.ndarray:
        along, length = self._along_limb(points, limb)
        return np.where(self._share(weights, limb) > 0.5, along / length, 0.0)

    @staticmethod
    def _limited(field: np.ndarray) -> np.ndarray:
        return np.clip(field, -_LIMIT_MM, _LIMIT_MM)
