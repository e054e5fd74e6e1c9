"""A tenant as code by HTTP: what a machine of the tenant may, one change after the other."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from authgate import installation, provisioning
from authgate.cli.declaration import commands
from authgate.cli.doors.bearers import SCOPES
from authgate.clock import utc_now
from authgate.permissions import UserRole
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people import users
from authgate_tenants import use_tenant
from authgate_testing.command import Cli
from authgate_testing.live import Host

MACHINE = "as-code"
READER = "reader"
FILE = """\
name: {name}
scopes: [{{name: "orders:read", title: see your orders}}]
clients:
  - {{client_id: orders, name: Orders, grant_types: [client_credentials], scopes: ["orders:read"]}}
address_blocks: [{{network: 203.0.113.0/24}}]
"""


@pytest.fixture(scope="module")
def secrets(live_host: Host) -> dict[str, dict[str, str]]:
    """By tenant, the secrets of a machine that administers it and of one that only sees it."""
    return {slug: asyncio.run(_founded(live_host, slug)) for slug in ("coded", "other-coded")}


async def _founded(host: Host, slug: str) -> dict[str, str]:
    found = {}
    async with installation.opened(host.settings) as parts:
        tenant = await provisioning.add_tenant(parts, slug=slug, name=slug)
        with use_tenant(tenant):
            for client_id, scopes in (
                (MACHINE, SCOPES),
                (READER, [each for each in SCOPES if each.endswith(":read")]),
            ):
                draft = ClientDraft(
                    name=client_id,
                    client_id=client_id,
                    grant_types=["client_credentials"],
                    scopes=list(scopes),
                )
                found[client_id] = (await provisioning.add_client(parts, draft)).secret or ""
            await users.create(
                username="mira", name="Mira", email=None, email_verified=False, password_hash=""
            )
            await users.invite(
                None,
                username="guest",
                name="An operator",
                role=UserRole.AUDITOR,
                until=utc_now() + timedelta(hours=1),
            )
    return found


@pytest.fixture
def machine(command: Cli, live_host: Host, secrets: dict[str, dict[str, str]]) -> Cli:
    """Acts at one tenant, as in continuous integration."""
    be(live_host, "coded", MACHINE, secrets)
    return command


def be(host: Host, slug: str, client_id: str, secrets: dict[str, dict[str, str]]) -> str:
    """Act as a machine; the issuer that it acts at."""
    os.environ["AUTHGATE_ISSUER"] = issuer = f"{host.base_url}/t/{slug}"
    os.environ["AUTHGATE_CLIENT_ID"] = client_id
    os.environ["AUTHGATE_CLIENT_SECRET"] = secrets[slug][client_id]
    return issuer


def file(text: str) -> str:
    Path("tenant.yaml").write_text(text, encoding="utf-8")
    return "tenant.yaml"


def test_by_http_it_goes_on_where_it_stopped_and_writes_over_nothing(
    machine: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = FILE.format(name="One")
    bad = text.replace("grant_types: [client_credentials]", "grant_types: [nothing]")
    ended = machine("tenant", "apply", file(bad), "--yes")
    assert ended.code == 1
    assert "tenant.yaml:4: clients[0].grant_types[0]: There is no such grant here." in ended.err
    assert "2 of 4 changes are done." in ended.err
    assert machine("tenant", "settings", "show", "--json").data["name"] == "One"
    applied = machine("tenant", "apply", file(text), "--yes", "--json")
    assert applied.code == 0, applied.err
    assert [each["section"] for each in applied.data["changes"]] == ["clients", "address_blocks"]
    assert machine("tenant", "plan", "tenant.yaml", "--exit-code").code == 0

    def meanwhile(_: str) -> None:
        assert machine("client", "update", "orders", "--description", "By hand").code == 0

    monkeypatch.setattr(commands, "confirm", meanwhile)
    ended = machine("tenant", "apply", file(text.replace("name: Orders", "name: Shop")))
    assert (ended.code, "clients orders was changed since" in ended.err) == (5, True)
    assert machine("client", "show", "orders", "--json").data["name"] == "Orders"
    pulled = machine("tenant", "pull", "pulled.yaml")
    assert pulled.code == 0, pulled.err
    assert machine("tenant", "plan", "pulled.yaml", "--exit-code").code == 0


def test_by_http_nobody_s_mail_server_or_standing_is_written_over(
    machine: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand = ("mail-server", "set", "--sender", "mail@c.example", "--host")
    server = "mail_server: {host: a.example, sender: mail@a.example}\n"
    for text, named, words in (
        (server, "mail_server", (*by_hand, "b.example")),
        (server, "mail_server", (*by_hand, "c.example")),
        ("users: [{username: mira, role: auditor}]\n", "users mira", ("user", "disable", "mira")),
    ):
        meanwhile: list[int] = []
        monkeypatch.setattr(
            commands,
            "confirm",
            lambda _, words=words, done=meanwhile: done.append(machine(*words).code),
        )
        ended = machine("tenant", "apply", file(text))
        assert (ended.code, f"{named} was changed since" in ended.err) == (5, True), ended.err
        assert meanwhile == [0]
    assert machine("mail-server", "show", "--json").data["host"] == "c.example"
    assert machine("mail-server", "remove", "--yes").code == 0


def test_ti_a_file_of_one_tenant_with_credentials_of_another_touches_nothing_of_it(
    machine: Cli, live_host: Host, secrets: dict[str, dict[str, str]]
) -> None:
    assert machine("tenant", "pull", "coded.yaml").code == 0
    before = Path("coded.yaml").read_text()
    own = os.environ["AUTHGATE_ISSUER"]
    be(live_host, "other-coded", MACHINE, secrets)
    ended = machine("tenant", "apply", "coded.yaml", "--yes")
    assert (ended.code, "The file is for " in ended.err) == (1, True)
    assert machine("tenant", "apply", "coded.yaml", "--issuer", own).code == 4
    lines = [each for each in before.splitlines() if not each.startswith("issuer:")]
    gone = "\n".join(lines).replace("manage:", "manage:\n- clients\n- scopes")
    assert machine("tenant", "apply", file(gone), "--yes").code == 0
    be(live_host, "coded", MACHINE, secrets)
    assert machine("tenant", "pull", "again.yaml").code == 0
    assert Path("again.yaml").read_text() == before


def test_to_see_is_enough_for_a_plan_and_not_for_more(
    machine: Cli, live_host: Host, secrets: dict[str, dict[str, str]]
) -> None:
    be(live_host, "coded", READER, secrets)
    text = file(FILE.format(name="By a reader"))
    assert machine("tenant", "plan", text, "--exit-code").code == 2
    ended = machine("tenant", "apply", text, "--yes")
    assert (ended.code, "authgate:settings:write" in ended.err) == (4, True)
    assert machine("tenant", "plan", text, "--exit-code").code == 2


def test_operators_who_are_guests_are_not_the_file_s_to_send_away(machine: Cli) -> None:
    assert machine("user", "list", "--role", "auditor", "--json").data[0]["username"] == "guest"
    everybody = file("manage: [users]\nusers: []\n")
    assert machine("tenant", "plan", everybody, "--exit-code").code == 0
    assert "guest" not in machine("tenant", "pull").out


def test_nobody_removes_the_client_that_they_act_by(machine: Cli) -> None:
    ended = machine("tenant", "apply", file("manage: [clients]\nclients: []\n"), "--yes")
    assert (ended.code, f"{MACHINE} is the client that you act by" in ended.err) == (5, True)
    assert machine("client", "show", READER).code == 0
