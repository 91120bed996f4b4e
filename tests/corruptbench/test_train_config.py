"""The config of a training, and the contract that it leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from corruptbench.errors import InputError
from corruptbench.training import run
from corruptbench.training.config import Config
from corruptbench.training.run import contract_of, name_of
from tests.corruptbench.conftest import contract
from tests.corruptbench.training_starts import NOWHERE


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


def test_widths_of_too_many_frames_are_refused(shard_set):
    with pytest.raises(InputError, match="widths: found 9801 frames; expected at most 4096"):
        run.run(Config(widths=(99, 99)), [shard_set], "cpu", NOWHERE, print)


def test_most_frames_are_those_of_a_contract():
    assert contract(window="block", frames=run.MOST_FRAMES)
    with pytest.raises(ValueError, match="frames"):
        contract(window="block", frames=run.MOST_FRAMES + 1)
