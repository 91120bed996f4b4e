"""A board's server under load: clients at once on loopback, each with a token and a result.

Each client sends its result, sends it once more as after a lost answer, then reads the page, the
table and the state of its submission for a while. Afterwards each submission must have ended once,
and each row must be there once. Usage: python -m benchmarks.server_load [clients] [seconds]
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import httpx2

from benchmarks.arguments import whole_numbers
from corruptbench.server import audit_log, tokens
from corruptbench.server.database import open_database
from corruptbench.server.settings import load_settings, prepare

ROW = sorted((Path(__file__).parents[1] / "leaderboard/results/studio-c-v3").iterdir())[0]
TOML = "limits = { per_minute = 1000 }\n"


def variant(number: int) -> dict[str, bytes]:
    """Return a result that differs from `ROW` in the name and the hash of its model."""
    document = json.loads((ROW / "result.json").read_text())
    document["lifter"]["name"] = document["lifter"]["contract"]["name"] = f"load-{number}"
    document["lifter"]["sha256"] = hashlib.sha256(str(number).encode()).hexdigest()
    return {"result": json.dumps(document).encode(), "clips": (ROW / "clips.parquet").read_bytes()}


class Load:
    """What the clients measure: seconds of each kind of request, and codes that are errors."""

    def __init__(self, url: str, seconds: float) -> None:
        """Send requests to a server for so long."""
        self.url, self.seconds, self.began = url, seconds, 0.0
        self.took: dict[str, list[float]] = defaultdict(list)
        self.wrong: Counter[int] = Counter()

    async def ask(
        self, client: httpx2.AsyncClient, kind: str, method: str, path: str, **more: object
    ) -> httpx2.Response:
        """Send a request and measure it."""
        began = time.perf_counter()
        answer = await client.request(method, path, **more)
        self.took[kind].append(time.perf_counter() - began)
        if answer.status_code not in (200, 202, 304):
            self.wrong[answer.status_code] += 1
        return answer

    async def client(self, token: str, files: dict[str, bytes]) -> str:
        """Do all that one client does; return the id of its submission."""
        headers = {"authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=120) as client:
            first = await self.ask(client, "submit", "POST", "/api/submissions", files=files)
            again = await self.ask(client, "submit again", "POST", "/api/submissions", files=files)
            assert first.json()["id"] == again.json()["id"]
            end, tag = time.monotonic() + self.seconds, ""
            while time.monotonic() < end:
                page = await self.ask(client, "page", "GET", "/", headers={"if-none-match": tag})
                tag = page.headers["etag"]
                await self.ask(client, "table", "GET", "/api/board")
                await self.ask(client, "state", "GET", first.headers["location"])
            return str(first.json()["id"])

    async def run(self, made: list[str]) -> list[str]:
        """Run a client for each token; return the ids of their submissions."""
        files = [variant(number) for number in range(len(made))]
        self.began = time.monotonic()
        return await asyncio.gather(*map(self.client, made, files))


def say_figures(load: Load, seconds: float) -> None:
    total = sum(map(len, load.took.values()))
    print(f"{total} requests in {seconds:.1f} s: {total / seconds:.0f}/s")
    print(f"{'request':>14} {'number':>7} {'p50 ms':>8} {'p95 ms':>8}")
    for kind, took in load.took.items():
        p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
        print(f"{kind:>14} {len(took):>7} {1000 * p50:>8.0f} {1000 * p95:>8.0f}")
    print(f"answers that are errors: {dict(load.wrong) or 'none'}")


def say_outcome(folder: Path, keys: list[str], seconds: float) -> None:
    """Compare submissions, log and board."""
    settings = load_settings(folder)
    engine = open_database(settings)
    with engine.begin() as database:
        entries = audit_log.entries(database, 10**6)
    checked = [e.outcome for e in entries if e.what == "check result"]
    ended = Counter(outcome[:32] for outcome in checked)
    accepted = sum(": accepted" in outcome for outcome in checked)
    rows = len(list(settings.board_folder.glob("*/*/result.json")))
    lost, doubled = len(set(keys) - ended.keys()), len(checked) - len(ended)
    print(f"{len(keys)} submissions: {accepted} accepted, {rows} rows after {seconds:.0f} s")
    print(f"lost: {lost}, doubled: {doubled}")


def main() -> None:
    clients, seconds = whole_numbers(__doc__, clients=200, seconds=20)
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}, processors: {os.cpu_count()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "server.toml").write_text(TOML)
        settings = load_settings(folder)
        prepare(settings)
        engine = open_database(settings)
        with engine.begin() as database:
            made = [tokens.add(database, f"client {i}") for i in range(int(clients))]
        words = ["leaderboard", "serve", "--folder", name, "--port", "0"]
        server = subprocess.Popen(
            [sys.executable, "-m", "corruptbench", *words], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout
            url = server.stdout.readline().split(" at ")[1].split()[0]
            load = Load(url, seconds)
            keys = asyncio.run(load.run(made))
            say_figures(load, time.monotonic() - load.began)
            while httpx2.get(f"{url}/api/health", timeout=120).json()["waiting"]:
                time.sleep(0.5)
            say_outcome(folder, keys, time.monotonic() - load.began)
        finally:
            server.terminate()
            server.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"processor time of server and worker: {used.ru_utime + used.ru_stime:.0f} s")
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
