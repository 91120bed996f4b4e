"""The database states the version of its tables."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from corruptbench.errors import InputError
from corruptbench.server import database as db
from corruptbench.server.database import open_database
from corruptbench.server.settings import load_settings


@pytest.fixture
def reopened(tmp_path, setting):
    """Changes a database, and opens it again."""
    (tmp_path / "server.toml").write_text(setting)
    settings = load_settings(tmp_path)

    def _reopened(change):
        engine = open_database(settings)
        with engine.begin() as connection:
            change(connection)
        engine.dispose()
        return open_database(settings)

    return _reopened


@pytest.mark.parametrize("version", [0, 2])
def test_another_version_is_refused(version, reopened):
    with pytest.raises(InputError, match=f"found tables of version {version}, expected 1; use"):
        reopened(lambda database: database.execute(update(db.schema).values(version=version)))


def test_a_database_from_before_the_versions(reopened):
    engine = reopened(db.schema.drop)
    with engine.begin() as database:
        assert database.execute(select(db.schema.c.version)).scalars().all() == [db.VERSION]
    engine.dispose()
