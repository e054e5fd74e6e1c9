"""Clients that registered themselves read, change and remove themselves (RFC 7592)."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.clients.rows import Client
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.registering import manage, register
from authgate_testing.server import RunningServer

Choose = Callable[..., Awaitable[None]]


@pytest.fixture
async def registered(at_open: Caller) -> dict[str, Any]:
    """What an application was told when it registered."""
    answer = await register(at_open, software_version="1", scope="openid profile")
    told: dict[str, Any] = answer.json()
    return told


async def found(tenant: Tenant, client_id: str) -> Client | None:
    """What the database holds of a client."""
    with use_tenant(tenant):
        return await clients.find(client_id)


def is_unknown(answer: httpx2.Response) -> bool:
    """Whether an answer says that the token manages nothing."""
    return (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


async def test_a_client_reads_changes_and_removes_itself(
    at_open: Caller, acme: Tenant, registered: dict[str, Any], ledger: Ledger
) -> None:
    read = await manage("GET", registered, at_open)
    assert read.status_code == 200
    assert read.headers["cache-control"] == "no-store"
    secret = registered.pop("client_secret")
    assert read.json() == registered
    changed = await manage(
        "PUT",
        registered,
        at_open,
        client_secret=secret,
        client_name="Ledger 2",
        software_version="2",
        token_endpoint_auth_method="client_secret_post",
        redirect_uris=["https://ledger.example/callback", "https://ledger.example/other"],
    )
    assert changed.status_code == 200, changed.text
    now = changed.json()
    assert now["client_name"] == "Ledger 2"
    assert now["software_version"] == "2"
    assert now["registration_access_token"] != registered["registration_access_token"]
    client = await found(acme, registered["client_id"])
    assert client is not None
    assert len(client.redirect_uris) == 2
    assert client.authentication_methods == {"client_secret_post"}
    [event] = await ledger.events(acme, Event.CLIENT_UPDATED)
    assert event.actor_type == "client"
    again = await manage("GET", now, at_open)
    assert again.json() == now
    assert (await manage("DELETE", now, at_open)).status_code == 204
    assert await found(acme, registered["client_id"]) is None
    assert is_unknown(await manage("GET", now, at_open))


async def test_dc_07_a_token_manages_its_own_client_alone_here_and_until_it_is_replaced(
    server: RunningServer,
    at_open: Caller,
    globex: Tenant,
    registered: dict[str, Any],
) -> None:
    another = (await register(at_open)).json()
    elsewhere = registered | {
        "registration_client_uri": registered["registration_client_uri"].replace("acme", "globex")
    }
    nobody = registered | {
        "registration_client_uri": registered["registration_client_uri"][:-1] + "x"
    }
    first = registered["registration_access_token"]
    rotated = (await manage("PUT", registered, at_open)).json()
    server.clock.advance(60)
    for method in ("GET", "PUT", "DELETE"):
        with use_tenant(at_open.tenant):
            await server.parts.clients.invalidate(clients.cache_key(registered["client_id"]))
        tried = [
            manage(method, another, at_open, token=rotated["registration_access_token"]),
            manage(method, elsewhere, at_open),
            manage(method, nobody, at_open),
            manage(method, registered, at_open, token=first),
        ]
        for each in tried:
            answer = await each
            assert is_unknown(answer), answer.text
    assert await found(at_open.tenant, another["client_id"]) is not None
    assert await found(at_open.tenant, registered["client_id"]) is not None


async def test_dc_08_what_was_approved_waits_again_once_it_is_changed(
    server: RunningServer, at_acme: Caller, acme: Tenant, choose: Choose
) -> None:
    await choose(client_registration="open")
    made = (await register(at_acme)).json()
    with use_tenant(acme):
        await provisioning.review_client(server.parts, made["client_id"], approved=True)
    same = (await manage("PUT", made, at_acme)).json()
    client = await found(acme, made["client_id"])
    assert client is not None
    assert client.status is ClientStatus.ACTIVE  # nothing has changed
    changed = await manage("PUT", same, at_acme, redirect_uris=["https://evil.example/callback"])
    assert changed.status_code == 200
    client = await found(acme, made["client_id"])
    assert client is not None
    assert client.status is ClientStatus.PENDING
    # Until then it is served nowhere: neither where it was, nor where it wants to be.
    for uri in (*same["redirect_uris"], "https://evil.example/callback"):
        asked = {"response_type": "code", "client_id": made["client_id"], "redirect_uri": uri}
        page = await at_acme.get(f"/oauth/authorize?{urlencode(asked)}")
        assert (page.status_code, "location" in page.headers) == (400, False), uri


@on_sqlite
@pytest.mark.parametrize("status", [ClientStatus.INACTIVE, ClientStatus.REJECTED])
async def test_whom_an_administrator_has_ended_does_not_change_that(
    server: RunningServer,
    at_open: Caller,
    acme: Tenant,
    registered: dict[str, Any],
    status: ClientStatus,
) -> None:
    with use_tenant(acme):
        await provisioning.set_client_status(server.parts, registered["client_id"], status)
    assert (await manage("GET", registered, at_open)).status_code == 200
    refused = await manage("PUT", registered, at_open, client_name="Another")
    assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
    client = await found(acme, registered["client_id"])
    assert client is not None
    assert client.status is status


async def test_whom_an_administrator_ends_meanwhile_does_not_come_back_by_a_change(
    at_open: Caller, acme: Tenant, registered: dict[str, Any]
) -> None:
    assert (await manage("GET", registered, at_open)).status_code == 200
    with use_tenant(acme):  # of which this process has not been told yet
        await clients.set_status(registered["client_id"], ClientStatus.REJECTED)
    refused = await manage("PUT", registered, at_open, client_name="Another")
    assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
    client = await found(acme, registered["client_id"])
    assert client is not None
    assert (client.status, client.name) == (ClientStatus.REJECTED, "Ledger")
    # It was not spent either.
    assert (await manage("GET", registered, at_open)).status_code == 200


@on_sqlite
async def test_a_client_that_was_given_another_method_still_reads_what_it_is(
    server: RunningServer, at_open: Caller, acme: Tenant, registered: dict[str, Any]
) -> None:
    both = ["client_secret_post", "client_secret_basic"]
    with use_tenant(acme):
        await provisioning.change_client(
            server.parts, registered["client_id"], ClientChange(authentication_methods=both)
        )
    read = await manage("GET", registered, at_open)
    assert (read.status_code, read.json()["token_endpoint_auth_method"]) == (200, both[1])
    assert (await manage("PUT", registered, at_open, client_name="Another")).status_code == 200


@on_sqlite
@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"client_id": "another"}, "invalid_client_metadata"),
        ({"client_id": None}, "invalid_client_metadata"),
        ({"client_secret": "of-my-own-choice-of-my-own-choice"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata"),
        ({"scope": "openid admin"}, "invalid_client_metadata"),
        ({"redirect_uris": ["http://evil.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": None}, "invalid_redirect_uri"),
    ],
    ids=["another", "unnamed", "own secret", "no secret", "scope", "address", "no address"],
)
async def test_a_change_to_what_no_client_can_be_is_refused_and_costs_nothing(
    at_open: Caller, registered: dict[str, Any], said: dict[str, Any], error: str
) -> None:
    refused = await manage("PUT", registered, at_open, **said)
    assert (refused.status_code, refused.json()["error"]) == (400, error)
    # The token that it came with is as good as before.
    assert (await manage("GET", registered, at_open)).status_code == 200


@on_sqlite
async def test_what_is_left_out_of_a_change_is_taken_away(
    at_open: Caller, acme: Tenant, registered: dict[str, Any]
) -> None:
    changed = await manage("PUT", registered, at_open, software_version=None, client_name="Same")
    assert "software_version" not in changed.json()
    client = await found(acme, registered["client_id"])
    assert client is not None
    assert client.metadata.self_registered
    assert client.expires_at is not None


@on_sqlite
async def test_where_registration_is_off_again_clients_still_look_after_themselves(
    at_open: Caller, choose: Choose, registered: dict[str, Any]
) -> None:
    await choose(client_registration="off")
    assert (await manage("GET", registered, at_open)).status_code == 200
    assert (await manage("DELETE", registered, at_open)).status_code == 204
