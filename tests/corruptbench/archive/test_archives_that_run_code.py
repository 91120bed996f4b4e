"""Files that would run code when they are loaded are refused."""

import contextlib
import json
import logging
import zipfile

import pytest
import torch

from corruptbench.lifters.archive import inspect
from tests.fixtures import model_files as files
from tests.fixtures.model_files import refusal


class TestLoadTime:
    @pytest.mark.parametrize("way", files.RUNS)
    def test_what_runs_code_is_refused(self, members, way, tmp_path):
        files.RUNS[way](members, tmp_path / "marker")
        said = refusal(files.write(members, tmp_path / "a.pt2"))
        assert any(word in said for word in ("refused", "another package"))
        assert not (tmp_path / "marker").exists()

    def test_torch_would_have_run_it(self, members, tmp_path, monkeypatch):
        """Shows that the files above are what they claim to be."""
        logging.disable(logging.ERROR)
        monkeypatch.syspath_prepend(tmp_path)
        ran = set()
        for name, change in files.RUNS.items():
            marker, mine = tmp_path / name, dict(members)
            (tmp_path / f"module_{name}.py").write_text(f"import os; os.mkdir({str(marker)!r})")
            change(mine, marker)
            path = files.write(mine, tmp_path / f"{name}.pt2")
            with contextlib.suppress(Exception):  # only what was run counts
                torch.export.load(path).module()(torch.zeros(files.EXAMPLE))
            ran |= {name} if marker.exists() else set()
        logging.disable(logging.NOTSET)
        # Torch's own verifier stops the first; the others are not reached in this version.
        assert set(files.RUNS) - ran == {"operator", "text_input", "node_name"}

    def test_flat_archive(self, tmp_path):
        path = files.export_flat(files.Tiny(), tmp_path / "old.pt2")
        with zipfile.ZipFile(path) as archive:
            old = {name: archive.read(name) for name in archive.namelist()}
        for name in ("state_dict", "constants", "example_inputs"):
            changed = old | {f"serialized_{name}.pt": files.saved(files.Call(tmp_path / "m"))}
            bad = tmp_path / f"{name}.pt2"
            with zipfile.ZipFile(bad, "w") as archive:
                for member, data in changed.items():
                    archive.writestr(member, data)
            assert f"serialized_{name}.pt: opening it would call posix.mkdir" in refusal(bad)

    @pytest.mark.parametrize("mark", ["archive_format", "ARCHIVE_FORMAT"])
    def test_new_archive_within_a_flat_one(self, members, mark, tmp_path):
        """Torch takes the folder of the first member for the archive."""
        members[mark] = members.pop("archive_format")
        hidden = {f"extra_files/{name}": data for name, data in members.items()}
        flat = files.read_saved(files.export_flat(files.Tiny(), tmp_path / "old.pt2").read_bytes())
        path = tmp_path / "a.pt2"
        path.write_bytes(files.packed(hidden | flat))
        assert "a strange member 'extra_files/" in refusal(path)

    def test_members_without_a_folder(self, members, tmp_path):
        (tmp_path / "a.pt2").write_bytes(files.packed(members))
        assert "not of an exported model" in refusal(tmp_path / "a.pt2")

    def test_compiled_library_needs_trust(self, members, tmp_path):
        members["data/aotinductor/model/model.so"] = b"\x7fELF"
        path = files.write(members, tmp_path / "a.pt2")
        assert "compiled code of AOTInductor (data/aotinductor/model/model.so)" in refusal(path)
        assert inspect(path, True).kind == "pt2"

    def test_custom_object(self, members, tmp_path):
        config = json.loads(members["data/constants/model_constants_config.json"])
        config["config"]["factor"] |= {"path_name": "custom_obj_0", "tensor_meta": None}
        members["data/constants/model_constants_config.json"] = json.dumps(config).encode()
        assert "custom_obj_0" in refusal(files.write(members, tmp_path / "a.pt2"))

    @pytest.mark.parametrize(
        ("target", "said"),
        [
            ("torch.ops.mine.op.default", "no package can be imported"),
            ("torch.ops.aten.from_file.default", "does more than compute"),
            ("torch.ops.load_library", "refused"),
            ("torch.ops.aten.add.__class__", "refused"),
            ("torch.ops.higher_order.call_torchbind", "refused"),
            ("_operator.methodcaller", "refused"),
            ("#extension:op", "refused"),
            ("torch.sym_int.__globals__", "refused"),
        ],
    )
    def test_operators(self, members, target, said, tmp_path):
        files.call(members, target)
        found = refusal(files.write(members, tmp_path / "a.pt2"))
        assert target in found
        assert said in found

    def test_texts_in_place_of_numbers(self, members, tmp_path):
        model = json.loads(members["models/model.json"])
        sizes = model["graph_module"]["graph"]["tensor_values"]["x"]["sizes"]
        sizes[0]["as_expr"]["hint"] = {"as_int": "__import__('os')"}
        members["models/model.json"] = json.dumps(model).encode()
        assert "as_int holds" in refusal(files.write(members, tmp_path / "a.pt2"))

    def test_number_to_count_to(self, members, tmp_path):
        model = json.loads(members["models/model.json"])
        model["range_constraints"]["u99999999999"] = {"min_val": 0, "max_val": 9}
        members["models/model.json"] = json.dumps(model).encode()
        assert "range_constraints" in refusal(files.write(members, tmp_path / "a.pt2"))

    def test_hidden_names_of_pickles(self, members, tmp_path):
        saved = files.read_saved(files.saved(((), {})))
        saved["archive/data.pkl"] = b"\x80\x04\x8c\x02os\x8c\x05mkdir\x93."
        members["data/sample_inputs/model.pt"] = files.packed(saved)
        assert "STACK_GLOBAL hides" in refusal(files.write(members, tmp_path / "a.pt2"))

    def test_script_that_writes_files(self, model_folder, tmp_path):
        members = files.read(model_folder / "tiny.pt")
        name = next(n for n in members if n.startswith("code/") and n.endswith(".py"))
        members[name] += b'\n    torch.save(x, "/tmp/a")\n'
        assert "opens files (torch.save)" in refusal(files.write(members, tmp_path / "a.pt"))
        members[name] = members[name].replace(b"torch.save(x", b"ops.mine.op(x")
        assert "mine::op" in refusal(files.write(members, tmp_path / "a.pt"))
        members[name] = members[name].replace(b"ops.mine.op(x", b"__torch__.torch.classes.c10.A(x")
        assert "torch.classes.c10.A" in refusal(files.write(members, tmp_path / "a.pt"))
