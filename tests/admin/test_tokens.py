"""``/api/v1/tokens`` and ``/api/v1/authorizations``: what was given out, and ending it."""

from uuid import UUID

import pytest

from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.issued import tokens
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, client_token, is_problem
from authgate_testing.application import Application, is_asked, sent_on
from authgate_testing.caller import Caller
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.meanwhile import meanwhile
from authgate_testing.person import Person
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer


async def test_a_token_is_paused_goes_on_and_ends(
    server: RunningServer,
    api: ApiClient,
    at_acme: Caller,
    acme: Tenant,
    machine: NewClient,
    ledger: Ledger,
) -> None:
    issued = (await client_token(server, acme, machine, "read"))["access_token"]
    listed = (await api.get(f"/tokens?client_id={machine.client.client_id}&live=true")).json()
    (token,) = listed["items"]
    assert (token["status"], token["scope"], token["user_id"]) == ("active", "read", None)
    assert "hash" not in str(token)
    path = f"/tokens/{token['id']}"
    for does, status, answered in (
        ("disable", "disabled", 401),
        ("enable", "active", 200),
        ("revoke", "revoked", 401),
        ("revoke", "revoked", 401),
    ):
        assert (await api.post(f"{path}/{does}")).json()["status"] == status
        assert (await at_acme.get("/oauth/tokeninfo", bearer=issued)).status_code == answered
    for does in ("disable", "enable"):
        assert is_problem(await api.post(f"{path}/{does}"), 409, "conflict")
    for kind in (Event.TOKEN_DISABLED, Event.TOKEN_ENABLED, Event.TOKEN_REVOKED):
        (event,) = await ledger.events(acme, kind)
        assert (event.actor_type, event.resource_id) == ("client", token["id"])


@on_postgres
async def test_to_end_what_somebody_else_ends_meanwhile_is_done(
    server: RunningServer,
    postgres: PostgresServer,
    api: ApiClient,
    acme: Tenant,
    machine: NewClient,
    ledger: Ledger,
) -> None:
    await client_token(server, acme, machine, "read")
    (token,) = (await api.get(f"/tokens?client_id={machine.client.client_id}")).json()["items"]
    answers = []

    async def revoke() -> None:
        answers.append(await api.post(f"/tokens/{token['id']}/revoke"))

    with use_tenant(acme):
        async with meanwhile(postgres, revoke()):
            assert await tokens.revoke(UUID(token["id"]))
    assert [(each.status_code, each.json()["status"]) for each in answers] == [(200, "revoked")]
    assert await ledger.events(acme, Event.TOKEN_REVOKED) == []


@on_sqlite
async def test_the_newest_tokens_come_first(
    server: RunningServer, api: ApiClient, acme: Tenant, machine: NewClient
) -> None:
    path = f"/tokens?client_id={machine.client.client_id}&limit=2"
    for scope in ("read", "write", "read write"):
        await client_token(server, acme, machine, scope)
    first = (await api.get(path)).json()
    second = (await api.get(f"{path}&cursor={first['next']}")).json()
    seen = [each["scope"] for each in (*first["items"], *second["items"])]
    assert seen == ["read write", "write", "read"]
    assert (await api.get(f"{path}&status=revoked")).json()["items"] == []


@on_sqlite
@pytest.mark.parametrize("path", ["/tokens", "/authorizations"])
async def test_what_belongs_to_a_client_with_a_document_is_found(api: ApiClient, path: str) -> None:
    address = f"https://app.example/{'a' * 200}.json"
    found = await api.get(f"{path}?client_id={address}")
    assert (found.status_code, found.json()["items"]) == (200, [])


async def test_what_a_person_has_allowed_is_taken_back(
    api: ApiClient,
    acme: Tenant,
    console: Application,
    person: Person,
    alice: User,
    ledger: Ledger,
) -> None:
    tokens = await console.signed_in(person, scope="openid offline_access read")
    (allowed,) = (await api.get(f"/authorizations?user_id={alice.id}")).json()["items"]
    assert allowed["client_id"] == "console"
    assert allowed["scopes"] == ["openid", "offline_access", "read"]
    path = f"/authorizations/{allowed['id']}"
    assert (await api.get(path)).json() == allowed
    assert (await api.get("/authorizations?client_id=other")).json()["items"] == []
    assert is_problem(await api.delete(path, if_match='"other"'), 412, "changed")
    assert (await api.delete(path)).status_code == 204
    assert is_problem(await api.get(path), 404, "not-found")
    assert (await console.refresh(tokens["refresh_token"])).status_code == 400
    assert is_asked(await sent_on(person, console.ask(scope="openid").url))
    (event,) = await ledger.events(acme, Event.USER_AUTHORIZATION_REVOKED)
    assert (event.actor_type, event.client_id) == ("client", "console")
