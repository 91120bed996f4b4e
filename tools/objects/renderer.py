"""Light a model and draw it: many soft lights with shadows, in software, through EGL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import moderngl
import numpy as np

from . import shaders
from .wavefront import Material, Part

#: The camera: its height and its distance from the object's middle, meters.
EYE_HEIGHT, DISTANCE = 1.45, 4.6
#: Pixels of the picture that is drawn, and of a light's shadow map.
SIZE, SHADOW_SIZE = 832, 640
#: Directions of the lights of the room: of the whole ceiling, and of a large window.
SKY_LIGHTS, WINDOW_LIGHTS = 24, 6
SKY, WINDOW = np.array([0.55, 0.56, 0.59]), np.array([1.00, 0.95, 0.87])
WINDOW_DIRECTION, WINDOW_SPREAD = np.array([-0.45, 0.62, 0.72]), 0.22

_PLANE = np.array(
    [[x, 0, z] for x, z in ((-9, -9), (9, -9), (9, 3.5), (-9, -9), (9, 3.5), (-9, 3.5))]
)
FLOOR = Part(Material(), _PLANE, np.tile([0.0, 1.0, 0.0], (6, 1)), np.zeros((6, 2)))


@dataclass(frozen=True)
class View:
    """What the camera sees, linear light: all (SIZE, SIZE, ...) float32.

    Attributes:
        color: of the object.
        cover: 1 where the object is.
        floor: the part of the light that is left on the floor, without the object before it.
    """

    color: np.ndarray
    cover: np.ndarray
    floor: np.ndarray


class Renderer:
    """Draws one model after the other."""

    def __init__(self) -> None:
        gl = self._gl = moderngl.create_context(standalone=True, backend="egl")
        self._surface = gl.program(shaders.VERTEX, shaders.SURFACE_FRAGMENT)
        self._depth = gl.program(shaders.DEPTH_VERTEX, shaders.DEPTH_FRAGMENT)
        self._light = gl.program(shaders.SCREEN_VERTEX, shaders.LIGHT_FRAGMENT)
        corners = np.array([[-1, -1], [3, -1], [-1, 3]], "f4")
        self._screen = gl.vertex_array(
            self._light, [(gl.buffer(corners.tobytes()), "2f", "corner")]
        )
        self._shadow = gl.depth_texture((SHADOW_SIZE, SHADOW_SIZE))
        self._shadow.compare_func = "<="
        self._shadow.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._shadow_target = gl.framebuffer(depth_attachment=self._shadow)
        size = (SIZE, SIZE)
        self._surfaces = [  # of the object, and of the floor
            gl.framebuffer(
                [gl.texture(size, 4, dtype="f4") for _ in range(3)], gl.depth_renderbuffer(size)
            )
            for _ in range(2)
        ]
        self._sums = [gl.framebuffer([gl.texture(size, 4, dtype="f4")]) for _ in range(2)]

    def draw(self, parts: list[Part]) -> View:
        """Return the view of a model that stands on the floor, y up, meters."""
        points = np.concatenate([part.points for part in parts])
        tall, reach = points[:, 1].max(), np.linalg.norm(points, axis=1).max() * 1.05
        meshes, floor = [self._mesh(part) for part in parts], [self._mesh(FLOOR)]
        camera = _camera(tall, reach)
        for target, shown in zip(self._surfaces, (meshes, floor), strict=True):
            self._draw_surfaces(target, shown, camera)
        for target in self._sums:
            target.clear()
        lights, full = _lights(), 0.0
        for direction, power in lights:
            self._add_light(meshes, _light_matrix(direction, tall, reach), direction, power)
            full += float(power.mean() * direction[1])
        for mesh in (*meshes, *floor):
            mesh.release()
        cover, ground = (_read(target)[..., 3] for target in self._surfaces)
        color, left = (_read(target)[..., :3] for target in self._sums)
        return View(color, cover, np.where(ground > 0, left.mean(axis=-1) / full, 1.0))

    def _mesh(self, part: Part) -> _Mesh:
        rows = np.concatenate([part.points, part.normals, part.uv], axis=1).astype("f4")
        buffer = self._gl.buffer(rows.tobytes())
        layout = (buffer, "3f 3f 2f", "position", "normal", "uv")
        flat = (buffer, "3f 12x 2f", "position", "uv")
        return _Mesh(
            self._gl.vertex_array(self._surface, [layout]),
            self._gl.vertex_array(self._depth, [flat]),
            buffer, _texture(self._gl, part.material.texture), part.material,
        )  # fmt: skip

    def _draw_surfaces(
        self, target: moderngl.Framebuffer, meshes: list[_Mesh], camera: np.ndarray
    ) -> None:
        target.use()
        target.clear(depth=1.0)
        self._gl.enable_only(moderngl.DEPTH_TEST)
        self._surface["view_projection"].write(_columns(camera))
        self._surface["eye"].value = (0.0, EYE_HEIGHT, DISTANCE)
        for mesh in meshes:
            mesh.use(self._surface)
            self._surface["color"].value = mesh.material.color
            self._surface["shine"].value = min(mesh.material.shine, 0.5)
            mesh.surface.render()

    def _add_light(
        self, meshes: list[_Mesh], matrix: np.ndarray, direction: np.ndarray, power: np.ndarray
    ) -> None:
        self._gl.enable_only(moderngl.DEPTH_TEST)
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        self._depth["light_matrix"].write(_columns(matrix))
        for mesh in meshes:
            if mesh.material.opacity > 0.3:
                mesh.use(self._depth)
                mesh.depth.render()
        self._gl.enable_only(moderngl.BLEND)
        self._gl.blend_func = moderngl.ONE, moderngl.ONE
        program = self._light
        program["light_matrix"].write(_columns(matrix))
        program["light"].value, program["power"].value = tuple(direction), tuple(power)
        program["eye"].value = (0.0, EYE_HEIGHT, DISTANCE)
        for unit, name in enumerate(("paint", "normal_shine", "place", "shadow_map")):
            program[name].value = unit
        self._shadow.use(3)
        for bare, target in enumerate(self._sums):
            for unit, texture in enumerate(self._surfaces[bare].color_attachments):
                texture.use(unit)
            program["bare"].value = bool(bare)
            target.use()
            self._screen.render()


@dataclass(frozen=True)
class _Mesh:
    surface: moderngl.VertexArray
    depth: moderngl.VertexArray
    buffer: moderngl.Buffer
    texture: moderngl.Texture | None
    material: Material

    def use(self, program: moderngl.Program) -> None:
        """Tell a program about the material."""
        program["textured"].value = self.texture is not None
        program["opacity"].value = self.material.opacity
        if self.texture is not None:
            self.texture.use(7)
            program["picture"].value = 7

    def release(self) -> None:
        """Give the memory back."""
        for one in (self.surface, self.depth, self.buffer, self.texture):
            if one is not None:
                one.release()


def _read(target: moderngl.Framebuffer) -> np.ndarray:
    data = target.read(components=4, dtype="f4")
    return np.frombuffer(data, "f4").reshape(SIZE, SIZE, 4)[::-1]


def _texture(gl: moderngl.Context, path: Path | None) -> moderngl.Texture | None:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path and path.exists() else None
    if picture is None:
        return None
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    order = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    rows = np.ascontiguousarray(cv2.cvtColor(picture, order)[::-1])
    texture = gl.texture((rows.shape[1], rows.shape[0]), 4, rows.tobytes())
    texture.build_mipmaps()
    texture.anisotropy = 8.0
    return texture


def _lights() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return directions to the lights, and their power."""
    found, rng = [], np.random.default_rng(1)
    for i in range(SKY_LIGHTS):  # evenly over the upper half, more from above
        up = np.sqrt((i + 0.5) / SKY_LIGHTS)
        angle, side = i * np.pi * (3 - np.sqrt(5.0)), np.sqrt(1 - up * up)
        found.append((np.array([side * np.cos(angle), up, side * np.sin(angle)]), SKY / SKY_LIGHTS))
    for _ in range(WINDOW_LIGHTS):
        way = WINDOW_DIRECTION + WINDOW_SPREAD * rng.standard_normal(3)
        way[1] = max(way[1], 0.2)
        found.append((way / np.linalg.norm(way), WINDOW / WINDOW_LIGHTS))
    return found


def _columns(matrix: np.ndarray) -> bytes:
    return np.ascontiguousarray(matrix.T, "f4").tobytes()


def _camera(tall: float, reach: float) -> np.ndarray:
    """(4, 4) from the world to clip space: the whole object and its shadow are in the picture."""
    eye, aim = np.array([0.0, EYE_HEIGHT, DISTANCE]), np.array([0.0, tall * 0.47, 0.0])
    back = (eye - aim) / np.linalg.norm(eye - aim)
    right = np.array([1.0, 0.0, 0.0])
    view = np.eye(4)
    view[:3, :3] = np.stack([right, np.cross(back, right), back])
    view[:3, 3] = -view[:3, :3] @ eye
    zoom, near, far = (DISTANCE - 0.6 * reach) / (1.12 * max(reach, 0.3)), 0.2, 30.0
    projection = np.diag([zoom, zoom, (far + near) / (near - far), 0.0])
    projection[2, 3], projection[3, 2] = 2 * far * near / (near - far), -1.0
    return projection @ view


def _light_matrix(direction: np.ndarray, tall: float, reach: float) -> np.ndarray:
    """(4, 4) orthographic view along a light of everything within reach of the object's foot."""
    side = np.cross(direction, [0.31, 0.17, 0.94])
    side /= np.linalg.norm(side)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([side, np.cross(direction, side), -direction]) / (1.4 * reach)
    matrix[:3, 3] = -matrix[:3, :3] @ np.array([0.0, tall * 0.3, 0.0])
    return matrix
