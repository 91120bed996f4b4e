"""``corruptbench train``: from shards to a lifter that can be evaluated, and what it refuses."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from corruptbench.errors import InputError
from corruptbench.lifters.lifter import load_lifter
from corruptbench.lifters.noise_file import load_noise
from corruptbench.training import run


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


def test_trained_on_corruptions_it_has_more_samples(train, noise_file, tmp_path):
    few = train("linear", "--epochs", 1).out
    (tmp_path / "lifter.pt").unlink()
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
        (["linear", "--name", "a b"], ["the config: name: found a b, expected a name of letters"]),
        (["mlp"], ["mlp", "linear"]),
        (["linear", "--strength", 2], ["found 2 with noise none", "(option --strength)"]),
        (["linear", "--tagn", "measured", "--ca-conv", "--strength", 2],
         ["found 2 with noise measured and ca_conv", "(option --strength)"]),
        (["linear", "--frames", 0], ["0 is not in the range"]),
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
        ("kept = 0.5", "kept: found 0.5 with noise none; expected noise that is drawn"),
        ('kept = 0.5\ntagn = "measured"\nca_conv = true', "with noise measured and ca_conv"),
        ("kept = 2.0", "kept"),
        ("epochs = 3", "epochs: belongs below [schedule]; move it there"),
    ],
)
def test_wrong_configs_are_refused(text, said, train, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(text)
    done = train("--config", path)
    assert done.code == 2
    assert "with noise" in said or str(path) in done.err
    assert said in done.err


def test_a_wrong_option_is_not_blamed_on_the_file(train, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('lifter = "linear"')
    done = train("--config", path, "--name", "a b")
    assert done.code == 2
    assert str(path) not in done.err


def test_quiet_training_says_nothing_of_its_steps(train, noise_file, tmp_path):
    (tmp_path / ".lifter.pt.checkpoint").write_bytes(b"damaged")
    (tmp_path / ".lifter.pt.ca-input").write_bytes(b"damaged")
    words = ("linear", "--ca-conv", "--tagn", noise_file, "--epochs", 1)
    done = train(*words, "--quiet")
    assert (done.code, done.err) == (0, "")
    assert "weights of epoch 1" in done.out


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


def test_a_model_is_not_replaced(train, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "train", None)
    (tmp_path / "lifter.pt").write_bytes(b"a model")
    done = train("linear")
    assert done.code == 2
    assert "lifter.pt: exists; a training does not replace a model" in done.err
    assert (tmp_path / "lifter.pt").read_bytes() == b"a model"


def test_noise_is_not_written_over_the_manifest(mini, mini_manifest, mini_shards, cli):
    where = ("--shards", mini_shards, "--root", mini, "--manifest", mini_manifest)
    before = mini_manifest.read_bytes()
    done = cli("measure-noise", *where, "--out", mini_manifest)
    assert done.code == 2
    assert "is the manifest that is read" in done.err
    assert mini_manifest.read_bytes() == before


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
    assert "1/1 epochs" in done.err
    assert "trained before" in done.err
    assert not list(tmp_path.glob(".*checkpoint*"))


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
