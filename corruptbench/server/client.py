"""Send a submission to a server, and ask how it ended."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2

from corruptbench.errors import IncompleteError, InputError
from corruptbench.leaderboard.referee.submission import clips_path

#: Seconds: between two questions, and for the server to answer one. Our own choice.
PAUSE, PATIENCE = 2.0, 60.0
_OPEN = ("waiting", "running")


class Submission(NamedTuple):
    """A submission, as the server describes it.

    Attributes:
        id: that it is asked for with.
        state: waiting, running, accepted, refused or failed.
        answer: all that the server told, as JSON.
    """

    id: str
    state: str
    answer: dict[str, Any]


class NotNowError(InputError):
    """The server cannot answer now; the same may succeed later."""


class Client:
    """Asks one server, with one token."""

    def __init__(self, url: str, token: str, transport: httpx2.BaseTransport | None = None) -> None:
        """Prepare to ask.

        Args:
            url: address of the server, such as "https://board.example.org".
            token: that its owner made.
            transport: that carries the requests; None for the network.

        Raises:
            InputError: the address would send the token without encryption, or is no address; or
                the token has other characters than a token.
        """
        if not (token.isascii() and token.isprintable() and token and " " not in token):
            raise InputError("token: expected one line as the owner of the server gave it")
        self._url = _checked(url)
        self._client = httpx2.Client(
            base_url=self._url, headers={"authorization": f"Bearer {token}"}, timeout=PATIENCE,
            follow_redirects=False,  # the token is for this server only
            trust_env=self._url.startswith("https:"),  # a proxy would see a token without TLS
            transport=transport,
        )  # fmt: skip

    def send(self, files: Mapping[str, Path], name: str | None = None) -> Submission:
        """Send files. The same ones are the same submission, so they can be sent again.

        Args:
            files: by their fields, see `submission_files`.
            name: for the row; None for that of the lifter.

        Raises:
            InputError: the server refused them.
            NotNowError: it cannot take them now.
            OSError: a file cannot be read.
        """
        with ExitStack() as stack:
            opened = {field: stack.enter_context(p.open("rb")) for field, p in files.items()}
            fields = {} if name is None else {"name": name}
            return self._asked("POST", "/api/submissions", files=opened, data=fields)

    def state(self, id: str) -> Submission:  # noqa: A002
        """Ask for the state of a submission.

        Raises:
            InputError: this token has no such submission.
            NotNowError: the server does not answer.
        """
        if not (id.isascii() and id.isalnum()):
            raise InputError(f"submission {id!r:.80}: expected the id that the server gave")
        return self._asked("GET", f"/api/submissions/{id}")

    def wait(self, sent: Submission, seconds: float, tell: Callable[[str], None]) -> Submission:
        """Ask again and again until a submission has ended.

        Args:
            sent: the submission.
            seconds: how long to wait at most.
            tell: is called with each new state.

        Raises:
            IncompleteError: it has not ended by then. It stays in the queue.
            InputError: the server refused to answer.
        """
        end = time.monotonic() + seconds
        tell(sent.state)
        while sent.state in _OPEN:
            if time.monotonic() >= end:
                raise IncompleteError(
                    f"submission {sent.id}: {sent.state} after {seconds:g} s; it stays in the "
                    "queue: ask for it later"
                )
            time.sleep(min(PAUSE, max(0.0, end - time.monotonic())))
            before = sent.state
            try:
                sent = self.state(sent.id)
            except NotNowError as error:
                tell(f"no answer ({error})")
                continue
            if sent.state != before:
                tell(sent.state)
        return sent

    def _asked(self, method: str, path: str, **content: Any) -> Submission:
        try:
            answer = self._client.request(method, path, **content)
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise NotNowError(
                f"{self._url}: no answer ({reason}); check the address, or try later"
            ) from None
        found = _json(answer)
        if answer.status_code in (200, 202) and {"id", "state"} <= found.keys():
            return Submission(plain(found["id"]), plain(found["state"]), found)
        text = f"{self._url}: answered with {answer.status_code}: {_reason(found)}"
        if answer.status_code in (429, 503):
            seconds = answer.headers.get("retry-after", "60")
            raise NotNowError(f"{text} (in {seconds} s)")
        raise InputError(text)


def submission_files(path: Path) -> dict[str, Path]:
    """Return the files of a submission by their fields.

    Args:
        path: a result (.json), whose clips table lies beside it, or predictions (.parquet).

    Raises:
        InputError: it is neither, or a file is missing.
    """
    if path.suffix == ".json":
        files = {"result": path, "clips": clips_path(path)}
    elif path.suffix == ".parquet" and not path.name.endswith("clips.parquet"):
        files = {"predictions": path}
    else:
        raise InputError(f"{path}: expected a result (.json) or saved predictions (.parquet)")
    for file in files.values():
        if not file.is_file():
            raise InputError(f"{file}: no such file; expected what an evaluation wrote")
    return files


def _checked(url: str) -> str:
    """Return an address without a slash at its end; refuse one that is not of a server."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise InputError(f"{url}: expected an address such as https://board.example.org", "server")
    if parts.username is not None:
        raise InputError("the address of the server has a password: leave it out", "server")
    if parts.scheme == "http" and not _is_here(host):
        raise InputError(
            f"{url}: would send the token without encryption; expected https://", "server"
        )
    return url.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reason(found: dict[str, Any]) -> str:
    """Return what went wrong."""
    return plain(found.get("error", "no server of a board"))[:500]


def plain(text: object) -> str:
    """Return what a server told as one line that a terminal can show."""
    return "".join(c for c in " ".join(str(text).split()) if c.isprintable())
