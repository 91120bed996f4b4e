"""Slow, odd and many requests over real sockets: each is answered or closed, and leaves nothing."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import pytest

from corruptbench.server import board_page, connections
from corruptbench.server.serving import bind, make_server
from tests.server.conftest import Host

PATIENCE = 60  # seconds
FIELD = b'--x\r\ncontent-disposition: form-data; name="%s"; filename="a"\r\n\r\n%s\r\n'
FORM = FIELD % (b"result", b"{}") + FIELD % (b"clips", b"PAR1") + b"--x--\r\n"
LARGE = FIELD % (b"predictions", b"x" * 24_000)


@dataclass(frozen=True)
class Live:
    """A server that listens."""

    host: Host
    port: int

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def head(self, *lines: str, target: str = "POST /api/submissions") -> bytes:
        """The head of a request with the token."""
        form = "content-type: multipart/form-data; boundary=x"
        words = [f"{target} HTTP/1.1", "host: a", f"authorization: Bearer {self.host.token}", form]
        return "\r\n".join([*words, *lines, "", ""]).encode("latin-1")

    def answer(self, content: bytes) -> bytes:
        """The first part of what is answered; nothing where the connection is closed."""
        with self.connect() as channel, suppress(ConnectionError):
            channel.sendall(content)
            return channel.recv(2**16)
        return b""

    def assert_is_well(self) -> None:
        """Nothing is left of an upload, and the next one is taken."""
        wait_for(lambda: not list(self.host.settings.uploads.iterdir()))
        length = f"content-length: {len(FORM)}"
        assert b" 202 " in self.answer(self.head(length) + FORM)


def rest_of(channel: socket.socket) -> bytes:
    """What arrives until the other side closes."""
    found = b""
    with suppress(ConnectionError):
        while chunk := channel.recv(2**16):
            found += chunk
    return found


def send_until_closed(channel: socket.socket, piece: bytes) -> int:
    """Send a piece again and again until the other side closes; return how often."""
    end = time.monotonic() + PATIENCE
    for count in itertools.count():
        try:
            channel.sendall(piece)
        except ConnectionError:
            return count
        assert time.monotonic() < end
        time.sleep(0.01)
    raise AssertionError


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def live(start) -> Iterator[Callable[[str], Live]]:
    """``live(toml)`` starts a server on a free port."""
    with ExitStack() as stack:
        yield lambda toml="": stack.enter_context(served(start(toml)))


@contextmanager
def served(host: Host) -> Iterator[Live]:
    server, listener = make_server(host.settings, host.engine, False), bind("127.0.0.1", 0, False)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield Live(host, listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()


@contextmanager
def impatience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the server wait for 0.2 s only."""
    with monkeypatch.context() as patch:
        patch.setattr(connections, "PATIENCE", 0.2)
        yield


def test_a_connection_without_a_request_is_closed(live, monkeypatch):
    """One that says nothing, one that says half a head, and one that says it byte by byte."""
    site = live()
    with (
        impatience(monkeypatch), site.connect() as silent, site.connect() as half,
        site.connect() as slow,
    ):  # fmt: skip
        half.sendall(site.head()[:-2])
        slow.sendall(b"GET / HTTP/1.1\r\nx: ")
        assert send_until_closed(slow, b"y") > 3
        assert rest_of(silent) == rest_of(half) == b""
    site.assert_is_well()


def test_a_body_that_nobody_asked_for_ends(live, monkeypatch):
    """The answer is there, and the sender goes on for ever."""
    site = live()
    with impatience(monkeypatch), site.connect() as channel:
        channel.sendall(site.head("content-length: 100000", target="GET /api/health"))
        assert b" 200 " in channel.recv(2**16)
        send_until_closed(channel, b"x")
    site.assert_is_well()


def test_who_does_not_read_an_answer_is_left(live, monkeypatch):
    site = live()
    with impatience(monkeypatch), socket.socket() as channel:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        channel.connect(("127.0.0.1", site.port))
        channel.settimeout(PATIENCE)
        send_until_closed(channel, site.head(target="GET /") * 10)
    site.assert_is_well()


def test_a_slow_reader_reads_to_the_end(live, monkeypatch):
    """The server looks at the connection several times, and sees each time that some was read."""
    page, looks = b"x" * 4_000_000, []
    shown = board_page.Shown(*map(board_page.content, (page, b"[]")), "tag", "default-src 'none'")
    monkeypatch.setattr(board_page.BoardPage, "get", lambda _: shown)
    monkeypatch.setattr(connections, "HELD", 2**14)
    look = connections.Connection._close_if_idle
    monkeypatch.setattr(
        connections.Connection, "_close_if_idle", lambda *a: looks.append(a) or look(*a)
    )
    site = live()
    with impatience(monkeypatch), socket.socket() as channel:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**15)
        channel.connect(("127.0.0.1", site.port))
        channel.settimeout(PATIENCE)
        channel.sendall(site.head("connection: close", target="GET /"))
        found = b""
        while len(looks) < 4 and (piece := channel.recv(2**13)):
            found += piece
            time.sleep(0.005)
        assert len(found) < len(page) / 2  # so the server still has much of it
        found += rest_of(channel)
    assert found.endswith(b"\r\n\r\n" + page)
    site.assert_is_well()


def test_one_connection_too_many_is_closed(live, monkeypatch):
    site = live()
    monkeypatch.setattr(connections, "MOST", 2)
    with site.connect() as first, site.connect() as second:
        first.sendall(b"GET / HT")
        second.sendall(b"GET / HT")
        with site.connect() as third:
            assert rest_of(third) == b""
        first.sendall(b"TP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        assert b" 200 " in rest_of(first)
    site.assert_is_well()


def test_a_slow_upload_is_stopped(live):
    site = live("limits.upload_seconds = 0.3")
    with site.connect() as channel:
        channel.sendall(site.head("content-length: 100000") + FORM[:70])
        channel.settimeout(0.02)
        found = b""
        for _ in range(3000):
            if found.endswith(b"}"):  # the head and the text may arrive one by one
                break
            with suppress(TimeoutError, ConnectionError):
                channel.sendall(b"y")
                found += channel.recv(2**16)
    assert b" 408 " in found
    assert b"took more than 0.3 s" in found
    site.assert_is_well()


BODIES = {
    "longer": ([f"content-length: {len(FORM)}"], FORM + b"more\r\n\r\n", b" 202 "),
    "a negative length": (["content-length: -1"], FORM, b" 400 "),
    "two lengths": (["content-length: 5", "content-length: 6"], FORM, b" 400 "),
    "no number": (["content-length: \xb2"], FORM, b" 400 "),
    "chunks too large": (
        ["transfer-encoding: chunked"], b"%x\r\n%b\r\n" % (len(LARGE), LARGE), b" 413 "
    ),
    "no chunk": (["transfer-encoding: chunked"], b"zz\r\n", b" 400 "),
    "long headers": ([f"x: {'y' * 100_000}"], FORM, b" 400 "),
    "many headers": (["x: y"] * 30_000, FORM, b" 400 "),
    "a long header of a part": (
        ["transfer-encoding: chunked"], b"4000\r\n--x\r\n" + b"y" * 16_379 + b"\r\n", b" 400 "
    ),
    "no text in a name": (
        [f"content-length: {len(FORM) + 1}"], FORM.replace(b"clips", b"cl\xffips"), b" 400 "
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_odd_requests(name, live):
    lines, body, expected = BODIES[name]
    site = live("limits.upload_mb = 0.02")
    assert expected in site.answer(site.head(*lines) + body)[:20]
    if expected != b" 202 ":
        site.assert_is_well()


@pytest.mark.parametrize("length", ["content-length: 2000000", "transfer-encoding: chunked"])
def test_a_sender_who_is_gone(length, live):
    """In the middle of a file, of which a part is on disk."""
    site = live()
    with site.connect() as channel:
        channel.sendall(site.head(length))
        channel.sendall(b"1e8480\r\n" * ("chunked" in length) + FORM[:60] + b"x" * 1_500_000)
    site.assert_is_well()


@pytest.mark.parametrize(
    "target", ["GET /api/submissions/\xff", "GET /%ff%00", "GET /api/%ed%a0%80"]
)
def test_paths_that_are_no_text(target, live):
    site = live()
    answer = site.answer(site.head(target=target))
    assert answer[:20].split()[1] in (b"400", b"404")
