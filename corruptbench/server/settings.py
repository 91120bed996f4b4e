"""What the owner of a server decides: ``server.toml`` in its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from corruptbench.errors import InputError
from corruptbench.records import Record
from corruptbench.text_files import read_text

FILE = "server.toml"
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Limits(Record):
    """Limits of what one token may use, and of one job. The defaults are our own choice.

    Attributes:
        upload_mb: bytes of one upload, in units of 10^6. The predictions of the baseline on
            studio-C take 42.
        upload_seconds: time for one upload.
        per_minute: requests that upload, for each token.
        waiting: submissions of one token that wait or are worked on; also its uploads at once.
        scored_per_day: predictions of one token that are scored in any 24 hours.
        job_minutes: time for one submission.
        job_gb: memory for one submission, in units of 10^9 bytes.
        attempts: how often a submission is tried whose worker died.
        lease_seconds: a submission is taken over by another worker after its worker has been silent
            for so long.
    """

    upload_mb: Positive = 200
    upload_seconds: Positive = 600
    per_minute: Count = 30
    waiting: Count = 10
    scored_per_day: Count = 5
    job_minutes: Positive = 60
    job_gb: Positive = 4
    attempts: Count = 3
    lease_seconds: Positive = 60

    @property
    def upload_bytes(self) -> int:
        """The most bytes of one upload."""
        return round(self.upload_mb * 1e6)


class Hosted(Record):
    """One benchmark of a server.

    Attributes:
        manifest: id of a shipped benchmark, or path of a manifest (.toml).
        shards: folder of its build, which predictions are scored on; None takes no predictions.
        root: folder of the data set with the labels; None for the embedded studio set.
        results: whether results are taken, which others have computed. With labels that only the
            owner has, nobody can.
    """

    manifest: str
    shards: Path | None = None
    root: Path | None = None
    results: bool = True


@dataclass(frozen=True)
class Settings:
    """All settings. Paths are relative to the folder of the server.

    Attributes:
        folder: of the server.
        board: folder of the board's rows.
        database: URL, "postgresql://USER@HOST/NAME"; None for a file of SQLite in the folder.
        limits: of uploads and jobs.
        benchmark: those that are hosted; empty for results of all shipped ones.
    """

    folder: Path
    board: Path
    database: str | None
    limits: Limits
    benchmark: tuple[Hosted, ...]

    def path(self, path: Path) -> Path:
        """Return a path of the settings as it is for this process."""
        return self.folder / path

    def manifest(self, host: Hosted) -> str:
        """Return the id or the path of a benchmark's manifest."""
        path = Path(host.manifest)
        return str(self.path(path)) if path.suffix == ".toml" else host.manifest

    @property
    def board_folder(self) -> Path:
        """The folder of the board's rows."""
        return self.path(self.board)

    @property
    def uploads(self) -> Path:
        """The folder of submissions that wait."""
        return self.folder / "uploads"


def load_settings(folder: Path) -> Settings:
    """Return the settings in ``server.toml``, or the defaults where there is none.

    Raises:
        InputError: the file is not TOML, or a field is wrong; names the first one.
    """
    path = folder.absolute() / FILE
    content = read_text(path) if path.exists() else ""
    return Settings(folder.absolute(), **dict(_Content.parse_toml(content, str(path))))


class _Content(Record):
    """The content of the file, and its defaults."""

    board: Path = Path("board")
    database: str | None = None
    limits: Limits = Limits()
    benchmark: tuple[Hosted, ...] = ()


def prepare(settings: Settings) -> None:
    """Make the folders of a server, for its user only.

    Raises:
        InputError: the place of a folder holds a file.
    """
    for folder in (settings.folder, settings.uploads):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except FileExistsError:
            raise InputError(f"{folder}: a file; expected a folder: move it away") from None
    settings.board_folder.mkdir(parents=True, exist_ok=True)
