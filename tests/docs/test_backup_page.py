"""What docs/backup.md prints is run here: whoever follows it has their installation back."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx2
import pytest

from authgate import installation, provisioning
from authgate.accounts.passwords import Passwords
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.migrate import migrate
from authgate_tenants import use_tenant
from authgate_tenants.key_encryption import create_kek_file
from authgate_testing.guarded_postgres import GuardedPostgres, guarded_postgres_running
from authgate_testing.installed import Installed, environment
from authgate_testing.pages import commands, section
from authgate_testing.person import Person
from authgate_testing.processes import free_port
from authgate_testing.programs import find

PASSWORD = "correct-horse-battery-staple"  # of somebody who exists in tests only


@dataclass(frozen=True, slots=True)
class Move:
    """An installation, the place where it comes back, and the commands for its database."""

    name: str
    """Of the database, in the page's headings."""

    number: int
    """Of its commands where one section has those of both."""

    page: str
    before: Installed
    after: Installed
    words: dict[str, str]
    """What the page has names for, as it is called here."""

    passwords: Path
    secret_files: tuple[str, ...]

    def follow(self, heading: str, place: Installed, *, number: int = 0, **words: str) -> str:
        """Run the commands of a section as an operator would; what they print."""
        script = commands(section(self.page, heading))[number]
        for old, new in (self.words | words).items():
            script = script.replace(old, new)
        given = environment(place.variables | place.owners)
        programs = (Path(sys.executable).parent, find("psql", package="postgresql-client").parent)
        given["PATH"] = os.pathsep.join([*map(str, programs), given["PATH"]])
        given["PGPASSFILE"] = str(self.passwords)
        ended = subprocess.run(
            ["sh", "-euc", script],
            env=given, cwd=place.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def follow_at_home(self, heading: str, *, number: int) -> str:
        """The same with the server where the installation is, which the page calls the new one."""
        here = {"new.example.com": self.words["db.example.com"]}
        return self.follow(heading, self.before, number=number, **here)

    def carry(self, *patterns: str) -> None:
        """Bring files from the one place to the other."""
        for file in (each for pattern in patterns for each in self.before.folder.glob(pattern)):
            to = self.after.folder / file.relative_to(self.before.folder)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, to)


@pytest.fixture
def page(repository: Path) -> str:
    """The page."""
    return (repository / "docs/backup.md").read_text()


@pytest.fixture
def on_sqlite(page: str, tmp_path: Path) -> Move:
    """From one folder to another."""
    port = str(free_port())
    variables = {"SERVER__PORT": port, "BASE_URL": f"http://localhost:{port}"}
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
    words = {
        "db.example.com": "",
        "$(date +%F)": f"{date.today():%F}",  # noqa: DTZ011 - of this machine, as the shell's
    }
    return Move(
        "SQLite", 0, page, Installed(before, variables), Installed(after, variables), words,
        tmp_path / "pgpass", ("backups/*.db", ".authgate/kek"),
    )  # fmt: skip


@pytest.fixture
def on_postgresql(
    page: str, repository: Path, tmp_path: Path, guarded_postgres: GuardedPostgres
) -> Iterator[Move]:
    """From one server to another, on which there is nothing yet."""
    with guarded_postgres_running() as fresh:
        guarded_postgres.server.execute("CREATE DATABASE authgate OWNER authgate_owner")
        port = str(free_port())
        before = _on(guarded_postgres, tmp_path / "before", port)
        after = _on(fresh, tmp_path / "after", port)
        passwords = tmp_path / "pgpass"
        passwords.write_text(
            "".join(
                f"127.0.0.1:{each.server.port}:*:{role}:{each.password}\n"
                for each in (guarded_postgres, fresh)
                for role in ("authgate_backup", "authgate_owner")
            )
        )
        passwords.chmod(0o600)
        words = {
            "db.example.com": f"127.0.0.1 --port={guarded_postgres.server.port}",
            "new.example.com": f"127.0.0.1 --port={fresh.server.port}",
            "BACKUP_PASSWORD=…": f"BACKUP_PASSWORD={guarded_postgres.password}",
            "OWNER_PASSWORD=…": f"OWNER_PASSWORD={fresh.password}",
            "--file=deploy": f"--file={repository}/deploy",
            "$(date +%F)": f"{date.today():%F}",  # noqa: DTZ011 - as above
        }
        yield Move("PostgreSQL", 1, page, before, after, words, passwords, ("*.dump", "kek"))
        guarded_postgres.server.drop_database("authgate")
        guarded_postgres.server.drop_database("authgate_broken")


def _on(server: GuardedPostgres, folder: Path, port: str) -> Installed:
    folder.mkdir()
    for name, role in (("database_url", "authgate"), ("owner_url", "authgate_owner")):
        file = folder / name
        file.write_text(server.url("authgate", role).get_secret_value())
        file.chmod(0o600)
    variables = {
        "SERVER__PORT": port,
        "BASE_URL": f"http://localhost:{port}",
        "DATABASE__URL_FILE": "database_url",
        "KEYS__KEK_FILE": "kek",
    }
    return Installed(folder, variables, {"DATABASE__OWNER_URL_FILE": "owner_url"})


@pytest.fixture(params=["on_sqlite", "on_postgresql"])
async def move(request: pytest.FixtureRequest) -> Move:
    """Each of them, installed and with a tenant, a machine and a person."""
    made: Move = request.getfixturevalue(request.param)
    if made.name == "PostgreSQL":
        made.follow("A role that sees all rows", made.before)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made.before.folder)
        for name, value in environment(made.before.variables | made.before.owners).items():
            patch.setenv(name, value)
        made.words["SECRET"] = await _furnished(Settings())
    return made


async def _furnished(settings: Settings) -> str:
    """Make what is to come back; the machine's secret."""
    await migrate(settings.database)
    async with installation.opened(settings) as parts:
        with use_tenant(await provisioning.add_tenant(parts, slug="acme", name="Acme")):
            passwords = Passwords(threads=1)
            await provisioning.add_user(passwords, username="alice", password=PASSWORD)
            passwords.close()
            machine = await provisioning.add_client(
                parts,
                ClientDraft(
                    name="Nightly",
                    client_id="nightly",
                    grant_types=["client_credentials"],
                    scopes=["read"],
                ),
            )
    assert machine.secret is not None
    return machine.secret


async def _token(http: httpx2.AsyncClient, secret: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": "nightly", "client_secret": secret}
    answer = await http.post("/t/acme/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


async def _is_believed(http: httpx2.AsyncClient, token: str) -> bool:
    answer = await http.get("/t/acme/oauth/tokeninfo", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code == 200


async def _jwks(http: httpx2.AsyncClient) -> object:
    return (await http.get("/t/acme/.well-known/jwks.json")).json()


async def _signs_in(http: httpx2.AsyncClient) -> bool:
    answer = await Person(http).sign_in("/t/acme", "alice", PASSWORD)
    return str(answer.url).endswith("/account/sessions")


def _active_key(place: Installed) -> str:
    keys = json.loads(place.run("keys", "list", "--tenant", "acme", "-o", "json").stdout)
    [active] = [key["kid"] for key in keys if key["state"] == "active"]
    return str(active)


async def test_an_installation_comes_back_from_its_backup(move: Move) -> None:
    before, after = move.before, move.after
    with before.running("serve"):
        before.answers()
        async with httpx2.AsyncClient(base_url=before.variables["BASE_URL"]) as http:
            token, jwks = await _token(http, move.words["SECRET"]), await _jwks(http)
        move.follow(f"Back up {move.name}", before)
        assert "acme" in move.follow_at_home("Try it", number=move.number)
    _wreck(move)

    move.follow(f"Restore {move.name}", after)
    with after.running("serve"):
        after.answers()
        after.becomes_well()
        async with httpx2.AsyncClient(base_url=after.variables["BASE_URL"]) as http:
            assert await _is_believed(http, token)
            assert await _jwks(http) == jwks
            assert await _signs_in(http)
            assert await _is_believed(http, await _token(http, move.words["SECRET"]))
            move.follow("After a restore", after, KID=_active_key(after))
            until = time.monotonic() + 20
            while await _is_believed(http, token):
                assert time.monotonic() < until
                await asyncio.sleep(0.2)


def _wreck(move: Move) -> None:
    """Nothing is left but what was carried away."""
    move.carry(*move.secret_files)
    if move.name == "PostgreSQL":
        move.follow("Restore PostgreSQL", move.before, number=1)
    shutil.rmtree(move.before.folder)


def test_without_its_key_an_installation_begins_anew_with_its_people(move: Move) -> None:
    place = move.before
    kek = place.folder / place.variables.get("KEYS__KEK_FILE", ".authgate/kek")
    kek.unlink()
    create_kek_file(kek)
    refused = place.run("keys", "rotate", "--now", "--tenant", "acme")
    assert refused.returncode == 6
    assert "AUTHGATE_KEYS__RETIRED_KEKS" in refused.stderr
    move.follow_at_home("Without the key", number=1 - move.number)
    said = json.loads(place.run("doctor", "-o", "json").stdout)
    wrong = {each["code"] for each in said if each["severity"] != "ok"}
    assert wrong == {"issuer-silent"}
    assert "alice" in place.run("user", "list", "--tenant", "acme").stdout
