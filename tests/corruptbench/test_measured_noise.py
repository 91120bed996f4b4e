"""Measured noise: what `measure-noise` finds in shards, and what TAGN does with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from corruptbench.errors import InputError
from corruptbench.lifters.keyed_draws import Draws
from corruptbench.lifters.measured_noise import (
    Bank,
    Episode,
    MeasuredNoise,
    Source,
    replayed,
)
from corruptbench.lifters.noise_file import load_noise, save_noise
from corruptbench.lifters.tagn import TAGN
from corruptbench.manifest import CLEAN
from corruptbench.shards.shard_set import open_shards
from corruptbench.training.measure import measured
from corruptbench.training.samples import load_samples
from tests.corruptbench.conftest import contract


@pytest.fixture(scope="module")
def shard_set(mini, mini_manifest, mini_shards):
    return open_shards(mini_shards, mini, str(mini_manifest))


@pytest.fixture(scope="module")
def noise(shard_set):
    return measured(shard_set)


def made(lengths=(5, 30), joints=17):
    """Episodes whose numbers say where they are from: 1000 episode + frame."""
    episodes = []
    for number, length in enumerate(lengths):
        at = 1000.0 * number + np.arange(length, dtype=np.float32)
        offsets = np.broadcast_to(at[:, None, None], (length, joints, 2)).copy()
        factors = np.ones((length, joints), np.float32)
        episodes.append(Episode(f"test/S{number}/walking.cam1", "erase", 3, offsets, factors))
    source = Source(joints="h36m17", benchmark="test", detector="test")
    return MeasuredNoise(source, tuple(episodes))


def test_episodes_lead_from_clean_to_corrupted_detections(shard_set, noise):
    """A plain loop over the shards: clean + offset x size is what the detector found."""
    lifter = contract(frames=1, channels="xyc", normalize="pixel")
    of = {(e.clip, e.corruption, e.severity): e for e in noise.episodes}
    compared = 0
    for clip, detections in shard_set.clips():
        clean, *others = sorted(detections, key=lambda d: d.cell != CLEAN)
        from corruptbench.lifters.normalize import lifter_input

        layout = shard_set.lock.detector.layout
        seen = lifter_input(clean.keypoints, clean.scores, layout, clip.camera, lifter)
        for d in others:
            episode = of[str(clip.id), d.cell.corruption, d.cell.severity]
            expected = lifter_input(d.keypoints, d.scores, layout, clip.camera, lifter)
            for frame in range(len(seen)):
                x, y = seen[frame, :, 0], seen[frame, :, 1]
                size = max(x.max() - x.min(), y.max() - y.min())
                found = seen[frame, :, :2] + size * episode.offsets[frame]
                assert np.allclose(found, expected[frame, :, :2], atol=0.01)
                compared += 1
    assert compared > 100
    assert len(of) == len(noise.episodes) == len(shard_set.lock.clips) * (len(shard_set.cells) - 1)


def test_a_file_holds_what_was_measured(noise, tmp_path):
    path = tmp_path / "noise.parquet"
    save_noise(noise, path)
    again = load_noise(path)
    assert again.source == noise.source
    for a, b in zip(noise.episodes, again.episodes, strict=True):
        assert (a.clip, a.corruption, a.severity) == (b.clip, b.corruption, b.severity)
        assert np.allclose(np.clip(a.offsets, -15, 15), b.offsets, atol=1 / 512)
        assert np.allclose(np.clip(a.factors, 0, 15), b.factors, atol=1 / 512)
    first = path.read_bytes()
    save_noise(load_noise(path), path)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    "content", [b"", b"PAR1 no", b"x" * 100], ids=["empty", "cut", "of another kind"]
)
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "noise.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"noise\.parquet: not a noise file"):
        load_noise(path)


def altered(table, name, values):
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), pa.array(values, table[name].type))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop_columns("factors"), "factors"),
        (lambda t: t.set_column(3, "offsets", t["offsets"].cast(pa.list_(pa.float32()))),
         "offsets: list<.*float>, expected list"),
        (lambda t: altered(t, "clip", ["test/S0/walking.cam1", None]), "clip: 1 values are missi"),
        (lambda t: altered(t, "factors", [[512] * 85, None]), "factors: 1 values are missing"),
        (lambda t: altered(t, "factors", [[512] * 85, [None] * 510]), "nulls"),
        (lambda t: altered(t, "factors", [[512] * 85, [512] * 509]),
         "test/S1/walking.cam1, erase 3: 1020 offsets and 509 factors; expected frames of 34"),
        (lambda t: altered(t, "factors", [[512] * 68, [512] * 510]), "170 offsets and 68 factors"),
        (lambda t: altered(t, "factors", [[], [512] * 510]), "170 offsets and 0 factors"),
        (lambda t: altered(t, "factors", [[-1] * 85, [512] * 510]), "a factor of -0.00195"),
        (lambda t: altered(t, "clip", ["walking", "test/S1/walking.cam1"]), "expected the clip as"),
        (lambda t: altered(t, "severity", [9, 3]), "a severity of 1 to 5"),
        (lambda t: altered(t, "clip", ["test/S1/walking.cam1"] * 2), "an episode is there twice"),
        (lambda t: t.replace_schema_metadata(None), "corruptbench"),
    ],
)  # fmt: skip
def test_altered_files_are_refused(change, said, tmp_path):
    path = tmp_path / "noise.parquet"
    save_noise(made(), path)
    table = pq.read_table(path)
    pq.write_table(change(table), path)
    with pytest.raises(InputError, match=rf"noise\.parquet: not a noise file .*{said}"):
        load_noise(path)


def test_a_damaged_file_is_refused(noise, tmp_path):
    path = tmp_path / "noise.parquet"
    save_noise(noise, path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"noise\.parquet: not a noise file"):
        load_noise(path)


def test_a_shard_is_no_noise_file(mini_shards):
    shard = next(mini_shards.rglob("*.parquet"))
    with pytest.raises(InputError, match="not a noise file"):
        load_noise(shard)


def test_stretches_are_successive_frames_of_one_episode():
    stretches = Bank(made((40, 30)), torch.device("cpu")).stretches(Draws.of(np.arange(500)), 8)
    at = stretches[:, :, 0, 0]
    assert torch.equal(stretches[..., 0], stretches[..., 1])
    assert torch.equal(at - at[:, :1], torch.arange(8.0).expand(500, 8))
    starts = set(at[:, 0].tolist())
    assert starts == {*range(33), *range(1000, 1023)}  # every place that has 8 frames


def test_a_long_stretch_runs_back_and_forth():
    found = Bank(made((3,)), torch.device("cpu")).stretches(Draws.of(np.arange(4)), 8)
    assert torch.equal(found[0, :, 0, 0], torch.tensor([0.0, 1, 2, 2, 1, 0, 0, 1]))


def test_tagn_replays_episodes_in_a_quarter_of_the_chunks():
    poses = torch.rand(1000, 12, 17, 3)
    found = TAGN(noise=made())(poses, step=3)
    changed = (found != poses).flatten(1).any(dim=1)
    assert 0.2 < changed.float().mean() < 0.3
    assert torch.equal(TAGN(noise=made())(poses[5:9], 3, torch.arange(5, 9)), found[5:9])
    assert not torch.equal(TAGN(noise=made())(poses, step=4), found)


def test_the_share_of_clean_chunks_is_that_of_the_noise():
    poses = torch.rand(1000, 4, 17, 3) + torch.tensor([1.0, 1.0, 0.0])
    for kept in (0.0, 0.4, 1.0):
        given = TAGN(noise=replace(made(), kept=kept))
        noisy = (given(poses, 0) != poses).flatten(1).any(1).float().mean()
        assert noisy == pytest.approx(1 - kept, abs=0.05 if 0 < kept < 1 else 0)
    with pytest.raises(ValueError, match=r"MeasuredNoise\.kept: found 7, expected 0 to 1"):
        replace(made(), kept=7)
    reprs = {repr(TAGN(noise=replace(made(), kept=kept))) for kept in (0.0, 0.4)}
    assert len(reprs) == 2, "checkpoints of the two are told apart"


def test_offsets_are_in_sizes_of_the_person_and_scores_are_multiplied():
    poses = torch.zeros(1, 2, 17, 3)
    poses[0, :, 0, :2] = torch.tensor([3.0, 4.0])  # a box of 3 x 4
    poses[..., 2] = 0.6
    stretches = torch.full((1, 2, 17, 3), 0.5)
    found = replayed(poses, stretches)
    assert torch.allclose(found[..., :2], poses[..., :2] + 2)
    assert torch.allclose(found[..., 2], torch.tensor(0.3))
    assert torch.equal(replayed(poses[..., :2], stretches), found[..., :2])
    assert replayed(poses, stretches * 10)[..., 2].max() == 1


def test_scaled_noise_moves_joints_less_and_leaves_scores():
    noise = replace(made(), kept=0.0)
    poses = torch.rand(50, 6, 17, 3)
    whole, half = (TAGN(noise=n)(poses, 1) - poses for n in (noise, noise.scaled(0.5)))
    assert whole[..., :2].abs().max() > 100
    assert torch.allclose(half[..., :2], whole[..., :2] / 2, rtol=1e-3)
    assert torch.equal(half[..., 2], whole[..., 2])
    assert repr(TAGN(noise=noise)) != repr(TAGN(noise=noise.scaled(0.5)))


def test_noise_of_other_joints_is_refused():
    with pytest.raises(InputError, match="joint set h36m17, expected coco17"):
        TAGN("coco17", made())


def test_people_are_left_out_by_data_set_and_name():
    assert {e.subject for e in made().without("test", ["S1", "S9"]).episodes} == {"S0"}
    assert {e.subject for e in made().without("other", ["S0", "S1"]).episodes} == {"S0", "S1"}
    with pytest.raises(InputError, match="measured on S0, S1 only; expected episodes of other"):
        made().without("test", ["S0", "S1"])


def test_an_episode_of_another_length_is_not_of_the_clip(shard_set, noise):
    samples = load_samples(shard_set, contract(frames=1, channels="xyc"))
    first = noise.episodes[0]
    shorter = replace(first, offsets=first.offsets[:-1], factors=first.factors[:-1])
    with pytest.raises(InputError, match=rf"{first.clip}: {len(shorter.factors)} frames, the clip"):
        samples.corrupted(replace(noise, episodes=(shorter,)))


def test_fewer_episodes_are_of_all_cells(noise, shard_set):
    kept = noise.fewer(1)
    clips = [e.clip for e in kept.episodes]
    assert sorted(clips) == sorted(set(clips))
    assert len(clips) == len(shard_set.lock.clips)
    assert len({(e.corruption, e.severity) for e in kept.episodes}) == min(
        len(clips), len(shard_set.cells) - 1
    )


@pytest.mark.parametrize("frames", [1, 27])
def test_corrupted_samples_are_the_detections_of_the_corrupted_cells(shard_set, noise, frames):
    """Against samples of a shard set whose clean cell is the corrupted one."""
    lifter = contract(frames=frames, channels="xyc")
    samples = load_samples(shard_set, lifter)
    cell = next(c for c in shard_set.cells if c != CLEAN)
    chosen = tuple(
        e for e in noise.episodes if (e.corruption, e.severity) == (cell.corruption, cell.severity)
    )
    found = samples.corrupted(replace(noise, episodes=chosen))

    class Other:
        """The same shards, with another cell in the place of the clean one."""

        folder, lock, manifest, cells = (
            shard_set.folder, shard_set.lock, shard_set.manifest, [CLEAN],
        )  # fmt: skip
        clips = staticmethod(lambda _: shard_set.clips([cell]))

    expected = load_samples(Other(), lifter)
    assert torch.allclose(found.inputs, expected.inputs, atol=2e-5)
    assert torch.equal(found.targets, expected.targets)


def test_shards_without_a_clean_cell_are_refused(shard_set):
    class Corrupted:
        folder, cells = shard_set.folder, shard_set.cells[1:]

    with pytest.raises(InputError, match="no clean cell that all clips have"):
        load_samples(Corrupted(), contract(frames=1))


def test_clean_shards_tell_nothing(shard_set):
    class Clean:
        folder, cells = shard_set.folder, (CLEAN,)

    with pytest.raises(InputError, match="cells clean; expected the clean cell and corrupted ones"):
        measured(Clean())


def test_chunks_of_a_block_overlap(shard_set):
    """Every frame of a clip is in a chunk, and those inside are in two at different places."""
    samples = load_samples(shard_set, contract(window="block", frames=5))
    assert samples.inputs.shape[1] == samples.targets.shape[1] == 5
    for clip, _ in shard_set.clips():
        counts = np.zeros(len(clip.joints), int)
        for span in (s for s in samples.spans if s.clip == str(clip.id)):
            counts[span.start : span.stop] += 1
        assert counts.min() >= 1
        assert counts[2:-2].min() >= 2
