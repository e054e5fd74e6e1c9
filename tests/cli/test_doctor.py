"""``authgate doctor``: each thing that can be wrong is found, with its cure."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from authgate.settings import DatabaseSettings
from authgate_testing import PostgresServer
from authgate_testing.command import Cli, Ended, Use
from authgate_testing.processes import free_port


def found(ended: Ended) -> dict[str, tuple[str, str]]:
    """What was looked at, with the verdict and what was found."""
    return {each["what"]: (each["verdict"], each["result"]) for each in ended.data}


@pytest.fixture
def nobody_serves() -> None:
    """An address at which nobody answers."""
    port = str(free_port())
    os.environ["AUTHGATE_SERVER__PORT"] = port
    os.environ["AUTHGATE_BASE_URL"] = f"http://localhost:{port}"


@pytest.mark.usefixtures("nobody_serves")
def test_a_well_installation_is_well(acme_cli: Cli) -> None:
    ended = acme_cli("doctor", "--json")
    assert ended.code == 0
    verdicts = {what: verdict for what, (verdict, _) in found(ended).items()}
    assert verdicts.pop("issuer") == "warning"  # nobody serves
    assert set(verdicts.values()) == {"ok"}
    assert {"settings", "address", "database", "redis", "signing keys"} <= set(verdicts)


@pytest.mark.usefixtures("nobody_serves")
def test_each_line_says_what_was_found_and_the_next_how_to_mend_it(lite_cli: Cli) -> None:
    ended = lite_cli("doctor")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("✓ settings ")
    assert lines[-2].startswith("! issuer ")
    assert lines[-1].strip() == "→ Start it: authgate serve."


def test_nothing_is_made_by_looking(command: Cli, tmp_path: Path) -> None:
    ended = command("doctor", "-o", "json")
    assert ended.code == 6
    assert found(ended)["database"] == ("problem", ".authgate/authgate.db does not exist yet")
    assert list(tmp_path.iterdir()) == []


def test_misspelt_settings_are_named_with_the_nearest_right_one(
    command: Cli, tmp_path: Path
) -> None:
    os.environ["AUTHGATE_DATABSE__URL"] = "postgres://hunter2@db/authgate"
    os.environ["AUTHGATE_SERVER__PROT"] = "1"
    (tmp_path / "authgate.toml").write_text("[limits]\nlogin_per_pi = '1/s burst 1'\n")
    ended = command("doctor", "-o", "json")
    assert ended.code == 6
    assert [(each["result"].split()[0], each["cure"]) for each in ended.data] == [
        ("AUTHGATE_DATABSE__URL", "Did you mean AUTHGATE_DATABASE__URL?"),
        ("AUTHGATE_SERVER__PROT", "Did you mean AUTHGATE_SERVER__PORT?"),
        ("limits.login_per_pi", "Did you mean limits.login_per_ip?"),
    ]
    assert "hunter2" not in ended.out


def test_an_unknown_setting_is_a_problem_even_where_all_else_is_well(lite_cli: Cli) -> None:
    os.environ["AUTHGATE_QWERTYUIOP"] = "1"
    ended = lite_cli("doctor", "-o", "json")
    assert ended.code == 6
    assert ended.data[0]["cure"] == "Remove it."


@pytest.mark.parametrize(
    ("toml", "what", "result"),
    [
        ("[server]\nport = 'many'\n", "setting server.port", "Input should be a valid integer"),
        ("profile = 'prod'\n", "settings", "base_url must be https in the prod profile"),
        ("[server\n", "settings", "Expected ']'"),
    ],
    ids=["value", "together", "form"],
)
def test_settings_that_do_not_fit_are_found(
    command: Cli, tmp_path: Path, toml: str, what: str, result: str
) -> None:
    (tmp_path / "authgate.toml").write_text(toml)
    ended = command("doctor", "-o", "json")
    assert ended.code == 6
    verdict, said = found(ended)[what]
    assert verdict == "problem"
    assert said.startswith(result)


@pytest.mark.parametrize(
    ("variable", "value", "what", "verdict", "said"),
    [
        ("BASE_URL", "http://login.example.com", "address", "problem", "travel in the clear"),
        ("BASE_URL", "https://login.example.com", "address", "ok", "https://"),
        ("BASE_URL", "http://localhost:9999", "address", "warning", "listens on port 8080"),
        ("KEYS__KEK", "changeme", "key encryption", "problem", "placeholder"),
        ("REDIS_URL", "redis://127.0.0.1:1", "redis", "problem", "cannot be reached"),
        ("REDIS_URL", "http://127.0.0.1", "redis", "problem", "cannot be reached"),
    ],
)
def test_what_one_setting_can_spoil_is_found(
    lite_cli: Cli, variable: str, value: str, what: str, verdict: str, said: str
) -> None:
    os.environ[f"AUTHGATE_{variable}"] = value
    ended = lite_cli("doctor", "-o", "json")
    assert found(ended)[what][0] == verdict
    assert said in found(ended)[what][1]
    assert ended.code == (6 if verdict == "problem" else 0)


def test_redis_that_answers_is_well(lite_cli: Cli, redis_url: str) -> None:
    os.environ["AUTHGATE_REDIS_URL"] = redis_url
    assert found(lite_cli("doctor", "-o", "json"))["redis"] == ("ok", "answers")


def test_several_workers_without_redis_are_warned_of(
    command: Cli, use: Use, postgres_settings_of_own: DatabaseSettings
) -> None:
    use(postgres_settings_of_own)
    os.environ["AUTHGATE_SERVER__WORKERS"] = "4"
    verdict, said = found(command("doctor", "-o", "json"))["processes"]
    assert verdict == "warning"
    assert "without Redis" in said


def test_a_key_file_that_others_may_read_is_found(lite_cli: Cli, tmp_path: Path) -> None:
    (tmp_path / ".authgate/kek").chmod(0o644)
    ended = lite_cli("doctor", "-o", "json")
    assert ended.code == 6
    assert "can be read by other users" in found(ended)["key encryption"][1]


def test_another_key_encryption_key_than_the_one_that_sealed_is_found(
    lite_cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / ".authgate/kek").unlink()
    assert lite_cli("tenant", "list").code == 0  # makes another one
    ended = lite_cli("doctor", "-o", "json")
    assert ended.code == 6
    assert "do not open" in found(ended)["signing keys"][1]


def test_a_database_that_is_away_is_found(command: Cli, use: Use) -> None:
    use(DatabaseSettings(url=SecretStr("postgres://app:hunter2@127.0.0.1:1/authgate")))
    ended = command("doctor", "-o", "json")
    assert ended.code == 6
    assert found(ended)["database"][1].startswith("The database cannot be reached")
    assert "hunter2" not in ended.out


def test_pending_migrations_are_found(acme_cli: Cli) -> None:
    acme_cli("migrate", "--target", "0002_walls")
    ended = acme_cli("doctor", "-o", "json")
    assert ended.code == 6
    assert "lacks 1 migration" in found(ended)["database"][1]


def test_a_hole_in_the_walls_is_found(
    command: Cli, use: Use, postgres_settings_of_own: DatabaseSettings, postgres: PostgresServer
) -> None:
    use(postgres_settings_of_own)
    database = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    postgres.execute("DROP POLICY tenant_isolation ON tokens", database=database)
    ended = command("doctor", "-o", "json")
    assert ended.code == 6
    assert "No row-level security on tokens" in found(ended)["database"][1]


def test_an_old_signing_key_is_warned_of(
    command: Cli, use: Use, postgres_settings_of_own: DatabaseSettings, postgres: PostgresServer
) -> None:
    use(postgres_settings_of_own)
    command("tenant", "create", "acme")
    database = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    postgres.execute(
        "UPDATE signing_keys SET activated_at = activated_at - interval '400 days'",
        database=database,
    )
    verdict, said = found(command("doctor", "-o", "json"))["signing keys"]
    assert (verdict, said) == ("warning", "acme signs with one that is 400 days old")


def test_an_installation_without_tenants_is_told_how_to_go_on(cli: Cli) -> None:
    assert cli("tenant", "list").code == 0
    ended = cli("doctor", "-o", "json")
    assert ended.code == 0
    assert ended.data[-1]["cure"] == "Run authgate tenant create SLUG."
