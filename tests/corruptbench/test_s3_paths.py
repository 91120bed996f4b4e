"""Paths in S3: objects that are whole or absent, and what a user is told."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from corruptbench.errors import InputError, StorageError
from corruptbench.files import atomic
from corruptbench.storage import S3Path, any_path, local_path, s3_connection
from corruptbench.storage.s3_connection import Connection
from tests.corruptbench.conftest import S3_FEW, build_arguments
from tests.fixtures.s3_server import SECRET, proxy


@pytest.mark.parametrize("request_line", [b"PUT %s?partNumber=%d&", b"POST %s?upload"])
@pytest.mark.parametrize("piece", [1, 2])
def test_an_upload_that_fails_leaves_nothing(request_line, piece, bucket, monkeypatch):
    """Objects of more than 10 MB have pieces; the connection is back when one has failed."""
    monkeypatch.setattr(s3_connection, "ATTEMPTS", 2)
    place = f"/{bucket.name}/a/large".encode()
    wanted = request_line % ((place, piece) if b"%d" in request_line else place)
    cut = range(1, 3) if piece == 1 or b"PUT" in wanted else range(2, 4)  # both attempts
    content = np.random.default_rng(0).bytes(12_000_000)
    with proxy(bucket.url, wanted, cut) as broken:
        monkeypatch.setenv("AWS_ENDPOINT_URL", broken.url)
        path = any_path(f"{bucket}/a/large")
        with pytest.raises(StorageError, match=f"^{path}: no connection"):
            _write(path, content)
        assert bucket.objects("a") == {}
        _write(path, content)
    assert bucket.objects("a") == {"large": content}


def _write(path, content):
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def test_a_file_whose_making_fails_is_not_uploaded(bucket):
    path = any_path(f"{bucket}/a/x")
    with suppress(ZeroDivisionError), atomic(path) as temporary:
        temporary.write_bytes(b"half")
        _ = 1 / 0
    assert bucket.objects("a") == {}
    assert not temporary.exists()


def test_paths_in_a_bucket(bucket):
    folder = any_path(f"{bucket}/a")
    for key in ("a/b/one.json", "a/b/two.txt", "a/b/deep/three.json", "a/bc"):
        bucket.put(key, key.encode())
    assert [str(p) for p in (folder / "b").glob("*.json")] == [f"{bucket}/a/b/one.json"]
    assert sorted(p.key for p in folder.rglob("*.json")) == ["a/b/deep/three.json", "a/b/one.json"]
    assert [(folder / k).is_file() for k in ("b/one.json", "b", "c")] == [True, False, False]
    assert [(folder / k).is_dir() for k in ("b/one.json", "b", "c")] == [False, True, False]
    one = folder / "b" / "one.json"
    assert (one.name, one.parent) == ("one.json", folder / "b")
    with one.open("rb") as stream:
        stream.seek(2)
        assert stream.read(3) == b"b/o"
    one.unlink()
    one.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        one.unlink()
    assert pickle.loads(pickle.dumps(folder)) == folder


@pytest.mark.parametrize(
    ("text", "bucket", "key", "connection"),
    [
        ("s3://b", "b", "", Connection()),
        ("s3://b/x//y%20z/", "b", "x/y z", Connection()),
        ("s3://b/x?region=eu-west-1", "b", "x", Connection(region="eu-west-1")),
        (
            "s3://b/x?endpoint_override=localhost:9000&scheme=http", "b", "x",
            Connection("localhost:9000", "http"),
        ),
    ],
)  # fmt: skip
def test_uris(text, bucket, key, connection, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert any_path(text) == S3Path(bucket, key, connection)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("s3:", "^s3:: it names no bucket; expected s3://bucket/prefix"),
        ("s3://", "^s3://: it names no bucket; expected s3://bucket/prefix"),
        ("s3:///", "^s3:///: it names no bucket; expected s3://bucket/prefix"),
        ("s3:b", "^s3:b: two slashes belong .*; expected s3://bucket/prefix"),
        ("s3:/b/x", "^s3:/b/x: two slashes belong .*; expected s3://bucket/prefix"),
        ("s3:///b/x", "^s3:///b/x: two slashes belong .*; expected s3://bucket/prefix"),
        ("S3://b/x", "^S3://b/x: the scheme has capital letters; expected s3://bucket/prefix"),
        ("s3://b/../x", "a part of it is . or ..; expected s3://bucket/prefix"),
        ("s3://b/x#y", "it holds a #; expected s3://bucket/prefix"),
        (f"s3:/user:{SECRET}@b/x", "s3://...@b/x: two slashes"),
        (f"s3://user:{SECRET}@b/x", "set AWS_ACCESS_KEY_ID"),
        (f"s3://b/x?secret_key={SECRET}", "secret_key=.*unknown option"),
        (f"s3://b/x?scheme={SECRET}", "expected http or https"),
        (Path("s3://b/x"), "as text"),
        (f"gs://user:{SECRET}@b/x", "gs://.*found a URL"),
        ("https://host/x", "found a URL"),
    ],
)
def test_what_is_no_path(value, said):
    with pytest.raises(InputError, match=said) as caught:
        any_path(value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", ["s3:/b/x", "s3://b/x", "S3:/b", "file:///x"])
def test_what_lies_on_no_machine(text):
    """A folder of the name "s3:" would be made."""
    with pytest.raises(InputError, match="found a URL, expected a path of this machine"):
        local_path(text)


def test_nothing_in_a_bucket_is_said_as_such(bucket, cli):
    done = cli("verify", f"{bucket}/a/nothing")
    assert done.code == 2
    assert f"{bucket}/a/nothing: the bucket is there, but no object in it has" in done.err
    assert "begins with 'a/nothing/'; expected lock.json and keypoints/ of a build" in done.err


ENDS = """
import sys
import pyarrow.fs
from corruptbench.storage import any_path

end = pyarrow.fs.finalize_s3


def said_and_done():
    print("ended", len(open_files), flush=True)
    end()


pyarrow.fs.finalize_s3 = said_and_done
open_files = []
path = any_path(sys.argv[1])
open_files.append(path._files.open_input_file(f"{path.bucket}/{path.key}"))  # left open
open_files.append(open_files)  # in a cycle
print(path.is_file(), path.read_bytes(), flush=True)
"""


def test_connections_end_before_the_interpreter(bucket):
    """It aborted the process at times, after all was done."""
    bucket.put("a/x", b"content")
    words = [sys.executable, "-c", ENDS, f"{bucket}/a/x"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == ["True b'content'", "ended 2"]
    assert (done.returncode, done.stderr) == (0, "")


def refused(done, bucket):
    """What a command says that ends before any work is done."""
    assert done.code == 2
    assert SECRET not in done.out + done.err
    assert "to build" not in done.err
    assert bucket.objects("a/b") == {}
    (line,) = done.err.splitlines()
    return line


def test_a_wrong_bucket(mini, mini_manifest, bucket, cli):
    built = cli(*build_arguments(mini, mini_manifest, "s3://absent-bucket/x", *S3_FEW))
    said = "error: s3://absent-bucket/x: there is no bucket 'absent-bucket' at "
    assert refused(built, bucket).startswith(said)
    assert refused(cli("verify", "s3://absent-bucket/x"), bucket).startswith(said)


def test_no_server_at_the_endpoint(s3_words, bucket, monkeypatch, cli):
    monkeypatch.setattr(s3_connection, "ATTEMPTS", 2)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://user:{SECRET}@127.0.0.1:{port}")
    line = refused(cli(*s3_words), bucket)
    assert f"no connection to 127.0.0.1:{port} in 2 attempts" in line
    assert "check the network and the endpoint" in line


def test_the_wrong_scheme(s3_words, bucket, monkeypatch, cli):
    monkeypatch.setattr(s3_connection, "ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.url.replace("http:", "https:"))
    assert "SSL" in refused(cli(*s3_words), bucket)


def test_a_key_that_is_not_known(s3_words, bucket, monkeypatch, cli):
    other = bucket.url.replace("127.0.0.1", "localhost")  # a connection is made once
    monkeypatch.setenv("AWS_ENDPOINT_URL", other)
    with monkeypatch.context() as authorized:
        authorized.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0.0)
        done = cli(*s3_words)
    line = refused(done, bucket)
    assert f"{other} denies access (INVALID_ACCESS_KEY_ID); AWS_ACCESS_KEY_ID is set: " in line
    assert "user" not in line.replace("user_", "")


class _Forbidden(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


def test_no_credentials(s3_words, bucket, monkeypatch, tmp_path, cli):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with HTTPServer(("127.0.0.1", 0), _Forbidden) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        line = refused(cli(*s3_words), bucket)
        server.shutdown()
    assert "denies access (ACCESS_DENIED); AWS_ACCESS_KEY_ID is not set: set it and " in line


def test_videos_are_refused_before_the_work(s3_words, bucket, cli):
    line = refused(cli(*s3_words, "--videos"), bucket)
    assert "corrupted videos are not written to S3" in line


def test_other_paths_are_of_this_machine(tiny_lifter, cli, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    done = cli("evaluate", tiny_lifter, "--out", "s3://b/results")
    assert done.code == 2
    assert "expected a path of this machine" in done.err
    assert list(tmp_path.iterdir()) == []
