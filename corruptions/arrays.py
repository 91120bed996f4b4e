"""Corrupt pictures and clips in memory: arrays, lists of frames and tensors.

Colors are red, green, blue. OpenCV reads blue, green, red: pass ``frames[..., ::-1]`` and turn the
result in the same way. Corruptions compute with 8 bits for each color.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corruptbench.corruptions import validation
from corruptbench.corruptions.base import ClipInfo, Frame
from corruptbench.corruptions.random import Key
from corruptbench.corruptions.registry import get
from corruptbench.corruptions.validation import CorruptionError

Frames = TypeVar("Frames")
#: Takes the corrupted clip, (F, H, W, 3) uint8, and returns it in the form that the caller passed.
Restore = Callable[[Frame], Any]

ARRAY = "expected (H, W), (H, W, 1 or 3) for a picture, or (F, H, W, 1 or 3) for a clip"
TENSOR = "expected (1 or 3, H, W) for a picture, or (F, 1 or 3, H, W) for a clip"
#: Arrays that would lose their type, and the way to a plain array.
NOT_PLAIN = {np.ma.MaskedArray: "frames.filled(0)", np.matrix: "np.asarray(frames)"}
DTYPES = "expected uint8, or float16, float32 or float64 in [0, 1]"


def corrupt(
    frames: Frames,
    name: str,
    severity: int = 3,
    *,
    boxes: ArrayLike | None = None,
    fps: float = 25.0,
    seed: int = 0,
) -> Frames:
    """Return a corrupted copy of a picture or a clip, in the form that was passed.

    For uint8 RGB the bytes are those of `Corruption.clip` with ``key=Key.of(name, seed)``. Float
    pixels are rounded to 8 bits first. A gray picture is corrupted as three equal channels, and the
    green one is returned: a mean of three channels would have less noise. A tensor's gradient does
    not pass: the result is detached.

    Args:
        frames: a picture or a clip, RGB or gray, uint8, or float16, float32 or float64 in [0, 1]:

            - NumPy array: (H, W), (H, W, 1), (H, W, 3), (F, H, W, 1) or (F, H, W, 3). An array of
              three axes is one picture; for a gray clip (F, H, W) pass ``frames[..., None]``.
            - torch tensor on any device: (C, H, W) or (F, C, H, W), C is 1 or 3.
            - list or tuple of pictures of one size, each in one of the forms above.
        name: of the corruption; `list_corruptions` tells which there are.
        severity: 1 (mild) to 5 (severe).
        boxes: (4,) or (F, 4), the person's box x0, y0, x1, y1 in pixels of the picture, origin at
            the upper left corner, one for all frames or one for each. A row of NaN says that no
            person is in that frame. None takes the whole picture for the person. Lengths (of a
            blur, of a patch) are fractions of the box's height; covers follow the box.
        fps: frames per second. Only a clip has a rate; a picture is a clip of one frame.
        seed: whole number. The same seed gives the same bytes on every machine.

    Returns:
        A new object of the type, shape, dtype and device of ``frames`` (a plain array for a memory
        map). The input is not changed.

    Warns:
        UserWarning: no pixel has changed. Some corruptions come and go or need neighbor frames.

    Raises:
        CorruptionError: an unknown name or severity; frames, boxes, fps or seed are not as said.
            It is a ValueError, and no `InputError`.
    """
    corruption = get(name)
    clean, restore = _open(frames)
    count, height, width, _ = clean.shape
    info = ClipInfo(count, height, width, fps, _boxes(boxes, count, height, width))
    key = Key.of(name, int(validation.whole(seed, "seed")))
    out = corruption.clip(clean, info, severity, key)
    if np.array_equal(out, clean):
        warnings.warn(
            f"{name} changed no pixel (severity {severity}, seed {seed}, frames: {len(out)}): "
            "some corruptions come and go, and blur needs texture or motion; try a longer clip, "
            "another seed, or pictures that are not flat",
            stacklevel=2,
        )
    restored: Frames = restore(out)
    return restored


def _boxes(boxes: Any, frames: int, height: int, width: int) -> Any:
    """Return one box for each frame, (F, 4), not yet checked."""
    if boxes is None:
        boxes = (0.0, 0.0, width, height)
    if _is_tensor(boxes):
        boxes = boxes.detach().cpu().numpy()
    return np.tile(boxes, (frames, 1)) if np.shape(boxes) == (4,) else boxes


def _open(frames: Any) -> tuple[Frame, Restore]:
    """Return the pixels as (F, H, W, 3) uint8, and the way back.

    Raises:
        CorruptionError: the type, shape, dtype or values are not those that `corrupt` takes.
    """
    if isinstance(frames, list | tuple):
        return _open_sequence(frames)
    if _is_tensor(frames):
        return _open_tensor(frames)
    for kind, remedy in NOT_PLAIN.items():
        if isinstance(frames, kind):
            name = kind.__name__
            raise CorruptionError(f"frames: {name}, expected a plain array: {remedy} makes one")
    if isinstance(frames, np.ndarray):
        return _open_array(frames)
    raise CorruptionError(
        f"frames: {type(frames).__name__}, expected a NumPy array, a torch tensor, or a list of "
        f"them: {_way(frames)}"
    )


def _way(frames: Any) -> str:
    """Return how something else becomes frames."""
    if isinstance(frames, str | PathLike):
        return "the command `corruptbench corrupt` takes the path of a video"
    if isinstance(frames, Iterator):
        return "list(frames) makes a list"
    return "np.asarray(frames) makes an array of most pictures"


def _open_sequence(frames: Sequence[Any]) -> tuple[Frame, Restore]:
    opened = [_open_picture(frame, i) for i, frame in enumerate(frames)]
    if not opened:
        raise CorruptionError("frames: an empty list, expected at least one frame")
    for i, (pixels, _) in enumerate(opened):
        if pixels.shape != opened[0][0].shape:
            sizes = [f"{p.shape[1]} x {p.shape[2]}" for p, _ in (opened[i], opened[0])]
            raise CorruptionError(
                f"frames: frame {i} has {sizes[0]} pixels, expected {sizes[1]} (height x width) as "
                "in frame 0; resize them, or corrupt them one by one"
            )

    def restore(out: Frame) -> Any:
        back = (restore(out[i : i + 1]) for i, (_, restore) in enumerate(opened))
        return tuple(back) if isinstance(frames, tuple) else list(back)

    return np.concatenate([pixels for pixels, _ in opened]), restore


def _open_picture(frame: Any, index: int) -> tuple[Frame, Restore]:
    if isinstance(frame, list | tuple) or getattr(frame, "ndim", 0) > 3:
        raise CorruptionError(f"frame {index} of the list is a clip, expected a picture")
    try:
        return _open(frame)
    except CorruptionError as error:
        raise CorruptionError(f"frame {index} of the list: {error}") from error.__cause__


def _is_tensor(value: Any) -> bool:
    """Tell whether it is torch's, without importing torch: the caller has done so, or it is not."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _open_tensor(frames: Any) -> tuple[Frame, Restore]:
    if frames.is_nested:
        raise CorruptionError(f"frames: a nested tensor, {TENSOR}: pass its tensors one by one")
    shape = tuple(frames.shape)
    if len(shape) not in (3, 4) or shape[-3] not in (1, 3):
        last = len(shape) in (3, 4) and shape[-1] in (1, 3)
        remedy = ": frames.movedim(-1, -3) puts the channels there" if last else ""
        raise CorruptionError(f"frames: a tensor of shape {shape}, {TENSOR}{remedy}")
    try:
        array = frames.detach().cpu().movedim(-3, -1).numpy()
    except (RuntimeError, TypeError) as error:
        what = f"{frames.layout}, {frames.dtype} on {frames.device}"
        raise CorruptionError(f"frames: {what} ({error}); {DTYPES}, dense, with values") from error
    pixels, restore = _open_array(array)

    def restore_tensor(out: Frame) -> Any:
        back = np.ascontiguousarray(np.moveaxis(restore(out), -1, -3))
        return sys.modules["torch"].from_numpy(back).to(frames.device)

    return pixels, restore_tensor


def _open_array(frames: NDArray[Any]) -> tuple[Frame, Restore]:
    shape, dtype = frames.shape, frames.dtype
    gray = len(shape) == 2 or shape[-1:] == (1,)
    if not (len(shape) == 2 or (len(shape) in (3, 4) and shape[-1] in (1, 3))):
        raise CorruptionError(f"frames: an array of shape {shape}, {ARRAY}{_remedy(shape)}")
    if not frames.size:
        raise CorruptionError(f"frames: an array of shape {shape}, expected at least one pixel")
    pixels = _to_codes(np.asarray(frames))
    size = shape[-2:] if len(shape) == 2 else shape[-3:-1]
    pixels = pixels.reshape(-1, *size, 1 if gray else 3)

    def restore(out: Frame) -> NDArray[Any]:
        kept = out[..., 1].reshape(shape) if gray else out.reshape(shape)
        return kept if dtype == np.uint8 else (kept / np.float64(255)).astype(dtype)

    return np.repeat(pixels, 3, axis=-1) if gray else pixels, restore


def _remedy(shape: tuple[int, ...]) -> str:
    """Return how an array of that shape becomes one that is taken, if that is clear."""
    ways = []
    if len(shape) in (3, 4) and shape[-1] == 4:
        ways.append("frames[..., :3] leaves out the fourth channel")
    if len(shape) in (3, 4) and shape[-3] in (1, 3):
        ways.append(f"np.moveaxis(frames, {len(shape) - 3}, -1) puts the channels last")
    if len(shape) == 3:
        ways.append("frames[..., None] makes a gray clip of (F, H, W)")
    return "".join(f"; {way}" for way in ways)


def _to_codes(pixels: NDArray[Any]) -> Frame:
    """Return uint8 of uint8 or of float in [0, 1], in the same shape."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.type not in (np.float16, np.float32, np.float64):
        raise CorruptionError(f"frames: {pixels.dtype}, {DTYPES}")
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= 1):
        remedy = "divide by 255" if low >= 0 and 1 < high <= 255 else "np.clip(frames, 0, 1)"
        remedy = "replace NaN" if np.isnan(low) else remedy
        raise CorruptionError(
            f"frames: {pixels.dtype} from {low:g} to {high:g}, expected [0, 1]: {remedy}"
        )
    return np.rint(pixels * np.float32(255)).astype(np.uint8)
