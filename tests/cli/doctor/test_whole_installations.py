"""Installations as their operators make them, command by command: the doctor finds nothing."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from authgate_tenants.key_encryption import create_kek_file
from authgate_testing.guarded_postgres import ANYWHERE, GuardedPostgres
from authgate_testing.guarded_redis import GuardedRedis
from authgate_testing.installed import Installed
from authgate_testing.processes import free_port


@pytest.fixture
def on_one_machine(tmp_path: Path) -> Installed:
    """A developer's: SQLite, one process."""
    port = str(free_port())
    return Installed(tmp_path, {"SERVER__PORT": port, "BASE_URL": f"http://localhost:{port}"})


@pytest.fixture
def for_others(
    tmp_path: Path,
    guarded_postgres: GuardedPostgres,
    guarded_redis: GuardedRedis,
    long_certificate: tuple[Path, Path],
) -> Iterator[Installed]:
    """One that others use: PostgreSQL and Redis elsewhere, workers of its own, TLS."""
    name, port = f"whole_{uuid4().hex}", str(free_port())
    guarded_postgres.server.execute(f"CREATE DATABASE {name} OWNER authgate_owner")
    create_kek_file(tmp_path / "keys/kek")
    secrets = {
        "DATABASE__URL": guarded_postgres.url(name, "authgate_app", host=ANYWHERE),
        "DATABASE__OWNER_URL": guarded_postgres.url(name, "authgate_owner", host=ANYWHERE),
    }
    urls = {variable: url.get_secret_value() for variable, url in secrets.items()}
    yield Installed(
        tmp_path,
        {
            "PROFILE": "prod",
            "BASE_URL": f"https://{ANYWHERE}:{port}",
            "DATABASE__URL": urls["DATABASE__URL"],
            "REDIS_URL": guarded_redis.url(ANYWHERE),
            "KEYS__KEK_FILE": str(tmp_path / "keys/kek"),
            "METRICS_TOKEN": "5b0a6a1f2c8d9e7340b1c2d3e4f50617",
            "JOBS__RUNNER": "celery",
            "SERVER__WORKERS": "2",
            "SERVER__PORT": port,
            "SERVER__CERTIFICATE_FILE": str(long_certificate[0]),
            "SERVER__CERTIFICATE_KEY_FILE": str(long_certificate[1]),
            "SSL_CERT_FILE": str(long_certificate[0]),
        },
        {"DATABASE__OWNER_URL": urls["DATABASE__OWNER_URL"]},
        ("serve", "worker", "beat"),
    )
    guarded_postgres.server.drop_database(name)


@pytest.mark.parametrize("kind", ["on_one_machine", "for_others"])
def test_an_installation_that_was_made_as_the_guide_says_is_well(
    request: pytest.FixtureRequest, kind: str
) -> None:
    made: Installed = request.getfixturevalue(kind)
    for words in (["migrate"], ["tenant", "create", "acme"]):
        ended = made.run(*words)
        assert ended.returncode == 0, ended.stderr
    with ExitStack() as stack:
        for program in made.programs:
            stack.enter_context(made.running(program))
        made.answers()
        assert made.becomes_well().endswith("Nothing is wrong.\n")
