"""As many as the plan allows, and not one more, whoever comes at once."""

import asyncio
from collections import Counter

from authgate import provisioning
from authgate.accounts.passwords import Passwords
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people import users
from authgate.storage.tenants.quotas import QuotaReached
from authgate_tenants import Plan, Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.server import RunningServer

DRAFT = ClientDraft(name="M", grant_types=["client_credentials"], scopes=["read"])


async def _planned(server: RunningServer, tenant: Tenant, plan: Plan) -> Tenant:
    await provisioning.put_plan(plan)
    await provisioning.give_plan(server.parts, tenant, plan.name)
    found = await server.parts.resolver.find(tenant.slug)
    assert found is not None
    return found


async def test_of_those_made_at_once_there_are_as_many_as_the_plan_allows(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    acme = await _planned(server, acme, Plan("tried", clients=3, users=2))

    async def client(tenant: Tenant) -> bool:
        with use_tenant(tenant):
            try:
                await provisioning.add_client(server.parts, DRAFT)
            except QuotaReached:
                return False
            return True

    async def person(number: int) -> bool:
        with use_tenant(acme):
            try:
                await provisioning.store_user(username=f"p{number}", password_hash="x")
            except QuotaReached:
                return False
            return True

    made = await asyncio.gather(*(client(acme) for _ in range(8)))
    assert Counter(made) == {True: 3, False: 5}
    assert Counter(await asyncio.gather(*(person(each) for each in range(6)))) == {
        True: 2,
        False: 4,
    }
    assert all(await asyncio.gather(*(client(globex) for _ in range(5)))), "by another plan"
    with use_tenant(acme):
        [first, *others] = await clients.all_clients()
        assert (len(others), len(await users.all_users())) == (2, 2)
        await provisioning.delete_client(server.parts, first.client_id)
    assert await client(acme), "there is room again"


@on_sqlite
async def test_every_door_says_that_the_plan_allows_no_more(
    server: RunningServer, acme: Tenant, passwords: Passwords
) -> None:
    acme = await _planned(server, acme, Plan("tried", clients=0))
    await provisioning.change_tenant(
        server.parts, acme, change=lambda it: it.changed({"client_registration": "open"})
    )
    registered = await server.http.post(
        f"{acme.prefix}/oauth/register", json={"redirect_uris": ["https://app.example/cb"]}
    )
    assert registered.status_code == 403
    assert registered.json() == {
        "error": "access_denied",
        "error_description": "The plan allows 0 clients.",
    }
    measured = (await server.http.get("/metrics")).text
    assert 'authgate_quota_refusals_total{quota="clients"} 1' in measured
