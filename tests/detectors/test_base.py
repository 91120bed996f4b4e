"""Finding detectors by name, and what a detector may be given and may return."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from corruptbench import detectors
from corruptbench.detectors import Detections, DetectorError, families, load

TOY = """
VARIANTS: tuple[str, ...] = ("small", "large")

def load(variant, device):
    return (variant, device)
"""


@pytest.fixture
def extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules count as part of the package."""
    monkeypatch.setattr(detectors, "__path__", [*detectors.__path__, str(tmp_path)])
    return tmp_path


def test_the_families_that_come_with_the_package() -> None:
    variants = {"mmpose": ("*",), "movenet": ("lightning", "thunder"), "onnx": ("*.onnx",)}
    assert families() == variants


def test_one_file_adds_a_family(extra: Path) -> None:
    (extra / "toy_family.py").write_text(TOY)
    assert families()["toy_family"] == ("small", "large")
    given: object = load("toy_family:large", "cuda:3")
    assert given == ("large", "cuda:3")


@pytest.mark.parametrize(
    "source",
    [
        "VARIANTS = ('a',)",
        "def load(variant, device): ...",
        "VARIANTS = tuple(['a'])\ndef load(variant, device): ...",
        "",
    ],
)
def test_a_module_without_literal_variants_and_load_is_no_family(extra: Path, source: str) -> None:
    (extra / "toy_other.py").write_text(source)
    assert "toy_other" not in families()


@pytest.mark.parametrize("name", ["toy_early", "toy_late"])
def test_a_family_whose_libraries_are_missing_is_listed_but_not_loaded(
    extra: Path, name: str
) -> None:
    missing = "import no_such_library"
    early = f"{missing}\n{TOY}"
    late = TOY.replace("    return", f"    {missing}\n    return")
    (extra / f"{name}.py").write_text(early if name == "toy_early" else late)
    assert name in families()
    with pytest.raises(DetectorError, match="no_such_library"):
        load(f"{name}:small")


@pytest.mark.parametrize(
    "spec",
    [
        "onnx:model.pt",
        "model.onnx",
        "movenet",
        "movenet:",
        "nonesuch:lightning",
        "movenet:huge",
        "",
    ],
)
def test_an_unknown_name_is_refused_with_the_list(spec: str) -> None:
    with pytest.raises(DetectorError, match="movenet:lightning, movenet:thunder"):
        load(spec)


def test_listing_imports_no_heavy_library() -> None:
    code = (
        "import sys; from corruptbench import detectors; detectors.families(); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "onnxruntime", "onnx", "cv2"} & set(run.stdout.split())


@pytest.mark.parametrize(
    ("keypoints", "scores"),
    [
        (np.zeros((2, 17, 3), np.float32), np.zeros((2, 17), np.float32)),
        (np.zeros((2, 17, 2), np.float32), np.zeros((2, 16), np.float32)),
        (np.zeros((2, 17, 2), np.float64), np.zeros((2, 17), np.float32)),
    ],
)
def test_detections_of_wrong_shape_or_dtype_are_refused(
    keypoints: np.ndarray, scores: np.ndarray
) -> None:
    with pytest.raises(DetectorError, match="expected"):
        Detections(keypoints, scores)
