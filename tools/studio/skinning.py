"""Linear blend skinning of a dressed person."""

from __future__ import annotations

import numpy as np

from .outfit import Dressed


class Skin:
    """Moves a dressed person's vertices with the bones."""

    def __init__(self, dressed: Dressed) -> None:
        self._weights = np.ascontiguousarray(dressed.weights, dtype=np.float32)
        self._points = dressed.points_mm.astype(np.float32)
        self._normals = dressed.normals.astype(np.float32)

    def posed(self, transforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """World points (V, 3) mm and unit normals (V, 3) for bone transforms (B, 3, 4)."""
        flat = transforms.reshape(len(transforms), 12).astype(np.float32)
        blended = (self._weights @ flat).reshape(-1, 3, 4)
        points = np.einsum("vij,vj->vi", blended[..., :3], self._points) + blended[..., 3]
        normals = np.einsum("vij,vj->vi", blended[..., :3], self._normals)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        return points, normals
