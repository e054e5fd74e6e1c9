"""``Idempotency-Key``: a request that is sent again is done once, and answered as it was."""

import asyncio

import pytest

from authgate.clock import utc_now
from authgate.storage import idempotent_requests
from authgate.storage.clients.clients import all_clients
from authgate.storage.idempotent_requests import IdempotentRequest
from authgate.storage.sweep import expiry
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import EVERYTHING, ApiClient, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import at_rest
from authgate_testing.server import RunningServer

ORDERS = {"name": "Orders", "grant_types": ["client_credentials"], "scopes": ["orders:read"]}


async def named(tenant: Tenant) -> int:
    with use_tenant(tenant):
        return len([each for each in await all_clients() if each.name == "Orders"])


async def test_a_request_that_comes_again_is_answered_as_it_was(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    request: pytest.FixtureRequest,
) -> None:
    first = await api.post("/clients", ORDERS, idempotency_key="one")
    again = await api.post("/clients", ORDERS, idempotency_key="one")
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    assert again.json()["client_secret"]
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    other = await api.post("/clients", ORDERS, idempotency_key="two")
    assert other.json()["client_id"] != first.json()["client_id"]
    assert await named(acme) == 2
    with use_tenant(acme):
        kept = await IdempotentRequest.all().values_list("fingerprint", flat=True)
    assert len({bytes(each) for each in kept}) == 2, "by them nobody tries what a body held"
    settings = server.parts.settings.database
    postgres = None if settings.is_sqlite else request.getfixturevalue("postgres")
    stored = at_rest(settings, postgres)
    assert first.json()["client_id"] in stored
    assert first.json()["client_secret"] not in stored


async def test_of_requests_with_one_key_that_come_together_one_is_done(
    api: ApiClient, acme: Tenant
) -> None:
    for each in range(5):
        key = f"round {each}".replace(" ", "-")
        answers = await asyncio.gather(
            *(api.post("/clients", ORDERS, idempotency_key=key) for _ in range(8))
        )
        done = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.json()["client_id"] for answer in done}) == 1
        for answer in answers:
            if answer.status_code != 201:
                assert is_problem(answer, 409, "in-flight")
        assert await named(acme) == each + 1


@on_sqlite
async def test_ad_13_a_key_is_for_one_request_of_one_caller(
    server: RunningServer, api: ApiClient, foreign_api: ApiClient, acme: Tenant
) -> None:
    first = await api.post("/clients", ORDERS, idempotency_key="one")
    answer = await api.post("/clients", ORDERS | {"name": "Other"}, idempotency_key="one")
    assert is_problem(answer, 422, "key-reused")
    path = f"/clients/{first.json()['client_id']}/disable"
    assert is_problem(await api.post(path, idempotency_key="one"), 422, "key-reused")
    colleague = await api_client(server, acme, *EVERYTHING)
    for caller in (colleague, foreign_api):
        theirs = await caller.post("/clients", ORDERS, idempotency_key="one")
        assert theirs.status_code == 201
        assert theirs.json()["client_id"] != first.json()["client_id"]


@on_sqlite
async def test_a_request_that_was_refused_leaves_its_key_free(api: ApiClient, acme: Tenant) -> None:
    bad = ORDERS | {"grant_types": ["telepathy"]}
    assert is_problem(await api.post("/clients", bad, idempotency_key="one"), 422, "invalid")
    assert (await api.post("/clients", ORDERS, idempotency_key="one")).status_code == 201
    for key in ("", "a b", "x" * 256):
        answer = await api.post("/clients", ORDERS, idempotency_key=key)
        assert is_problem(answer, 422, "invalid"), key
        assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


@on_sqlite
async def test_whoever_died_while_answering_is_followed_by_the_next(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    assert (await api.post("/clients", ORDERS, idempotency_key="one")).status_code == 201
    with use_tenant(acme):
        await IdempotentRequest.all().update(answer=None)
    assert is_problem(await api.post("/clients", ORDERS, idempotency_key="one"), 409, "in-flight")
    server.clock.advance(61)
    assert (await api.post("/clients", ORDERS, idempotency_key="one")).status_code == 201
    assert await named(acme) == 2


async def test_an_answer_is_kept_for_a_day(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    first = await api.post("/clients", ORDERS, idempotency_key="one")
    with use_tenant(acme):
        past = utc_now() - idempotent_requests.KEPT
        await IdempotentRequest.all().update(begun_at=past, expires_at=utc_now())
    again = await api.post("/clients", ORDERS, idempotency_key="one")
    assert again.json()["client_id"] != first.json()["client_id"]
    with use_tenant(acme):
        await IdempotentRequest.all().update(expires_at=past)
    await expiry.remove_expired(server.parts.settings.database, batch=10, now=utc_now())
    with use_tenant(acme):
        assert await IdempotentRequest.all().count() == 0
