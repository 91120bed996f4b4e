"""The pictures of a report: those of the shards that were scored, and never licensed ones."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

from corruptbench import open_shards
from corruptbench.builder.render import crops
from corruptbench.detectors.crops import resize
from corruptbench.errors import InputError
from corruptbench.manifest import Cell
from corruptbench.preview.scene import scene_of_clip
from corruptbench.report.evidence import read_evidence
from corruptbench.report.pictures import STILL, TILE, pictures
from corruptbench.video.reader import decode
from tests.fixtures.folder import FRAMES
from tests.report.conftest import write_extracts

pytestmark = pytest.mark.detector


@pytest.fixture(scope="module")
def scored(mini, mini_manifest, mini_shards, tiny_lifter, tmp_path_factory):
    """A result on `mini_shards` with extracts beside it, and the open shards."""
    from corruptbench import evaluate

    shards = open_shards(mini_shards, mini, mini_manifest)
    folder = tmp_path_factory.mktemp("results")
    path = evaluate(tiny_lifter, shards, progress=False).save(folder)
    table = pd.read_parquet(path.with_name("tiny.clips.parquet"))
    blurred = table[table["corruption"] == "gaussian_noise"]
    write_extracts(path.with_name("tiny.extracts.parquet"), blurred, frames=FRAMES)
    return path, shards


def decoded(source: str) -> np.ndarray:
    data = np.frombuffer(base64.b64decode(source.partition(",")[2]), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]


def test_pictures_are_those_that_the_detector_saw(scored):
    path, shards = scored
    evidence = read_evidence(path)
    shown = pictures(evidence, shards)
    extract = evidence.extracts[0]
    sprite = shown.sprites[extract.rank]
    clip = next(
        c for c, _ in shards.clips()
        if (c.id.subject, c.id.sequence, c.id.camera) == (*extract.key[:2], extract.key[3])
    )  # fmt: skip
    cell = Cell(*extract.key[4:])
    scene = scene_of_clip(clip, [cell], shards.manifest)
    frames = list(decode(clip.video))[clip.first_frame :]
    view = crops(scene.info, shards.manifest.crop.padding)[3]
    expected = resize(view.pad(scene.renderers[cell](frames, 3, view.inside)), TILE)
    tile = decoded(sprite.source)[:TILE, 3 * TILE : 4 * TILE]
    assert np.abs(tile.astype(int) - expected).mean() < 12  # the noise of compression
    assert sprite.views[3].tolist() == [view.x0, view.y0, view.side]
    assert [still.title for still in shown.stills] == ["clean", "erase", "gaussian noise"]
    assert decoded(shown.stills[0].source).shape == (STILL, STILL, 3)


def test_the_command_shows_them(scored, mini, mini_manifest, tmp_path, cli):
    path, shards = scored
    out = tmp_path / "page.html"
    words = ("--shards", shards.folder, "--root", mini, "--manifest", mini_manifest)
    assert cli("report", path, *words, "--out", out).code == 0
    assert len(re.findall(r'"sprite": ?"data:image/webp', out.read_text())) == 2


def test_licensed_data_is_never_shown(scored, monkeypatch):
    path, shards = scored
    monkeypatch.setattr(type(shards.dataset), "licensed", True)
    shown = pictures(read_evidence(path), shards)
    assert not shown.sprites
    assert not shown.stills
    assert "license" in shown.reason


def test_a_missing_video_is_said(scored, monkeypatch):
    path, shards = scored
    gone = type(shards.dataset).load
    elsewhere = lambda self, i: replace(gone(self, i), video=gone(self, i).video / "x")  # noqa: E731
    monkeypatch.setattr(type(shards.dataset), "load", elsewhere)
    shown = pictures(read_evidence(path), shards)
    assert not shown.sprites
    assert "video" in shown.reason


def test_other_shards_are_refused(scored):
    path, shards = scored
    other = replace(shards, lock=shards.lock.model_copy(update={"detections_sha256": "0" * 64}))
    with pytest.raises(InputError, match="expected the shards that it was scored on"):
        pictures(read_evidence(path), other)
