"""Two installations that are well, for tests that spoil one thing in them."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from authgate.cli.doctor import issuer
from authgate.pretend.certificate import certificate_in
from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.migrate import migrate
from authgate_tenants.key_encryption import create_kek_file
from authgate_testing.command import Cli, Use
from authgate_testing.doctor import Doctor
from authgate_testing.guarded_postgres import ANYWHERE, GuardedPostgres
from authgate_testing.processes import free_port, running
from authgate_testing.readiness import is_ready

METRICS_TOKEN = "5b0a6a1f2c8d9e7340b1c2d3e4f50617"
_TEMPLATE = "doctor_template"


@pytest.fixture(autouse=True)
def patience(own_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who answers late on a busy machine is not taken for silent, nor for away."""
    monkeypatch.setattr(issuer, "_PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(database, "CONNECT_SECONDS", 30)
    os.environ["AUTHGATE_DATABASE__STATEMENT_SECONDS"] = "30"


@pytest.fixture
def doctor(command: Cli) -> Doctor:
    """Of an installation that the test makes itself."""
    return Doctor(command)


# --- What answers at the issuer's address --------------------------------------------------------

Serve = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of a tenant called acme, and its key, to copy."""
    folder = tmp_path_factory.mktemp("furnished")
    shutil.copy(sqlite_template, folder / "authgate.db")
    create = [sys.executable, "-m", "authgate", "tenant", "create", "acme"]
    environment = {"PATH": os.environ["PATH"], **_kept_in(folder)}
    subprocess.run(create, cwd=folder, env=environment, check=True, capture_output=True)
    return folder


def _kept_in(folder: Path) -> dict[str, str]:
    return {
        "AUTHGATE_DATABASE__URL": f"sqlite://{folder}/authgate.db",
        "AUTHGATE_KEYS__KEK_FILE": str(folder / "kek"),
    }


@pytest.fixture(scope="session")
def serve(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Serve a tenant called acme; answers the address."""

    @contextmanager
    def served(
        scheme: str = "http", host: str = "localhost", port: int = 0, **variables: str
    ) -> Iterator[str]:
        folder = tmp_path_factory.mktemp("issuer")
        shutil.copytree(furnished, folder, dirs_exist_ok=True)
        environment = {"PATH": os.environ["PATH"], **_kept_in(folder), **variables}

        def command(own: int) -> list[str]:
            given = {**environment, "AUTHGATE_BASE_URL": f"{scheme}://{host}:{port or own}"}
            words = [f"{name}={value}" for name, value in given.items()]
            run = [sys.executable, "-m", "authgate", "serve", "--port", str(own)]
            return ["/usr/bin/env", "-i", *words, *run]

        def answers(own: int) -> bool:
            return is_ready(f"{scheme}://127.0.0.1:{own}")

        with running(command, answers=answers, log=folder / "server.log") as own:
            yield f"{scheme}://{host}:{own}"

    return served


@pytest.fixture(scope="session")
def http_issuer(serve: Serve) -> Iterator[str]:
    """A server of loopback."""
    with serve() as base_url:
        yield base_url


@pytest.fixture(scope="session")
def long_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that does not end soon, and its key."""
    return certificate_in(tmp_path_factory.mktemp("long"), valid=timedelta(days=90))


@pytest.fixture(scope="session")
def https_issuer(serve: Serve, long_certificate: tuple[Path, Path]) -> Iterator[str]:
    """A server at an address that does not look like loopback."""
    with serve("https", ANYWHERE, **of_https(long_certificate)) as base_url:
        yield base_url


def of_https(certificate: tuple[Path, Path]) -> dict[str, str]:
    """Variables of a server that ends TLS."""
    return {
        "AUTHGATE_SERVER__CERTIFICATE_FILE": str(certificate[0]),
        "AUTHGATE_SERVER__CERTIFICATE_KEY_FILE": str(certificate[1]),
        "AUTHGATE_METRICS_TOKEN": METRICS_TOKEN,
    }


# --- Installations -------------------------------------------------------------------------------


@pytest.fixture
def address(http_issuer: str) -> None:
    """The installation's address is the server's of loopback."""
    _reached_at(http_issuer)


def _reached_at(base_url: str) -> None:
    os.environ["AUTHGATE_BASE_URL"] = base_url
    os.environ["AUTHGATE_SERVER__PORT"] = str(urlsplit(base_url).port)


@pytest.fixture
def silent_address() -> None:
    """An address at which nobody answers."""
    _reached_at(f"http://localhost:{free_port()}")


@pytest.fixture
def lite(lite_cli: Cli) -> Doctor:
    """Of a developer's installation on SQLite, wherever it is."""
    return Doctor(lite_cli)


@pytest.fixture
def dev(lite: Doctor, address: None) -> Doctor:
    """Of a developer's installation on SQLite, which is well."""
    return lite


@pytest.fixture
def dev_on_postgres(
    command: Cli, use: Use, postgres_settings_of_own: DatabaseSettings, address: None
) -> Doctor:
    """Of a developer's installation on PostgreSQL, which is well."""
    use(postgres_settings_of_own)
    assert command("tenant", "create", "acme").code == 0
    return Doctor(command)


@pytest.fixture(scope="session")
async def guarded_template(guarded_postgres: GuardedPostgres) -> str:
    """A migrated, empty database to clone, on a server that asks for passwords."""
    server = guarded_postgres.server
    server.execute(f"CREATE DATABASE {_TEMPLATE} OWNER authgate_owner")
    await migrate(guarded_postgres.settings(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture
def guarded_database(guarded_postgres: GuardedPostgres, guarded_template: str) -> Iterator[str]:
    """A database of this test's own on that server."""
    name = f"doctor_{uuid4().hex}"
    guarded_postgres.server.create_database(name, template=guarded_template)
    yield name
    guarded_postgres.server.drop_database(name)


@pytest.fixture
def prod_environment(
    https_issuer: str, long_certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    """What every installation of the ``prod`` profile has here, but for its database."""
    kek = tmp_path / "keys" / "kek"
    create_kek_file(kek)
    _reached_at(https_issuer)
    os.environ |= {
        "AUTHGATE_PROFILE": "prod",
        "AUTHGATE_KEYS__KEK_FILE": str(kek),
        "AUTHGATE_METRICS_TOKEN": METRICS_TOKEN,
        "AUTHGATE_SERVER__TRUSTED_PROXIES": '["10.0.0.0/8"]',
        "SSL_CERT_FILE": str(long_certificate[0]),
    }


@pytest.fixture
def prod(
    command: Cli,
    guarded_postgres: GuardedPostgres,
    guarded_database: str,
    prod_environment: None,
) -> Doctor:
    """Of an installation that others use, on PostgreSQL, which is well."""
    url = guarded_postgres.url(guarded_database, "authgate_app")
    os.environ["AUTHGATE_DATABASE__URL"] = url.get_secret_value()
    assert command("tenant", "create", "acme").code == 0
    return Doctor(command)


@pytest.fixture
def prod_on_sqlite(lite: Doctor, prod_environment: None, tmp_path: Path) -> Doctor:
    """Of an installation that others use, on SQLite, which is well but for that."""
    (tmp_path / ".authgate/kek").replace(tmp_path / "keys/kek")
    return lite


@pytest.fixture
def on_sqlite(lite_cli: Cli, tmp_path: Path) -> Callable[..., None]:
    """Runs statements on the SQLite database of the test, as somebody would by hand."""

    def execute(statement: str, *values: object) -> None:
        with sqlite3.connect(tmp_path / "authgate.db") as connection:
            assert connection.execute(statement, values).rowcount > 0
        connection.close()

    return execute
