"""AuthGate as a rival: an installation of its own on either database, behind either server.

Set up by the commands an operator would use, with everything at its default but what the
measurement needs: room below the rate limits, no pace for devices, and a key-encryption key.
"""

import base64
import json
import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from bench import person
from bench.machine import Cores, pinned
from bench.person import Person
from bench.postgres import Cluster
from bench.rivals import Rival
from bench.scenarios import SCOPE
from bench.servers import free_port, running
from bench.site import Credentials, Site

ServerKind = Literal["hypercorn", "uvicorn"]

_AUTHGATE = (sys.executable, "-m", "authgate")
_TENANT = "bench"
_NAME = "alice"
_FILE = "authgate.db"
_COUNT = "SELECT count(*) FROM tokens"
_PLENTY = "1000000/s burst 1000000"
# A device that asks too early would be told to slow down, which no rival does.
_NO_PACE = "device_poll_interval=0"


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

    def finding(self, *places: Path) -> "Installation":
        """The same, with code from *places* where the path of its own has none."""
        return replace(self, python_path=(*self.python_path, *places))

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
            "AUTHGATE_LIMITS__TOKEN_PER_CLIENT": _PLENTY,
            "AUTHGATE_LIMITS__DEVICE_AUTHORIZATION": _PLENTY,
            "PYTHONPATH": os.pathsep.join(map(str, self.python_path)),
            **self._database_settings(),
        }

    def _database_settings(self) -> Mapping[str, str]:
        if self.cluster is None:
            return {"AUTHGATE_DATABASE__URL": f"sqlite://{self.directory / _FILE}"}
        return {
            "AUTHGATE_DATABASE__URL": self.cluster.url(self.database, role="authgate"),
            "AUTHGATE_DATABASE__OWNER_URL": self.cluster.url(self.database),
        }

    def stored_tokens(self) -> int:
        """How many tokens its database holds, asked past its walls."""
        if self.cluster:
            return int(self.cluster.execute(_COUNT, database=self.database))
        with closing(sqlite3.connect(self.directory / _FILE)) as connection:
            return int(connection.execute(_COUNT).fetchone()[0])

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
    with running(
        pinned([*_AUTHGATE, "serve"], cores.server),
        ready_url=site.discovery_url,
        log=home / "server.log",
        environment=installation.environment,
        cwd=home,
    ) as processes:
        yield Rival(
            name,
            site,
            processes,
            database=cluster.processes if cluster else None,
            stored_tokens=installation.stored_tokens,
        )


def database_of(name: str) -> str:
    """The database that the installation *name* has on its cluster."""
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower())


def set_up(installation: Installation) -> Site:
    """A database with a tenant, its clients and a person, and where they will be served."""
    if installation.cluster:
        installation.cluster.create(installation.database)
    installation.command("migrate")
    installation.command("tenant", "create", _TENANT, "--setting", _NO_PACE)
    issuer = f"{installation.base_url}/t/{_TENANT}"
    device = _client(installation, "device_code", "--public", "--first-party")
    return Site(
        issuer,
        machine=_client(installation, "client_credentials"),
        device=device,
        person_token=partial(person.access_token, issuer, device, _person(installation)),
        tokeninfo_url=f"{issuer}/oauth/tokeninfo",
    )


def _client(installation: Installation, grant: str, *flags: str) -> Credentials:
    scopes = [word for scope in (SCOPE, *person.SCOPE.split()) for word in ("--scope", scope)]
    printed = installation.command(
        "client", "create", "--tenant", _TENANT, "--name", "bench",
        "--grant", grant, *scopes, "--output", "json", *flags,
    )  # fmt: skip
    told = json.loads(printed)
    return Credentials(told["client_id"], told.get("client_secret") or "")


def _person(installation: Installation) -> Person:
    printed = installation.command(
        "user", "create", _NAME, "--tenant", _TENANT, "--email", f"{_NAME}@bench.example",
        "--output", "json",
    )  # fmt: skip
    return Person(_NAME, json.loads(printed)["password"])
