"""TorchScript whose code would do more than compute is refused before torch opens it."""

import re
import warnings

import pytest
import torch
from torch import nn

from corruptbench.lifters.archive import inspect
from tests.fixtures import model_files as files
from tests.fixtures.model_files import refusal


class Named(nn.Module):
    """A module with the names that the check of TorchScript looks for, and none of their deeds."""

    def __init__(self):
        super().__init__()
        self.ops = files.Scripted()
        self.save: bool = True
        self.text: str = "torch.save # ops.mine.op 'a' \"b\" \n\\"
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
        self.parts = nn.ModuleDict({"a-b (c)": nn.Linear(2, 2)})

    def forward(self, x):
        ops = self.parts["a-b (c)"](self.layers(x))
        assert self.save, self.text
        return self.ops(ops)["pose"] * self.ops.linear.weight.sum()


#: A source that makes the file {0} when it is compiled and run, with "y" as its tensor.
_ARGUMENTS = '("{0}", True, 4, dtype=6, layout=0, device=torch.device("cpu"))'
OPENS = {
    "plain": "y = torch.from_file" + _ARGUMENTS,
    "blanks": "y = torch . from_file" + _ARGUMENTS,
    "blanks_of_operators": "y = ops. aten. from_file" + _ARGUMENTS,
    "comment": "y = (torch. # text\n from_file" + _ARGUMENTS + ")",
    "continued_line": "y = torch.\\\n from_file" + _ARGUMENTS,
    "brackets": "y = (ops).aten.from_file" + _ARGUMENTS,
    "more_brackets": "y = (ops.aten).from_file" + _ARGUMENTS,
    "other_name": "t = torch\n    y = t.from_file" + _ARGUMENTS,
    "other_name_of_operators": "t = ops\n    y = t.aten.from_file" + _ARGUMENTS,
    "other_name_of_module": "t = torch.autograd\n    y = t.from_file" + _ARGUMENTS,
    "module": "y = torch.autograd.from_file" + _ARGUMENTS,
    "attribute": 'y = getattr(torch, "from_file")' + _ARGUMENTS,
    "parts_of_a_text": 'y = getattr(torch, "from" "_fil\\145")' + _ARGUMENTS,
    "attribute_by_another_name": 'g = getattr\n    y = g(torch, "from_file")' + _ARGUMENTS,
    "text_of_three_quotes": 'z = """ " """\n    y = torch.from_file' + _ARGUMENTS,
}
_SOURCE = """class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  def forward(self: __torch__.m.M, x: Tensor) -> Tensor:
    {}
    return torch.add(x, torch.sum(y))
"""


class Plain(nn.Module):
    __module__ = "__main__"

    def forward(self, x):
        return x + 1


@pytest.fixture(scope="session")
def plain(tmp_path_factory) -> files.Members:
    """TorchScript of one class __torch__.m.M, whose source is left to the test."""
    path = tmp_path_factory.mktemp("plain") / "a.pt"
    members = files.read(files.export_script(files.scripted(Plain()), path))
    kept = {n: d for n, d in members.items() if not n.startswith("code/")}
    found = re.search(rb"c(__torch__[^\n]*\nPlain)\n", kept["data.pkl"])
    kept["data.pkl"] = kept["data.pkl"].replace(found[1], b"__torch__.m\nM")
    return kept


class TestScript:
    @pytest.mark.parametrize("network", [files.traced, files.scripted])
    def test_class_of_main(self, network, tmp_path, monkeypatch):
        monkeypatch.setattr(files.Tiny, "__module__", "__main__")
        path = files.export_script(network(files.Tiny()), tmp_path / "a.pt")
        assert b"c__torch__" in files.read(path)["data.pkl"]
        assert inspect(path, False).kind == "torchscript"

    @pytest.mark.parametrize("network", [files.traced, files.scripted])
    def test_names_that_do_nothing(self, network, tmp_path):
        path = files.export_script(network(Named()), tmp_path / "a.pt")
        assert inspect(path, False).kind == "torchscript"

    @pytest.mark.parametrize("way", OPENS)
    def test_code_that_opens_a_file(self, plain, way, tmp_path):
        marker = tmp_path / "marker"
        source = _SOURCE.format(OPENS[way].format(marker)).encode()
        path = files.write(plain | {"code/__torch__/m.py": source}, tmp_path / "a.pt")
        assert "refused, and nothing of it was run" in refusal(path)
        assert not marker.exists()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.load(path)(torch.zeros(4))  # the file is what it claims to be
        assert marker.exists()

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("y = ops. mine. op(x)", "mine::op"),
            ("y = ops.mine\\\n.op(x)", "refused"),
            ("y = (ops.mine).op(x)", "refused"),
            ('y = getattr(getattr(ops, "mine"), "op")(x)', "mine::op"),
            ("y = __torch__ . torch . classes . c10 . A(x)", "torch.classes.c10.A"),
            ("y = (__torch__.torch.classes).c10.A(x)", "torch.classes"),
            ("y = (__torch__.torch).classes.c10.A(x)", "refused"),
            ("t = __torch__\n    y = t.torch.classes.c10.A(x)", "torch.classes.c10.A"),
            ("y = torch.classes.quantized\n", "torch.classes"),
        ],
    )
    def test_other_names_that_are_hidden(self, plain, line, said, tmp_path):
        source = _SOURCE.format(line).encode()
        path = files.write(plain | {"code/__torch__/m.py": source}, tmp_path / "a.pt")
        assert said in refusal(path)

    @pytest.mark.parametrize(
        "name", ["code/__torch__.PY", "CODE/__torch__.py", "code/a.txt", "Data.pkl", "MODEL.json"]
    )
    def test_members_that_torch_may_read(self, model_folder, name, tmp_path):
        members = files.read(model_folder / "tiny.pt")
        if name == "Data.pkl":
            members[name] = members.pop("data.pkl")
        path = files.write(members | {name: b"..."}, tmp_path / "a.pt")
        assert f"a strange member '{name}'" in refusal(path)

    def test_class_of_compiled_code_in_a_pickle(self, model_folder, tmp_path):
        members = files.read(model_folder / "tiny.pt")
        members["constants.pkl"] = b"\x80\x02c__torch__.torch.classes\nA\n."
        said = refusal(files.write(members, tmp_path / "a.pt"))
        assert "asks for __torch__.torch.classes.A" in said
