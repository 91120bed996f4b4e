"""Empty modules stand in for absent ones during an import, and only then."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from corruptbench.detectors.stand_ins import standing_in


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that imports what is not there."""
    (tmp_path / "needs_absent.py").write_text(
        "import absent_one\nfrom absent_one.deep.er import Thing\nclass Mine(Thing):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "needs_absent", raising=False)
    return "needs_absent"


def test_a_package_is_imported_without_what_it_names(package: str) -> None:
    with standing_in(("absent_one", "absent_one")):
        assert importlib.import_module(package).Mine()
    assert not [name for name in sys.modules if name.startswith("absent_one")]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("absent_one")


def test_other_modules_stay_absent(package: str) -> None:
    with standing_in(("absent", "absent")), pytest.raises(ModuleNotFoundError, match="absent_one"):
        importlib.import_module(package)


def test_what_is_there_is_left_alone(tmp_path: Path, package: str) -> None:
    (tmp_path / "absent_one").mkdir()
    (tmp_path / "absent_one/deep").mkdir()
    (tmp_path / "absent_one/deep/er.py").write_text("class Thing:\n    real = True\n")
    importlib.invalidate_caches()
    with standing_in(("absent_one", "absent_one")):
        assert importlib.import_module(package).Mine.real


def test_a_part_of_a_package_stands_in_where_its_evidence_is_absent() -> None:
    with standing_in(("json.extra", "json._compiled")):
        extra = importlib.import_module("json.extra")
        assert extra.Anything.__name__ == "Anything"
        assert importlib.import_module("json").loads("1") == 1
    assert "json.extra" not in sys.modules


def test_the_import_system_is_as_before_also_after_an_error() -> None:
    before = list(sys.meta_path)
    with pytest.raises(KeyError), standing_in(("absent_one", "absent_one")):
        raise KeyError
    assert sys.meta_path == before
