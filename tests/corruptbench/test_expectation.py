"""The referee knows the clips of each shipped benchmark, licensed data or not."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.detectors import score_meaning
from corruptbench.evaluation.expectation import contract_fault, expectation, expectations
from corruptbench.leaderboard import SubmissionError, check
from corruptbench.leaderboard.expected import ExpectedClip
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.schema import Lifter
from corruptbench.lifters.contract import Contract
from corruptbench.manifest import load_manifest
from corruptbench.shards.ground_truth_scores import PROJECTED, replayed
from tests.leaderboard.conftest import write_result


def expected(name):
    return expectation(load_manifest(name))


CONTRACT = Contract.parse_toml('name = "mine"\nwindow = "sequence"\nframes = 27\n', "").record()


def result(folder, name, change=lambda table: table):
    """A result of that benchmark with errors of 50 mm, after a change of its per-clip table."""
    known = expected(name)
    clips = pd.DataFrame(
        [(s, q, clip.action, c, clip.frames[-1]) for (s, q, c), clip in known.clips.items()],
        columns=["subject", "sequence", "action", "camera", "frames"],
    )
    cells = pd.DataFrame(known.cells, columns=["corruption", "severity"])
    table = change(clips).merge(cells, how="cross")
    table = table.assign(run_frames=table.frames, mpjpe=50.0, p_mpjpe=40.0, mpjve=5.0)
    manifest = load_manifest(name)
    benchmark = {"id": name, "version": manifest.version, "manifest_sha256": manifest.sha256}
    return write_result(
        folder,
        table,
        lifter={"contract": CONTRACT},
        benchmark=benchmark,
        scoring=manifest.scoring.model_dump(),
        coverage={"excluded": manifest.clips.exclude},
    )


def problems(path, known):
    check(path)  # whole in itself
    with pytest.raises(SubmissionError) as caught:
        check(path, known)
    return [(p.field, p.found, p.expected) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("name", "clips", "frames"),
    [
        ("human36m-c", 236, 543_344),
        ("human36m-c-unshifted", 224, 543_344 - 4 * (1447 + 1612 + 1554)),
        ("humaneva-i-c", 27, 11_628),
        ("studio-c", 64, 6_088),
    ],
)
def test_totals_as_published(name, clips, frames):
    known = expected(name).clips
    assert len(known) == clips
    assert sum(clip.frames[-1] for clip in known.values()) == frames


def test_what_is_known_without_a_copy(tmp_path):
    """Human3.6M to the frame; of HumanEva-I at most the partition, since labels have gaps."""
    h36m, eva = expected("human36m-c").clips, expected("humaneva-i-c").clips
    assert h36m["S9", "Greeting", "55011271"] == ExpectedClip(
        "Greeting", range(1447, 1448), 1447, 1447
    )
    assert ("S11", "Directions", "55011271") not in h36m
    assert eva["S3", "Box_1_Validate", "C2"] == ExpectedClip("Box", range(1, 507 + 1))
    studio = open_dataset("studio", None)
    clip = next(c for c in studio.clip_ids() if c.subject == "S6")
    count = len(studio.load(clip).joints)
    own = (clip.subject, clip.sequence, clip.camera)
    assert expected("studio-c").clips[own].frames == range(count, count + 1)
    manifest = tmp_path / "own.toml"
    text = files("corruptbench.manifests").joinpath("studio-c.toml").read_text()
    text = text.replace('id = "studio-c"', 'id = "own-c"')
    manifest.write_text(text.replace('dataset = "studio"', 'dataset = "folder"'))
    assert expectation(load_manifest(str(manifest))).clips is None


def test_human36m_to_the_frame(tmp_path):
    known = expected("human36m-c")
    assert check(result(tmp_path / "true", "human36m-c"), known).coverage.clips == 236

    def without(table):
        return table.query("subject != 'S9' or sequence != 'Greeting' or camera != '55011271'")

    (lacking,) = problems(result(tmp_path / "lacking", "human36m-c", without), known)
    assert lacking == ("clips", "235 clips, without S9/Greeting/55011271", "the benchmark's 236")

    def longer(table):
        return table.assign(frames=table.frames + (table.sequence == "SittingDown"))

    (field, found, right), more = problems(result(tmp_path / "longer", "human36m-c", longer), known)
    assert (field, more[0]) == ("column frames", "column run_frames")
    assert found.count(" for S") == 3
    assert found.endswith(" and 5 more")
    assert right.startswith(str(int(found.split()[0]) - 1))

    def more(table):
        damaged = table.iloc[:1].assign(subject="S11", sequence="Directions", action="Directions")
        return pd.concat([table, damaged])

    ((field, found, _),) = problems(result(tmp_path / "more", "human36m-c", more), known)
    assert field == "clips"
    assert found.startswith("237 clips, with S11/Directions/")


@pytest.mark.parametrize(
    ("detector", "said", "is_right"),
    [
        ("movenet:lightning", score_meaning("movenet:lightning"), True),
        ("movenet:lightning", "a calibrated probability", False),
        ("movenet:thunder", "1 for every projected label: ground truth, not a detection", False),
        ("ground-truth:projected", PROJECTED, True),
        ("ground-truth:projected", score_meaning("movenet:lightning"), False),
        ("ground-truth:noise of movenet:lightning (replay 1)", replayed("movenet:lightning"), True),
        ("ground-truth:noise of movenet:lightning (replay 1)", replayed("movenet:thunder"), False),
        ("onnx:rtmpose", "smaller one of the largest values along x and y", True),
        ("mmpose:hrnet", "score of the joint as mmpose gives it", True),
        ("onnx:rtmpose", "\u200b", False),
    ],
)
def test_what_scores_mean_is_that_of_the_detector(tmp_path, detector, said, is_right):
    """Of a detector that the owner knows by its name; of others only the form is looked at."""
    path = result(tmp_path, "humaneva-i-c")
    document = json.loads(path.read_text())
    document["build"] |= {"detector": detector, "score_meaning": said}
    path.write_text(json.dumps(document))
    if is_right:
        check(path, expected("humaneva-i-c"))
        return
    with pytest.raises(SubmissionError, match=r"build\.score_meaning: found") as caught:
        check(path, expected("humaneva-i-c"))
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("detector", "wanted"),
    [
        ("rnovenet:thunder", "a name that does not look like movenet:thunder"),
        ("MoveNet:Lightning", "a name that does not look like movenet:lightning"),
        ("movenet:huge", "a detector that movenet has: movenet:lightning, movenet:thunder"),
        ("ground-truth:exact", "a detector that ground-truth has"),
        ("ground_truth:projected", "a name that does not look like ground-truth:projected"),
    ],
)
def test_no_detector_passes_for_one_of_ours(tmp_path, detector, wanted):
    """Its table would be named after it, or count as ground truth."""
    path = result(tmp_path, "humaneva-i-c")
    document = json.loads(path.read_text())
    document["build"] |= {"detector": detector, "score_meaning": "a probability"}
    path.write_text(json.dumps(document))
    with pytest.raises(SubmissionError, match=r"build\.detector: found") as caught:
        check(path, expected("humaneva-i-c"))
    (problem,) = caught.value.problems
    assert problem.expected.startswith(wanted)


def test_a_retired_version_knows_it_too():
    stored = Path(__file__).parents[2] / "leaderboard/results/studio-c-v2/videopose3d-27"
    benchmark = read_result(stored / "result.json").benchmark
    known = expectations([load_manifest("studio-c")])(benchmark)
    assert known.score_meaning("movenet:lightning") == score_meaning("movenet:lightning")


def test_humaneva_with_gaps(tmp_path):
    known = expected("humaneva-i-c")

    def gaps(table):
        return table.assign(frames=table.frames - np.arange(len(table)) * 7)

    assert check(result(tmp_path / "gaps", "humaneva-i-c", gaps), known).coverage.clips == 27

    def train(table):
        return table.assign(sequence=table.sequence.str.replace("Validate", "Train"))

    found = problems(result(tmp_path / "train", "humaneva-i-c", train), known)
    assert [field for field, _, _ in found] == ["clips", "clips"]

    def longer(table):
        return table.assign(frames=table.frames + (table.index == 0))

    (wrong,) = problems(result(tmp_path / "longer", "humaneva-i-c", longer), known)
    first, clip = next(iter(known.clips.items()))
    assert wrong == (
        "column frames",
        f"{clip.frames[-1] + 1} for {'/'.join(first)}",
        f"1 to {clip.frames[-1]}",
    )


def test_a_result_with_fewer_frames_cannot_be_submitted(tmp_path, cli):
    """The whole way, by the command."""

    def shorter(table):
        return table.assign(frames=table.frames // 2)

    path = result(tmp_path / "short", "human36m-c", shorter)
    done = cli("submit", path, "--board", tmp_path / "board")
    assert done.code == 2
    assert "column frames" in done.err
    assert "Traceback" not in done.err
    path = result(tmp_path / "true", "human36m-c")
    assert cli("submit", path, "--board", tmp_path / "board").code == 0
    row = next((tmp_path / "board").rglob("result.json"))
    assert json.loads(row.read_text())["coverage"]["n_scored"] == 543_344 * 41


def test_another_manifest_is_still_refused(tmp_path):
    known = expected("human36m-c")
    other = known.benchmark.model_copy(update={"manifest_sha256": "0" * 64})
    known = replace(known, benchmark=other)
    ((field, _, _),) = problems(result(tmp_path, "human36m-c"), known)
    assert field == "benchmark.manifest_sha256"


def lifter(**changes):
    fields = {"name": "mine", "sha256": "0" * 64, "bytes": 1, "parameters": 1}
    of_3 = {"scored_joints": 17, "hypotheses": 1, "samples": 1, "allowed": ()}
    return Lifter.model_validate({**fields, "contract": CONTRACT, **of_3, **changes})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"contract": {"owner": "verified"}}, "contract"),
        ({"contract": {}}, "contract"),
        ({"contract": {**CONTRACT, "window": "verified"}}, "contract"),
        ({"contract": {**CONTRACT, "joints": "nobody17"}}, "contract"),
        ({"contract": {**CONTRACT, "note": "verified by the owner"}}, "contract"),
        ({"scored_joints": 16}, "scored_joints"),
        ({"samples": 5}, "samples"),
        ({"contract": {**CONTRACT, "samples": 5}}, "samples"),
        ({"hypotheses": 5}, "hypotheses"),
    ],
)
def test_a_contract_is_one_and_the_result_says_the_same(changes, field):
    assert contract_fault(lifter(**changes))[0] == field


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"contract": {**CONTRACT, "samples": 5}, "samples": 5},
        {"contract": {**CONTRACT, "output": "b h t j c"}, "hypotheses": 5},
        {"hypotheses": 5, "allowed": ("probes",)},
        {"scored_joints": None, "hypotheses": None, "samples": None, "allowed": None},
    ],
)
def test_sound_contracts_have_no_fault(changes):
    assert contract_fault(lifter(**changes)) is None


def test_the_contracts_of_the_board_have_no_fault():
    rows = sorted((Path(__file__).parents[2] / "leaderboard/results").rglob("result.json"))
    assert rows
    assert all(contract_fault(read_result(path).lifter) is None for path in rows)


def test_a_submission_with_another_contract_is_refused(tmp_path):
    path = result(tmp_path, "studio-c")
    assert check(path, expected("studio-c"))
    document = json.loads(path.read_text())
    document["lifter"]["contract"] = {"owner": "verified"}
    path.write_text(json.dumps(document))
    ((field, _, right),) = problems(path, expected("studio-c"))
    assert (field, right) == ("lifter.contract", "the contract of a lifter")
