"""A PostgreSQL server as it should be run for others: it asks for passwords and speaks TLS."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from authgate.pretend.certificate import certificate_in
from authgate.settings import DatabaseSettings
from authgate_testing.postgres import SUPERUSER, PostgresServer, postgres_running

ANYWHERE = "0.0.0.0"  # noqa: S104 - called, not listened on
"""Leads to this machine as loopback does, and does not look like it: for what is to be refused or
warned of only off loopback."""

_WHO_MAY_COME = f"""\
host all {SUPERUSER} 127.0.0.0/8 trust
host all all 127.0.0.0/8 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class GuardedPostgres:
    """A running server, and the password that every role but the superuser is asked for."""

    server: PostgresServer
    authority: Path
    """What vouches for the server's certificate, which is for 127.0.0.1 and 0.0.0.0."""

    password: str = field(default_factory=lambda: secrets.token_hex(16))

    def settings(self, database: str, *, host: str = "127.0.0.1") -> DatabaseSettings:
        """Settings for a database, as the roles that the migration command makes."""
        return DatabaseSettings(
            url=self.url(database, "authgate_app", host=host),
            owner_url=self.url(database, "authgate_owner", host=host),
        )

    def url(
        self, database: str, role: str, *, host: str = "127.0.0.1", query: str | None = None
    ) -> SecretStr:
        """Address a database as a role: by a line that is encrypted and verified, unless the
        query says otherwise."""
        if query is None:
            query = f"sslmode=verify-full&sslrootcert={self.authority}"
        at = f"{host}:{self.server.port}/{database}"
        return SecretStr(f"postgres://{role}:{self.password}@{at}?{query}")


@contextmanager
def guarded_postgres_running() -> Iterator[GuardedPostgres]:
    """Run a server that trusts nobody but the superuser."""
    with postgres_running() as server:
        [data] = server.execute("SHOW data_directory")
        guarded = GuardedPostgres(server, authority=Path(data).parent / "cert.pem")
        _speak_tls(server, Path(data))
        (Path(data) / "pg_hba.conf").write_text(_WHO_MAY_COME)
        server.execute(
            "SELECT pg_reload_conf()",
            f"CREATE ROLE authgate_owner LOGIN CREATEROLE PASSWORD '{guarded.password}'",
        )
        yield guarded


def _speak_tls(server: PostgresServer, data: Path) -> None:
    certificate, key = certificate_in(data.parent)
    owner = data.stat()
    for file in (certificate, key):
        shutil.chown(file, owner.st_uid, owner.st_gid)
    server.execute(
        f"ALTER SYSTEM SET ssl_cert_file = '{certificate}'",
        f"ALTER SYSTEM SET ssl_key_file = '{key}'",
        "ALTER SYSTEM SET ssl = on",
    )
