"""The decoding of outputs against the same by loops, and against peaks that are known."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from corruptbench.detectors import load
from corruptbench.detectors.onnx_contract import Heatmap, Input, SimCC
from corruptbench.detectors.onnx_decoding import found_in_lines, found_in_maps
from tests.fixtures import onnx_poses
from tests.fixtures.onnx_poses import TALL, scenes


def plain_heatmap(given: np.ndarray, subpixel: str, cells: str, width: int, height: int) -> Any:
    """x, y, score of one map, by the definitions."""
    h, w = given.shape
    y, x = max(itertools.product(range(h), range(w)), key=lambda at: given[at])
    px, py = float(x), float(y)
    inside_x, inside_y = 0 < x < w - 1, 0 < y < h - 1
    if subpixel == "quarter":
        if inside_x and given[y, x + 1] != given[y, x - 1]:
            px += 0.25 if given[y, x + 1] > given[y, x - 1] else -0.25
        if inside_y and given[y + 1, x] != given[y - 1, x]:
            py += 0.25 if given[y + 1, x] > given[y - 1, x] else -0.25
    if subpixel == "dark" and inside_x and inside_y:
        logs = np.log(np.maximum(given[y - 1 : y + 2, x - 1 : x + 2], 1e-10).astype(float))
        slope = [(logs[1, 2] - logs[1, 0]) / 2, (logs[2, 1] - logs[0, 1]) / 2]
        cross = (logs[2, 2] - logs[2, 0] - logs[0, 2] + logs[0, 0]) / 4
        bends = [logs[1, 2] - 2 * logs[1, 1] + logs[1, 0], logs[2, 1] - 2 * logs[1, 1] + logs[0, 1]]
        move = -np.linalg.solve([[bends[0], cross], [cross, bends[1]]], slope)
        px, py = px + move[0], py + move[1]
    places = []
    for at, count, side in ((px, w, width), (py, h, height)):
        if cells == "centers":
            places.append((at + 0.5) * side / count)
        elif cells == "udp":
            places.append(at * (side - 1) / (count - 1) + 0.5)
        else:
            places.append(at * side / count + 0.5)
    return [*places, given[y, x]]


@pytest.mark.parametrize("subpixel", ["none", "quarter", "dark"])
@pytest.mark.parametrize("cells", ["index", "centers", "udp"])
def test_heat_maps_are_decoded_as_by_loops(subpixel: str, cells: str, tmp_path: Path) -> None:
    output = {"subpixel": subpixel, "cells": cells}
    path = onnx_poses.write(
        tmp_path / "m.onnx", onnx_poses.contract("heatmap", input=TALL, output=output)
    )
    crops, _ = scenes(192)
    found = load(f"onnx:{path}")(crops)
    given = np.zeros((3, 256, 192, 3), np.float32)
    given[:, 32:224] = crops
    given = (given - np.float32(onnx_poses.MEAN)) / np.float32(onnx_poses.STD)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (maps,) = session.run(["maps"], {"picture": given.transpose(0, 3, 1, 2)})
    plain = [[plain_heatmap(m, subpixel, cells, 192, 256) for m in one] for one in maps]
    expected = np.array(plain)
    np.testing.assert_allclose(found.keypoints, expected[..., :2] - [0, 32], atol=1e-3)
    np.testing.assert_allclose(found.scores, expected[..., 2], atol=1e-5)


def test_a_blur_before_dark_moves_no_peak_of_a_symmetric_map(tmp_path: Path) -> None:
    crops, centers = scenes(192)
    fields = onnx_poses.contract("heatmap", output={"blur": 5})
    found = load(f"onnx:{onnx_poses.write(tmp_path / 'm.onnx', fields)}")(crops)
    np.testing.assert_allclose(found.keypoints, centers, atol=0.05)


@pytest.mark.parametrize("score", ["smaller", "mean"])
def test_a_score_of_simcc_is_that_of_its_lines(score: str, tmp_path: Path) -> None:
    output = {"score": score, "subpixel": "none"}
    path = onnx_poses.write(tmp_path / "m.onnx", onnx_poses.contract("simcc", output=output))
    crops, _ = scenes(192)
    given = (crops.astype(np.float32) - onnx_poses.MEAN) / onnx_poses.STD
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = given.transpose(0, 3, 1, 2).astype(np.float32)
    x, y = session.run(["along_x", "along_y"], {"picture": given})
    best = [[(max(a), max(b)) for a, b in zip(*two, strict=True)] for two in zip(x, y, strict=True)]
    expected = [[min(p) if score == "smaller" else sum(p) / 2 for p in one] for one in best]
    found = load(f"onnx:{path}")(crops)
    np.testing.assert_allclose(found.scores, expected, atol=1e-5)
    at = [[(list(a).index(max(a)) + 0.5) / 2 for a in one] for one in x]
    np.testing.assert_allclose(found.keypoints[..., 0], at, atol=1e-4)


def slanted(x: float, y: float) -> np.ndarray:
    """A map (48, 36) of a Gaussian whose axes lie across those of the picture."""
    rows, columns = np.indices((48, 36))
    a, b = columns - x, rows - y
    return np.exp(-(a**2 + b**2 + 1.2 * a * b) / 8).astype(np.float32)


HEATMAP = {"kind": "heatmap", "cells": "centers", "subpixel": "dark"}
SIZE = Input(
    width=36, height=48, colors="rgb", axes="nchw", mean=[0, 0, 0], std=[1, 1, 1]
)  # fmt: skip


@pytest.mark.parametrize("place", [(12.3, 20.4), (12.45, 20.45), (9.7, 30.0)])
def test_dark_finds_the_peak_of_a_slanted_map(place: tuple[float, float]) -> None:
    maps = slanted(*place)[None, None]
    found = found_in_maps(maps, Heatmap.model_validate(HEATMAP), SIZE)
    np.testing.assert_allclose(found.points[0, 0] - 0.5, place, atol=1e-3)


def test_the_blur_is_a_gaussian_by_loops() -> None:
    noise = np.random.default_rng(0).uniform(0, 0.1, (48, 36)).astype(np.float32)
    given = slanted(12.3, 20.4) + noise
    kernel, sigma = 11, 0.3 * ((11 - 1) * 0.5 - 1) + 0.8  # OpenCV's rule
    weights = np.exp(-((np.arange(kernel) - 5) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    blurred = np.apply_along_axis(np.convolve, 0, given, weights, "same")
    blurred = np.apply_along_axis(np.convolve, 1, blurred, weights, "same")
    y, x = np.unravel_index(given.argmax(), given.shape)
    logs = np.log(blurred[y - 1 : y + 2, x - 1 : x + 2].astype(float))
    slope = [(logs[1, 2] - logs[1, 0]) / 2, (logs[2, 1] - logs[0, 1]) / 2]
    cross = (logs[2, 2] - logs[2, 0] - logs[0, 2] + logs[0, 0]) / 4
    bends = logs[1, 2] - 2 * logs[1, 1] + logs[1, 0], logs[2, 1] - 2 * logs[1, 1] + logs[0, 1]
    move = -np.linalg.solve([[bends[0], cross], [cross, bends[1]]], slope)
    rule = Heatmap.model_validate(HEATMAP | {"blur": kernel})
    found = found_in_maps(given[None, None], rule, SIZE)
    np.testing.assert_allclose(found.points[0, 0] - 0.5, [x, y] + move, atol=1e-3)
    assert found.scores[0, 0] == given.max()


@pytest.mark.parametrize(("score", "expected"), [("smaller", 0.25), ("mean", 0.5)])
def test_lines_with_different_maxima(score: str, expected: float) -> None:
    lines_x, lines_y = np.zeros((1, 1, 36), np.float32), np.zeros((1, 1, 48), np.float32)
    lines_x[0, 0, 7], lines_y[0, 0, 9] = 0.75, 0.25
    fields = {"kind": "simcc", "split": 1.0, "cells": "index", "score": score}
    found = found_in_lines(lines_x, lines_y, SimCC.model_validate(fields), SIZE)
    assert found.scores[0, 0] == expected
    assert found.points[0, 0].tolist() == [7.5, 9.5]
