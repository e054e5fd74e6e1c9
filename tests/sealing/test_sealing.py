"""The audit log is sealed: each event has a place in it, which nobody who serves can change."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from tortoise import connections
from tortoise.exceptions import OperationalError

from authgate import audit, background, storage
from authgate.audit import SYSTEM, Event
from authgate.jobs import Result, SealAudit
from authgate.sealing.sealer import BATCH, Sealer
from authgate.storage.audit import audit_events, audit_seals
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.audit_seals import AuditSealRow
from authgate.storage.sweep import due_seals
from authgate.telemetry.families import REGISTRY
from authgate.tokens.audit_seal import is_signed, read_checkpoint
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.server import RunningServer


async def run(server: RunningServer) -> None:
    job = background.performer(server.parts)
    assert await job.perform(SealAudit(), tenant_id=None) is Result.DONE


async def happen(tenant: Tenant, count: int = 1) -> None:
    with use_tenant(tenant):
        made = [
            audit.event(Event.USER_CREATED, actor=SYSTEM, resource=("user", f"u{number}"))
            for number in range(count)
        ]
        await audit_events.append(*made)


async def waiting(server: RunningServer) -> list[str]:
    found = await due_seals.tenants(server.parts.settings.database, now=server.clock(), limit=9)
    return [str(each.tenant_id) for each in found]


async def test_every_event_has_its_place_under_a_signed_seal_and_waits_for_it_no_more(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    await happen(acme, 3)
    assert await waiting(server) == [str(acme.id), str(globex.id)]
    sealer = Sealer(server.parts)
    await run(server)
    assert await waiting(server) == []
    for tenant in (acme, globex):
        with use_tenant(tenant):
            events = await AuditEvent.all().order_by("id")
            [seal] = await audit_seals.following(0, limit=9)
        assert [each.seq for each in events] == list(range(1, len(events) + 1))
        assert (seal.first_seq, seal.last_seq) == (1, len(events))
        assert [each.id for each in seal.each()] == [str(each.id) for each in events]
        assert seal.digest == seal.digest_for(tenant.id)
        assert seal.signer in sealer.keys.trusted
        assert is_signed(seal.digest, seal.signature, seal.signer)
    await happen(acme)
    await run(server)
    with use_tenant(acme):
        first, second = await audit_seals.following(0, limit=9)
    assert second.previous == first.digest
    assert second.first_seq == second.last_seq == first.last_seq + 1
    assert REGISTRY.get_sample_value("authgate_audit_seal_lag_seconds") is not None


async def test_a_log_that_was_there_before_is_sealed_in_steps_the_oldest_first(
    server: RunningServer, acme: Tenant
) -> None:
    await happen(acme, 2 * BATCH + 1)
    sealer = Sealer(server.parts)
    with use_tenant(acme):
        assert await sealer.step() == BATCH
        left = await AuditEvent.filter(seq=None).order_by("id").first()
        held = await AuditEvent.filter(seq__isnull=False).order_by("-id").first()
        assert left is not None
        assert held is not None
        assert left.id > held.id
        assert await sealer.seal() > BATCH
        assert await AuditEvent.filter(seq=None).count() == 0
        places = [each.seq for each in await AuditEvent.all().order_by("seq")]
        assert places == list(range(1, len(places) + 1))


async def test_what_commits_late_has_its_place_behind_what_came_before(
    server: RunningServer, acme: Tenant
) -> None:
    late = audit.event(Event.USER_CREATED, actor=SYSTEM, resource=("user", "late"))
    await happen(acme)
    await run(server)
    with use_tenant(acme):
        await audit_events.append(late)
    await run(server)
    with use_tenant(acme):
        found = await AuditEvent.all().order_by("-seq").first()
    assert found is not None
    assert found.resource_id == "late"


async def test_of_sealers_that_come_together_each_event_is_sealed_by_one(
    server: RunningServer, acme: Tenant
) -> None:
    await happen(acme, 20)
    sealer = Sealer(server.parts)

    async def seal() -> int:
        with use_tenant(acme):
            return await sealer.step()

    sealed = await asyncio.gather(*(seal() for _ in range(4)))
    with use_tenant(acme):
        assert sum(sealed) == await AuditEvent.all().count()
        assert len(await audit_seals.following(0, limit=9)) == 1


@on_sqlite
async def test_a_checkpoint_is_in_the_log_once_an_hour_and_only_where_something_happened(
    server: RunningServer, acme: Tenant
) -> None:
    async def checkpoints() -> list[AuditEvent]:
        with use_tenant(acme):
            return await AuditEvent.filter(event_type="AUDIT_CHECKPOINT").order_by("id")

    await run(server)
    server.clock.advance(timedelta(hours=2).total_seconds())
    await run(server)
    assert await checkpoints() == []
    await happen(acme)
    for _ in range(3):
        await run(server)
    [made] = await checkpoints()
    keys = Sealer(server.parts).keys
    stated = read_checkpoint(made.details["checkpoint"], trusted=keys.thumbprints)
    with use_tenant(acme):
        seals = await audit_seals.following(0, limit=9)
    assert stated["tenant"] == {"id": str(acme.id), "slug": "acme"}
    assert [stated["digest"], stated["seq"]] == [seals[1].digest.hex(), seals[1].last_seq]
    assert made.details["seq"] == stated["seq"]
    # Nothing has happened but that.
    server.clock.advance(timedelta(hours=2).total_seconds())
    for _ in range(3):
        await run(server)
    assert len(await checkpoints()) == 1


async def test_a_sealer_builds_on_no_seal_that_is_not_its_installation_s(
    server: RunningServer, acme: Tenant, as_owner: Callable[..., Awaitable[None]]
) -> None:
    await run(server)
    with use_tenant(acme):
        [row] = await AuditSealRow.all()
    await as_owner("UPDATE audit_seals SET signature = $1", bytes(64))
    await happen(acme)
    await run(server)
    with use_tenant(acme):
        [_, second] = await audit_seals.following(0, limit=9)
        [told] = await AuditEvent.filter(event_type="AUDIT_LOG_BROKEN")
    assert second.previous == audit_seals.BEGINS
    assert second.first_seq == row.last_seq + 1
    assert (told.severity, told.details) == ("CRITICAL", {"until": row.last_seq})


REFUSED = (
    "UPDATE audit_events SET seq = 99 WHERE seq = 1",
    "UPDATE audit_events SET salt = NULL WHERE seq = 1",
    "UPDATE audit_events SET commitment = NULL, seq = NULL WHERE seq = 1",
    "UPDATE audit_events SET actor_name = 'another' WHERE seq = 1",
    "UPDATE audit_events SET details = '{}' WHERE seq = 1",
    "UPDATE audit_events SET erased_at = now() WHERE seq = 1",
    "DELETE FROM audit_events WHERE seq = 1",
    "INSERT INTO audit_events SELECT * FROM audit_events LIMIT 1",
    "UPDATE audit_seals SET digest = NULL",
    "UPDATE audit_seals SET last_seq = 99",
    "DELETE FROM audit_seals",
    # What waits for its seal is sealed, and not changed.
    "UPDATE audit_events SET details = '{}' WHERE seq IS NULL",
    "UPDATE audit_events SET salt = NULL WHERE seq IS NULL",
)


@on_postgres
async def test_the_serving_role_changes_nothing_that_is_sealed(
    server: RunningServer, acme: Tenant
) -> None:
    await run(server)
    await happen(acme)
    with use_tenant(acme):
        before = await AuditEvent.all().order_by("id").values()
        seals = await AuditSealRow.all().values()
        changed = []
        for statement in REFUSED:
            with suppress(OperationalError):
                async with storage.transaction():
                    changed.append(await connections.get("default").execute_query(statement))
        assert [count for count, _ in changed if count] == []
        assert await AuditEvent.all().order_by("id").values() == before
        assert await AuditSealRow.all().values() == seals
