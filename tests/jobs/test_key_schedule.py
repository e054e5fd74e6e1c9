"""Keys that are replaced by the calendar: when they are due, and what clients notice of it."""

import asyncio
from datetime import timedelta

import jwt

from authgate import background, provisioning
from authgate.jobs import Result, RotateKeys
from authgate.provisioning import NewClient
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.keys import signing_keys
from authgate.storage.keys.signing_keys import KeyState, SigningKey
from authgate.storage.sweep import due_keys
from authgate.telemetry.families import REGISTRY
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_testing.server import RunningServer

DAY = timedelta(days=1)


async def run(server: RunningServer) -> None:
    job = background.performer(server.parts)
    assert await job.perform(RotateKeys(), tenant_id=None) is Result.DONE


async def active(tenant: Tenant) -> SigningKey:
    with use_tenant(tenant):
        [key] = await signing_keys.active()
    return key


async def change(server: RunningServer, tenant: Tenant, **settings: object) -> Tenant:
    await provisioning.change_tenant(
        server.parts, tenant, change=lambda before: before.changed(settings)
    )
    changed = await server.parts.resolver.find_by_id(tenant.id)
    assert changed is not None
    return changed


async def token(server: RunningServer, tenant: Tenant, machine: NewClient) -> str:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(machine.client.client_id, machine.secret or ""),
    )
    text: str = answer.json()["access_token"]
    return text


async def past(tenant: Tenant, days: int) -> None:
    """Let the tenant's keys be so much older, by the database's clock too."""
    with use_tenant(tenant):
        for key in await SigningKey.all():
            key.created_at -= days * DAY
            key.published_at -= days * DAY
            key.activated_at = key.activated_at and key.activated_at - days * DAY
            key.rotates_at = key.rotates_at and key.rotates_at - days * DAY
            await key.save()


async def test_only_who_is_due_is_rotated_and_once(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    before, others = await active(acme), await active(globex)
    await past(acme, 91)
    await past(globex, 89)
    database, now = server.parts.settings.database, server.clock()
    assert await due_keys.tenants(database, now=now, limit=9) == [acme.id]
    assert DAY < await due_keys.delay(database, now=now) < DAY + timedelta(minutes=5)
    await run(server)
    after = await active(acme)
    assert after.kid != before.kid
    assert after.rotates_at is not None
    assert after.rotates_at - server.clock() > 89 * DAY
    assert (await active(globex)).kid == others.kid
    assert await due_keys.tenants(database, now=now, limit=9) == []
    assert await due_keys.delay(database, now=now) == timedelta(0)
    assert 89 * DAY < await due_keys.age(database, now=now) < 90 * DAY
    told = REGISTRY.get_sample_value("authgate_signing_key_age_seconds")
    assert told is not None
    assert 89 * 86400 < told < 90 * 86400
    await run(server)
    assert (await active(acme)).kid == after.kid
    with use_tenant(acme):
        [event] = await AuditEvent.filter(event_type="SIGNING_KEY_ROTATED")
    assert (event.actor_type, event.resource_id) == ("system", after.kid)


async def test_ky_06_two_clocks_rotate_once(server: RunningServer, acme: Tenant) -> None:
    await past(acme, 91)
    await asyncio.gather(*(run(server) for _ in range(3)))
    with use_tenant(acme):
        assert await AuditEvent.filter(event_type="SIGNING_KEY_ROTATED").count() == 1
        states = [each.state for each in await signing_keys.every()]
    assert sorted(states) == [KeyState.ACTIVE, KeyState.PENDING, KeyState.RETIRING]


async def test_ky_05_the_calendar_fails_nobody_who_heeds_the_headers_of_the_jwks(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    jwks = (await server.http.get(f"{acme.issuer}/.well-known/jwks.json")).json()
    known = {each["kid"]: jwt.PyJWK(each) for each in jwks["keys"]}
    await past(acme, 91)
    first = await token(server, acme, machine)
    await run(server)
    second = await token(server, acme, machine)
    kids = [jwt.get_unverified_header(text)["kid"] for text in (first, second)]
    assert kids[0] != kids[1]
    for kid, text in zip(kids, (first, second), strict=True):
        jwt.decode(text, known[kid], algorithms=["ES256"], options={"verify_aud": False})


async def test_a_key_that_clients_may_not_know_yet_waits_on(
    server: RunningServer, acme: Tenant
) -> None:
    before = await active(acme)
    await past(acme, 91)
    with use_tenant(acme):
        await SigningKey.filter(state=KeyState.PENDING).update(published_at=server.clock())
    await run(server)
    assert (await active(acme)).kid == before.kid
    server.clock.advance(1261)
    await run(server)
    assert (await active(acme)).kid != before.kid


async def test_a_tenant_chooses_how_often_and_whether_at_all(
    server: RunningServer, acme: Tenant
) -> None:
    key = await active(acme)
    assert key.activated_at is not None
    for days, expected in ((7, 7 * DAY), (30, 30 * DAY), (0, None)):
        await change(server, acme, signing_key_days=days)
        due = (await active(acme)).rotates_at
        assert (due and due - key.activated_at) == expected
    await past(acme, 400)
    await run(server)
    assert (await active(acme)).kid == key.kid


async def test_a_shared_secret_is_never_replaced_by_the_calendar(
    server: RunningServer, acme: Tenant
) -> None:
    await change(server, acme, signing_algorithm="HS256")
    with use_tenant(acme):
        due = {each.algorithm: each.rotates_at for each in await signing_keys.active()}
    assert due["HS256"] is None
    assert due["ES256"] is not None


async def test_a_suspended_tenant_waits(server: RunningServer, acme: Tenant) -> None:
    key = await active(acme)
    await past(acme, 91)
    await provisioning.set_tenant_status(server.parts, acme, TenantStatus.SUSPENDED)
    await run(server)
    assert (await active(acme)).kid == key.kid
    await provisioning.set_tenant_status(server.parts, acme, TenantStatus.ACTIVE)
    await run(server)
    assert (await active(acme)).kid != key.kid


async def test_a_key_outlives_what_it_signed_before_the_tenant_chose_less(
    server: RunningServer, acme: Tenant
) -> None:
    long = await change(server, acme, access_token_lifetime=40 * 86400)
    first = await active(long)
    await change(server, long, access_token_lifetime=3600)
    await past(acme, 91)
    await run(server)
    with use_tenant(acme):
        retired = await signing_keys.find(first.kid)
    assert retired is not None
    assert retired.expires_at is not None
    assert retired.expires_at - server.clock() > 40 * DAY
