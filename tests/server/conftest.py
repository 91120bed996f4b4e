"""A server in this process: its folder, its database, a client, and rows to submit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from httpx2 import Response
from sqlalchemy import Engine
from starlette.testclient import TestClient

from corruptbench.sandbox import Child
from corruptbench.server import audit_log, tokens
from corruptbench.server.app import create_app
from corruptbench.server.database import open_database
from corruptbench.server.settings import Settings, load_settings, prepare
from corruptbench.server.worker import ENVIRONMENT, work_once
from tests.fixtures.postgresql import cluster, program
from tests.server.hidden import Hidden, make_hidden

_BOARD = Path(__file__).parents[2] / "leaderboard/results/studio-c-v3"
_copies = TemporaryDirectory()


def _claimed(row: Path) -> Path:
    """Copy a row as its sender had it: only the owner of a board gives it a status."""
    copy = Path(shutil.copytree(row, Path(_copies.name) / row.name))
    document = json.loads((copy / "result.json").read_text())
    document.pop("status", None)
    (copy / "result.json").write_text(json.dumps(document))
    return copy


#: Results that the referee accepts, in folders named as their rows.
ROWS = [_claimed(row) for row in sorted(_BOARD.iterdir())]


@pytest.fixture(scope="session")
def child() -> Iterator[Child]:
    """The child process of the worker; it imports what it needs once for all tests."""
    child = Child("the job", ENVIRONMENT)
    yield child
    child.stop()


@dataclass(frozen=True)
class Host:
    """A server, and a client that has a token."""

    settings: Settings
    engine: Engine
    client: TestClient
    token: str
    child: Child

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def token_of(self, name: str) -> Host:
        """The same server for another sender."""
        with self.engine.begin() as database:
            return replace(self, token=tokens.add(database, name))

    def post(self, files: dict[str, object], **fields: str) -> Response:
        return self.client.post("/api/submissions", files=files, data=fields, headers=self.bearer)

    def submit(self, row: Path, **fields: str) -> Response:
        """Send the result of a row."""
        paths = {"result": row / "result.json", "clips": row / "clips.parquet"}
        return self.post({name: p.read_bytes() for name, p in paths.items()}, **fields)

    def score(self, predictions: bytes) -> dict[str, object]:
        """Send predictions, do what waits, and return how they ended."""
        answer = self.post({"predictions": predictions})
        assert answer.status_code == 202, answer.text
        assert self.work() == 1
        return self.state(answer.json()["id"])

    def state(self, key: str) -> dict[str, object]:
        answer = self.client.get(f"/api/submissions/{key}", headers=self.bearer)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def work(self) -> int:
        """Do all that waits; return how much that was."""
        done = 0
        while work_once(self.settings, self.engine, self.child):
            done += 1
        return done

    def log(self) -> list[str]:
        """How all that is in the log ended."""
        with self.engine.begin() as database:
            return [entry.outcome for entry in audit_log.entries(database, 1000)]

    def rows(self) -> list[str]:
        board = self.settings.board_folder
        return sorted(
            f"{p.parent.parent.name}/{p.parent.name}" for p in board.glob("*/*/result.json")
        )


@pytest.fixture
def start(tmp_path, child) -> Iterator[object]:
    """``start(toml)`` starts a server with these settings."""
    with ExitStack() as stack:

        def _start(toml: str = "", folder: Path = tmp_path / "server") -> Host:
            folder.mkdir(exist_ok=True)
            (folder / "server.toml").write_text(toml)
            settings = load_settings(folder)
            prepare(settings)
            engine = open_database(settings)
            stack.callback(engine.dispose)
            client = stack.enter_context(TestClient(create_app(settings, engine)))
            with engine.begin() as database:
                token = tokens.add(database, "alice")
            return Host(settings, engine, client, token, child)

        yield _start


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[], str]]:
    """``postgresql()`` makes an empty database, and returns its URL."""
    if not program("initdb") or not program("postgres"):
        pytest.skip("needs the programs of PostgreSQL (Debian: apt-get install postgresql)")
    with cluster() as socket:
        names = (f"test{number}" for number in count())

        def _made() -> str:
            name = next(names)
            url = f"postgresql://tester@/{{}}?host={socket}"
            with psycopg.connect(url.format("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
            return url.format(name)

        yield _made


@pytest.fixture(params=["sqlite", "postgresql"])
def setting(request) -> str:
    """The line of server.toml for each database."""
    if request.param == "sqlite":
        return ""
    return f'database = "{request.getfixturevalue("postgresql")()}"'


@pytest.fixture
def host(start) -> Host:
    """A server with the default settings."""
    return start()


@pytest.fixture(scope="session")
def hidden(mini_manifest, tmp_path_factory) -> Hidden:
    """A hidden test split, which a server hosts with ``start(hidden.toml)``."""
    return make_hidden(tmp_path_factory.mktemp("hidden"), mini_manifest)
