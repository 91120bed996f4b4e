"""MoveNet MultiPose: exactness, independence of the batch, boxes in the picture."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from corruptbench.detectors import DetectorError, families, multipose, network_runners, weights
from corruptbench.detectors.people import (
    PERSON_DETECTORS,
    fitted,
    load_person_detector,
    to_picture,
)

Images = npt.NDArray[np.uint8]
Picture = Callable[[int, int], Images]
REFERENCE = Path(__file__).parent / "multipose_tfjs.json"


def pictures(figure: Picture, noise: Picture) -> Images:
    """Two persons alone, noise, and two small persons side by side."""
    pair = np.full((256, 256, 3), 120, np.uint8)
    pair[64:192, :128], pair[100:228, 128:] = figure(128, 5), figure(128, 6)
    return np.stack([figure(256, 1), figure(256, 2), noise(256, 3), pair])


@pytest.fixture(scope="module")
def detector() -> multipose.MultiPoseDetector:
    try:
        weights.locate(multipose.NAME)
    except DetectorError as error:
        pytest.skip(str(error))
    return multipose.load()


# -- without weights


def test_a_person_detector_is_no_family_of_crops() -> None:
    assert multipose.NAME in PERSON_DETECTORS
    assert multipose.NAME not in [f"{f}:{v}" for f, names in families().items() for v in names]


def test_another_name_is_refused() -> None:
    with pytest.raises(DetectorError, match=r"no person detector 'labels'; expected .*multipose"):
        load_person_detector("labels")


def test_wrong_pictures_are_refused() -> None:
    detector = multipose.MultiPoseDetector(lambda found: found, "none", "0" * 64, 1)
    with pytest.raises(DetectorError, match=r"expected uint8 \(N, 256, 256, 3\)"):
        detector(np.zeros((1, 192, 192, 3), np.uint8))
    assert detector(np.zeros((0, 256, 256, 3), np.uint8)).boxes.shape == (0, 6, 4)


def test_a_graph_of_another_network_is_refused() -> None:
    from corruptbench.detectors.multipose_network import MultiPose

    other = {"weightsManifest": [], "modelTopology": {"node": []}}
    with pytest.raises(DetectorError, match="not a MultiPose"):
        MultiPose(json.dumps(other).encode(), b"")


@pytest.mark.parametrize(("height", "width"), [(300, 512), (512, 300), (256, 256), (100, 80)])
def test_boxes_return_to_where_the_person_was_in_the_picture(height: int, width: int) -> None:
    """A bright rectangle keeps its corners on the way into the input and back."""
    picture = np.zeros((height, width, 3), np.uint8)
    box = np.array([width // 4, height // 5, width // 2, height - 20])
    picture[box[1] : box[3], box[0] : box[2]] = 255
    y, x = np.nonzero(fitted(picture, 256)[..., 0] > 127)
    found = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], np.float32)
    np.testing.assert_allclose(to_picture(found, width, height, 256), box, atol=2.0)


def test_boxes_end_at_the_edges_of_the_picture() -> None:
    """The input may go on where the picture has ended: there it is black."""
    found = to_picture(np.array([[10, 20, 256, 256]], np.float32), 512, 300, 256)
    np.testing.assert_array_equal(found, [[20, 40, 512, 300]])


# -- with weights


@pytest.mark.detector
def test_the_network_agrees_with_tensorflow_js(
    detector: multipose.MultiPoseDetector, figure: Picture, noise: Picture
) -> None:
    recorded = json.loads(REFERENCE.read_text())
    given = pictures(figure, noise)
    assert hashlib.sha256(given.tobytes()).hexdigest() == recorded["input_sha256"]
    expected = np.array(recorded["persons"])
    in_torch = network_runners.torch_runner(multipose.network(), "cpu")[0](given)
    people = detector(given)
    for boxes, scores in ((in_torch[..., :4], in_torch[..., 4]), (people.boxes, people.scores)):
        np.testing.assert_allclose(boxes / 256, expected[..., [1, 0, 3, 2]], rtol=0, atol=1e-5)
        np.testing.assert_allclose(scores, expected[..., 4], rtol=0, atol=1e-5)


@pytest.mark.detector
def test_it_finds_both_of_two_persons_and_nobody_in_noise(
    detector: multipose.MultiPoseDetector, figure: Picture, noise: Picture
) -> None:
    found = detector(pictures(figure, noise))
    there = found.scores >= detector.least_score
    assert there.sum(axis=1).tolist() == [1, 1, 0, 2]
    assert sorted(found.boxes[3][there[3], 0] < 128) == [False, True]


@pytest.mark.detector
def test_a_result_depends_on_nothing_else_in_the_batch(
    detector: multipose.MultiPoseDetector, figure: Picture, noise: Picture
) -> None:
    given = pictures(figure, noise)
    whole = detector(given)
    for at in range(len(given)):
        for batch in (given[at : at + 1], np.concatenate([given[::-1], given[at : at + 1]])):
            found = detector(batch)
            assert found.boxes[-1].tobytes() == whole.boxes[at].tobytes()
            assert found.scores[-1].tobytes() == whole.scores[at].tobytes()


@pytest.mark.detector
def test_a_loaded_detector_says_what_it_is(detector: multipose.MultiPoseDetector) -> None:
    assert detector.name == multipose.NAME
    content = weights.locate(detector.name)[1].read_bytes()
    assert detector.weights_sha256 == hashlib.sha256(content).hexdigest()
    assert detector.runtime.startswith("onnxruntime ")
    with pytest.raises(DetectorError, match="expected cpu, cuda or cuda:N"):
        load_person_detector(multipose.NAME, "tpu")


@pytest.mark.detector
def test_torch_is_imported_for_the_export_only(
    detector: multipose.MultiPoseDetector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    originals = weights.locate(detector.name)
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
    folder = weights.folder(detector.name)
    folder.mkdir()
    for path in originals:
        (folder / path.name).write_bytes(path.read_bytes())
    code = (
        "import sys; from corruptbench.detectors import multipose\n"
        "multipose.load(); print('torch' in sys.modules)\n"
    )
    for imported in ("True", "False"):
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert run.stdout.strip() == imported, run.stderr
