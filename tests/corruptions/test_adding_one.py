"""A corruption is added with the one file that CONTRIBUTING.md shows, and its golden digest."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from shutil import copy2, copytree, ignore_patterns

import pytest

from tests.docs.blocks import titled

ROOT = Path(__file__).parents[2]
SUITE = "tests/corruptions/properties"

VIGNETTE = titled("CONTRIBUTING.md", "corruptions/vignette.py")


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of the library, its property suite and the gallery's tool, with one more file."""
    copied = tmp_path_factory.mktemp("tree")
    package = copied / "corruptbench"  # with what Numba has compiled, without the videos
    copytree(ROOT / "corruptbench", package, ignore=ignore_patterns("videos", "results"))
    for folder in ("tests/corruptions/golden", SUITE):
        copytree(ROOT / folder, copied / folder)
    (copied / "tools").mkdir()
    for file in (
        "pyproject.toml", "tests/__init__.py", "tests/corruptions/__init__.py",
        "tests/corruptions/scenes.py", "tools/gallery.py",
    ):  # fmt: skip
        copy2(ROOT / file, copied / file)
    (package / "corruptions/vignette.py").write_text(VIGNETTE)
    return copied


def run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy: its packages come before the installed ones."""
    return subprocess.run([sys.executable, *words], cwd=tree, capture_output=True, text=True)


@pytest.mark.slow
def test_the_property_suite_asks_for_its_digest_and_nothing_else(tree):
    suite = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", SUITE, "-k")
    before = run(tree, *suite, "vignette").stdout
    assert re.findall(r"^FAILED \S+::(\S+)", before, re.MULTILINE) == [
        "test_golden_digest[vignette]"
    ], before
    assert int(re.search(r"(\d+) passed", before)[1]) >= 28, before

    code = "from tests.corruptions.properties.test_digests import golden; print(golden('vignette'))"
    digest = run(tree, "-c", code).stdout
    (tree / "tests/corruptions/golden/vignette.sha256").write_text(digest)
    after = run(tree, *suite, "golden and vignette")
    assert after.returncode == 0, after.stdout


def test_it_is_found_by_name_and_in_the_gallery(tree):
    code = (
        "from corruptbench import corruptions\n"
        "from tools import gallery\n"
        "print(corruptions.get('vignette').family)\n"
        "print(gallery.page(corruptions.all_corruptions()))"
    )
    done = run(tree, "-c", code)
    family, _, page = done.stdout.partition("\n")
    assert family == "lighting", done.stderr
    assert "\n### vignette\n\nVignette: the picture darkens towards its corners.\n" in page
    assert (
        "| `strength` | 0.3 | 0.45 | 0.6 | 0.75 | 0.9 "
        "| fraction of the light that is lost half a diagonal away from the axis. |"
    ) in page
    assert "(gallery/vignette.jpg)" in page
    row = (
        "| lighting | [`vignette`](#vignette) | Vignette: the picture darkens towards its corners."
    )
    assert f"\n{row} | clip |\n" in page
