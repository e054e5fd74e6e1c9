"""Which databases a test runs on, and how one is made.

Without a mark a test runs on each of them.
"""

import pytest
from pydantic import SecretStr

from authgate.settings import DatabaseSettings
from authgate.storage.migrate import migrate
from authgate_testing.postgres import PostgresServer

on_sqlite = pytest.mark.parametrize("database_settings", ["sqlite"], indirect=True)
"""For what the database has no part in: the other one would only take time."""

on_postgres = pytest.mark.parametrize("database_settings", ["postgres"], indirect=True)
"""For what only a database server does."""


def postgres_settings(server: PostgresServer, database: str) -> DatabaseSettings:
    """Settings for a database, as the roles that the migration command makes."""
    return DatabaseSettings(
        url=SecretStr(server.dsn(database, user="authgate_app")),
        owner_url=SecretStr(server.dsn(database, user="authgate_owner")),
    )


async def make_migrated(server: PostgresServer, name: str) -> DatabaseSettings:
    """A migrated, empty database on a new server, owned by a role that is no superuser."""
    server.execute("CREATE ROLE authgate_owner LOGIN CREATEROLE")
    server.create_database(name)
    server.execute(f"ALTER DATABASE {name} OWNER TO authgate_owner")
    server.execute("GRANT ALL ON SCHEMA public TO authgate_owner", database=name)
    settings = postgres_settings(server, name)
    await migrate(settings)
    return settings
