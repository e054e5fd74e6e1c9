"""``profile = "prod"``: what is dangerous is not started, and one line says why."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from authgate.app import serving
from authgate.clock import utc_now
from authgate.diagnosis.production import UnfitForProduction
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate_tenants.key_encryption import create_kek_file
from authgate_testing.command import Cli
from authgate_testing.processes import free_port

KEK_CASES = {
    "kek-missing": {"KEYS__KEK_FILE": "nowhere/kek"},
    "kek-weak": {"KEYS__KEK": "changeme"},
    "kek-provider": {"KEYS__PROVIDER": "nobody"},
}
CASES = {
    "plain-http": {"BASE_URL": "http://login.example.com"},
    "placeholder-secret": {"METRICS_TOKEN": "changeme"},
    "weak-secret": {"REDIS_URL": "redis://:hunter2@127.0.0.1/0"},
    "debug-logs": {"LOG_LEVEL": "debug"},
    "every-proxy-trusted": {"SERVER__TRUSTED_PROXIES": '["0.0.0.0/0"]'},
    "egress-inside": {"EGRESS__ALLOWED_NETWORKS": '["169.254.169.254"]'},
    "limits-off": {"LIMITS__ENABLED": "false"},
    "redis-unverified": {"REDIS_URL": "rediss://127.0.0.1/0?ssl_cert_reqs=none"},
}


@pytest.fixture
def prod_cli(lite_cli: Cli, tmp_path: Path) -> Cli:
    """Runs commands on an installation of the ``prod`` profile that may start."""
    create_kek_file(tmp_path / "keys/kek")
    os.environ |= {
        "AUTHGATE_PROFILE": "prod",
        "AUTHGATE_BASE_URL": "https://login.example.com",
        "AUTHGATE_KEYS__KEK_FILE": str(tmp_path / "keys/kek"),
        "AUTHGATE_SERVER__PORT": str(free_port()),
        "AUTHGATE_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    return lite_cli


def spoil(case: dict[str, str]) -> None:
    """Set what production refuses."""
    os.environ |= {f"AUTHGATE_{name}": value for name, value in case.items()}


def refuses(cli: Cli, program: str, code: str) -> None:
    """The command ends at once, with one line that holds the reason and the cure."""
    ended = cli(program)
    assert ended.code == 6
    assert ended.out == ""
    assert ended.err.startswith(f"authgate: The prod profile refuses {code}: ")
    assert ended.err.count("\n") == 1
    assert "hunter2" not in ended.err


@pytest.mark.parametrize("code", CASES | KEK_CASES)
@pytest.mark.parametrize("program", ["serve", "worker", "beat"])
def test_what_is_dangerous_is_not_started(prod_cli: Cli, program: str, code: str) -> None:
    spoil((CASES | KEK_CASES)[code])
    refuses(prod_cli, program, code)


@pytest.mark.parametrize("code", CASES)
def test_the_database_of_what_is_dangerous_is_not_migrated(prod_cli: Cli, code: str) -> None:
    spoil(CASES[code])
    refuses(prod_cli, "migrate", code)


@pytest.mark.parametrize("code", KEK_CASES)
def test_migrations_need_no_key(prod_cli: Cli, code: str) -> None:
    spoil(KEK_CASES[code])
    assert prod_cli("migrate").code == 0


@pytest.mark.parametrize("program", ["serve", "worker", "beat"])
def test_a_key_that_others_may_read_is_not_used(
    prod_cli: Cli, tmp_path: Path, program: str
) -> None:
    (tmp_path / "keys/kek").chmod(0o644)
    refuses(prod_cli, program, "kek-exposed")


@pytest.mark.parametrize("program", ["serve", "worker", "beat"])
def test_the_key_that_development_makes_up_is_not_used(
    prod_cli: Cli, tmp_path: Path, program: str
) -> None:
    del os.environ["AUTHGATE_KEYS__KEK_FILE"]
    assert (tmp_path / ".authgate/kek").exists()
    refuses(prod_cli, program, "kek-embedded")


def test_no_key_is_made_up(prod_cli: Cli, tmp_path: Path) -> None:
    del os.environ["AUTHGATE_KEYS__KEK_FILE"]
    (tmp_path / ".authgate/kek").unlink()
    refuses(prod_cli, "serve", "kek-missing")
    assert not (tmp_path / ".authgate/kek").exists()


def test_one_line_tells_how_much_more_is_refused(prod_cli: Cli) -> None:
    spoil(CASES["limits-off"] | CASES["debug-logs"] | CASES["plain-http"])
    ended = prod_cli("serve")
    assert ended.err.startswith("authgate: The prod profile refuses plain-http: ")
    assert ended.err.endswith(" authgate doctor tells of 2 more.\n")


@pytest.mark.parametrize("code", CASES)
def test_a_developer_may_do_all_of_it(lite_cli: Cli, code: str) -> None:
    spoil(CASES[code])
    assert lite_cli("migrate").code == 0


async def test_a_server_that_is_started_in_another_way_is_held_to_the_same(
    sqlite_settings: DatabaseSettings, tmp_path: Path
) -> None:
    create_kek_file(tmp_path / "kek")
    settings = Settings(
        profile="prod",
        base_url="https://login.example.com",
        database=sqlite_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        metrics_token=SecretStr("changeme"),
    )
    with pytest.raises(UnfitForProduction, match="placeholder-secret"):
        async with serving(settings, clock=utc_now):
            raise AssertionError
