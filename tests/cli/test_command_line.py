"""What holds for every command."""

import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer
from pydantic import SecretStr

from authgate.cli import command_line
from authgate.oauth.grants import (
    authorization_code,
    client_credentials,
    device_code,
    jwt_bearer,
    refresh_token,
    token_exchange,
)
from authgate.settings import DatabaseSettings
from authgate.tokens.grant_names import GRANTS
from authgate_testing import PostgresServer
from authgate_testing.command import Cli, Use
from authgate_testing.migrations import MIGRATIONS

AUTHGATE = (sys.executable, "-m", "authgate")

pytestmark = pytest.mark.usefixtures("started_as_ever")


def commands() -> Iterator[tuple[str, ...]]:
    """Every command, and every one below it."""
    for name in command_line.COMMANDS:
        yield (name,)
        program = typer.main.get_command(command_line._program([name]))
        noun = program.commands[name]  # type: ignore[attr-defined]  # it is a group
        for verb in getattr(noun, "commands", ()):
            yield (name, verb)


def test_without_words_it_tells_which_commands_there_are(command: Cli) -> None:
    ended = command()
    assert ended.code == 0
    assert {"serve", "demo", "login", "tenant", "doctor"} <= set(ended.out.split())


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_says_what_it_is_for(command: Cli, words: tuple[str, ...]) -> None:
    ended = command(*words, "--help")
    assert ended.code == 0
    assert f"Usage: authgate {' '.join(words)}" in ended.out


def test_every_command_has_an_example_that_it_takes(reference: ModuleType) -> None:
    for path, described in reference.every_command():
        begin, _, example = (described.epilog or "").partition("authgate ")
        assert begin == "Example: ", path
        words = shlex.split(example)
        assert words[: path.count(" ") + 1] == path.split(), path
        described.make_context(path, words[path.count(" ") + 1 :])


def test_the_version_is_told(command: Cli) -> None:
    ended = command("version", "-o", "json")
    assert set(ended.data) == {"authgate", "python"}


def test_the_version_is_told_in_a_moment(tmp_path: Path) -> None:
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*AUTHGATE, "version"], cwd=tmp_path, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.3


def test_a_command_imports_no_other_command_s_needs(tmp_path: Path) -> None:
    told = "from authgate.cli import command_line as c; c.run(['version'])"
    asked = "import sys; print({'tortoise', 'quart', 'pydantic_settings'} & set(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", f"{told}; {asked}"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.stdout.endswith("set()\n")


def test_what_asks_a_server_elsewhere_waits_for_nothing_of_the_server_s(tmp_path: Path) -> None:
    nouns = ("client", "scope", "token", "authorization", "user", "api", "login", "logout",
             "whoami", "operator")  # fmt: skip
    told = "import authgate.cli.doors.remote"
    told += f"; [command_line.run([each, '--help']) for each in {nouns}]"
    heavy = {"tortoise", "quart", "pydantic_settings", "authgate.storage"}
    heavy |= {"authgate.admin", "authgate.operator"}
    asked = f"import sys; print({heavy} & set(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", f"from authgate.cli import command_line; {told}; {asked}"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.stdout.endswith("set()\n")


def test_every_grant_has_a_name_that_is_typed() -> None:
    grants = (authorization_code, client_credentials, device_code, jwt_bearer, refresh_token,
              token_exchange)  # fmt: skip
    declared = {
        getattr(each, "grant_type", None)
        for module in grants
        for each in vars(module).values()
        if isinstance(each, type)
    }
    assert set(GRANTS.values()) == {each for each in declared if isinstance(each, str)}


def test_a_shell_is_told_how_a_command_goes_on(tmp_path: Path) -> None:
    # In bash itself: what it asks is in the script that it is given.
    offered = {
        "authgate comp": "completion",
        "authgate client re": "reject revoke-tokens registration-token",
        "authgate client list --status p": "pending",
    }
    script = f'PATH="{Path(sys.executable).parent}:$PATH"; source <(authgate completion bash);'
    for typed in offered:
        script += (
            f" COMP_WORDS=({typed}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ));"
            ' _authgate_completion authgate; echo "${COMPREPLY[*]}";'
        )
    told = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert told.stdout.splitlines() == list(offered.values()), told.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tennant", "list"], "No such command 'tennant'. Did you mean 'tenant'?"),
        (["tenant", "crate"], "No such command 'crate'. Did you mean 'create'?"),
        (["tenant"], "Missing command."),
        (
            ["tenant", "create"],
            "Missing argument 'slug'. authgate tenant create --help tells more.",
        ),
        (["connection", "list"], "Which tenant? Sign in with authgate login ISSUER, or name one"),
        (["client", "list"], "Which tenant? Sign in with authgate login ISSUER, or name one"),
        (["tenant", "list", "--colour"], "No such option: --colour"),
        (["tenant", "list", "-o", "xml"], "Invalid value for '--output' / '-o'"),
        (["serve", "--port", "70000"], "Invalid value for '--port'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_refused_in_one_line(
    command: Cli, words: list[str], said: str
) -> None:
    ended = command(*words)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith(f"authgate: {said}")
    assert ended.err.count("\n") == 1


def test_settings_that_do_not_fit_are_named_without_their_values(command: Cli) -> None:
    os.environ["AUTHGATE_DATABASE__URL"] = "mysql://root:hunter2@db/authgate"
    os.environ["AUTHGATE_SERVER__PORT"] = "many"
    ended = command("tenant", "list")
    assert ended.code == 2
    assert "database.url: must begin with sqlite:// or postgres://" in ended.err
    assert "server.port: " in ended.err
    assert "hunter2" not in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("toml", "said"),
    [("databse = 1\n", "databse: Extra inputs"), ("= 1\n", "authgate.toml: Invalid statement")],
)
def test_a_file_of_settings_that_does_not_fit_is_refused(
    command: Cli, tmp_path: Path, toml: str, said: str
) -> None:
    (tmp_path / "authgate.toml").write_text(toml)
    ended = command("tenant", "list")
    assert ended.code == 2
    assert said in ended.err


def test_an_unmigrated_database_is_refused_with_the_cure(command: Cli) -> None:
    ended = command("tenant", "list")
    assert ended.code == 6
    assert ended.err == (
        f"authgate: The database lacks {len(MIGRATIONS)} migrations: run authgate migrate.\n"
    )


def test_a_database_that_is_away_is_told_in_one_line(command: Cli, use: Use) -> None:
    use(DatabaseSettings(url=SecretStr("postgres://authgate:hunter2@127.0.0.1:1/authgate")))
    ended = command("tenant", "list")
    assert ended.code == 6
    assert ended.err.startswith("authgate: The database cannot be reached: ")
    assert "hunter2" not in ended.err
    assert ended.err.count("\n") == 1


def test_a_weak_key_encryption_key_is_refused(lite_cli: Cli) -> None:
    os.environ["AUTHGATE_KEYS__KEK"] = "changeme"
    ended = lite_cli("tenant", "list")
    assert ended.code == 6
    assert "placeholder" in ended.err


def test_a_database_without_its_walls_is_refused(
    command: Cli,
    use: Use,
    postgres_settings_of_own: DatabaseSettings,
    postgres: PostgresServer,
) -> None:
    use(postgres_settings_of_own)
    database = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    postgres.execute("ALTER TABLE users NO FORCE ROW LEVEL SECURITY", database=database)
    ended = command("tenant", "list")
    assert ended.code == 6
    assert ended.err == "authgate: No row-level security on users: run authgate migrate.\n"


def test_a_role_that_could_see_past_the_walls_is_refused(
    command: Cli,
    use: Use,
    postgres_settings_of_own: DatabaseSettings,
) -> None:
    owner = postgres_settings_of_own.owner_url
    assert owner is not None
    use(DatabaseSettings(url=owner))
    ended = command("tenant", "list")
    assert ended.code == 6
    assert "may bypass row-level security, or owns tables" in ended.err


def test_a_login_that_postgresql_refuses_is_told(
    command: Cli, use: Use, postgres: PostgresServer
) -> None:
    use(DatabaseSettings(url=SecretStr(postgres.dsn("authgate_nowhere", user="nobody_at_all"))))
    ended = command("tenant", "list")
    assert ended.code == 6
    assert ended.err.startswith("authgate: PostgreSQL refuses database.url")


def test_a_bug_is_no_expected_failure(command: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("authgate.cli.version.show", broken)
    with pytest.raises(ZeroDivisionError):
        command("version")
