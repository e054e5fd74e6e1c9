"""What every test may ask for."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from authgate_testing import PostgresServer
from pydantic import SecretStr

from authgate import storage
from authgate.settings import DatabaseSettings
from authgate.storage.migrate import migrate

pytest_plugins = ["authgate_testing.fixtures", "authgate_testing.attacks"]

_TEMPLATE = "authgate_template"


def postgres_settings(server: PostgresServer, database: str) -> DatabaseSettings:
    """Settings for a database, as the roles that the migration command makes."""
    return DatabaseSettings(
        url=SecretStr(server.dsn(database, user="authgate_app")),
        owner_url=SecretStr(server.dsn(database, user="authgate_owner")),
    )


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    await migrate(DatabaseSettings(url=SecretStr(f"sqlite://{path}")))
    return path


@pytest.fixture(scope="session")
async def postgres_template(postgres: PostgresServer) -> str:
    """A migrated, empty PostgreSQL database to clone, owned by a role that is no superuser."""
    postgres.execute("CREATE ROLE authgate_owner LOGIN CREATEROLE")
    postgres.create_database(_TEMPLATE)
    postgres.execute(f"ALTER DATABASE {_TEMPLATE} OWNER TO authgate_owner")
    postgres.execute("GRANT ALL ON SCHEMA public TO authgate_owner", database=_TEMPLATE)
    await migrate(postgres_settings(postgres, _TEMPLATE))
    return _TEMPLATE


@pytest.fixture
def sqlite_settings(sqlite_template: Path, tmp_path: Path) -> DatabaseSettings:
    """An SQLite database of this test's own."""
    path = tmp_path / "authgate.db"
    shutil.copy(sqlite_template, path)
    return DatabaseSettings(url=SecretStr(f"sqlite://{path}"))


@pytest.fixture
def postgres_settings_of_own(
    postgres: PostgresServer, postgres_template: str
) -> Iterator[DatabaseSettings]:
    """A PostgreSQL database of this test's own."""
    name = f"authgate_{uuid4().hex}"
    postgres.create_database(name, template=postgres_template)
    yield postgres_settings(postgres, name)
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_settings(request: pytest.FixtureRequest) -> DatabaseSettings:
    """A migrated, empty database of this test's own, once of each kind."""
    name = "sqlite_settings" if request.param == "sqlite" else "postgres_settings_of_own"
    settings: DatabaseSettings = request.getfixturevalue(name)
    return settings


@pytest.fixture
async def database(database_settings: DatabaseSettings) -> AsyncIterator[DatabaseSettings]:
    """The same, opened in this process."""
    async with storage.opened(database_settings):
        yield database_settings
