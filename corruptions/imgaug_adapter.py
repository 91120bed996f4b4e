"""Use any augmenter of imgaug as a corruption, for comparison with what others use.

This is optional. It needs the extra ``reference`` (a fork of imgaug that runs on today's NumPy).
``imgcorruptlike`` also needs ``pip install --no-deps imagecorruptions-imaug``. Every frame gets its
own seed, a pure function of (key, frame). So the same key gives the same bytes in any order and in
any process, whatever the state of the global random generators. They are *replaced* while a frame
is drawn and put back afterwards: use processes, not threads.

Not everything that holds for this package's own corruptions holds here:

- The whole frame is corrupted and then cropped, so a region costs as much as the frame.
- The bytes depend on the versions of imgaug, NumPy, SciPy, OpenCV and scikit-image. They are
  for a comparison, not for a frozen benchmark.
- Frames are drawn independently: weather flickers, patches jump.
- An augmenter that moves the picture makes the labels wrong. One that would move keypoints, or
  that cannot say where they go, is refused. One that moves the picture and does not say so cannot
  be detected: ``imgcorruptlike.MotionBlur`` (a one-sided kernel: some pixels, in a random
  direction), ``imgcorruptlike.GlassBlur``, and, mostly by less than a pixel, imgaug's own
  ``MotionBlur``, ``AverageBlur`` and poolings. Nor can functions of your own be checked.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import Key
from corruptbench.corruptions.validation import CorruptionError

#: Draws that are tried on a small picture when a corruption is made, so that an augmenter that
#: moves the picture is refused before the first clip. The draw of each frame is checked as well.
TRIALS = 8
TRIAL_SIZE = 64

#: What ``imgcorruptlike`` needs. It is not in the extra, as that would install its dependencies.
REMEDY = (
    "for imgcorruptlike, pip install --no-deps imagecorruptions-imaug (--no-deps, as it asks for "
    "opencv-python, which would overwrite the headless build)"
)


@dataclass(frozen=True)
class Plan:
    """The augmenter, and the key of its seeds."""

    key: Key
    augmenter: Any


def imgaug_corruption(
    name: str, severities: tuple[Any, Any, Any, Any, Any], family: str = "reference"
) -> Corruption:
    """Return a corruption that applies an imgaug augmenter to each frame by itself.

    The registry does not know it: use its ``prepare``, ``apply`` and ``clip``. Frames are RGB, as
    imgaug expects them.

    Args:
        name: of the corruption, for the messages.
        severities: five ``imgaug.augmenters.Augmenter``, mild to severe. Copies are kept; their own
            seeds are not used.
        family: of the corruption.

    Raises:
        CorruptionError: imgaug is not installed; there are not five augmenters; an augmenter moves
            the picture or changes its size or type. ``apply`` raises it too, for a frame.
    """
    augmenters = _imgaug("augmenters")
    if len(severities) != 5 or not all(isinstance(a, augmenters.Augmenter) for a in severities):
        found = ", ".join(type(a).__name__ for a in severities)
        raise CorruptionError(f"severities of {name}: expected five imgaug augmenters, got {found}")
    mine = tuple(copy.deepcopy(severities))
    trial = np.random.Generator(np.random.Philox(0)).integers(
        0, 256, (TRIAL_SIZE, TRIAL_SIZE, 3), dtype=np.uint8
    )
    for severity, augmenter in enumerate(mine, start=1):
        for seed in range(TRIALS):
            try:
                draw(augmenter, trial, seed)
            except CorruptionError as error:
                raise CorruptionError(f"{name}, severity {severity}: {error}") from error.__cause__
    return Corruption(
        name=name,
        family=family,
        version=1,
        scope="frame",
        severities=mine,
        plan=plan,
        apply=apply,
    )


def plan(facts: ClipFacts, params: Any, key: Key) -> Plan:  # noqa: ARG001
    """Keep the augmenter, ``params``; nothing is drawn in advance."""
    return Plan(key, params)


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of the corrupted frame ``t``, (h, w, 3) uint8."""
    counter = np.array([[t, 0, 0, 0]], dtype=np.uint32)
    seed = int(plan.key.words(counter)[0, 0]) >> 1  # imgaug's seeds have 31 bits
    return draw(plan.augmenter, frames[t], seed)[region.slices].copy()


def draw(augmenter: Any, frame: Frame, seed: int) -> Frame:
    """Return one draw of an augmenter, (H, W, 3) uint8; its arguments are not changed.

    Raises:
        CorruptionError: the draw moves a grid of keypoints or changes the picture's size or dtype;
            a package is missing; imgaug fails.
    """
    keypoints = _imgaug("augmentables.kps")
    height, width = frame.shape[:2]
    xs, ys = np.meshgrid((np.arange(5) + 0.5) / 5 * width, (np.arange(5) + 0.5) / 5 * height)
    grid = np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float32)
    before = keypoints.KeypointsOnImage.from_xy_array(grid, shape=frame.shape)
    own = copy.deepcopy(augmenter)
    try:
        own.seed_(seed, deterministic_too=True)
        with _global_generators(seed):
            out, after = own(image=frame, keypoints=before)  # copies them
    except ImportError as error:
        what = str(error).partition(". ")[0]  # the rest names another package
        raise CorruptionError(
            f"imgaug's {augmenter.name} needs what the extra does not install ({what}): {REMEDY}"
        ) from error
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise CorruptionError(
            f"imgaug's {augmenter.name} fails on a picture with keypoints ({what})"
        ) from error
    moved = after.to_xy_array()
    if out.shape != frame.shape or out.dtype != np.uint8:
        raise CorruptionError(
            f"imgaug's {augmenter.name} makes {out.dtype} {out.shape} of uint8 {frame.shape}: "
            "expected an augmenter that keeps the picture's size and type"
        )
    if moved.shape != grid.shape or not np.allclose(moved, grid, rtol=0, atol=0.01):
        raise CorruptionError(
            f"imgaug's {augmenter.name} moves or removes keypoints, so the labels would be wrong: "
            "expected an augmenter that is not geometric"
        )
    return out  # type: ignore[no-any-return]


@contextmanager
def _global_generators(seed: int) -> Iterator[None]:
    """Seed the generators of NumPy, Python and imgaug for a while, then put them back.

    Some augmenters draw from them or seed them, although they have a generator of their own.
    """
    numbers = _imgaug("random")
    before = random.getstate(), np.random.get_state(), numbers.GLOBAL_RNG  # noqa: NPY002
    try:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        numbers.GLOBAL_RNG = numbers.RNG(seed)
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        numbers.GLOBAL_RNG = before[2]


def _imgaug(module: str) -> Any:
    """Import a module of imgaug; raise `CorruptionError` if it is not installed."""
    try:
        return import_module(f"imgaug.{module}")
    except ModuleNotFoundError as error:
        raise CorruptionError(
            f"imgaug cannot be imported ({error}): install the extra with "
            "pip install 'corruptbench[reference]'"
        ) from error
