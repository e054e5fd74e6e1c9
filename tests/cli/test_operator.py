"""Commands over the operator API: what operators do who are not at the machine."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from authgate import installation, provisioning
from authgate.api.access import Caller
from authgate.api.router import Route, Router
from authgate.cli.doors.apis import OPERATOR
from authgate.cli.sign_in import sign_ins
from authgate.cli.sign_in.login import CLIENT
from authgate.operator.catalogue import OPERATIONS
from authgate.permissions import UserRole
from authgate.settings import DatabaseSettings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people import users
from authgate.web.machine import MachineRequest, Reply
from authgate_tenants import use_tenant
from authgate_testing.command import Cli
from authgate_testing.live import DEVICE_GRANT, PASSWORD, Host, host

OPS = "ops"
PERSON = ("--headless", "--username", "mira.halvorsen", "--password-stdin")
_TENANT = "$tenant"
"""Stands for another tenant by each door."""

SCRIPT = (
    (0, "create", _TENANT, "--owner", "nora", "--owner-email", "nora@x.example", "--json"),
    (5, "create", _TENANT, "--owner", "nora"),
    (2, "create", "login", "--owner", "nora"),
    (0, "tenants", "--search", _TENANT),
    (0, "tenants", "--search", _TENANT, "--by-name", "--status", "active", "--json"),
    (0, "tenants", "--host", "nobody.example"),
    (2, "tenants", "--status", "sleeping"),
    (0, "show", _TENANT, "--json"),
    (3, "show", "nobody"),
    (0, "rename", _TENANT, "Acme & Sons"),
    (0, "plans"),
    (0, "set-plan", "team", "clients=50"),
    (0, "set-plan", "team", "clients=60"),
    (0, "show-plan", "team", "--json"),
    (0, "give-plan", _TENANT, "team"),
    (5, "remove-plan", "team"),
    (2, "give-plan", _TENANT, "no-such"),
    (0, "overview", "--span", "7d", "--json"),
    (2, "overview", "--span", "1y"),
    (0, "usage", _TENANT),
    (0, "usage", _TENANT, "--days", "7", "--json"),
    (0, "health", _TENANT),
    (0, "export-usage", "--since", "2020-01-01", "--to", "2020-01-02", "--csv"),
    (0, "export-statements", "2020-01"),
    (3, "statement", _TENANT, "2020-01"),
    (0, "statement-keys"),
    (0, "suspend", _TENANT),
    (0, "suspend", _TENANT),
    (0, "resume", _TENANT),
    (5, "restore", _TENANT),
    (2, "delete", _TENANT, "--confirm", "other"),
    (0, "delete", _TENANT, "--confirm", _TENANT),
    (5, "resume", _TENANT),
    (0, "deletions", "--json"),
    (0, "restore", _TENANT),
    (5, "suspend", OPS),
    (5, "delete", OPS, "--confirm", OPS),
    (0, "invite", "ada@lovelace.example"),
    (2, "invite", "ada@lovelace"),
    (0, "invitations", "--json"),
    (3, "withdraw-invitation", "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc"),
    (0, "announce", "Nobody can sign in on Sunday.", "--hours", "2", "--urgent"),
    (2, "announce", "x", "--hours", "9999"),
    (0, "announcements", "--json"),
    (3, "end-announcement", "01930000-0000-7000-8000-000000000009"),
    (0, "imports", "--json"),
    (2, "import", __file__),
    (3, "forget-import", "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc"),
    (0, "system"),
    (0, "system", "--json"),
)
"""How each ends, and what is typed."""


@pytest.fixture(scope="module")
def operated(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A server with operators."""
    folder = tmp_path_factory.mktemp("operated")
    path = shutil.copy(sqlite_template, folder / "authgate.db")
    database = DatabaseSettings(url=SecretStr(f"sqlite://{path}"))
    operating = {"AUTHGATE_OPERATOR_TENANT": OPS, "AUTHGATE_SIGN_UP__MODE": "invitation"}
    with host(database, folder, operating) as serving:
        asyncio.run(_founded(serving))
        yield serving


async def _founded(serving: Host) -> None:
    await serving.tenant(OPS)
    async with installation.opened(serving.settings) as parts:
        tenant = await parts.resolver.find(OPS)
        assert tenant is not None
        with use_tenant(tenant):
            mira = await users.find_by_login("mira.halvorsen")
            assert mira is not None
            await users.set_role(mira.id, UserRole.OWNER)
            await provisioning.add_client(
                parts,
                ClientDraft(
                    name="AuthGate CLI",
                    client_id=CLIENT,
                    public=True,
                    grant_types=[DEVICE_GRANT, "refresh_token"],
                    scopes=["openid", "profile", "email", "offline_access", *OPERATOR.scopes],
                ),
            )


@pytest.fixture
def at_the_machine(command: Cli, operated: Host) -> Cli:
    """With the installation's settings."""
    chosen = operated.settings
    os.environ["AUTHGATE_DATABASE__URL"] = chosen.database.url.get_secret_value()
    os.environ["AUTHGATE_KEYS__KEK_FILE"] = str(chosen.keys.kek_file)
    os.environ["AUTHGATE_BASE_URL"] = str(chosen.base_url)
    os.environ["AUTHGATE_OPERATOR_TENANT"] = OPS
    os.environ["AUTHGATE_SIGN_UP__MODE"] = "invitation"
    return command


def typed(words: tuple[str, ...], slug: str) -> list[str]:
    return [slug if each == _TENANT else each for each in words]


def test_every_command_ends_the_same_by_either_door_and_every_operation_has_one(
    at_the_machine: Cli, operated: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = f"{operated.base_url}/t/{OPS}"
    login = at_the_machine("login", issuer, "--operator", *PERSON, stdin=f"{PASSWORD}\n")
    assert login.code == 0, login.err
    performed: set[str] = set()
    perform = Router.perform

    async def note(self: Router, route: Route, caller: Caller, request: MachineRequest) -> Reply:
        performed.add(route.operation.name)
        return await perform(self, route, caller, request)

    monkeypatch.setattr(Router, "perform", note)
    for code, *words in SCRIPT:
        local = at_the_machine("operator", *typed((*words,), "here"), "-t", OPS)
        remote = at_the_machine("operator", *typed((*words,), "there"))
        assert (local.code, remote.code) == (code, code), (words, local.err, remote.err)
    come_in_and_go(at_the_machine)
    without_command = {each.name for each in OPERATIONS} - performed
    # The first is asked for below, the others where a file is read in: not with SQLite.
    of_files = {"read_import", "send_import_piece", "start_import"}
    assert without_command == {"read_tenant_deletion"} | of_files


def test_tenants_without_a_statement_are_named(at_the_machine: Cli) -> None:
    told = at_the_machine("operator", "export-statements", "2020-01", "-t", OPS)
    assert told.code == 0, told.err
    assert "No statement of 2020-01: " in told.err
    assert OPS in told.err


def come_in_and_go(cli: Cli) -> None:
    """What a person does alone, and the machine does not."""
    wanted = ("--reason", "Ticket 4711", "--role", "admin", "--hours", "2")
    assert cli("operator", "ask", "here", *wanted, "-t", OPS).code == 5, "it is nobody's guest"
    asked = cli("operator", "ask", "here", *wanted, "--emergency", "--json")
    assert asked.code == 0, asked.err
    [listed] = cli("operator", "accesses", "here", "--json", "-t", OPS).data
    assert listed["id"] == asked.data["id"]
    assert cli("operator", "enter", "here", listed["id"], "-t", OPS).code == 5
    entry = cli("operator", "enter", "here", listed["id"])
    assert "/t/here/operator-entry?key=" in entry.out
    assert cli("operator", "leave", "here", listed["id"], "-t", OPS).code == 0
    assert cli("operator", "enter", "here", listed["id"]).code == 5, "it is over"


def test_the_certificate_of_a_tenant_that_is_not_gone_is_not_there_yet(
    at_the_machine: Cli, operated: Host
) -> None:
    assert at_the_machine("operator", "create", "gone", "--owner", "nora", "-t", OPS).code == 0
    deleted = at_the_machine(
        "operator", "delete", "gone", "--confirm", "gone", "-t", OPS, "-o", "json"
    )
    assert deleted.code == 0, deleted.err
    ended = at_the_machine("operator", "certificate", deleted.data["tenant"], "-t", OPS)
    assert ended.code == 3
    assert "waiting" in ended.err


def test_one_person_is_signed_in_to_operate_and_to_administer_side_by_side(
    command: Cli, operated: Host
) -> None:
    issuer = f"{operated.base_url}/t/{OPS}"
    for more in ((), ("--operator",)):
        scope = () if more else ("--scope", "openid profile offline_access")
        ended = command("login", issuer, *more, *scope, *PERSON, stdin=f"{PASSWORD}\n")
        assert ended.code == 0, ended.err
    kept = sign_ins.remembered()
    assert (kept.active, kept.operating) == (issuer, issuer)
    assert len(kept.by_place) == 2
    assert command("operator", "system").code == 0
    assert command("logout").code == 0
    assert sign_ins.remembered().by_place == {}
    assert command("operator", "system").code == 2


def test_another_tenants_slug_opens_no_operators_door(at_the_machine: Cli, operated: Host) -> None:
    asyncio.run(operated.tenant("acme"))
    ended = at_the_machine("operator", "tenants", "-t", "acme")
    assert ended.code == 2
    assert "operator_tenant" in ended.err
