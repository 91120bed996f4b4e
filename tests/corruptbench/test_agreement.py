"""Whether labels lie on the person: verdicts on the embedded clips, sound and broken."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from corruptbench.agreement.evidence import PAIRS, measure, pool
from corruptbench.agreement.found import found_limbs
from corruptbench.agreement.verdict import judge, judge_sides
from corruptbench.builder.sampled import _findings
from corruptbench.datasets.studio import ALL_TRAIN_SHARDS
from corruptbench.shards.shard_set import open_shards
from corruptbench.skeleton import H36M17


@pytest.fixture(scope="module")
def recordings():
    """The embedded training clips with their clean detections, by recording and camera."""
    return _recordings(ALL_TRAIN_SHARDS[0])


def _recordings(shards):
    found: dict[tuple[str, str], dict] = {}
    for clip, (clean,) in open_shards(shards, None).clips():
        found.setdefault((clip.id.subject, clip.id.sequence), {})[clip.id.camera] = (clip, clean)
    return found


@pytest.fixture(scope="module")
def walk(recordings):
    return recordings["S1", "walking_1"]


def evidence_of(recording, camera, change=lambda labels: labels, frames=None, seen_by=None):
    """Evidence on the changed labels of a camera, against what another one saw if it is given."""
    clip, _ = recording[camera]
    _, clean = recording[seen_by or camera]
    frames = np.arange(len(clean.keypoints)) if frames is None else frames
    heights = clip.boxes[:, 3] - clip.boxes[:, 1]
    found = found_limbs(
        frames,
        clean.keypoints[frames].astype(float),
        clean.scores[frames].astype(float),
        "coco17",
        clip.joint_set,
        heights[frames],
    )
    others = {name: other.keypoints for name, (other, _) in recording.items() if name != camera}
    return measure(change(clip.keypoints), clip.joint_set, found, clip.fps, others)


def late(labels, frames):
    """Labels that show each pose ``frames`` frames too late; NaN at the ends."""
    source = np.arange(len(labels)) - frames
    moved = labels[source.clip(0, len(labels) - 1)].copy()
    moved[(source < 0) | (source >= len(labels))] = np.nan
    return moved


def at_rate(labels, rate):
    """Labels of which there are ``rate`` for each frame of the video."""
    times = np.arange(int((len(labels) - 1) * rate) + 1) / rate
    before = np.floor(times).astype(int)
    part = (times - before)[:, None, None]
    return (1 - part) * labels[before] + part * labels[(before + 1).clip(max=len(labels) - 1)]


def runs(length):
    """24 frames in three runs."""
    return np.concatenate([int(length * part) + np.arange(8) for part in (0.1, 0.45, 0.8)])


@pytest.mark.parametrize("sparse", [False, True])
def test_no_embedded_clip_gives_a_false_alarm(recordings, sparse):
    for recording in recordings.values():
        for camera, (clip, _) in recording.items():
            frames = runs(len(clip.joints)) if sparse else None
            found = judge(evidence_of(recording, camera, frames=frames))
            assert found.verdict == "agrees", (clip.id, found)
            assert found.error < 0.065


@pytest.mark.parametrize("frames", [3, 5, 10, -3, -5, -10])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_lag_is_found_with_its_sign(recordings, frames, sparse):
    game = recordings["S1", "jumping_1"]
    sampled = runs(len(game["cam1"][0].joints)) if sparse else None
    found = judge(evidence_of(game, "cam1", lambda x: late(x, frames), sampled))
    assert found.verdict == "lag"
    assert found.lag == pytest.approx(frames, abs=0.5)
    assert ("late" if frames > 0 else "early") in found.text
    assert (
        f"the label of frame {max(frames, 0)} fits the picture of frame {max(-frames, 0)}"
        in found.text
    )
    assert f"first {abs(frames)} {'labels' if frames > 0 else 'frames'}" in found.text


def test_one_frame_is_found_where_people_run(recordings):
    evidence = evidence_of(recordings["S2", "running_1"], "cam1", lambda x: late(x, 1))
    found = judge(evidence)
    assert (found.verdict, round(found.lag)) == ("lag", 1)
    assert "first label, " in found.text


def test_exchanged_sides_are_found(walk):
    found = judge(evidence_of(walk, "cam2", lambda x: x[:, H36M17.mirror]))
    assert found.verdict == "sides"


def test_an_exchanged_camera_is_found_and_named(recordings):
    for recording in list(recordings.values())[::7]:
        found = judge(evidence_of(recording, "cam1", seen_by="cam3"))
        assert (found.verdict, found.camera) == ("camera", "cam3")
        assert "camera cam3" in found.text


@pytest.mark.parametrize("rate", [1 / 2, 5 / 6, 6 / 5, 2])
def test_another_rate_is_found(walk, rate):
    found = judge(evidence_of(walk, "cam1", lambda x: at_rate(x, rate)))
    assert (found.verdict, found.rate) == ("rate", pytest.approx(rate))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x + [100, 0], "100 px to the left"),
        (lambda x: x + [0, 30], "px above"),
        (lambda x: x / 2, "times as large"),
        (lambda x: x * [-1, 1] + [512, 0], "do not lie on the person"),
    ],
)
def test_labels_elsewhere_are_found(walk, change, words):
    found = judge(evidence_of(walk, "cam1", change))
    assert found.verdict == "apart"
    assert words in found.text


def test_one_bad_camera_does_not_hide_among_all_recordings(recordings):
    for camera, frames in {"cam1": 0, "cam3": 5}.items():
        parts = [
            evidence_of(r, camera, lambda x, n=frames: late(x, n)) for r in recordings.values()
        ]
        found = judge(pool(parts))
        assert (found.verdict, round(found.lag)) == ("lag" if frames else "agrees", frames)
        assert found.frames == sum(p.frames for p in parts)


def test_a_clip_without_motion_has_no_lag(walk):
    def frozen(labels):
        return np.repeat(labels[:1], len(labels), axis=0)

    clip, clean = walk["cam1"]
    still = {"cam1": (clip, clean)}
    found = judge(evidence_of(still, "cam1", frozen, np.zeros(40, dtype=int)))
    assert (found.verdict, found.lag) == ("agrees", None)
    assert "too little motion" in found.text


@pytest.mark.parametrize(
    "turn", [lambda x: 512 - x, lambda x: x[..., ::-1] * [1, -1] + [0, 512]], ids=["180", "90"]
)
def test_a_person_who_is_not_upright_is_unclear(walk, turn):
    """Detectors are unreliable on pictures of a camera that is rolled or hangs upside down."""
    evidence = evidence_of(walk, "cam1", turn)
    found = judge(evidence)
    assert (found.verdict, found.frames, found.good) == ("unclear", 0, True)
    assert f"upright in only 0 frames, of {evidence.detected} labeled" in found.text
    together = judge(pool([evidence, evidence]))
    assert f"of {2 * evidence.detected} labeled" in together.text


def test_only_the_frames_in_which_the_person_is_upright_count(walk):
    """The person leans by 45 degrees in half of the frames, and lies in the others."""

    def fall(labels):
        center = labels.mean(axis=(0, 1))
        right, down = np.moveaxis(labels - center, -1, 0)
        lying = np.stack([-down, right], axis=-1)
        leaning = (np.stack([right, down], axis=-1) + lying) / np.sqrt(2)
        upper = np.arange(len(labels))[:, None, None] % 2 == 0
        return np.where(upper, leaning, lying) + center

    evidence = evidence_of(walk, "cam1", fall, frames=np.arange(40))
    assert (evidence.frames, evidence.detected) == (20, 40)


def test_a_lag_that_explains_little_is_not_told(walk):
    """Where labels shake, the best lag can be anywhere; a small one is told, a great one is not."""
    evidence = evidence_of(walk, "cam1")
    curve = 0.02 + 0.004 * np.minimum(np.abs(evidence.lags - 3), 5) / 5
    shaking = replace(evidence, lag=replace(evidence.lag, error=curve, given=0 * curve + 0.0224))
    found = judge(shaking)
    assert (found.verdict, found.lag) == ("agrees", None)
    assert "lag +" not in found.text
    assert "too noisy or too little motion to tell a lag" in found.text
    assert judge(evidence).lag == pytest.approx(0, abs=0.5)
    assert "lag +" in judge(evidence).text or "lag -" in judge(evidence).text


def test_few_detections_and_missing_labels_say_nothing(walk):
    few = judge(evidence_of(walk, "cam1", frames=np.arange(5)))
    none = judge(evidence_of(walk, "cam1", lambda x: np.full_like(x, np.nan)))
    assert {few.verdict, none.verdict} == {"unclear"}
    assert few.good
    gone = pool([evidence_of(walk, "cam1", frames=np.arange(0)), evidence_of(walk, "cam1")])
    assert judge(gone).verdict == "agrees"


def test_gaps_in_labels_are_left_out(walk):
    def gap(labels):
        labels = late(labels, 5)
        labels[20:40] = np.nan
        return labels

    found = judge(evidence_of(walk, "cam1", gap))
    assert (found.verdict, round(found.lag)) == ("lag", 5)


def test_the_check_of_the_data_judges_each_frame_rate_of_a_camera(walk):
    clip, clean = walk["cam1"]
    rates = {"a": clip.fps, "b": 2 * clip.fps, "c": clip.fps + 0.01}
    evidence = {
        name: evidence_of({"cam1": (replace(clip, fps=fps), clean)}, "cam1")
        for name, fps in rates.items()
    }
    found = [finding.found for finding in _findings("S1", {"cam1": evidence})]
    names = [f"cam1 at {clip.fps:g} fps, 2 clips: ", f"cam1 at {2 * clip.fps:g} fps, 1 clip: "]
    assert len(found) == 2
    assert all(text.startswith(name) for text, name in zip(found, names, strict=True))


def exchanged(*names):
    """Change labels (F, J, ...): left and right of these joints exchanged."""
    places = list(range(len(H36M17)))
    for name in names:
        one, other = (H36M17.joints.index(f"{side}_{name}") for side in ("left", "right"))
        places[one], places[other] = other, one
    return lambda labels: labels[:, places]


LIMBS = [
    ("elbow", "wrist"), ("wrist",), ("elbow",), ("shoulder",), ("shoulder", "elbow", "wrist"),
    ("knee", "ankle"), ("ankle",), ("knee",), ("hip",), ("hip", "knee", "ankle"),
]  # fmt: skip


def said(text):
    """The joints that a verdict names."""
    return set(re.findall("|".join(PAIRS), text.partition(" are exchanged")[0]))


@pytest.fixture(scope="module")
def recordings_of_all():
    return [r for shards in ALL_TRAIN_SHARDS for r in _recordings(shards).items()]


def by_subject(recordings, change=lambda labels: labels):
    """Evidence of 32 frames of each clip, by subject, camera and sequence."""
    found = defaultdict(lambda: defaultdict(dict))
    for (subject, sequence), views in recordings:
        for camera, (clip, _) in views.items():
            frames = np.unique(np.linspace(0, len(clip.joints) - 1, 32).astype(int))
            only = {camera: views[camera]}
            found[subject][camera][sequence] = evidence_of(only, camera, change, frames)
    return found


def test_no_embedded_set_gives_a_false_alarm(recordings_of_all):
    """One clip has detections with the sides exchanged; the other cameras say that it is them."""
    evidence = by_subject(recordings_of_all)
    judged = [judge(e) for c in evidence.values() for s in c.values() for e in s.values()]
    assert {j.verdict for j in judged} == {"agrees", "sides"}
    for subject, cameras in evidence.items():
        for finding in _findings(subject, cameras):
            assert finding.level == "ok", finding.found


@pytest.mark.parametrize("names", LIMBS, ids="+".join)
def test_exchanged_limbs_are_found_and_named(names, recordings_of_all):
    people = [r for r in recordings_of_all if r[0][0] in ("S1", "S5", "S9", "S13")]
    for subject, cameras in by_subject(people, exchanged(*names)).items():
        for camera, clips in cameras.items():
            found = judge(pool(list(clips.values())))
            assert found.verdict == "sides", (subject, camera, found.text)
            assert said(found.text) == set(names), (subject, camera, found.text)
        for sequence in next(iter(cameras.values())):
            views = [clips[sequence] for clips in cameras.values() if sequence in clips]
            whole = judge_sides(views)
            assert whole.verdict == "sides" or "walking_2" in sequence, (sequence, whole.text)


def test_exchanged_limbs_of_one_recording_do_not_hide_among_the_others(recordings_of_all):
    people = [r for r in recordings_of_all if r[0][0] == "S1"]
    evidence = by_subject(people)["S1"]
    other = by_subject(people[2:3], exchanged("elbow", "wrist"))["S1"]
    name = people[2][0][1]
    for camera, clips in other.items():
        evidence[camera] |= clips
    found = [f.found for f in _findings("S1", evidence) if f.level != "ok"]
    assert found[0].startswith(f"{name}, all cameras: left and right of elbow and wrist are")
    assert all(name in text for text in found)


def test_detections_with_noise_are_judged_alike(recordings_of_all):
    """Each detected joint is off by 2 % of the person's height in addition."""
    draw = np.random.default_rng(0)

    def noisy(change):
        def moved(labels):
            height = np.ptp(labels[..., 1], axis=1)[:, None, None]
            return change(labels) + 0.02 * height * draw.normal(size=labels.shape)

        return moved

    people = [r for r in recordings_of_all if r[0][0] in ("S2", "S10")]
    for names in ((), ("elbow", "wrist"), ("knee", "ankle"), ("ankle",)):
        for cameras in by_subject(people, noisy(exchanged(*names))).values():
            for clips in cameras.values():
                found = judge(pool(list(clips.values())))
                assert found.verdict == ("sides" if names else "agrees"), found.text
                assert said(found.text) == set(names)
