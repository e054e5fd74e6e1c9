"""AuthGate as a rival: an installation of its own on either database, behind either server.

Set up by the commands an operator would use, with everything at its default but what the
measurement needs: room below the rate limits, and a key-encryption key.
"""

import base64
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from bench import grants, person
from bench.cpu import ProcessTree
from bench.machine import Cores, pinned
from bench.person import Person
from bench.postgres import Cluster
from bench.rivals import Rival
from bench.scenario import SCOPE
from bench.servers import free_port, running
from bench.site import Credentials, Site

ServerKind = Literal["hypercorn", "uvicorn"]

_AUTHGATE = (sys.executable, "-m", "authgate")
_TENANT = "bench"
_NAME = "alice"
_FILE = "authgate.db"
_COUNT = "SELECT count(*) FROM tokens"
_APPROVE_ALL = """
UPDATE device_codes SET status = 'approved', user_id = (SELECT id FROM users),
  decided_at = created_at, authenticated_at = created_at WHERE status = 'pending'
"""
_PLENTY = "1000000/s burst 1000000"
_DROP_PACE = "UPDATE device_codes SET poll_interval = 0"


class CommandFailed(Exception):
    """An `authgate` command ended badly; carries what it said."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where one AuthGate lives and what its environment says; `cluster` is none on SQLite.

    Its code is this checkout's, but for what `python_path` holds.
    """

    name: str
    kind: ServerKind
    directory: Path
    cluster: Cluster | None = None
    port: int = field(default_factory=free_port)
    kek: str = field(
        default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode(), repr=False
    )
    python_path: tuple[Path, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)
    """Settings of its own, by the names of their variables."""

    def finding(self, *places: Path) -> "Installation":
        """The same, with code from *places* where the path of its own has none."""
        return replace(self, python_path=(*self.python_path, *places))

    def copied(self, name: str, directory: Path) -> "Installation":
        """Another with the same data, which nobody uses now."""
        other = replace(self, name=name, directory=directory, port=free_port())
        if self.cluster:
            self.cluster.create(other.database, template=self.database)
        else:
            for file in self.directory.glob(f"{_FILE}*"):
                shutil.copy(file, directory)
        return other

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> str:
        """The name of its database on the cluster."""
        return database_of(self.name)

    @property
    def environment(self) -> Mapping[str, str]:
        """Its settings."""
        return {
            "AUTHGATE_BASE_URL": self.base_url,
            "AUTHGATE_SERVER__PORT": str(self.port),
            "AUTHGATE_SERVER__KIND": self.kind,
            "AUTHGATE_KEYS__KEK": self.kek,
            "AUTHGATE_LIMITS__REQUESTS_PER_TENANT": _PLENTY,
            "AUTHGATE_LIMITS__TOKEN_PER_CLIENT": _PLENTY,
            "AUTHGATE_LIMITS__DEVICE_AUTHORIZATION": _PLENTY,
            "AUTHGATE_LIMITS__LOGIN_PER_IP": _PLENTY,
            "AUTHGATE_LIMITS__LOGIN_PER_TENANT": _PLENTY,
            "AUTHGATE_LIMITS__INTROSPECTION_PER_CLIENT": _PLENTY,
            "AUTHGATE_LIMITS__API_PER_CALLER": _PLENTY,
            "PYTHONPATH": os.pathsep.join(map(str, self.python_path)),
            **self._database_settings(),
            **self.chosen,
        }

    def _database_settings(self) -> Mapping[str, str]:
        if self.cluster is None:
            return {"AUTHGATE_DATABASE__URL": f"sqlite://{self.directory / _FILE}"}
        return {
            "AUTHGATE_DATABASE__URL": self.cluster.url(self.database, role="authgate"),
            "AUTHGATE_DATABASE__OWNER_URL": self.cluster.url(self.database),
        }

    @property
    def is_sqlite(self) -> bool:
        """Whether its database is a file."""
        return self.cluster is None

    def stored_tokens(self) -> int:
        """How many tokens its database holds."""
        return int(self.execute(_COUNT))

    def execute(self, statement: str) -> str:
        """Run *statement* past the walls of its database, and give the first value found."""
        if self.cluster:
            return self.cluster.execute(statement, database=self.database)
        with closing(sqlite3.connect(self.directory / _FILE, isolation_level=None)) as connection:
            row = connection.execute(statement).fetchone()
            return str(row[0]) if row else ""

    def command(self, *arguments: str) -> str:
        """Run an `authgate` command to its end and give what it printed."""
        done = subprocess.run(
            [*_AUTHGATE, *arguments],
            env={**os.environ, **self.environment},
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(f"authgate {' '.join(arguments)}\n{done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def authgate(
    name: str, kind: ServerKind, directory: Path, cores: Cores, cluster: Cluster | None = None
) -> Iterator[Rival]:
    """AuthGate behind *kind*, one process, on *cluster* or on SQLite in *directory*."""
    home = directory / database_of(name)
    home.mkdir()
    installation = Installation(name, kind, home, cluster)
    site = set_up(installation)
    with served(installation, cores) as processes:
        yield Rival(
            name,
            site,
            processes,
            database=cluster.processes if cluster else None,
            stored_tokens=installation.stored_tokens,
        )


@contextmanager
def served(installation: Installation, cores: Cores) -> Iterator[ProcessTree]:
    """The server of *installation*, which says that it lives."""
    with running(
        pinned([*_AUTHGATE, "serve"], cores.server),
        ready_url=f"{installation.base_url}/livez",
        log=installation.directory / "server.log",
        environment=installation.environment,
        cwd=installation.directory,
    ) as processes:
        yield processes


def database_of(name: str) -> str:
    """The database that the installation *name* has on its cluster."""
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower())


def set_up(installation: Installation) -> Site:
    """A database with a tenant, its clients and a person, and where they will be served."""
    if installation.cluster:
        installation.cluster.create(installation.database)
    installation.command("migrate")
    installation.command("tenant", "create", _TENANT)
    issuer = f"{installation.base_url}/t/{_TENANT}"
    machine = _client(installation, "client_credentials", "--introspects")
    device = _client(installation, "device_code", "--public", "--first-party")
    application = _client(
        installation, "authorization_code", "--grant", "refresh_token",
        "--redirect-uri", grants.REDIRECT_URI, "--scope", "offline_access",
    )  # fmt: skip
    alice = _person(installation, issuer)
    return Site(
        issuer=issuer,
        machine=machine,
        machine_by_header=machine,
        device=device,
        application=application,
        redirect_uri=grants.REDIRECT_URI,
        codes=lambda how_many: _codes(installation, alice, application, how_many),
        refresh_tokens=partial(grants.refresh_tokens, installation, application),
        person_token=partial(alice.access_token, device),
        approve_all=partial(installation.execute, _APPROVE_ALL),
        drop_pace=partial(installation.execute, _DROP_PACE),
        visit=lambda: alice,
        unlisted={
            "tokeninfo_endpoint": f"{issuer}/oauth/tokeninfo",
            "login_page": f"{issuer}/login",
            "device_page": f"{issuer}/device",
        },
    )


def _codes(
    installation: Installation, alice: Person, application: Credentials, how_many: int
) -> Sequence[str]:
    assert alice.cookie  # she is signed in at a browser
    return grants.codes(installation, application, how_many)


def _client(installation: Installation, grant: str, *flags: str) -> Credentials:
    scopes = [word for scope in (SCOPE, *person.SCOPE.split()) for word in ("--scope", scope)]
    printed = installation.command(
        "client", "create", "--tenant", _TENANT, "--name", "bench",
        "--grant", grant, *scopes, "--output", "json", *flags,
    )  # fmt: skip
    told = json.loads(printed)
    return Credentials(told["client_id"], told.get("client_secret") or "")


def _person(installation: Installation, issuer: str) -> Person:
    printed = installation.command(
        "user", "create", _NAME, "--tenant", _TENANT, "--email", f"{_NAME}@bench.example",
        "--name", "Alice", "--output", "json",
    )  # fmt: skip
    return Person(issuer, _NAME, json.loads(printed)["password"])
