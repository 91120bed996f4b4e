"""The clips, people and noise that a training sees, and what is said about them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from corruptbench.datasets import open_dataset
from corruptbench.datasets.studio import TRAIN_NOISE, TRAIN_SHARDS
from corruptbench.errors import InputError
from corruptbench.lifters.noise_file import load_noise, save_noise
from corruptbench.lifters.tagn import TAGN
from corruptbench.manifest import load_manifest
from corruptbench.shards.shard_set import open_shards
from corruptbench.training import run
from corruptbench.training.config import Config, Schedule
from corruptbench.training.scored import scored_lines, scored_noise_lines
from tests.corruptbench.training_starts import NOWHERE, start


def test_held_out_people_are_neither_in_the_samples_nor_in_the_noise(given, shard_set, noise_file):
    file = str(noise_file)
    schedule = Schedule(seed=7)
    start(
        shard_set, tagn=file, on_corruptions=file, validation=("A2",), validation_noise=file,
        schedule=schedule,
    )  # fmt: skip
    people = {
        name: {span.clip.split("/")[1] for span in samples.spans}
        for name, samples in (
            ("trained", given["samples"]),
            ("clean", given["validation"].clean),
            ("corrupted", given["validation"].corrupted),
        )
    }
    assert people == {"trained": {"A1"}, "clean": {"A2"}, "corrupted": {"A2"}}
    noise = load_noise(noise_file)
    assert repr(given["augment"]) == repr(TAGN("h36m17", noise.without("mini", {"A2"}), 7))
    assert noise.without("mini", {"A2"}).sha256 != noise.sha256


def test_the_strength_of_a_config_scales_measured_noise(given, shard_set, noise_file):
    start(shard_set, tagn=str(noise_file), strength=0.5, kept=0.25)
    noise = replace(load_noise(noise_file).scaled(0.5), kept=0.25)
    assert repr(given["augment"]) == repr(TAGN("h36m17", noise, Schedule().seed))


@pytest.mark.parametrize("field", ["on_corruptions", "validation_noise"])
def test_noise_of_another_detector_is_not_that_of_the_clips(
    field, given, shard_set, noise_file, tmp_path
):
    noise = load_noise(noise_file)
    other = noise.source.model_copy(update={"detector": "eye:sharp"})
    save_noise(replace(noise, source=other), tmp_path / "other.parquet")
    fields = {"validation_noise": str(noise_file), field: str(tmp_path / "other.parquet")}
    with pytest.raises(InputError, match=r"of detector eye:sharp, .* of movenet"):
        start(shard_set, validation=("A2",), **fields)
    assert not given


def test_people_are_chosen(given, shard_set, noise_file):
    start(shard_set, people=("A2",), tagn=str(noise_file))
    assert {span.clip.split("/")[1] for span in given["samples"].spans} == {"A2"}
    with pytest.raises(InputError, match=r"people: A9 is not in .*; expected some of A1, A2"):
        start(shard_set, people=("A1", "A9"))


def half_of(shards, subject):
    """The shards of one person, as if nobody else had been built."""
    chosen = shards.manifest.clips.model_copy(update={"subjects": (subject,)})
    clips = {name: cells for name, cells in shards.lock.clips.items() if f"/{subject}/" in name}
    return replace(
        shards,
        manifest=shards.manifest.model_copy(update={"clips": chosen}),
        lock=shards.lock.model_copy(update={"clips": clips}),
    )


def test_builds_are_taken_together(given, shard_set):
    """Half of the people from each of two builds are the people of one."""
    start(shard_set)
    whole = given["samples"]
    halves = [half_of(shard_set, name) for name in ("A1", "A2")]
    run.run(Config(lifter="linear"), halves, "cpu", NOWHERE, print)
    assert torch.equal(given["samples"].inputs, whole.inputs)
    assert given["samples"].spans == whole.spans
    lock = shard_set.lock.model_copy(
        update={"detector": shard_set.lock.detector.model_copy(update={"name": "eye:sharp"})}
    )
    with pytest.raises(InputError, match="expected one data set and one detector"):
        run.run(Config(), [shard_set, replace(shard_set, lock=lock)], "cpu", Path("none"), print)


def test_noise_of_nobody_is_refused(given, shard_set, noise_file):
    with pytest.raises(InputError, match=r"validation_noise: .* without validation; expected"):
        start(shard_set, validation_noise=str(noise_file))
    start(shard_set, validation_noise="measured")
    assert given


@pytest.mark.usefixtures("given")
def test_noise_of_another_detector_is_said(shard_set, noise_file, tmp_path, capsys):
    start(shard_set, tagn=str(noise_file))
    assert capsys.readouterr().err == ""
    noise = load_noise(noise_file)
    other = noise.source.model_copy(update={"detector": "eye:sharp"})
    save_noise(replace(noise, source=other), tmp_path / "other.parquet")
    start(shard_set, tagn=str(tmp_path / "other.parquet"))
    assert "is of detector eye:sharp, the shards are of movenet" in capsys.readouterr().err


def test_shards_of_a_scored_benchmark_are_said(shard_set):
    """The clips of the embedded benchmark are scored; those of its training split are not."""
    assert not list(scored_lines(shard_set))
    assert not list(scored_lines(open_shards(TRAIN_SHARDS, None)))
    studio = replace(
        shard_set, manifest=load_manifest("studio-c-mini"), dataset=open_dataset("studio", None)
    )
    lines = list(scored_lines(studio))
    assert [line.split(" scored by ")[1].split(":")[0] for line in lines] == [
        "studio-c", "studio-c-mini",
    ]  # fmt: skip
    assert all("must not be submitted" in line for line in lines)


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("field", ["tagn", "on_corruptions", "validation_noise"])
def test_noise_of_scored_clips_is_said(field, shard_set, noise_file, tmp_path, capsys):
    noise, file = load_noise(noise_file), tmp_path / "scored.parquet"
    scored = replace(noise.episodes[0], clip="studio/S6/walking_1.cam1")
    save_noise(replace(noise, episodes=(*noise.episodes, scored)), file)
    fields = {"validation_noise": str(noise_file), field: str(file)}
    start(shard_set, validation=("A2",), **fields)
    said = capsys.readouterr().err.splitlines()
    assert [line.split(" scored by ")[1].split(":")[0] for line in said] == [
        "studio-c", "studio-c-mini",
    ]  # fmt: skip
    assert all(f"the noise {file}: 1 of 7 clips are" in line for line in said), said
    assert all("must not be submitted" in line for line in said)


def test_the_noise_that_comes_with_the_software_is_of_no_scored_clip():
    assert not list(scored_noise_lines(load_noise(TRAIN_NOISE), "measured"))


def test_noise_of_each_benchmark_is_said(noise_file):
    """A name does not tell the action, so those of all actions count."""
    noise = load_noise(noise_file)
    for clip, name in (
        ("human36m/S9/Directions 1.54138969", "human36m-c"),
        ("humaneva/S2/Walking_1_Validate.C1", "humaneva-i-c"),
    ):
        episodes = (replace(noise.episodes[0], clip=clip),)
        lines = list(scored_noise_lines(replace(noise, episodes=episodes), "mine"))
        assert any(f"1 of 1 clips are scored by {name}:" in line for line in lines), clip


@pytest.mark.usefixtures("given")
def test_the_upper_bound_has_no_input(shard_set, noise_file):
    with pytest.raises(InputError, match="on_corruptions: found with ca_conv"):
        start(shard_set, ca_conv=True, on_corruptions=str(noise_file))
