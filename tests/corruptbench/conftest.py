"""A build of the miniature data set by the real detector, and a runner of the command line."""

from __future__ import annotations

import hashlib
import logging
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from corruptbench.cli import main
from corruptbench.datasets import open_dataset
from corruptbench.lifters import process
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.export import export
from corruptbench.manifest import load_manifest
from corruptbench.sandbox import Child
from corruptbench.shards.shard_set import ShardSet, open_shards
from corruptbench.training import run
from corruptbench.training.videopose3d import VideoPose3D
from tests.fixtures import model_files as files
from tests.fixtures.s3_server import SECRET, Bucket


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys):
    """Runs the command line in this process."""

    def run(*arguments: object) -> Outcome:
        try:
            main([str(a) for a in arguments])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run


@pytest.fixture
def mine(mini, tmp_path) -> Path:
    """A copy of the miniature folder set that a test may spoil."""
    return shutil.copytree(mini, tmp_path / "data")


def build_arguments(root: Path, manifest: Path, out: Path | str, *more: object) -> list[str]:
    words = ["build", "--root", root, "--manifest", manifest, "--out", out, *more]
    return [str(w) for w in words]


def run_process(*arguments: str, **options):
    """Runs the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "corruptbench", *arguments],
        capture_output=True, text=True, timeout=300, **options,
    )  # fmt: skip


@pytest.fixture(scope="session")
def mini_shards(mini, mini_manifest, tmp_path_factory) -> Path:
    """A finished build at severities 1 and 3; do not write to it."""
    out = tmp_path_factory.mktemp("shards")
    main(build_arguments(mini, mini_manifest, out, "--severity", "1,3", "--workers", "2"))
    return out


@pytest.fixture(scope="session")
def mini_full(mini, mini_manifest, mini_shards, tmp_path_factory) -> Path:
    """A finished build of all cells, which adds to `mini_shards`; do not write to it."""
    out = tmp_path_factory.mktemp("full") / "shards"
    shutil.copytree(mini_shards, out)
    main(build_arguments(mini, mini_manifest, out, "--workers", "1"))
    return out


def contract(**changes: object) -> Contract:
    fields: dict[str, object] = {
        "name": "tiny", "joints": "h36m17", "channels": "xy", "normalize": "screen",
        "window": "sequence", "frames": 9, "units": "m", "root": "relative",
    }  # fmt: skip
    return Contract.model_validate(fields | changes)


@pytest.fixture(scope="session")
def drawn_shards(mini, mini_manifest, tmp_path_factory) -> ShardSet:
    """Shards of random detections, of 0 to 1000 px in pictures of 128; do not write to them.

    The third frame of each clip and the last one have none.
    """
    from tests.fixtures.export_shards import write_shards  # which uses `contract` below

    out = tmp_path_factory.mktemp("drawn")
    write_shards(open_dataset("folder", mini), load_manifest(str(mini_manifest)), out)
    return open_shards(out, mini, str(mini_manifest))


class SharedChild:
    """One process for the models of all tests, so that torch is imported once.

    It holds the model that was loaded last. For the others it has ended: they load again.
    """

    child = Child("the model's process", {}, confined=True)
    last: SharedChild | None = None

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def ask(self, function, arguments, limits):
        if function.endswith(":load"):
            SharedChild.last = self
        return self.child.ask(function, arguments, limits)

    @property
    def is_running(self) -> bool:
        return SharedChild.last is self and self.child.is_running

    def stop(self) -> None:
        if SharedChild.last is self:
            self.child.stop()


@pytest.fixture(autouse=True)
def one_model_process(request, monkeypatch):
    """Shares the process of the models, unless a test is about the process itself."""
    if "own_model_process" not in request.fixturenames:
        monkeypatch.setattr(process, "Child", SharedChild)


@pytest.fixture
def own_model_process():
    """Asks for a process of its own for each model, as users have it."""


@pytest.fixture(scope="session")
def tiny_lifter(tmp_path_factory) -> Path:
    """An untrained lifter with a receptive field of 9 frames, as .pt2."""
    path = tmp_path_factory.mktemp("lifter") / "tiny.pt2"
    torch.manual_seed(0)
    export(VideoPose3D(17, 2, widths=(3, 3), features=32), contract(), path)
    return path


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    """A folder with an honest .pt2, .pt and .onnx; do not write to it."""
    folder = tmp_path_factory.mktemp("models")
    files.export_pt2(files.Tiny(), folder / "tiny.pt2")
    files.export_script(files.traced(files.Tiny()), folder / "tiny.pt")
    files.export_onnx(folder / "tiny.onnx")
    return folder


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


@pytest.fixture
def shard_set(mini, mini_manifest, mini_shards):
    return open_shards(mini_shards, mini, str(mini_manifest))


@pytest.fixture
def given(monkeypatch):
    """What a run gives to the training, which does not take place."""
    found = {}

    def train(*arguments):
        found.update(samples=arguments[2], augment=arguments[7], validation=arguments[8])

    monkeypatch.setattr(run, "train", train)
    return found


@pytest.fixture(scope="session")
def s3_server():
    """The URL of an S3 server that runs on this machine."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    yield "http://{}:{}".format(*running.get_host_and_port())
    running.stop()


@pytest.fixture
def bucket(s3_server, monkeypatch, tmp_path) -> Bucket:
    """An empty bucket; the environment is that of a user of the server."""
    import boto3

    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "user")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    name = hashlib.sha256(str(tmp_path).encode()).hexdigest()[:16]
    client.create_bucket(Bucket=name)
    return Bucket(name, s3_server, client)


#: Of the manifest's cells few.
S3_FEW = ("--severity", "1", "--corruption", "erase", "--workers", 1)


@pytest.fixture
def s3_words(mini, mini_manifest, bucket) -> list[str]:
    """The command that builds `S3_FEW` in the bucket, below "a/b"."""
    return build_arguments(mini, mini_manifest, f"{bucket}/a/b", *S3_FEW)
