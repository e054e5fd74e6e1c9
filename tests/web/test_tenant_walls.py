"""Two tenants behind the same doors: names, ids, events and secrets stay whose they are."""

import time
from typing import Any
from uuid import UUID

import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_tenants.lifecycle import SlugTaken
from authgate_tenants.resolver import BadSlug
from authgate_testing import PostgresServer
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.ledger import Ledger, at_rest
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.wiretap import Wiretap

PASSWORD = "correct-horse-battery-staple"
TRICKS = [
    "..",
    ".",
    "%2e%2e",
    "a%00",
    "a\0",
    "A",
    "Acme",
    "acme ",
    "acme.",
    "-acme",
    "acme-",
    "a_b",
    "a;b",
    "a\r\nb",
    "a%0d%0a",
    "a/b",
    "a\\b",
    "xn--80ak6aa92e",
    "аcme",  # noqa: RUF001 - a Cyrillic letter
    "a" * 64,
    "",
]
RESERVED = ["admin", "api", "www", "t", "static", "well-known", "oauth", "root"]


@on_sqlite
async def test_ti_28_no_tenant_has_a_name_that_an_address_could_be_taken_for(
    server: RunningServer, acme: Tenant
) -> None:
    for slug in (*TRICKS, *RESERVED):
        with pytest.raises(BadSlug):
            await provisioning.add_tenant(server.parts, slug=slug, name="Trick")
    with pytest.raises(SlugTaken):
        await provisioning.add_tenant(server.parts, slug="acme", name="Twin")
    for slug in (*(each for each in TRICKS if each not in (".", "..")), *RESERVED):
        path = "".join(f"%{byte:02x}" for byte in slug.encode())
        answer = await server.http.get(f"/t/{path}/login")
        assert answer.status_code == 404, slug
        assert "location" not in answer.headers


async def test_ti_35_ids_count_nothing(
    server: RunningServer,
    acme: Tenant,
    device: Device,
    confidential: NewClient,
    person: Person,
    ledger: Ledger,
) -> None:
    shown = await device.start()
    await decide(person, shown)
    await device.poll(shown["device_code"])
    assert UUID(confidential.client.client_id).version == 4
    seen = 0
    for table in (await ledger.rows(acme)).values():
        for row in table:
            assert row["id"].version == 7
            assert row["tenant_id"] == acme.id
            seen += 1
    assert seen > 10


async def test_co_12_no_code_token_key_or_password_is_stored_in_clear(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    device: Device,
    secretive_device: Device,
    at_acme: Caller,
    wiretap: Wiretap,
    database_settings: DatabaseSettings,
    postgres: PostgresServer,
) -> None:
    person = Person(server.browser())
    await person.visit(f"{acme.issuer}/login")
    await person.submit({"username": "alice", "password": "not-the-password-1"}, to="/login")
    await person.sign_in(acme.issuer, "alice", PASSWORD)
    for its_device in (device, secretive_device):
        shown = await its_device.start()
        await decide(person, shown)
        assert (await its_device.poll(shown["device_code"])).status_code == 200
    credentials = secretive_device.credentials()
    basic = (credentials["client_id"], credentials["client_secret"])
    await at_acme.post("/oauth/token", {"grant_type": "client_credentials"}, basic=basic)
    await at_acme.post("/oauth/token?client_secret=" + basic[1], {"client_id": basic[0]})

    stored = at_rest(database_settings, postgres)
    assert str(acme.id) in stored, "the search works"
    assert {PASSWORD, "not-the-password-1", basic[1]} <= wiretap.secrets
    assert len(wiretap.secrets) > 15
    for secret in wiretap.secrets:
        assert secret not in stored
        assert secret.encode().hex() not in stored


async def test_au_09_who_where_and_when_are_written_down_by_the_server(
    at_acme: Caller, acme: Tenant, globex: Tenant, machine: NewClient, ledger: Ledger
) -> None:
    forged = {
        "actor": "root",
        "actor_id": "root",
        "user_id": "root",
        "ip": "203.0.113.9",
        "occurred_at": "1999-01-01",
        "tenant_id": str(globex.id),
        "event_type": "TENANT_CREATED",
    }
    headers = [
        ("X-Forwarded-For", "203.0.113.9"),
        ("Forwarded", "for=203.0.113.9"),
        ("X-Real-IP", "203.0.113.9"),
        ("X-Forwarded-User", "root"),
        ("Date", "Fri, 01 Jan 1999 00:00:00 GMT"),
        ("X-Tenant-ID", str(globex.id)),
        ("User-Agent", "backup/1.0"),
    ]
    before = utc_now()
    form = {"grant_type": "client_credentials"} | forged
    basic = (machine.client.client_id, machine.secret or "")
    answer = await at_acme.post("/oauth/token", form, basic=basic, headers=headers)
    assert answer.status_code == 200
    [event] = await ledger.events(acme, Event.CLIENT_CREDENTIALS_TOKEN_ISSUED)
    facts: dict[str, Any] = {
        "actor_type": "client",
        "actor_id": machine.client.client_id,
        "ip": "127.0.0.1",
        "user_agent": "backup/1.0",
        "request_id": answer.headers["x-request-id"],
    }
    assert {name: getattr(event, name) for name in facts} == facts
    assert before <= event.occurred_at <= utc_now()
    assert await ledger.events(globex, Event.CLIENT_CREDENTIALS_TOKEN_ISSUED) == []


@on_sqlite
async def test_ti_07_pages_answer_for_foreign_ids_as_fast_as_for_unknown_ones(
    acme: Tenant, globex: Tenant, person: Person, stranger: Person, ledger: Ledger
) -> None:
    [his] = (await ledger.rows(globex))["browser_sessions"]
    page = await person.visit(f"{acme.issuer}/account/sessions")
    token = forms(page.text)[0].hidden["csrf_token"]
    ids = {"foreign": str(his["id"]), "unknown": str(UUID(int=7))}
    fastest = dict.fromkeys(ids, 1.0)
    for _ in range(40):
        for name, session in ids.items():
            began = time.process_time()
            await person.http.post(
                f"{acme.issuer}/account/sessions/end",
                data={"session": session, "csrf_token": token},
            )
            fastest[name] = min(fastest[name], time.process_time() - began)
    assert max(fastest.values()) < 1.5 * min(fastest.values()), fastest


@on_sqlite
async def test_people_of_the_same_name_in_two_tenants_are_two_people(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: User, password_hash: str
) -> None:
    with use_tenant(globex):
        twin = await UserRow.create(
            username="alice", canonical_username="alice", password_hash=password_hash
        )
    assert twin.id != alice.id
    for tenant in (acme, globex):
        person = Person(server.browser())
        page = await person.sign_in(tenant.issuer, "alice", PASSWORD)
        assert page.url.path == f"{tenant.prefix}/account/sessions"
        assert page.text.count('name="session"') == 0, "nobody else's session is on the page"
