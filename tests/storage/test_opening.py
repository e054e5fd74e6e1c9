"""Opening and closing: who may read the file, and what is closed although something fails."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr
from tortoise import connections

from authgate import storage
from authgate.settings import DatabaseSettings
from authgate.storage import connection
from authgate.storage.batches.append_log import AppendLog
from authgate.storage.migrate import migrate
from authgate_testing.tenants import create_tenant


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_the_file_and_its_folder_are_for_one_user(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    settings = DatabaseSettings(url=SecretStr(f"sqlite://{folder}/authgate.db"))
    before = os.umask(0o022)
    try:
        await migrate(settings)
        async with storage.opened(settings):
            await create_tenant(slug="acme", name="Acme")
            files = {path.name: _mode(path) for path in folder.iterdir()}
    finally:
        os.umask(before)
    assert _mode(folder) == 0o700
    assert {"authgate.db", "authgate.db-wal"} <= set(files)
    assert set(files.values()) == {0o600}


async def test_the_permissions_that_an_operator_gave_are_kept(
    sqlite_settings: DatabaseSettings,
) -> None:
    path = Path(sqlite_settings.url.get_secret_value().removeprefix("sqlite://"))
    path.chmod(0o640)  # noqa: ASYNC240  # a moment's work
    async with storage.opened(sqlite_settings):
        pass
    assert _mode(path) == 0o640


async def test_what_cannot_be_closed_leaves_nothing_else_open(
    sqlite_settings: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    orm = []

    async def fails() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async def opens_and_closes() -> None:
        async with storage.opened(sqlite_settings):
            log = connection._opened().append_log
            assert isinstance(log, AppendLog)
            monkeypatch.setattr(log._commits, "close", fails)
            orm.append(connections.get("default"))
            await orm[0].execute_query("SELECT 1")

    with pytest.raises(sqlite3.OperationalError, match="disk"):
        await opens_and_closes()
    assert orm[0]._connection is None
    with pytest.raises(storage.StorageUnavailable):
        storage.dialect()
    async with storage.opened(sqlite_settings):
        await create_tenant(slug="acme", name="Acme")
