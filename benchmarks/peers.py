"""What others offer for four of our corruptions, each as a function of one frame, at severity 3.

Of two kinds: the definitions of ImageNet-C (Hendrycks and Dietterich, 2019), from the package
imagecorruptions and as imgaug wraps them, and imgaug's own augmenters, set to be as strong as ours.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from corruptbench.corruptions import ClipInfo, Frame, camera_shake, gaussian_noise, impulse_noise

SEVERITY = 3

#: Ours, and what ImageNet-C calls it.
NAMES = {
    "gaussian_noise": "gaussian_noise",
    "shot_noise": "shot_noise",
    "impulse_noise": "impulse_noise",
    "camera_shake": "motion_blur",
}

#: Kinds of peers: those of ImageNet-C, and the others.
IMAGENET_C = ("imagecorruptions", "imgaug, ImageNet-C")
OWN = ("imgaug, own",)
PACKAGES = ("imagecorruptions-imaug", "sindre-imgaug", "scikit-image")


def peers(ours: str, info: ClipInfo) -> dict[str, Callable[[Frame], Frame]]:
    """Kind to function, for one of `NAMES`; SystemExit where the packages are not installed."""
    try:
        import imagecorruptions
        from imgaug import augmenters
    except ImportError as error:
        raise SystemExit(f"{error}: run `make benchmark`, which installs the peers") from error

    name = NAMES[ours]
    wrapper = getattr(augmenters.imgcorruptlike, name.title().replace("_", ""))(severity=SEVERITY)
    sigma = 255 * gaussian_noise.SEVERITIES[SEVERITY - 1].sigma
    length = camera_shake.SEVERITIES[SEVERITY - 1].length * info.person_height
    own = {
        "gaussian_noise": lambda: augmenters.AdditiveGaussianNoise(scale=sigma, per_channel=True),
        "shot_noise": lambda: augmenters.AdditivePoissonNoise(lam=sigma**2, per_channel=True),
        "impulse_noise": lambda: augmenters.SaltAndPepper(
            impulse_noise.SEVERITIES[SEVERITY - 1].fraction, per_channel=True
        ),
        "camera_shake": lambda: augmenters.MotionBlur(k=2 * int(length / 2) + 1),
    }[ours]()
    kinds = (
        lambda frame: imagecorruptions.corrupt(frame, SEVERITY, name),
        lambda frame: wrapper(image=frame),
        lambda frame: own(image=frame),
    )
    return dict(zip(IMAGENET_C + OWN, kinds, strict=True))


def versions() -> str:
    """Of the peers, and of what they and we stand on."""
    ground = ("numpy", "numba", "opencv-python-headless")
    return ", ".join(f"{package} {version(package)}" for package in (*PACKAGES, *ground))
