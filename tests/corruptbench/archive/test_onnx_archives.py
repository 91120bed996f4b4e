"""ONNX files that name other files or operators are refused."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from corruptbench.lifters.archive import inspect
from tests.fixtures import model_files as files
from tests.fixtures.model_files import refusal


class TestOnnx:
    def test_weights_in_another_file(self, tmp_path):
        path = files.export_onnx(tmp_path / "a.onnx")
        import onnx

        model = onnx.load(path)
        model.graph.initializer[0].raw_data = np.ones((2, 3), np.float32).tobytes()
        del model.graph.initializer[0].float_data[:]
        onnx.save(model, path, save_as_external_data=True, size_threshold=0)
        assert "in another file" in refusal(path)

    def test_operators_of_others(self, tmp_path):
        node = helper.make_node("Lift", ["x"], ["y"], domain="mine")
        assert "mine::Lift" in refusal(files.export_onnx(tmp_path / "a.onnx", [node]))
        node = helper.make_node("EPContext", ["x"], ["y"], domain="com.microsoft")
        assert "EPContext" in refusal(files.export_onnx(tmp_path / "b.onnx", [node]))

    def test_operators_of_others_in_a_branch(self, tmp_path):
        inner = helper.make_graph(
            [helper.make_node("Lift", ["x"], ["z"], domain="mine")], "inner", [],
            [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        )  # fmt: skip
        node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
        assert "mine::Lift" in refusal(files.export_onnx(tmp_path / "a.onnx", [node]))

    @pytest.mark.parametrize("place", ["node", "branch", "training"])
    def test_operators_of_others_in_all_places(self, place, tmp_path):
        node = helper.make_node("PythonOp", ["a"], ["z"], domain="com.microsoft")
        graph = helper.make_graph([node], "inner", [], [_value("z")])
        if place == "branch":
            node = helper.make_node("If", ["a"], ["z"], then_branch=graph, else_branch=graph)
        opset = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        change = (
            (lambda model: model.training_info.add().algorithm.CopyFrom(graph))
            if place == "training"
            else lambda model: model.functions.append(
                helper.make_function("mine", "Lift", ["a"], ["z"], [node], opset)
            )
        )
        path = _changed(files.export_onnx(tmp_path / "a.onnx"), change)
        assert "the operator PythonOp runs other code" in refusal(path)

    @pytest.mark.parametrize("place", ["tensor", "tensors", "sparse", "default"])
    def test_weights_in_another_file_in_all_places(self, place, tmp_path):
        away = TensorProto(name="v", data_type=TensorProto.FLOAT, dims=[1], data_location=1)
        away.external_data.add(key="location", value="/etc/passwd")

        def change(model):
            attribute = model.graph.node[0].attribute.add(name="value")
            if place == "sparse":
                model.graph.sparse_initializer.add().values.CopyFrom(away)
            elif place == "default":
                function = model.functions.add(name="Lift", domain="mine")
                function.attribute_proto.add(name="value").t.CopyFrom(away)
            elif place == "tensors":
                attribute.tensors.append(away)
            else:
                attribute.t.CopyFrom(away)

        path = _changed(files.export_onnx(tmp_path / "a.onnx"), change)
        assert "in another file" in refusal(path)

    def test_functions_of_its_own(self, tmp_path):
        inner = helper.make_graph(
            [helper.make_node("Neg", ["a"], ["z"])], "inner", [], [_value("z")]
        )
        node = helper.make_node("If", ["a"], ["z"], then_branch=inner, else_branch=inner)
        opset = [helper.make_opsetid("", 17)]
        function = helper.make_function("mine", "Lift", ["a"], ["z"], [node], opset)
        path = files.export_onnx(tmp_path / "a.onnx")
        assert inspect(_changed(path, lambda model: model.functions.append(function)), False)


def _value(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)


def _changed(path, change):
    import onnx

    model = onnx.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())
    return path
