"""Builds in S3, and what reads them: the bytes of a local build, also when connections break."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from corruptbench.cli import main
from corruptbench.storage import s3_connection
from tests.corruptbench.conftest import S3_FEW, build_arguments
from tests.fixtures.s3_server import proxy

pytestmark = pytest.mark.detector


def files(folder):
    """Relative path to bytes, of all files."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def few(mini, mini_manifest, tmp_path_factory):
    """A finished build of `S3_FEW` in a folder; do not write to it."""
    out = tmp_path_factory.mktemp("few")
    main(build_arguments(mini, mini_manifest, out, *S3_FEW))
    return out


@pytest.fixture
def scored(mini, mini_manifest, tiny_lifter, cli):
    """Evaluates a lifter on shards."""

    def run(shards, out):
        where = ("--shards", shards, "--root", mini, "--manifest", mini_manifest)
        return cli("evaluate", tiny_lifter, *where, "--out", out)

    return run


def test_a_build_in_s3_has_the_bytes_of_a_local_one(s3_words, few, bucket, cli):
    done = cli(*s3_words, "--workers", 2)
    assert done.code == 0, done.err
    assert f"lock: {bucket}/a/b/lock.json" in done.out
    assert "S3 has no locks" in done.err
    assert "are free" not in done.err
    assert bucket.objects("a/b") == files(few)
    modified = bucket.modified("a/b/keypoints")
    assert "0 to build" in cli(*s3_words).err
    assert bucket.modified("a/b/keypoints") == modified


def test_what_reads_shards_reads_those_in_s3(scored, few, bucket, tmp_path, cli):
    bucket.fill("a/b", few)
    here, there = scored(few, tmp_path / "here"), scored(f"{bucket}/a/b", tmp_path / "there")
    assert there.code == 0, there.err
    assert here.out.replace("/here/", "/there/") == there.out
    same = [_without_date(tmp_path / name / "tiny.json") for name in ("here", "there")]
    assert same[0] == same[1]
    assert "12 row groups verified" in cli("verify", f"{bucket}/a/b").out
    against = cli("verify", few, "--against", f"{bucket}/a/b/lock.json")
    assert "pixels: the same in all 12 row groups" in against.out


def _without_date(path):
    return {k: v for k, v in json.loads(path.read_text()).items() if k != "created"}


@pytest.mark.parametrize("change", [lambda b: b[:-9], lambda b: b.replace(b[2000:2003], b"???")])
def test_a_damaged_object_is_noticed_and_built_again(
    change, s3_words, scored, few, bucket, tmp_path, cli
):
    bucket.fill("a/b", few)
    key = "a/b/keypoints/mini/A2/step_1.cam2.parquet"
    bucket.put(key, change(bucket.get(key)))
    for found in (cli("verify", f"{bucket}/a/b"), scored(f"{bucket}/a/b", tmp_path / "out")):
        assert found.code == 2
        assert "mini/A2/step_1.cam2" in found.err
        assert len(found.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
    done = cli(*s3_words)
    assert "1 to build" in done.err
    assert bucket.objects("a/b") == files(few)


def test_two_parts_and_the_end(s3_words, few, bucket, cli):
    assert cli(*s3_words, "--part", "0/2").code == 0
    other = cli(*s3_words, "--part", "1/3")
    assert other.code == 2
    assert f"{bucket}/a/b/parts.json: parts: " in other.err
    early = cli(*s3_words, "--finish")
    assert early.code == 3
    assert "(part 1/2)" in early.err
    assert cli(*s3_words, "--part", "1/2").code == 0
    assert "lock.json" not in bucket.objects("a/b")
    assert cli(*s3_words, "--finish").code == 0
    assert bucket.objects("a/b") == files(few)


def test_kill_9_and_resume(s3_words, few, bucket, cli):
    process = subprocess.Popen(
        [sys.executable, "-m", "corruptbench", *s3_words], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while not bucket.objects("a/b") and time.monotonic() < deadline:
            assert process.poll() is None, "the build ended before it could be killed"
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    built = bucket.objects("a/b")
    assert 0 < len(built) < 6, "the kill came too late to test anything"
    assert built.items() <= files(few).items()
    assert cli(*s3_words).code == 0
    assert bucket.objects("a/b") == files(few)


@pytest.mark.parametrize("cuts_answers", [False, True])
@pytest.mark.parametrize("request_line", [b"PUT /%s/a/b/keypoints", b"GET /%s/a/b/keypoints"])
def test_a_connection_that_breaks_once(
    request_line, cuts_answers, s3_words, few, bucket, monkeypatch, cli
):
    wanted = request_line % bucket.name.encode()
    with proxy(bucket.url, wanted, range(2, 3), cuts_answers=cuts_answers) as broken:
        monkeypatch.setenv("AWS_ENDPOINT_URL", broken.url)
        done = cli(*s3_words)
    assert broken.seen > 6, "no request was repeated"
    assert done.code == 0, done.err
    assert bucket.objects("a/b") == files(few)


def test_a_connection_that_does_not_come_back(s3_words, few, bucket, monkeypatch, cli):
    monkeypatch.setattr(s3_connection, "ATTEMPTS", 2)
    wanted = f"PUT /{bucket.name}/a/b/keypoints".encode()
    with proxy(bucket.url, wanted, range(3, 4), stays_down=True) as broken:
        monkeypatch.setenv("AWS_ENDPOINT_URL", broken.url)
        failed = cli(*s3_words)
        assert failed.code == 2
        (line,) = [line for line in failed.err.splitlines() if line.startswith("error: ")]
        assert line.startswith(f"error: {bucket}/a/b/keypoints/mini/A1/sway_1.cam1.parquet: no con")
        assert "run the same command again" in line
        built = bucket.objects("a/b")
        assert len(built) == 2
        assert built.items() <= files(few).items()
        broken.is_down = False
        assert cli(*s3_words).code == 0
    assert bucket.objects("a/b") == files(few)
