"""The reader of Human3.6M, on miniatures in its own formats; no data of Human3.6M is here."""

from __future__ import annotations

import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from corruptbench.builder.plan import boxes_of, plan_build
from corruptbench.datasets import ClipId, open_dataset
from corruptbench.datasets.human36m import files, tables
from corruptbench.manifest import load_manifest
from corruptbench.shards.records import DetectorRecord
from corruptbench.video import probe
from tests.fixtures import human36m as fixture
from tests.fixtures.facts import facts


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory):
    """Poses and boxes as downloaded, without videos; do not write to it."""
    return fixture.write_dataset(tmp_path_factory.mktemp("downloaded"))


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    """As extracted by fetch scripts, without videos; do not write to it."""
    root = tmp_path_factory.mktemp("extracted")
    return fixture.write_dataset(root, fixture.EXTRACTED)


def clip_id(subject, sequence, camera):
    return ClipId("human36m", subject, sequence, camera, sequence.partition(" ")[0])


# Orientation (w, x, y, z; camera to world) and position (mm) as VideoPose3D's table has them,
# which was made from the same metadata by other code and rounded to float32.
VIDEOPOSE3D = {
    ("S9", "54138969"): (
        (0.15540587902069092, -0.15548215806484222, -0.7532095313072205, 0.6199594736099243),
        (2044.45849609375, 4935.1171875, 1481.2275390625),
    ),
    ("S9", "55011271"): (
        (0.618784487247467, -0.7634735107421875, -0.14132238924503326, 0.11933968216180801),
        (1990.959716796875, -5123.810546875, 1568.8048095703125),
    ),
}


@pytest.mark.parametrize(("subject", "name"), VIDEOPOSE3D)
def test_cameras_are_those_of_videopose3d(downloaded, subject, name):
    (w, *xyz), position = VIDEOPOSE3D[subject, name]
    camera = open_dataset("human36m", downloaded).camera(subject, name)
    to_world = Rotation.from_quat([*xyz, w]).as_matrix()
    assert camera.rotation == pytest.approx(to_world.T, abs=3e-7)
    assert camera.position == pytest.approx(position, abs=3e-4)


def test_a_published_pose(downloaded):
    """S1, Directions 1, camera 54138969, frame 0, as samples in open repositories print it."""
    camera = open_dataset("human36m", downloaded).camera("S1", "54138969")
    hip_world = np.array([-91.67900085, 154.40400696, 907.26098633])
    hip_camera = np.array([-176.73076784, -321.04861816, 5203.88206303])
    right_hip_camera = np.array([-52.96191118, -309.7044902, 5251.08279046])
    assert camera.world_to_camera(hip_world) == pytest.approx(hip_camera, abs=1e-6)
    assert camera.camera_to_world(hip_camera) == pytest.approx(hip_world, abs=1e-6)
    assert camera.project(hip_camera) == pytest.approx([473.68356, 444.9424], abs=5e-5)
    assert camera.project(right_hip_camera) == pytest.approx([500.9961, 448.02988], abs=5e-5)


def test_layout_of_metadata_xml(downloaded, tmp_path):
    """Each number stands where the official file has it."""
    root = tmp_path / "data"
    shutil.copytree(downloaded, root)
    fixture.write_metadata(root / "metadata.xml", [float(i) for i in range(300)])
    camera = open_dataset("human36m", root).camera("S9", "58860488")
    angles = Rotation.from_euler("XYZ", [180.0, 181.0, 182.0])  # third camera, ninth subject
    assert camera.rotation == pytest.approx(angles.as_matrix(), abs=1e-9)
    assert camera.position.tolist() == [183, 184, 185]
    assert camera.focal_length.tolist() == [282, 283]
    assert camera.principal_point.tolist() == [284, 285]
    k1, k2, p1, p2, k3 = camera.distortion
    assert (k1, k2, k3, p1, p2) == (286, 287, 288, 289, 290)


def test_the_official_metadata_changes_nothing(downloaded, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(downloaded, root)
    fixture.write_metadata(root / "metadata.xml")
    for subject in tables.SUBJECTS:
        for name in tables.CAMERAS:
            a, b = (open_dataset("human36m", r).camera(subject, name) for r in (root, downloaded))
            assert np.array_equal(a.rotation, b.rotation)
            assert np.array_equal(a.position, b.position)
            assert np.array_equal(a.distortion, b.distortion)


def test_picture_sizes():
    tall = {s: [tables.size(s, c) for c in tables.CAMERAS] for s in tables.SUBJECTS}
    assert tall.pop("S7") == [(1000, 1002)] * 4
    assert list(tall.values()) == [[(1000, 1002), (1000, 1000), (1000, 1000), (1000, 1002)]] * 6


def test_names():
    assert files.canonical("TakingPhoto 1") == files.canonical("Photo 1") == "Photo 1"
    assert files.canonical("WalkingDog") == "WalkDog"
    assert files.canonical("Walking 1") == "Walking 1"
    assert files.stem("S1", "WalkDog 1") == "WalkingDog 1"
    assert files.stem("S5", "WalkDog 1") == "WalkDog 1"
    assert files.stem("S1", "WalkTogether") == "WalkTogether"
    assert files.action("SittingDown 1") == "SittingDown"


def test_clips_are_those_of_the_official_data(downloaded):
    ids = open_dataset("human36m", downloaded).clip_ids()
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids) == 3 * 30 * 4
    assert {i.subject for i in ids} == {"S1", "S9", "S11"}
    assert len({i.action for i in ids}) == 15
    assert not {i.sequence for i in ids} & {"TakingPhoto", "WalkingDog 1"}
    assert clip_id("S11", "Directions", "54138969") in ids


@pytest.mark.parametrize("tree", ["downloaded", "extracted"])
@pytest.mark.parametrize("subject", fixture.RECORDINGS)
def test_labels(tree, subject, request):
    root = request.getfixturevalue(tree)
    dataset = open_dataset("human36m", root)
    lengths = {"S1": (6, 7, 8), "S9": (9, 10), "S11": (11, 12)}[subject]
    for stem, count in zip(fixture.RECORDINGS[subject], lengths, strict=True):
        world = fixture.poses(count, count)
        for name in fixture.CAMERAS:
            clip = dataset.load(clip_id(subject, files.canonical(stem), name))
            assert np.array_equal(clip.joints, world[:, fixture.KEPT])
            assert (clip.fps, clip.joint_set, clip.first_frame) == (50, "h36m17", 0)
            assert (clip.camera.width, clip.camera.height) == (
                1000,
                fixture.height(subject, name),
            )
            assert clip.video == root / subject / "Videos" / f"{stem}.{name}.mp4" or subject == "S1"
            flat = fixture.to_picture(name, fixture.to_camera(subject, name, world))
            assert clip.keypoints == pytest.approx(flat[:, fixture.KEPT], abs=1e-9)


def test_float32_labels(extracted, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(extracted, root)
    world = fixture.poses(5).astype(np.float32)
    fixture.write_cdf(root / "S9/Poses_D3_Positions/Greeting.cdf", world, packed=6)
    clip = open_dataset("human36m", root).load(clip_id("S9", "Greeting", "60457274"))
    assert clip.joints.dtype == np.float64
    assert np.array_equal(clip.joints, world[:, fixture.KEPT])


@pytest.mark.parametrize("tree", ["downloaded", "extracted"])
def test_camera_space_labels_stand_in(tree, request, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(request.getfixturevalue(tree), root)
    (folder,) = (root / "S9").rglob("*D3_Positions")
    shutil.rmtree(folder)
    for name in fixture.CAMERAS:
        clip = open_dataset("human36m", root).load(clip_id("S9", "Greeting", name))
        assert clip.joints == pytest.approx(fixture.poses(10, 10)[:, fixture.KEPT], abs=1e-8)


def test_s1_renamed_by_its_user(extracted, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(extracted, root)
    folder = root / "S1/Poses_D3_Positions"
    (folder / "TakingPhoto 1.cdf").rename(folder / "Photo 1.cdf")
    assert (
        len(open_dataset("human36m", root).load(clip_id("S1", "Photo 1", "54138969")).joints) == 6
    )


def test_published_boxes(downloaded, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(downloaded, root)
    boxes = [(300 + i, 200, 500, 640 + i) for i in range(9)]
    path = root / "S9/MySegmentsMat/ground_truth_bb/Directions 1.54138969.mat"
    fixture.write_masks(path, [*boxes, (0, 0, 0, 0), (1, 1, 2, 2)], (1000, 1002))
    clip = open_dataset("human36m", root).load(clip_id("S9", "Directions 1", "54138969"))
    assert clip.published_boxes().tolist() == [list(b) for b in boxes]
    manifest = load_manifest("human36m-c")
    published = manifest.crop.model_copy(update={"boxes": "published"})
    assert boxes_of(clip, manifest.model_copy(update={"crop": published})).tolist() == [
        list(b) for b in boxes
    ]
    fixture.write_masks(path, [(0, 0, 0, 0), *boxes[1:]], (1000, 1002))
    found = clip.published_boxes()
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1:]).all()


@pytest.fixture(scope="module")
def official_lengths(tmp_path_factory):
    """S9 and S11 with all recordings at their official lengths, videos of no bytes."""
    frames = {s: {n: v[0] for n, v in tables.official().frames[s].items()} for s in ("S9", "S11")}
    return fixture.write_official(tmp_path_factory.mktemp("official"), frames)


def test_the_benchmark_is_the_fields_test_split(official_lengths, tmp_path, monkeypatch):
    """The number of test frames is what the literature reports: 543 344."""

    def official(path):
        subject, (sequence, camera) = path.parts[-3], path.stem.rsplit(".", 1)
        frames = tables.video_frames(subject, sequence, camera)
        return facts(tables.size(subject, camera), frames, 50)

    monkeypatch.setattr(probe, "probe", official)
    manifest = load_manifest("human36m-c")
    by = DetectorRecord(name="none", layout="coco17", score_meaning="none", weights_sha256="0" * 64)
    dataset = open_dataset("human36m", official_lengths)
    seeing = SimpleNamespace(record=by, reads_video=True, notes=lambda _: ())
    items = plan_build(dataset, manifest, manifest.cells[:1], seeing, tmp_path).items
    assert len(items) == 4 * (30 + 29)
    assert sum(i.frames for i in items) == 543_344
    of = {s: sum(i.frames for i in items if i.clip_id.subject == s) for s in ("S9", "S11")}
    assert of == {"S9": 317_668, "S11": 225_676}
    assert {i.clip_id.camera for i in items} == set(fixture.CAMERAS)
    actions = [i.clip_id.action for i in items]
    assert sorted(set(actions)) == sorted(manifest.clips.actions)
    assert {a: actions.count(a) for a in set(actions) if a != "Directions"} == {
        a: 16 for a in manifest.clips.actions if a != "Directions"
    }
    assert actions.count("Directions") == 12
    short = {i.clip_id.sequence: i.frames for i in items if i.clip_id.subject == "S9"}
    assert (short["Greeting"], short["Waiting 1"], short["SittingDown 1"]) == (1447, 1612, 1554)

    unshifted = load_manifest("human36m-c-unshifted").select(dataset.clip_ids())
    dropped = {(i.clip_id.subject, i.clip_id.sequence) for i in items} - {
        (c.subject, c.sequence) for c in unshifted
    }
    assert dropped == {("S9", "Greeting"), ("S9", "SittingDown 1"), ("S9", "Waiting 1")}


def test_official_counts():
    """Per subject, four cameras, as the literature reports them (S11 with Directions here)."""
    found = {s: 4 * sum(v[0] for v in r.values()) for s, r in tables.official().frames.items()}
    assert found == {
        "S1": 248_376, "S5": 396_316, "S6": 249_864, "S7": 406_484, "S8": 258_712,
        "S9": 317_668, "S11": 232_976,
    }  # fmt: skip
    assert sum(found[s] for s in ("S1", "S5", "S6", "S7", "S8")) == 1_559_752
    for subject, recordings in tables.official().frames.items():
        for sequence, (labels, *videos) in recordings.items():
            assert min(videos) >= labels, (subject, sequence)
    assert tables.label_frames("S1", "Directions 1") == 1383
    assert tables.video_frames("S9", "Waiting 1", "55011271") == 3393


def test_every_camera_looks_at_the_room(downloaded):
    """A person at its middle is in view, upright, and comes back from each camera to the world."""
    dataset = open_dataset("human36m", downloaded)
    base = dataset.load(clip_id("S9", "Greeting", "54138969"))
    for subject in tables.SUBJECTS:
        for name in tables.CAMERAS:
            clip = replace(base, camera=dataset.camera(subject, name))
            back = clip.camera.camera_to_world(clip.joints_camera)
            assert back == pytest.approx(clip.joints, abs=1e-9)
            x0, y0, x1, y1 = clip.boxes.T
            assert min(x0.min(), y0.min()) > 0
            assert max(x1.max(), y1.max()) < 1000
            assert (clip.keypoints[:, 10, 1] < clip.keypoints[:, 3, 1]).all()
