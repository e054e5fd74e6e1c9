"""As many as the plan allows, and not one more, whoever comes at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from authgate import provisioning, storage
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.metering import active_users
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.tenants.quotas import QuotaReached
from authgate_tenants import Plan, Tenant, domains, use_tenant
from authgate_tenants.domains import TooManyHosts
from authgate_tenants.models import TenantRow
from authgate_tenants.plans import PlanInUse, UnknownPlan
from authgate_testing.databases import on_sqlite
from authgate_testing.server import RunningServer

DRAFT = ClientDraft(name="M", grant_types=["client_credentials"], scopes=["read"])


async def _planned(server: RunningServer, tenant: Tenant, plan: Plan) -> Tenant:
    await provisioning.put_plan(server.parts, plan)
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


async def test_of_hosts_claimed_at_once_there_are_as_many_as_a_tenant_may(
    server: RunningServer, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domains, "MOST", 3)

    async def host(number: int) -> bool:
        with use_tenant(acme):
            try:
                await provisioning.add_domain(server.parts, f"h{number}.acme.example")
            except TooManyHosts:
                return False
            return True

    made = await asyncio.gather(*(host(each) for each in range(8)))
    assert Counter(made) == {True: 3, False: 5}


@on_sqlite
async def test_every_door_says_that_the_plan_allows_no_more(
    server: RunningServer, acme: Tenant
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


async def test_people_beyond_the_month_are_refused_or_told_of_and_who_is_in_charge_gets_in(
    server: RunningServer, acme: Tenant
) -> None:
    with use_tenant(acme):
        people = [
            await provisioning.store_user(username=f"p{each}", password_hash="x")
            for each in range(5)
        ]

    told: list[str] = []

    async def signs_in(tenant: Tenant, user: User, *, in_charge: bool = False) -> bool:
        with use_tenant(tenant):
            try:
                async with storage.transaction():
                    now = server.clock()
                    if await active_users.note(user.id, now=now, is_in_charge=in_charge):
                        told.append(user.username)
            except QuotaReached:
                return False
            return True

    hard = Plan("tried", monthly_active_users=2, monthly_active_users_are_refused=True)
    acme = await _planned(server, acme, hard)
    let_in = await asyncio.gather(*(signs_in(acme, each) for each in people))
    assert Counter(let_in) == {True: 2, False: 3}
    inside = people[let_in.index(True)]
    outside = [each for each, came in zip(people, let_in, strict=True) if not came]
    assert await signs_in(acme, inside), "again"
    assert await signs_in(acme, outside[0], in_charge=True)
    assert told == [outside[0].username]
    acme = await _planned(server, acme, Plan("soft", monthly_active_users=2))
    assert await signs_in(acme, outside[1])
    assert len(told) == 1, "once a month"
    server.clock.advance(32 * 86400)
    acme = await _planned(server, acme, hard)
    assert await signs_in(acme, outside[2]), "another month"


async def test_a_plan_is_not_removed_while_a_tenant_is_given_it(
    server: RunningServer, acme: Tenant
) -> None:
    """A tenant had the name of a plan that was gone: it was limited by nothing."""
    parts, first_is_there = server.parts, asyncio.Event()

    async def second(act: Callable[[], Awaitable[object]]) -> object:
        await first_is_there.wait()
        return await act()

    give = partial(provisioning.give_plan, parts, acme, "tried")
    remove = partial(provisioning.remove_plan, parts, "tried")
    await provisioning.put_plan(parts, Plan("tried", clients=1))
    giving = asyncio.create_task(second(give))
    async with storage.transaction():
        await remove()
        first_is_there.set()
        await asyncio.wait([giving], timeout=0.2)
    with pytest.raises(UnknownPlan):
        await giving

    first_is_there.clear()
    await provisioning.put_plan(parts, Plan("tried", clients=1))
    removing = asyncio.create_task(second(remove))
    with use_tenant(acme):
        async with storage.transaction():
            await give()
            first_is_there.set()
            await asyncio.wait([removing], timeout=0.2)
    with pytest.raises(PlanInUse):
        await removing


async def test_a_tenant_whose_plan_is_gone_has_the_default_one_and_is_changed_as_before(
    server: RunningServer, acme: Tenant
) -> None:
    with use_tenant(acme):
        await TenantRow.filter(id=acme.id).update(plan="gone")
    await provisioning.change_tenant(server.parts, acme, name="Acme again")
    found = await server.parts.resolver.find("acme")
    assert found is not None
    assert (found.name, found.plan.name) == ("Acme again", "default")
