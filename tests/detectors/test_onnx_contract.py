"""Contracts and files that are wrong: each is refused by one sentence that names file and field."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from pydantic import BaseModel

from corruptbench.detectors import DetectorError, load
from corruptbench.detectors.onnx_contract import (
    Contract,
    Flip,
    Heatmap,
    Input,
    Keypoints,
    SimCC,
    parse,
)
from tests.docs.blocks import ROOT, blocks
from tests.fixtures import onnx_poses

MISSING = object()


def changed(kind: str, field: str, value: Any) -> dict[str, Any]:
    fields = copy.deepcopy(onnx_poses.contract(kind, flip={"shift": 0}))
    table: Any = fields
    *above, last = field.split(".")
    for name in above:
        table = table[name]
    if value is MISSING:
        del table[last]
    else:
        table[last] = value
    return fields


def refusal(fields: dict[str, Any]) -> str:
    with pytest.raises(DetectorError) as caught:
        parse(onnx_poses.toml(fields).encode(), "model.toml")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("model.toml: ")
    assert message.endswith("; correct it")
    return message


@pytest.mark.parametrize("kind", ["heatmap", "simcc", "keypoints"])
def test_a_good_contract_is_read(kind: str) -> None:
    fields = onnx_poses.contract(kind, flip={"shift": 0})
    assert (
        parse(onnx_poses.toml(fields).encode(), "model.toml")
        .model_dump(exclude_defaults=True)
        .items()
        >= {"joints": "coco17"}.items()
    )


REQUIRED = {
    "heatmap": [
        "format", "joints", "input", "output", "input.width", "input.height", "input.colors",
        "input.axes", "input.mean", "input.std", "output.kind", "output.cells", "output.subpixel",
    ],
    "simcc": ["output.split", "output.cells", "output.score"],
    "keypoints": ["output.unit", "output.origin", "output.score"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "field"), [(k, f) for k, fs in REQUIRED.items() for f in fs])
def test_a_missing_field_is_named(kind: str, field: str) -> None:
    assert f" {field}: missing" in refusal(changed(kind, field, MISSING))


@pytest.mark.parametrize(
    ("kind", "field", "value", "said"),
    [
        ("heatmap", "format", "corruptbench-detector/9", "corruptbench-detector/1"),
        ("heatmap", "joints", "coco18", "humaneva15"),
        ("heatmap", "input.width", 15, "16"),
        ("heatmap", "input.width", 192.0, "integer"),
        ("heatmap", "input.height", 4096, "2048"),
        ("heatmap", "input.height", "256", "integer"),
        ("heatmap", "input.colors", "RGB", "'rgb' or 'bgr'"),
        ("heatmap", "input.axes", "hwc", "'nchw' or 'nhwc'"),
        ("heatmap", "input.mean", [1.0, 2.0], "3"),
        ("heatmap", "input.std", [1.0, 2.0, 3.0, 4.0], "3"),
        ("heatmap", "input.fit", "stretch", "'pad' or 'cut'"),
        ("heatmap", "output.kind", "heatmaps", "heatmap, simcc, keypoints"),
        ("heatmap", "output.output", -1, "0"),
        ("heatmap", "output.cells", "corners", "'centers'"),
        ("heatmap", "output.subpixel", "half", "'quarter'"),
        ("heatmap", "output.blur", 4, "odd"),
        ("heatmap", "output.blur", -1, "0"),
        ("heatmap", "output.score", "mean", "'maximum'"),
        ("heatmap", "output.range", "clip", "'limit'"),
        ("heatmap", "output.split", 2.0, "unknown field"),
        ("simcc", "output.x", "", "63"),
        ("simcc", "output.y", "along_x", "same output"),
        ("simcc", "output.split", 0.0, "0.1"),
        ("simcc", "output.cells", "udp", "'index' or 'centers'"),
        ("simcc", "output.subpixel", "dark", "'none' or 'taylor'"),
        ("simcc", "output.score", "maximum", "'smaller' or 'mean'"),
        ("simcc", "output.range", 1, "'unit'"),
        ("keypoints", "output.unit", "percent", "'pixels' or 'parts'"),
        ("keypoints", "output.origin", "corner", "'edge' or 'center'"),
        ("keypoints", "output.score", "second", "'third' or 'one'"),
        ("keypoints", "output.range", "softmax", "'sigmoid'"),
        ("keypoints", "flip.shift", 1, "no cells"),
        ("heatmap", "flip.shift", 65, "64"),
        ("heatmap", "flip.shift", 0.5, "integer"),
        ("heatmap", "flip.enabled", True, "unknown field"),
        ("heatmap", "input.size", 192, "unknown field"),
        ("heatmap", "version", 1, "unknown field"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    kind: str, field: str, value: Any, said: str
) -> None:
    message = refusal(changed(kind, field, value))
    assert field in message
    assert said in message
    if not isinstance(value, list) and "blur" not in field:
        assert repr(value) in message or str(value) in message


@pytest.mark.parametrize(
    "numbers", ["[1, 2, nan]", "[1, 2, inf]", '[1, 2, "3"]', "[1, 2, true]", "5"]
)
@pytest.mark.parametrize("field", ["mean", "std"])
def test_mean_and_std_are_three_finite_numbers(field: str, numbers: str) -> None:
    text = onnx_poses.toml(onnx_poses.contract("heatmap"))
    (line,) = [row for row in text.splitlines() if row.startswith(f"{field} =")]
    with pytest.raises(DetectorError, match=rf"m\.toml: input\.{field}"):
        parse(text.replace(line, f"{field} = {numbers}").encode(), "m.toml")


def test_std_is_not_zero() -> None:
    assert "input.std.1" in refusal(changed("heatmap", "input.std", [1.0, 0.0, 1.0]))


@pytest.mark.parametrize("data", [b"format = ", b"\xff\xfe\x00", b"= 3", b"a = " + b"[" * 3000])
def test_a_file_that_is_not_toml_is_refused(data: bytes) -> None:
    with pytest.raises(DetectorError, match=r"m\.toml: not TOML in UTF-8"):
        parse(data, "m.toml")


# -- the model's file, and whether both fit together


def written(folder: Path, **changes: Any) -> Path:
    return onnx_poses.write(folder / "m.onnx", onnx_poses.contract("heatmap", **changes))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.with_suffix(".toml").unlink()
    with pytest.raises(DetectorError, match=r"m\.toml: no such file, expected its contract"):
        load(f"onnx:{path}")
    path.unlink()  # both are missing: the one that was given is named
    with pytest.raises(DetectorError, match=r"m\.onnx: no such file, expected the model"):
        load(f"onnx:{path}")


@pytest.mark.parametrize(("make", "found"), [(Path.mkdir, "a folder"), (os.mkfifo, "a device")])
def test_what_is_in_place_of_a_model_is_said(
    make: Callable[[Path], None], found: str, tmp_path: Path
) -> None:
    make(tmp_path / "m.onnx")  # one that is read would never end
    with pytest.raises(DetectorError, match=rf"m\.onnx: {found}"):
        load(f"onnx:{tmp_path / 'm.onnx'}")


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x08"])
def test_another_file_is_no_model(content: bytes, tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(content)
    with pytest.raises(DetectorError, match=r"m\.onnx: not an ONNX model"):
        load(f"onnx:{path}")


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    with pytest.raises(DetectorError, match=r"m\.onnx: its weights lie in another file"):
        load(f"onnx:{path}")


def test_a_model_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)
    monkeypatch.setattr("corruptbench.detectors.onnx.MOST_BYTES", 1000)
    with pytest.raises(DetectorError, match=r"m\.toml|m\.onnx: \d+ bytes, expected at most 1000"):
        load(f"onnx:{path}")


def test_a_name_that_cannot_be_a_detectors_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path).rename(tmp_path / "my model.onnx")
    with pytest.raises(DetectorError, match="rename it"):
        load(f"onnx:{path}")


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("heatmap", {"input": {"width": 256}}, "input.width"),
        ("heatmap", {"input": {"axes": "nhwc"}}, "input.axes"),
        ("heatmap", {"output": {"output": "heat"}}, r"output.output .*'heat'.*\['maps'\]"),
        ("heatmap", {"output": {"output": 1}}, "output.output .*1"),
        ("simcc", {"output": {"y": "along_z"}}, "output.y .*'along_z'"),
        ("simcc", {"output": {"x": "along_y", "y": "along_x"}, "input": {"height": 256}}, "384"),
        ("simcc", {"output": {"split": 3.0}}, "576"),
        ("keypoints", {"output": {"score": "one"}}, r"'points' .*\('N', 17, 2\)"),
    ],
)
def test_a_contract_of_another_model_is_refused(
    kind: str, changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    own = {"input": {"height": 256}} if "height" in changes.get("input", {}) else {}
    path = onnx_poses.write(tmp_path / "m.onnx", onnx_poses.contract(kind, **own))
    path.with_suffix(".toml").write_text(onnx_poses.toml(onnx_poses.contract(kind, **changes)))
    with pytest.raises(DetectorError, match=rf"m\.onnx: .*{said}.*correct the contract"):
        load(f"onnx:{path}")


def test_other_joints_than_the_models_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    text = path.with_suffix(".toml").read_text().replace("coco17", "humaneva15")
    path.with_suffix(".toml").write_text(text)
    with pytest.raises(DetectorError, match=r"\('N', 17, 48, 48\).*\('N', 15, 'h', 'w'\)"):
        load(f"onnx:{path}")


def test_an_input_of_bytes_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.UINT8
    cast = onnx.helper.make_node("Cast", ["picture"], ["cast"], to=onnx.TensorProto.FLOAT)
    model.graph.node[0].input[0] = "cast"
    model.graph.node.insert(0, cast)
    onnx.save(model, path)
    with pytest.raises(DetectorError, match=r"'picture' is a tensor\(uint8\), expected float32"):
        load(f"onnx:{path}")


def test_an_operator_that_onnxruntime_lacks_is_one_sentence(tmp_path: Path) -> None:
    path = written(tmp_path)
    model = onnx.load(path)
    model.graph.node[0].op_type = "NoSuchOperator"
    onnx.save(model, path)
    with pytest.raises(DetectorError, match="cannot load or run it") as caught:
        load(f"onnx:{path}")
    assert "\n" not in str(caught.value)


# -- the documentation

PAGE = "docs/detectors.md"


def test_the_example_of_the_documentation_is_a_contract() -> None:
    shown = [b.text for b in blocks(PAGE) if b.language == "toml"]
    assert [parse(text.encode(), PAGE).output.kind for text in shown] == ["simcc"]


@pytest.mark.parametrize("table", [Contract, Input, Heatmap, SimCC, Keypoints, Flip])
def test_the_documentation_lists_every_key_with_its_default(table: type[BaseModel]) -> None:
    sections = re.split(r"\n###? ", (ROOT / PAGE).read_text())
    heads = {
        Contract: "The contract", Input: "`[input]`", Heatmap: "`[output]` of heat maps",
        SimCC: "`[output]` of SimCC", Keypoints: "`[output]` of keypoints", Flip: "`[flip]`",
    }  # fmt: skip
    (section,) = [s for s in sections if s.startswith(heads[table])]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    listed: dict[str, str] = {}
    for row in rows:
        keys, defaults = row[1].replace("`", "").split(","), row[2].replace("`", "").split(",")
        for n, key in enumerate(keys):
            listed[key.strip()] = defaults[min(n, len(defaults) - 1)].strip()
    tables = {"input", "output", "flip"} if table is Contract else set()
    assert listed == {
        name: "" if field.is_required() else toml_value(field.default)
        for name, field in table.model_fields.items()
        if name not in tables
    }


def toml_value(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
