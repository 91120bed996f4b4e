"""``corruptbench train`` and ``measure-noise``: from shards to a lifter that can be evaluated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from corruptbench.cli import main
from corruptbench.datasets import open_dataset
from corruptbench.datasets.studio import LEARNED_INPUT, TRAIN_NOISE, TRAIN_SHARDS
from corruptbench.errors import InputError
from corruptbench.lifters.ca_input import CAInput, load_input
from corruptbench.lifters.lifter import load_lifter
from corruptbench.lifters.noise_file import load_noise, save_noise
from corruptbench.lifters.tagn import TAGN
from corruptbench.manifest import load_manifest
from corruptbench.shards.shard_set import open_shards
from corruptbench.training import clips, run
from corruptbench.training.clips import TrainingClips
from corruptbench.training.confidences import (
    MARGIN,
    contract_of_input,
    learned_from,
    learned_input,
)
from corruptbench.training.config import Config, Schedule
from corruptbench.training.run import contract_of, name_of
from corruptbench.training.samples import load_samples
from corruptbench.training.scored import scored_lines, scored_noise_lines
from corruptbench.training.train import weights_sha256
from tests.corruptbench.conftest import contract


@pytest.fixture
def train(mini, mini_manifest, mini_shards, tmp_path, cli):
    def run(*words):
        where = ("--shards", mini_shards, "--root", mini, "--manifest", mini_manifest)
        return cli("train", *words, *where, "--out", tmp_path / "lifter.pt")

    return run


@pytest.fixture(scope="session")
def noise_file(mini, mini_manifest, mini_shards, tmp_path_factory):
    path = tmp_path_factory.mktemp("noise") / "noise.parquet"
    where = ["--shards", mini_shards, "--root", mini, "--manifest", mini_manifest, "--out", path]
    main(["measure-noise", *map(str, where)])
    return path


def test_the_noise_of_shards(noise_file):
    noise = load_noise(noise_file)
    assert {e.subject for e in noise.episodes} == {"A1", "A2"}
    assert {(e.corruption, e.severity) for e in noise.episodes} == {
        (corruption, severity)
        for corruption in ("erase", "gaussian_noise")
        for severity in (1, 3)
    }  # fmt: skip


@pytest.mark.parametrize("lifter", ["linear", "videopose3d", "attention"])
def test_a_lifter_with_all_options(lifter, train, noise_file, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(
        f'lifter = "{lifter}"\nframes = 9\ntagn = "{noise_file}"\nca_conv = true\n'
        f'validation = ["A2"]\nvalidation_noise = "{noise_file}"\n'
        "[schedule]\nepochs = 9\nbatch = 4\naverage = 0.5\n"
    )
    log = tmp_path / "log.parquet"
    done = train("--config", config, "--epochs", 2, "--log", log)
    assert done.code == 0, done.err
    assert "2 epochs, weights of epoch" in done.out
    rows = pq.read_table(log).to_pylist()
    assert [row["epoch"] for row in rows] == [1, 2]
    assert all(row["clean"] > 0 and row["corrupted"] > 0 for row in rows)
    contract = load_lifter(tmp_path / "lifter.pt", "cpu").contract
    assert (contract.name, contract.channels) == (f"{lifter}-9+tagn+ca-conv", "xyc")
    assert not list(tmp_path.glob(".*checkpoint*"))


def test_trained_on_corruptions_it_has_more_samples(train, noise_file):
    few = train("linear", "--epochs", 1).out
    many = train("linear", "--epochs", 1, "--on-corruptions", noise_file).out
    chunks = [int(text.split(" chunk")[0]) for text in (few, many)]
    assert chunks[1] == chunks[0] * 5  # clean, and two corruptions in two severities


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["linear", "--validation", "A7"], ["A7 is not in", "A1, A2", "(option --validation)"]),
        (["linear", "--validation", "A1", "--validation", "A2"],
         ["are all people to train on; leave some"]),
        (["videopose3d", "--frames", 11], ["found 11, expected 9, 27", "(option --frames)"]),
        (["linear", "--frames", 2], ["frames: 2", "an odd number"]),
        (["linear", "--tagn", "no.parquet"], ["no.parquet"]),
        (["linear", "--tagn", "Measured"],
         ["tagn: Measured: no such file; expected none, plain, full, measured, or a file",
          "(option --tagn)"]),
        (["linear", "--tagn", "."], ["tagn: .: a folder; expected none"]),
        (["linear", "--on-corruptions", "Measured"],
         ["on_corruptions: Measured: no such file; expected measured, or a file",
          "(option --on-corruptions)"]),
        (["linear", "--frames", 4097], ["frames: found 4097 frames; expected at most 4096",
                                        "(option --frames)"]),
        (["linear", "--frames", 4001, "--ca-conv"],
         ["frames: found 4001 frames and 128 more for the scores; expected at most 4096"]),
        (["linear", "--name", "a b"], ["the config: name", "'a b'"]),
        (["mlp"], ["mlp", "linear"]),
        (["linear", "--tagn", "measured", "--strength", 2],
         ["found 2 with noise measured", "(option --strength)"]),
        (["linear", "--patience", 3], ["without validation", "(option --patience)"]),
        (["linear", "--validation", "A1"],
         ["validation_noise: measured has no episode of A1 of", "(option --validation)"]),
        (["linear", "--on-corruptions", "full"],
         ["on_corruptions: found 'full'; expected 'measured'", "(option --on-corruptions)"]),
        (["linear", "--joints", "humaneva15", "--on-corruptions", "measured"],
         ["joint set h36m17, expected humaneva15"]),
    ],
)  # fmt: skip
def test_wrong_options_are_refused(words, said, train, tmp_path):
    done = train(*words)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert all(text in done.err for text in said), done.err
    assert not (tmp_path / "lifter.pt").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lifters = 1", "lifters: unknown key; did you mean lifter?"),
        ("[schedule]\nepochs = 0", "schedule.epochs"),
        ("[schedule]\naverage = 1.0", "schedule.average"),
        ("ca_conv = 1", "ca_conv"),
        ("lifter =", "not TOML"),
    ],
)
def test_wrong_configs_are_refused(text, said, train, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(text)
    done = train("--config", path)
    assert done.code == 2
    assert str(path) in done.err
    assert said in done.err


@pytest.fixture
def given(monkeypatch):
    """What a run gives to the training, which does not take place."""
    found = {}

    def train(*arguments):
        found.update(samples=arguments[2], augment=arguments[7], validation=arguments[8])

    monkeypatch.setattr(run, "train", train)
    return found


@pytest.fixture
def shard_set(mini, mini_manifest, mini_shards):
    return open_shards(mini_shards, mini, str(mini_manifest))


def start(shard_set, **fields):
    run.run(Config(lifter="linear", **fields), [shard_set], "cpu", Path("none"), print)


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


@pytest.mark.usefixtures("given")
def test_the_confidence_aware_form_needs_scores(shard_set, monkeypatch):
    def load(*arguments):
        samples = load_samples(*arguments)
        return replace(samples, inputs=samples.inputs * torch.tensor([1.0, 1.0, 0.0]))

    monkeypatch.setattr(clips, "load_samples", load)
    start(shard_set)
    with pytest.raises(InputError, match="all scores are 0"):
        start(shard_set, ca_conv=True)


def test_people_are_chosen(given, shard_set, noise_file):
    start(shard_set, people=("A2",), tagn=str(noise_file))
    assert {span.clip.split("/")[1] for span in given["samples"].spans} == {"A2"}
    with pytest.raises(InputError, match=r"people: A9 is not in .*; expected some of A1, A2"):
        start(shard_set, people=("A1", "A9"))


def test_builds_are_taken_together(given, shard_set):
    """Half of the people from each of two builds are the people of one."""
    start(shard_set)
    whole = given["samples"]
    halves = [
        replace(
            shard_set,
            manifest=shard_set.manifest.model_copy(
                update={"clips": shard_set.manifest.clips.model_copy(update={"subjects": (name,)})}
            ),
        )
        for name in ("A1", "A2")
    ]
    run.run(Config(lifter="linear"), halves, "cpu", Path("none"), print)
    assert torch.equal(given["samples"].inputs, whole.inputs)
    assert given["samples"].spans == whole.spans
    lock = shard_set.lock.model_copy(
        update={"detector": shard_set.lock.detector.model_copy(update={"name": "eye:sharp"})}
    )
    with pytest.raises(InputError, match="expected one data set and one detector"):
        run.run(Config(), [shard_set, replace(shard_set, lock=lock)], "cpu", Path("none"), print)


def test_files_are_not_written_over_what_is_read(train, noise_file, tmp_path, monkeypatch):
    """And this is said before the training."""
    monkeypatch.setattr(run, "train", None)
    config, noise = tmp_path / "config.toml", tmp_path / "noise.parquet"
    config.write_text('lifter = "linear"\n')
    other = tmp_path / "other.toml"
    other.write_text('lifter = "linear"\ntagn = "noise.parquet"\n')
    noise.write_bytes(noise_file.read_bytes())
    out, folder = tmp_path / "lifter.pt", tmp_path / "folder"
    folder.mkdir()
    for words, field in (
        (["--config", config, "--log", config], "log"),
        (["linear", "--tagn", noise, "--log", noise], "log"),
        (["linear", "--log", out], "log"),
        (["--config", other, "--log", noise], "log"),
        (["linear", "--log", folder], "log"),
        (["linear", "--log", config / "log.parquet"], None),
    ):
        done = train(*words)
        assert done.code == 2, words
        assert field is None or f"(option --{field})" in done.err
    assert config.read_text() == 'lifter = "linear"\n'
    assert noise.read_bytes() == noise_file.read_bytes()


def test_noise_is_not_measured_into_the_shards(mini, mini_manifest, mini_shards, cli):
    lock = (mini_shards / "lock.json").read_bytes()
    words = ["--shards", mini_shards, "--root", mini, "--manifest", mini_manifest]
    done = cli("measure-noise", *words, "--out", mini_shards / "lock.json")
    assert done.code == 2
    assert "lies in the shards" in done.err
    assert (mini_shards / "lock.json").read_bytes() == lock


def test_a_training_is_not_lost_where_saving_fails(train, tmp_path, monkeypatch):
    from corruptbench.lifters import export

    def full(*_):
        raise OSError(28, "No space left on device", "lifter.pt")

    monkeypatch.setattr(export, "export", full)
    assert train("linear", "--epochs", 1).code == 2
    monkeypatch.undo()
    assert list(tmp_path.glob(".*checkpoint*"))
    done = train("linear", "--epochs", 1)
    assert done.code == 0
    assert "1/1 epochs" not in done.err, "it was trained already"
    assert not list(tmp_path.glob(".*checkpoint*"))


def test_a_file_of_a_config_is_no_word(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_text('tagn = "./measured"\n')
    assert Config.read(Path("config.toml")).tagn == str(tmp_path / "measured")


@pytest.mark.parametrize(
    "text",
    [
        "name = ''", "tagn = ''", "on_corruptions = ''", "[schedule]\nseed = 99999999999999999999",
        "[schedule]\nbatch = 1", "[schedule]\nbatch = 9999999999", "[schedule]\nrate = 1e300",
        "strength = 1e300", "tagn = 'full'\nstrength = 1e300",
    ],
)  # fmt: skip
def test_numbers_out_of_range_and_empty_texts_are_refused(text, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(text)
    field = text.splitlines()[-1].split(" = ")[0]
    with pytest.raises(InputError, match=rf"config\.toml: .*{field}"):
        Config.read(path)
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(InputError, match=r"config\.toml: text in UTF-16"):
        Config.read(path)


def test_files_of_a_config_are_beside_it(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('tagn = "noise.parquet"\non_corruptions = "more/noise.parquet"\n')
    config = Config.read(path)
    assert config.tagn == str(tmp_path / "noise.parquet")
    assert config.on_corruptions == str(tmp_path / "more/noise.parquet")
    assert config.validation_noise == "measured"


def test_names_say_what_a_lifter_is():
    assert name_of(Config()) == "videopose3d-27"
    assert name_of(Config(lifter="linear")) == "linear"
    assert name_of(Config(lifter="linear", ca_conv=True)) == "linear+ca-conv"
    assert name_of(Config(tagn="measured")) == name_of(Config(tagn="a")) == "videopose3d-27+tagn"
    assert name_of(Config(widths=(5, 3))) == "videopose3d-15"
    assert name_of(Config(tagn="full")) == "videopose3d-27+tagn-full"
    assert (
        name_of(Config(tagn="full", joints="humaneva15")) == "videopose3d-27-humaneva15+tagn-full"
    )
    assert contract_of(Config(on_corruptions="measured")).name == "videopose3d-27+on-corruptions"


def test_noise_of_nobody_is_refused(given, shard_set, noise_file):
    with pytest.raises(InputError, match=r"validation_noise: .* without validation; expected"):
        start(shard_set, validation_noise=str(noise_file))
    start(shard_set, validation_noise="measured")
    assert given


def test_widths_of_too_many_frames_are_refused(shard_set):
    with pytest.raises(InputError, match="widths: found 9801 frames; expected at most 4096"):
        run.run(Config(widths=(99, 99)), [shard_set], "cpu", Path("none"), print)


def test_most_frames_are_those_of_a_contract():
    assert contract(window="block", frames=run.MOST_FRAMES)
    with pytest.raises(ValueError, match="frames"):
        contract(window="block", frames=run.MOST_FRAMES + 1)


def test_a_training_that_is_refused_makes_no_folder_for_tensorboard(train, tmp_path):
    pytest.importorskip("tensorboard")
    assert train("linear", "--frames", 2, "--tensorboard", tmp_path / "events").code == 2
    assert not (tmp_path / "events").exists()


def test_tensorboard_needs_a_folder(train, tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "events").write_text("kept")
    done = train("linear", "--epochs", 1, "--tensorboard", tmp_path / "events")
    assert done.code == 2
    assert "events: not a folder" in done.err
    assert (tmp_path / "events").read_text() == "kept"


def test_tensorboard(train, tmp_path):
    pytest.importorskip("tensorboard")
    assert train("linear", "--epochs", 2, "--tensorboard", tmp_path / "events").code == 0
    assert list((tmp_path / "events").glob("events.out.tfevents.*"))


def test_without_tensorboard_it_is_refused(tmp_path, monkeypatch):
    import sys

    from corruptbench.training.logs import tensorboard_writer

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with (
        pytest.raises(InputError, match="pip install tensorboard"),
        tensorboard_writer(tmp_path / "events"),
    ):
        pass


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


@pytest.mark.parametrize("lifter", ["linear", "attention"])
def test_a_confidence_aware_lifter_is_the_plain_one_behind_an_input(
    lifter, shard_set, noise_file, tmp_path
):
    """What scores are worth is learned from the noise, and the lifter never sees the noise."""

    def trained(**fields):
        config = Config(lifter=lifter, frames=9, schedule=Schedule(epochs=1), **fields)
        return run.run(config, [shard_set], "cpu", tmp_path / "checkpoint", lambda _: None)

    plain = trained()
    for tagn, learns in (("none", False), ("plain", True), (str(noise_file), True)):
        aware = trained(ca_conv=True, tagn=tagn)
        front, behind = aware.trained.network
        for name, value in plain.trained.network.state_dict().items():
            assert torch.equal(behind.state_dict()[name], value), name
        assert bool(front.learned[-1].weight.any()) == learns
        assert front.padded == (lifter == "attention")
        assert aware.contract.channels == "xyc"
        more = 0 if front.padded else 2 * front.margin
        assert aware.contract.frames == plain.contract.frames + more


def test_an_input_learns_to_restore_keypoints(tmp_path):
    """From a person of the studio set, for another one."""
    clips = TrainingClips.of([open_shards(TRAIN_SHARDS, None)])
    noise = load_noise(TRAIN_NOISE)

    def pairs(person, step):
        chunks = clips.samples(contract_of_input("h36m17"), {person}).pairs(noise)
        return [samples.rows(range(0, len(samples), step)) for samples in chunks]

    def error(network, seen, clean):
        found = network(seen.inputs).detach()
        return (found - clean.inputs[:, MARGIN:-MARGIN, :, :2]).norm(dim=-1).mean()

    seen, clean = pairs("S1", 1)
    assert seen.spans == clean.spans
    learned = learned_input(seen, clean, 1, tmp_path / "checkpoint")
    other = pairs("S5", 10)
    assert error(learned, seen, clean) < 0.99 * error(CAInput(), seen, clean)
    assert error(learned, *other) < error(CAInput(), *other)


def test_the_lifter_of_the_project_has_the_input_of_the_project():
    path = Path(__file__).parents[2] / "baselines/videopose3d-81+tagn+ca-conv.pt2"
    state = torch.export.load(path).state_dict
    for name, value in load_input(LEARNED_INPUT).state_dict().items():
        assert torch.equal(state[f"0.{name}"], value), name


def test_learning_from_noise_of_other_people_or_detectors_is_refused(shard_set, noise_file):
    noise = load_noise(noise_file)
    other = replace(noise, source=noise.source.model_copy(update={"detector": "eye:sharp"}))
    with pytest.raises(InputError, match=r"of detector eye:sharp, .* of movenet"):
        learned_from([shard_set], other)
    with pytest.raises(InputError, match="people: S99 is not in"):
        learned_from([shard_set], noise, people=["S99"])
    with pytest.raises(InputError, match="no episode of a clip"):
        learned_from([shard_set], replace(noise, episodes=()), people=["A1"])


def test_one_seed_gives_one_input_whatever_was_drawn_before(shard_set, tmp_path):
    config = Config(lifter="linear", ca_conv=True, schedule=Schedule(epochs=1))

    def digest():
        found = run.run(config, [shard_set], "cpu", tmp_path / "checkpoint", lambda _: None)
        return weights_sha256(found.trained.network)

    first = digest()
    torch.rand(3)
    assert digest() == first


@pytest.mark.usefixtures("given")
def test_the_upper_bound_has_no_input(shard_set, noise_file):
    with pytest.raises(InputError, match="on_corruptions: found with ca_conv"):
        start(shard_set, ca_conv=True, on_corruptions=str(noise_file))
