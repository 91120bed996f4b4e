"""OpenGL (also in software, through EGL) pictures of one person in the room."""

from __future__ import annotations

import moderngl
import numpy as np

from . import shaders
from .cameras import HEIGHT, WIDTH, Camera
from .outfit import Dressed, Material, linear
from .room import HALF_X_MM, HALF_Y_MM, LAYERS, TALL_MM, TEXTURE_SIZE, room_mesh, room_textures
from .subjects import PATTERNS, Subject

_SAMPLES = 4
_SHADOW_SIZE = 768
_SHADOW_HALF_M = 1.5
_BACKDROP_SCALE = 2
_KEY_DIRECTION = np.array([0.38, -0.27, 0.88]) / np.linalg.norm([0.38, -0.27, 0.88])


class Renderer:
    """Draws one dressed person from several cameras; make one per subject and process."""

    def __init__(self, subject: Subject, dressed: Dressed, cameras: tuple[Camera, ...]) -> None:
        self._context = moderngl.create_context(standalone=True, backend="egl")
        self._cameras = {camera.name: camera for camera in cameras}
        self._dressed = dressed
        self._make_targets()
        self._make_person(subject)
        self._make_backdrops()

    def set_pose(self, points_mm: np.ndarray, normals: np.ndarray, feet_mm: np.ndarray) -> None:
        """Take a posed person: (V, 3) world points and normals; `feet_mm` (4, 3) for contact."""
        moving = np.concatenate([points_mm / 1000.0, normals], axis=1).astype("f4")
        self._moving.write(moving.tobytes())
        self._middle = np.array([*points_mm[:, :2].mean(axis=0), 900.0]) / 1000.0
        light = _light_matrix(self._middle)
        for program in (self._depth_program, self._person_program, self._backdrop_program):
            program["light_matrix"].write(_columns(light))
        self._backdrop_program["feet"].write((feet_mm / 1000.0).astype("f4").tobytes())
        self._context.enable(moderngl.DEPTH_TEST)
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        self._person_depth.render()

    def picture(self, camera_name: str) -> np.ndarray:
        """(HEIGHT, WIDTH, 3) uint8 RGB of the pose set last, seen by one camera."""
        camera = self._cameras[camera_name]
        eye = camera.position_mm / 1000.0
        self._context.copy_framebuffer(self._target, self._empty[camera_name])
        self._target.use()
        self._target.scissor = _shadow_box(camera, self._middle)
        self._draw_backdrop(camera)
        self._target.scissor = None
        self._person_program["eye"].value = tuple(eye)
        self._person_program["view_projection"].write(_columns(_view_projection(camera)))
        self._context.front_face = "cw"
        self._context.enable(moderngl.CULL_FACE)
        self._closed.render()
        self._context.disable(moderngl.CULL_FACE)
        self._open.render()
        self._context.copy_framebuffer(self._plain, self._target)
        data = self._plain.read(components=3, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH, 3)

    def _draw_backdrop(self, camera: Camera) -> None:
        """Return the room with the person's shadow, wherever the target's scissor lets it."""
        for unit, texture in enumerate((self._shadow_map, *self._backdrops[camera.name])):
            texture.use(unit)
        self._context.disable(moderngl.DEPTH_TEST)
        self._backdrop_program["eye"].value = tuple(camera.position_mm / 1000.0)
        self._backdrop_program["ray_of_pixel"].write(_columns(_ray_matrix(camera)))
        self._backdrop.render()
        self._context.enable(moderngl.DEPTH_TEST)

    def _many_samples(self) -> moderngl.Framebuffer:
        size = (WIDTH, HEIGHT)
        return self._context.framebuffer(
            self._context.renderbuffer(size, 4, samples=_SAMPLES),
            self._context.depth_renderbuffer(size, samples=_SAMPLES),
        )

    def _make_targets(self) -> None:
        context, size = self._context, (WIDTH, HEIGHT)
        self._target = self._many_samples()
        self._plain = context.framebuffer(context.renderbuffer(size, 4))
        self._shadow_map = context.depth_texture((_SHADOW_SIZE, _SHADOW_SIZE))
        self._shadow_map.compare_func = "<="
        self._shadow_map.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._shadow_target = context.framebuffer(depth_attachment=self._shadow_map)

    def _make_person(self, subject: Subject) -> None:
        context, dressed = self._context, self._dressed
        still = np.concatenate(
            [dressed.points_mm / 1000.0, dressed.colours, dressed.material[:, None]], axis=1
        )
        self._moving = context.buffer(reserve=len(still) * 24, dynamic=True)
        fixed = context.buffer(still.astype("f4").tobytes())
        is_skin = dressed.material[dressed.faces[:, 0]] == Material.SKIN
        program = context.program(shaders.PERSON_VERTEX, shaders.PERSON_FRAGMENT)
        self._person_program = program
        layout = [
            (self._moving, "3f 3f", "position", "normal"),
            (fixed, "3f 3f 1f", "rest", "tint", "material"),
        ]
        self._closed, self._open = (
            context.vertex_array(program, layout, self._index(dressed.faces[rows]))
            for rows in (is_skin, ~is_skin)
        )
        cloths = (subject.shirt, subject.trousers)
        for name, colours in (
            ("cloth_first", [cloth.first for cloth in cloths]),
            ("cloth_second", [cloth.second for cloth in cloths]),
        ):
            program[name].write(linear(np.array(colours)).astype("f4").tobytes())
        program["cloth_pattern"].write(
            np.array([PATTERNS.index(cloth.pattern) for cloth in cloths], "i4").tobytes()
        )
        program["cloth_scale"].write(
            np.array([cloth.scale_mm / 1000.0 for cloth in cloths], "f4").tobytes()
        )
        shirt = dressed.points_mm[dressed.material == Material.SHIRT]
        program["band_height"].value = float(np.percentile(shirt[:, 2], 62) / 1000.0)
        program["shadow_map"].value = 0
        self._depth_program = context.program(shaders.DEPTH_VERTEX, shaders.DEPTH_FRAGMENT)
        self._person_depth = context.vertex_array(
            self._depth_program,
            [(self._moving, "3f 12x", "position")],
            self._index(dressed.faces),
        )

    def _index(self, faces: np.ndarray) -> moderngl.Buffer:
        return self._context.buffer(faces.astype("i4").tobytes())

    def _make_backdrops(self) -> None:
        """Draw the empty room once per camera, with and without the key light."""
        context, room = self._context, room_mesh()
        textures = context.texture_array(
            (TEXTURE_SIZE, TEXTURE_SIZE, len(LAYERS)), 3, room_textures().tobytes(), alignment=1
        )
        textures.build_mipmaps()
        textures.anisotropy = 8.0
        rows = np.concatenate([room.points_mm / 1000.0, room.normals, room.uvw, room.tints], axis=1)
        program = context.program(shaders.ROOM_VERTEX, shaders.ROOM_FRAGMENT)
        program["half_room"].value = (HALF_X_MM / 1000, HALF_Y_MM / 1000, TALL_MM / 1000)
        mesh = context.vertex_array(
            program,
            [(context.buffer(rows.astype("f4").tobytes()), "3f 3f 3f 3f",
              "position", "normal", "uvw", "tint")],
        )  # fmt: skip
        size = (WIDTH * _BACKDROP_SCALE, HEIGHT * _BACKDROP_SCALE)
        many = context.framebuffer(
            context.renderbuffer(size, 4, samples=_SAMPLES, dtype="f2"),
            context.depth_renderbuffer(size, samples=_SAMPLES),
        )
        self._backdrops = {}
        for camera in self._cameras.values():
            pair = []
            for key in (1.0, 0.25):
                resolved = context.texture(size, 4, dtype="f2")
                many.use()
                many.clear(depth=1.0)
                context.enable(moderngl.DEPTH_TEST)
                textures.use(0)
                program["key"].value = key
                program["view_projection"].write(_columns(_view_projection(camera)))
                mesh.render()
                context.copy_framebuffer(context.framebuffer(resolved), many)
                pair.append(self._halved(resolved, size))
                resolved.release()
            self._backdrops[camera.name] = tuple(pair)
        corners = np.array([[-1, -1], [3, -1], [-1, 3]], "f4")
        self._backdrop_program = context.program(shaders.BACKDROP_VERTEX, shaders.BACKDROP_FRAGMENT)
        for name, unit in (("shadow_map", 0), ("bright", 1), ("dim", 2)):
            self._backdrop_program[name].value = unit
        self._backdrop = context.vertex_array(
            self._backdrop_program, [(context.buffer(corners.tobytes()), "2f", "corner")]
        )
        self._backdrop_program["feet"].write(np.full((4, 3), 1e3, "f4").tobytes())
        self._backdrop_program["light_matrix"].write(_columns(_light_matrix(np.full(3, 1e3))))
        self._empty = {}
        for camera in self._cameras.values():
            self._empty[camera.name] = self._many_samples()
            self._empty[camera.name].use()
            self._empty[camera.name].clear(depth=1.0)
            self._draw_backdrop(camera)

    def _halved(self, texture: moderngl.Texture, size: tuple[int, int]) -> moderngl.Texture:
        """Return the texture at the picture's own size, each pixel the mean of a block."""
        block = _BACKDROP_SCALE
        values = np.frombuffer(texture.read(), "f2").astype("f4").reshape(size[1], size[0], 4)
        values = values.reshape(HEIGHT, block, WIDTH, block, 4).mean(axis=(1, 3))
        small = self._context.texture(
            (WIDTH, HEIGHT), 4, np.ascontiguousarray(values, "f2").tobytes(), dtype="f2"
        )
        small.filter = (moderngl.NEAREST, moderngl.NEAREST)
        return small


def _columns(matrix: np.ndarray) -> bytes:
    """Bytes of a matrix as GLSL wants them: column by column, 32-bit."""
    return np.ascontiguousarray(matrix.T, "f4").tobytes()


def _view_projection(camera: Camera) -> np.ndarray:
    """(4, 4) from world metres to clip space; row 0 of the picture is the lowest GL row."""
    near, far = 0.3, 20.0
    (fx, fy), (cx, cy) = camera.focal, camera.centre
    projection = np.array(
        [
            [2 * fx / WIDTH, 0, 2 * cx / WIDTH - 1, 0],
            [0, 2 * fy / HEIGHT, 2 * cy / HEIGHT - 1, 0],
            [0, 0, (far + near) / (far - near), -2 * far * near / (far - near)],
            [0, 0, 1, 0],
        ]
    )
    view = np.eye(4)
    view[:3, :3] = camera.rotation
    view[:3, 3] = -camera.rotation @ camera.position_mm / 1000.0
    return projection @ view


def _ray_matrix(camera: Camera) -> np.ndarray:
    """(3, 3) from (u / WIDTH, v / HEIGHT, 1) to the ray's direction in the world."""
    (fx, fy), (cx, cy) = camera.focal, camera.centre
    inverse = np.array([[WIDTH / fx, 0, -cx / fx], [0, HEIGHT / fy, -cy / fy], [0, 0, 1]])
    return camera.rotation.T @ inverse


def _shadow_box(camera: Camera, middle_m: np.ndarray) -> tuple[int, int, int, int]:
    """Pixel rectangle (left, low, width, height) that holds the person's shadow on the floor.

    The shadow map's box reaches _SHADOW_HALF_M around the person and is cast down along the light.
    """
    axes = np.linalg.inv(_light_matrix(middle_m))
    corners = np.array([[x, y, 0.0, 1.0] for x in (-1, 1) for y in (-1, 1)]) @ axes.T
    down = corners[:, 2:3] / _KEY_DIRECTION[2]
    floor = (corners[:, :3] - down * _KEY_DIRECTION) * 1000.0
    pixels = camera.project(floor)
    if np.isnan(pixels).any():
        return 0, 0, WIDTH, HEIGHT
    low = np.clip(np.floor(pixels.min(axis=0)).astype(int), 0, (WIDTH, HEIGHT))
    high = np.clip(np.ceil(pixels.max(axis=0)).astype(int), 0, (WIDTH, HEIGHT))
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def _light_matrix(middle_m: np.ndarray) -> np.ndarray:
    """(4, 4) orthographic view along the key light of a box around the person, metres."""
    down = -_KEY_DIRECTION
    right = np.cross(down, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    up = np.cross(right, down)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([right, up, down]) / np.array(
        [[_SHADOW_HALF_M], [_SHADOW_HALF_M], [2.0 * _SHADOW_HALF_M]]
    )
    matrix[:3, 3] = -matrix[:3, :3] @ middle_m
    return matrix
