"""Real processes on loopback: kill -9 at any moment loses nothing and doubles nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from filelock import SoftFileLock

from corruptbench.cli import main
from corruptbench.leaderboard.board.lock import LOCK_FILE
from corruptbench.server import tokens
from corruptbench.server.database import open_database
from corruptbench.server.settings import load_settings, prepare
from tests.fixtures.processes import has_ended
from tests.server.conftest import ROWS

TOML = "limits = { lease_seconds = 1, attempts = 50, per_minute = 1000 }\n"
PATIENCE = 120  # seconds


class Server:
    """``corruptbench leaderboard serve``, and a client with a token."""

    def __init__(self, folder: Path, token: str) -> None:
        words = ["leaderboard", "serve", "--folder", folder, "--port", "0"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "corruptbench", *map(str, words)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.line = self.process.stdout.readline()
        self.client = httpx2.Client(
            base_url=self.line.split(" at ")[1].split()[0],
            headers={"authorization": f"Bearer {token}"}, timeout=PATIENCE,
        )  # fmt: skip

    def submit(self, row: Path) -> str:
        paths = {"result": row / "result.json", "clips": row / "clips.parquet"}
        files = {name: path.read_bytes() for name, path in paths.items()}
        answer = self.client.post("/api/submissions", files=files)
        assert answer.status_code in (200, 202), answer.text
        return answer.json()["id"]

    def state(self, key: str) -> str:
        return self.client.get(f"/api/submissions/{key}").json()["state"]

    def worker(self) -> int | None:
        """The process that works now."""
        for pid in descendants(self.process.pid):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return None


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(child) for child in children.read_text().split()] if children.exists() else []
    return found + [other for child in found for other in descendants(child)]


def wait_for(condition: Callable[[], object]) -> object:
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


@pytest.fixture
def start(tmp_path, setting) -> Iterator[Callable[[], Server]]:
    """Starts the server of one folder, again and again."""
    (tmp_path / "server.toml").write_text(f"{setting}\n{TOML}")
    settings = load_settings(tmp_path)
    prepare(settings)
    engine = open_database(settings)
    with engine.begin() as database:
        token = tokens.add(database, "alice")
    engine.dispose()
    servers: list[Server] = []

    def _start() -> Server:
        servers.append(Server(tmp_path, token))
        return servers[-1]

    yield _start
    for server in servers:
        server.client.close()
        server.process.kill()
        server.process.wait()


def select(folder: Path, query: str) -> list[tuple[object, ...]]:
    """Ask the database of a server."""
    engine = open_database(load_settings(folder))
    with engine.begin() as database:
        found = [tuple(row) for row in database.exec_driver_sql(query)]
    engine.dispose()
    return found


def test_kill_and_sigterm(start, tmp_path):
    """One test, as each start of a server takes seconds."""
    rows = ROWS[:3]
    server = start()
    assert server.line.startswith(f"serving {tmp_path}/board at http://127.0.0.1:")
    keys = [server.submit(row) for row in rows]
    wait_for(lambda: server.state(keys[0]) in ("running", "accepted"))
    os.kill(server.worker(), signal.SIGKILL)
    wait_for(lambda: server.state(keys[1]) in ("running", "accepted"))  # by another worker
    processes = descendants(server.process.pid)
    server.process.kill()
    wait_for(lambda: all(map(has_ended, processes)))
    server = start()
    assert [server.submit(row) for row in rows] == keys
    for key in keys:
        wait_for(lambda key=key: server.state(key) == "accepted")
    found = [path.parent.name for path in tmp_path.glob("board/*/*/result.json")]
    assert sorted(found) == [row.name for row in rows]
    checks = select(tmp_path, "SELECT outcome FROM log WHERE what = 'check result'")
    assert Counter(outcome[:32] for (outcome,) in checks) == Counter(keys)
    sigterm_gives_work_back(server, tmp_path)


def sigterm_gives_work_back(server: Server, folder: Path) -> None:
    with SoftFileLock(folder / "board" / LOCK_FILE):  # so that the worker cannot finish before
        last = server.submit(ROWS[3])
        wait_for(lambda: server.state(last) == "running")
        processes = descendants(server.process.pid)
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0
        wait_for(lambda: all(map(has_ended, processes)))
        query = f"SELECT state, attempts, worker FROM submissions WHERE id = '{last}'"
        assert select(folder, query) == [("waiting", 0, None)]
    main(["leaderboard", "work", "--once", "--folder", str(folder)])
    assert (folder / "board/studio-c-v3" / ROWS[3].name / "result.json").exists()
