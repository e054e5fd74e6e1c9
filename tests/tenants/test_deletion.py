"""A tenant is deleted: refused at once, erased after a while; all that stays is a certificate."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from pydantic import SecretStr
from tortoise import Tortoise, connections

from authgate import audit, background, provisioning
from authgate.audit import Event
from authgate.jobs import EraseTenants, Result
from authgate.provisioning import NotConfirmed, TooLate, UnfitDeletion, UnfitTenant
from authgate.provisioning import deletions as provisioned
from authgate.settings import DatabaseSettings, JobSettings, Settings
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.postgres.row_security import erased_tables
from authgate.storage.redis.connection import tenant_key
from authgate.storage.sweep import erasure
from authgate.tokens.deletion_certificate import DELETION
from authgate.tokens.signed_statement import BadStatement, StatementKey, read
from authgate_tenants import Tenant, TenantStatus, deletions, lifecycle, use_tenant
from authgate_tenants.encryption import TenantCipher
from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_tenants.lifecycle import SlugTaken, all_tenants
from authgate_tenants.models import (
    DeletionState,
    TenantDataKey,
    TenantDeletion,
    TenantDomain,
    TenantRow,
)
from authgate_testing.application import Application
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.ledger import Ledger, at_rest
from authgate_testing.person import Person
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer

DAY = 86400.0
WAITING_DAYS = 30


@pytest.fixture
def settings(
    settings: Settings, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Small batches, and nobody erases but the test; with Redis where it is asked for."""
    monkeypatch.setattr(background, "schedule", lambda _: ())
    changed: dict[str, object] = {"jobs": JobSettings(cleanup_batch=2)}
    if getattr(request, "param", "") == "redis":
        changed["redis_url"] = SecretStr(request.getfixturevalue("redis_url"))
    return settings.model_copy(update=changed)


@pytest.fixture
def database_server(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings
) -> PostgresServer | None:
    """What keeps the database, if it is no file."""
    if database_settings.is_sqlite:
        return None
    found: PostgresServer = request.getfixturevalue("postgres")
    return found


async def ask(server: RunningServer, tenant: Tenant) -> TenantDeletion:
    return await provisioning.request_deletion(server.parts, tenant, confirmation=tenant.slug)


async def a_round(server: RunningServer) -> None:
    """What is done every few seconds."""
    performer = background.performer(server.parts)
    assert await performer.perform(EraseTenants(), tenant_id=None) is Result.DONE


async def until_it_ends(server: RunningServer, deletion: TenantDeletion) -> TenantDeletion:
    """As many rounds as it takes: each has its time, in which a busy machine does less."""
    for _ in range(20):
        await a_round(server)
        now = await deletions.of(str(deletion.id))
        if now.state is not DeletionState.ERASING:
            return now
    raise AssertionError(f"{deletion.id} goes on")


async def come_due(server: RunningServer) -> None:
    server.clock.advance(WAITING_DAYS * DAY + 1)
    await a_round(server)


async def erase(server: RunningServer, tenant: Tenant) -> TenantDeletion:
    """From the request to the end."""
    return await end(server, await ask(server, tenant))


async def end(server: RunningServer, deletion: TenantDeletion) -> TenantDeletion:
    """All that is left to do."""
    await come_due(server)
    server.clock.advance(10)
    return await until_it_ends(server, deletion)


async def counted(tenant: Tenant) -> dict[str, int]:
    """Rows of the tenant, by table, where there are any."""
    with use_tenant(tenant):
        found = {}
        for table in erased_tables():
            sql = f"SELECT count(*) AS n FROM {table} WHERE tenant_id = '{tenant.id}'"  # noqa: S608
            [row] = await connections.get("default").execute_query_dict(sql)
            found[table] = row["n"]
    return {table: count for table, count in found.items() if count}


async def status_at(server: RunningServer, tenant: Tenant) -> int:
    return (await server.http.get(f"{tenant.issuer}/.well-known/jwks.json")).status_code


async def lived_in(
    tenant: Tenant, console: Application, device: Device, person: Person
) -> dict[str, str]:
    """Somebody signs in to an application, and a device is let in."""
    shown = await device.start(scope="openid read")
    await decide(person, shown)
    await device.poll(shown["device_code"])
    await device.start(scope="openid")
    with use_tenant(tenant):
        await TenantDomain.create(tenant_id=tenant.id, host=f"{uuid4().hex}.example")
    return await console.signed_in(person, scope="openid offline_access")


async def test_a_slip_of_the_hand_deletes_nothing(server: RunningServer, acme: Tenant) -> None:
    for typed in ("", "acm", "Acme", "globex"):
        with pytest.raises(NotConfirmed):
            await provisioning.request_deletion(server.parts, acme, confirmation=typed)
    assert await status_at(server, acme) == 200


@pytest.mark.parametrize("former", [TenantStatus.ACTIVE, TenantStatus.SUSPENDED])
async def test_a_tenant_that_waits_is_refused_and_can_be_restored_with_all_that_it_had(
    server: RunningServer, acme: Tenant, ledger: Ledger, former: TenantStatus
) -> None:
    await provisioning.set_tenant_status(server.parts, acme, former)
    served = await status_at(server, acme)
    before = await ledger.rows(acme)
    deletion = await ask(server, acme)
    assert deletion.due_at - deletion.requested_at == timedelta(days=WAITING_DAYS)
    assert await status_at(server, acme) == 403
    with pytest.raises(UnfitTenant):
        await provisioning.set_tenant_status(server.parts, acme, TenantStatus.ACTIVE)
    with pytest.raises(UnfitDeletion):
        await ask(server, acme)
    with pytest.raises(SlugTaken):
        await provisioning.add_tenant(server.parts, slug="acme", name="Another")
    server.clock.advance((WAITING_DAYS - 1) * DAY)
    await a_round(server)
    await provisioning.restore_tenant(server.parts, acme)
    assert await status_at(server, acme) == served
    after = await ledger.rows(acme)
    added = [row["event_type"] for row in after["audit_events"][len(before["audit_events"]) :]]
    assert added == [Event.TENANT_DELETION_REQUESTED, Event.TENANT_RESTORED]
    assert {**after, "audit_events": []} == {**before, "audit_events": []}
    server.clock.advance(2 * DAY)
    await a_round(server)
    assert await status_at(server, acme) == served


async def test_nothing_of_a_deleted_tenant_is_left_but_a_certificate_and_others_have_all_they_had(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    console: Application,
    device: Device,
    person: Person,
    alice: User,
    ledger: Ledger,
    database_server: PostgresServer | None,
) -> None:
    tokens = await lived_in(acme, console, device, person)
    with use_tenant(acme):
        [key] = await TenantDataKey.all()
    deletion = await ask(server, acme)
    before, others = await counted(acme), await ledger.rows(globex)
    assert len(before) >= 13, before

    ended = await end(server, deletion)

    assert await counted(acme) == {}
    assert await TenantRow.filter(id=acme.id).count() == 0
    assert await ledger.rows(globex) == others
    assert await status_at(server, acme) == 404
    assert ended.state is DeletionState.DELETED
    key_name = provisioned.certificate_key(server.parts).thumbprint
    stated = read(DELETION, ended.certificate, trusted=[key_name])
    shredding = {"audit_events": before["audit_events"] + 1}
    assert stated["rows"] == {**before, **shredding, "tenants": 1}
    assert stated["tenant"] == {"id": str(acme.id), "slug": "acme"}
    assert {"kind": "data-key", "id": str(key.id), "version": 1} in stated["keys"]
    assert len(stated["keys"]) == 1 + before["signing_keys"]
    everything = at_rest(server.parts.settings.database, database_server)
    for gone in (str(alice.id), "alice", "Liddell", tokens["id_token"][:40], key.wrapped.hex()):
        assert gone not in everything, gone


async def test_a_tenant_whose_keys_are_gone_is_nowhere_to_be_found_and_does_not_come_back(
    server: RunningServer, acme: Tenant
) -> None:
    await ask(server, acme)
    waiting = await deletions.waiting_of(acme.id)
    assert waiting is not None
    await come_due(server)
    [erasing] = await deletions.newest(limit=9)
    assert erasing.state is DeletionState.ERASING, "somebody may still be at work for it"
    assert await status_at(server, acme) == 404
    assert [row.slug async for row in all_tenants()] == []
    assert await server.parts.resolver.find_by_id(acme.id) is None
    with use_tenant(acme):
        assert await TenantDataKey.all().count() == 0
        assert not await deletions.take_back(waiting, now=server.clock())
    with pytest.raises(deletions.UnknownDeletion):
        await provisioning.restore_tenant(server.parts, acme)
    with pytest.raises(SlugTaken):
        await provisioning.add_tenant(server.parts, slug="acme", name="Another")


async def test_of_who_restores_and_who_shreds_at_once_one_comes_first(
    server: RunningServer, acme: Tenant
) -> None:
    await ask(server, acme)
    server.clock.advance(WAITING_DAYS * DAY + 1)
    restored, _ = await asyncio.gather(
        provisioning.restore_tenant(server.parts, acme), a_round(server), return_exceptions=True
    )
    row = await lifecycle.find(acme.id)
    with use_tenant(acme):
        keys = await TenantDataKey.all().count()
    if restored is None:
        assert (row.status, keys) == (TenantStatus.ACTIVE, 1)
    else:
        assert isinstance(restored, TooLate | deletions.UnknownDeletion)
        assert (row.status, keys) == (TenantStatus.ERASING, 0)


async def test_what_a_late_request_has_left_goes_before_the_tenant_does(
    server: RunningServer, acme: Tenant
) -> None:
    deletion = await ask(server, acme)
    await come_due(server)
    server.clock.advance(10)
    async with erasure.erasing(server.parts.settings.database, batch=100) as eraser:
        with use_tenant(acme):
            await audit.record(Event.LOGOUT, actor=audit.SYSTEM)
        erasing = await deletions.of(str(deletion.id))
        assert not await eraser.finish(erasing, lambda _: "signed", now=server.clock())
    assert await TenantRow.filter(id=acme.id).count() == 1
    await until_it_ends(server, deletion)
    assert await TenantRow.filter(id=acme.id).count() == 0
    with use_tenant(acme):
        assert await AuditEvent.all().count() == 0


async def test_a_fault_of_one_tenant_does_not_keep_the_next_from_being_erased(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    await ask(server, acme)
    await ask(server, globex)
    with use_tenant(acme):
        await TenantRow.filter(id=acme.id).update(status=TenantStatus.ACTIVE)
    server.clock.advance(WAITING_DAYS * DAY + 1)
    performer = background.performer(server.parts)
    assert await performer.perform(EraseTenants(), tenant_id=None) is Result.FAILED
    with use_tenant(acme):
        assert await TenantDataKey.all().count() == 1, "its status says that it is served"
    with use_tenant(globex):
        assert await TenantDataKey.all().count() == 0


async def test_a_large_tenant_does_not_keep_the_keys_of_another_from_being_destroyed(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    with use_tenant(acme):
        for number in range(20):
            await users.create(username=f"person-{number}")
    await ask(server, acme)
    await ask(server, globex)
    server.clock.advance(WAITING_DAYS * DAY + 1)
    await provisioning.erase_due_tenants(server.parts, seconds=0.001)
    with use_tenant(acme):
        assert await users.all_users()
    for each in (acme, globex):
        with use_tenant(each):
            assert await TenantDataKey.all().count() == 0


async def test_a_tenant_whose_share_of_the_time_is_nothing_is_erased_in_the_end(
    server: RunningServer, acme: Tenant
) -> None:
    deletion = await ask(server, acme)
    server.clock.advance(WAITING_DAYS * DAY + 1)
    await provisioned._shred(server.parts, deletion)
    server.clock.advance(10)
    rounds = sum((await counted(acme)).values()) + 1
    while (await deletions.of(str(deletion.id))).state is DeletionState.ERASING and rounds:
        await provisioned._clear(server.parts, deletion, 0.0)
        rounds -= 1
    assert (await deletions.of(str(deletion.id))).state is DeletionState.DELETED


@on_sqlite
async def test_the_default_tenant_is_not_deleted_whose_address_somebody_else_could_have_next(
    server: RunningServer, acme: Tenant
) -> None:
    object.__setattr__(server.parts.settings, "default_tenant", "acme")
    with pytest.raises(UnfitDeletion, match="default_tenant"):
        await ask(server, acme)


@on_sqlite
@pytest.mark.parametrize("settings", ["redis"], indirect=True)
async def test_keys_in_redis_and_what_processes_remember_go_with_the_tenant(
    server: RunningServer, acme: Tenant, globex: Tenant, console: Application, person: Person
) -> None:
    redis = server.parts.redis
    assert redis is not None
    await console.signed_in(person)
    mine, others = (tenant_key(each.id, "limit", "x") for each in (acme, globex))
    for key in (mine, others):
        await redis.call("SET", key, "1", "EX", 3600)
    server.clock.advance(120)
    holders = server.parts.encryption._ciphers, server.parts.subjects._secrets
    with use_tenant(acme):
        await server.parts.encryption.cipher(acme.id)
        await server.parts.subjects._secret()
        server.clock.advance(120)
        await server.parts.subjects._secret()
    server.parts.encryption._remember(TenantCipher(acme.id, {}))
    assert all(acme.id in holder for holder in holders)
    await erase(server, acme)
    assert await redis.call("KEYS", f"*{acme.id}*") == []
    assert await redis.call("GET", others) == b"1"
    remembered = [cache._values._known() for cache in server.parts.caches]
    assert not [key for each in remembered for key in each if key[0] == acme.id]
    assert not any(acme.id in holder for holder in holders)


# --- The certificate ------------------------------------------------------------------------------


@on_sqlite
async def test_a_certificate_that_was_changed_or_is_anothers_is_not_believed(
    server: RunningServer, acme: Tenant
) -> None:
    certificate = (await erase(server, acme)).certificate
    assert (await provisioned.verified(server.parts, certificate))["tenant"]["slug"] == "acme"
    key = provisioned.certificate_key(server.parts)
    head, body, signature = certificate.split(".")
    stated = jwt.decode(certificate, options={"verify_signature": False})
    forged = jwt.utils.base64url_encode(json.dumps(stated | {"rows": {}}).encode()).decode()
    another = StatementKey.of(DELETION, KeyEncryptionKey("00", bytes(range(32))))
    for wrong in (
        f"{head}.{forged}.{signature}",
        f"{head}.{body}.",
        another.sign(stated),
        jwt.encode(stated, key="", algorithm="none"),
        jwt.encode(stated, key.key.private_key(), algorithm="EdDSA"),
        "certificate",
        "",
    ):
        with pytest.raises(BadStatement):
            await provisioned.verified(server.parts, wrong)


@on_sqlite
async def test_a_certificate_is_believed_after_the_key_encryption_key_was_replaced(
    server: RunningServer, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = (await erase(server, acme)).certificate
    others = [KeyEncryptionKey("00", bytes(range(32)))]
    monkeypatch.setattr(provisioned, "key_encryption_keys", lambda *_, **__: others)
    assert (await provisioned.verified(server.parts, certificate))["tenant"]["slug"] == "acme"
    await TenantDeletion.all().update(certificate="")
    with pytest.raises(BadStatement):
        await provisioned.verified(server.parts, certificate)


# --- Every table ----------------------------------------------------------------------------------


async def test_every_table_is_cleared_but_those_that_say_who_was_here(
    server: RunningServer,
) -> None:
    """A new model is cleared by itself; one whose rows name no tenant has to be thought of."""
    tables = {model._meta.db_table for model in Tortoise.apps["models"].values()}
    installations = {"plans", "announcements", "periodic_jobs", "installation_days"}
    assert tables - set(erased_tables()) == {"tenants", "tenant_deletions"} | installations


@on_postgres
async def test_every_table_whose_rows_name_a_tenant_is_cleared(
    server: RunningServer,
) -> None:
    found = await connections.get("default").execute_query_dict(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'tenant_id'"
    )
    assert {row["table_name"] for row in found} == {*erased_tables(), "tenant_deletions"}
