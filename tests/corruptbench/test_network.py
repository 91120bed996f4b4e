import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from corruptbench.errors import InputError
from corruptbench.lifters.network import open_network, usable_device
from tests.fixtures import model_files as files

BASELINE = Path(__file__).parents[2] / "baselines" / "videopose3d-27.pt2"
BATCH = np.random.default_rng(0).normal(size=files.EXAMPLE).astype(np.float32)


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """A folder with one network as .pt2, flat .pt2 and .pt; do not write to it."""
    torch.manual_seed(0)
    network = files.Tiny()
    folder = tmp_path_factory.mktemp("networks")
    files.export_pt2(network, folder / "tiny.pt2")
    files.export_flat(network, folder / "flat.pt2")
    files.export_script(files.traced(network), folder / "tiny.pt")
    files.export_onnx(folder / "tiny.onnx")
    np.save(folder / "expected.npy", network(torch.from_numpy(BATCH)).detach().numpy())
    return folder


def opened(path: Path, kind: str = "pt2"):
    with path.open("rb") as stream:
        return open_network(stream, kind, "cpu", 1)


def failure(network, batch=BATCH, select=None) -> str:
    with pytest.raises(InputError) as error:
        network(batch, [select])
    return str(error.value)


class TestKinds:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [("tiny.pt2", "pt2"), ("flat.pt2", "old-pt2"), ("tiny.pt", "torchscript")],
    )
    def test_torch(self, made, name, kind):
        network = opened(made / name, kind)
        out = network(BATCH, [None])[0]
        assert out.dtype == np.float32
        np.testing.assert_allclose(out, np.load(made / "expected.npy"), atol=1e-6)
        assert network.parameters == 9

    def test_onnx(self, made):
        network = opened(made / "tiny.onnx", "onnx")
        weights = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
        np.testing.assert_allclose(network(BATCH, [None])[0], BATCH @ weights, atol=1e-5)
        assert network.parameters == 6

    @pytest.mark.parametrize("name", ["tiny.pt2", "tiny.onnx"])
    def test_batch_of_one(self, made, name):
        network = opened(made / name, "onnx" if name.endswith("onnx") else "pt2")
        one = network(BATCH[:1], [None])[0]
        assert one.shape == (1, 9, 17, 3)
        np.testing.assert_allclose(one, network(BATCH, [None])[0][:1], atol=1e-6)

    @pytest.mark.parametrize(("name", "kind"), [("tiny.pt2", "pt2"), ("tiny.pt", "torchscript")])
    def test_full_precision_on_a_gpu(self, made, name, kind):
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
        opened(made / name, kind)
        assert not torch.backends.cudnn.allow_tf32
        assert not torch.backends.cuda.matmul.allow_tf32

    def test_input_is_not_written(self, made):
        before = BATCH.copy()
        opened(made / "tiny.pt2")(BATCH, [None])[0]
        np.testing.assert_array_equal(BATCH, before)

    def test_baseline(self):
        network = opened(BASELINE)
        assert network(np.zeros((2, 30, 17, 2), np.float32), [None])[0].shape == (2, 4, 17, 3)

    @pytest.mark.parametrize("kind", ["pt2", "torchscript"])
    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_half_precision(self, kind, tmp_path):
        half = files.Tiny().half()
        half.factor = half.factor.half()
        given = torch.zeros(files.EXAMPLE, dtype=torch.half)
        path = tmp_path / "half"
        if kind == "pt2":
            with path.open("wb") as stream:
                torch.export.save(files.program(half, example=given), stream)
        else:
            files.export_script(torch.jit.trace(half, given), path)
        out = opened(path, kind)(BATCH, [None])[0]
        assert out.dtype == np.float32
        assert np.isfinite(out).all()


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    net = files.Outputs(lambda pose, middle: (pose, middle))
    return opened(files.export_pt2(net, tmp_path_factory.mktemp("a") / "a.pt2"))


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    net = files.Outputs(lambda pose, middle: {"pose": pose, "parts": [middle]})
    return opened(files.export_pt2(net, tmp_path_factory.mktemp("b") / "b.pt2"))


@pytest.fixture(scope="session")
def two(tmp_path_factory):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["pose"]),
        helper.make_node("Neg", ["pose"], ["other"]),
    ]
    path = tmp_path_factory.mktemp("c") / "c.onnx"
    return opened(files.export_onnx(path, nodes, outputs=["pose", "other"]), "onnx")


class TestOutputs:
    def test_element_of_a_tuple(self, pair):
        assert pair(BATCH, [0])[0].shape == (4, 9, 17, 3)
        assert pair(BATCH, [1])[0].shape == (4, 3, 17, 3)

    def test_key_of_a_dictionary(self, table):
        assert table(BATCH, ["pose"])[0].shape == (4, 9, 17, 3)

    def test_name_or_place_of_an_onnx_output(self, two):
        np.testing.assert_array_equal(two(BATCH, ["other"])[0], -two(BATCH, [0])[0])
        np.testing.assert_array_equal(two(BATCH, [1])[0], two(BATCH, ["other"])[0])

    def test_the_last_one(self, pair):
        np.testing.assert_array_equal(pair(BATCH, [-1])[0], pair(BATCH, [1])[0])

    @pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.complex64])
    def test_numbers_that_are_no_coordinates(self, kind, tmp_path):
        net = files.Outputs(lambda pose, _: pose.to(kind))
        said = failure(opened(files.export_pt2(net, tmp_path / "a.pt2")))
        assert f"numbers of type {kind}, expected floating point" in said

    def test_none_is_selected(self, pair, table, two):
        assert "a tuple of 2" in failure(pair)
        assert "keys ['pose', 'parts']" in failure(table)
        assert "keys ['pose', 'other', 0, 1]" in failure(two)

    def test_no_such_element(self, pair, table, two):
        assert "no element 2: there are [0, 1]" in failure(pair, select=2)
        assert "no element 'pose': there are [0, 1]" in failure(pair, select="pose")
        assert "no element 'x': there are ['pose', 'parts']" in failure(table, select="x")
        assert "['pose', 'other', 0, 1]" in failure(two, select=2)

    def test_one_tensor_has_no_elements(self, made):
        assert "one tensor" in failure(opened(made / "tiny.pt2"), select=0)

    def test_no_tensor(self, table):
        assert "a list of 1" in failure(table, select="parts")


class Placed(files.Tiny):
    def forward(self, x):
        return super().forward(x) + torch.zeros(3, device="cpu")


class TestFailures:
    @pytest.mark.parametrize(
        ("dynamic", "batch", "said"),
        [
            ({1: torch.export.Dim.AUTO}, BATCH[:3], "batch size is fixed"),
            ({0: torch.export.Dim.AUTO}, BATCH[:, :7], "another number of frames"),
            ({0: torch.export.Dim.AUTO}, BATCH[:, :, :16], "keypoints or channels"),
            ({0: torch.export.Dim.AUTO}, BATCH[..., :1], "keypoints or channels"),
        ],
    )
    def test_fixed_sizes_of_an_export(self, dynamic, batch, said, tmp_path):
        network = opened(files.export_pt2(files.Tiny(), tmp_path / "a.pt2", dynamic))
        found = failure(network, batch)
        assert said in found
        assert str(batch.shape) in found

    def test_channels_of_a_trace(self, made):
        found = failure(opened(made / "tiny.pt", "torchscript"), BATCH[..., :1])
        assert "the contract differs from the model" in found

    def test_onnx_shapes(self, made):
        network = opened(made / "tiny.onnx", "onnx")
        assert "keypoints or channels" in failure(network, BATCH[..., :1])

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"batch": 4}, "batch size is fixed to 4"),
            ({"kind": TensorProto.DOUBLE}, "expected float32"),
        ],
    )
    def test_onnx_input(self, fields, said, tmp_path):
        nodes = [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)]
        path = files.export_onnx(tmp_path / "a.onnx", nodes, **fields)
        with pytest.raises(InputError, match=said):
            opened(path, "onnx")

    def test_onnx_operator(self, tmp_path):
        node = helper.make_node("Lift", ["x"], ["y"], domain="mine")
        with pytest.raises(InputError, match="no package can be imported"):
            opened(files.export_onnx(tmp_path / "a.onnx", [node]), "onnx")

    @pytest.mark.parametrize("place", ["graph", "weights"])
    def test_needs_a_gpu(self, place, tmp_path):
        members = files.read(files.export_pt2(Placed(), tmp_path / "placed.pt2"))
        name = "models/model.json" if place == "graph" else "data/weights/model_weights_config.json"
        members[name] = members[name].replace(b'"cpu"', b'"cuda"')
        path = files.write(members, tmp_path / "a.pt2")
        with pytest.raises(InputError, match="needs a GPU: give the device cuda"):
            opened(path)(BATCH, [None])[0]

    def test_version(self, made, tmp_path):
        members = files.read(made / "tiny.pt2")
        model = json.loads(members["models/model.json"])
        model["schema_version"] = {"major": 5, "minor": 1}
        members["models/model.json"] = json.dumps(model).encode()
        with pytest.raises(InputError, match="another version of the library wrote it"):
            opened(files.write(members, tmp_path / "a.pt2"))

    @pytest.mark.parametrize("version", ["5.1", "1"])
    def test_version_of_a_flat_archive(self, made, version, tmp_path):
        with zipfile.ZipFile(made / "flat.pt2") as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        path = tmp_path / "a.pt2"
        path.write_bytes(files.packed(members | {"version": version.encode()}))
        with pytest.raises(InputError, match="another version of the library wrote it"):
            opened(path, "old-pt2")

    def test_operator_that_torch_lacks(self, made, tmp_path):
        members = files.read(made / "tiny.pt2")
        files.call(members, "torch.ops.mine.op.default")
        with pytest.raises(InputError, match="no package can be imported"):
            opened(files.write(members, tmp_path / "a.pt2"))

    def test_two_inputs(self, tmp_path):
        program = torch.export.export(Two(), (torch.zeros(2, 3), torch.zeros(2, 3)))
        with (tmp_path / "a.pt2").open("wb") as stream:
            torch.export.save(program, stream)
        with pytest.raises(InputError, match="takes 2 inputs"):
            opened(tmp_path / "a.pt2")

    def test_what_torch_says_is_not_printed(self, made, tmp_path, caplog, capfd):
        members = files.read(made / "tiny.pt2")
        files.call(members, "torch.ops.mine.op.default")
        with pytest.raises(InputError):
            opened(files.write(members, tmp_path / "a.pt2"))
        assert not caplog.records
        assert not capfd.readouterr().err

    def test_device(self, made):
        for name in ("cuda", "tpu"):
            with pytest.raises(InputError, match=f"device '{name}': not usable") as error:
                usable_device(name)
            assert error.value.parameter == "device"
        with (
            (made / "tiny.onnx").open("rb") as stream,
            pytest.raises(InputError, match="no CUDA in onnxruntime; install onnxruntime-gpu"),
        ):
            open_network(stream, "onnx", "cuda", None)
        assert usable_device("cpu").type == "cpu"


class Two(nn.Module):
    def forward(self, x, y):
        return x + y


class Noisy(files.Tiny):
    def forward(self, x):
        return super().forward(x) + torch.randn_like(x[..., :1])


class TestSeed:
    @pytest.mark.parametrize("kind", ["pt2", "torchscript", "onnx"])
    @pytest.mark.filterwarnings("ignore")
    def test_a_seed_repeats(self, kind, tmp_path):
        path = tmp_path / "noisy"
        if kind == "pt2":
            files.export_pt2(Noisy(), path)
        elif kind == "torchscript":
            files.export_script(torch.jit.trace(Noisy(), torch.zeros(1, 9, 17, 2), False), path)
        else:
            nodes = [
                helper.make_node("RandomNormalLike", ["x"], ["noise"]),
                helper.make_node("Add", ["x", "noise"], ["y"]),
            ]
            files.export_onnx(path, nodes)
        network = opened(path, kind)
        passes = []
        for number in (3, 3, 4):
            network.seed(number)
            passes.append((network(BATCH, [None])[0], network(BATCH, [None])[0]))
        np.testing.assert_array_equal(passes[0], passes[1])
        assert not np.array_equal(passes[0], passes[2])
        assert not np.array_equal(passes[0][0], passes[0][1])
