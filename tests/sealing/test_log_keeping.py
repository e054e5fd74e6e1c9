"""Events leave the log once their time is over, and it forgets people; it is verified
nevertheless."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from authgate import audit, background, provisioning
from authgate.audit import SYSTEM, Event
from authgate.exports import audit_lines
from authgate.installation import key_encryption_keys
from authgate.jobs import ForgetPeople, Job, Result, RetireAudit, SealAudit
from authgate.portable import exported_log
from authgate.provisioning import provisioned_users
from authgate.provisioning.roles import OPERATOR
from authgate.sealing import folding, retention, stored_log
from authgate.sealing.faults import Kind
from authgate.sealing.sealer import Sealer
from authgate.settings import DatabaseSettings, Settings
from authgate.storage.audit import audit_events, audit_seals
from authgate.storage.audit.audit_erasures import AuditErasureRow
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.audit_feeds import AuditFeedRow
from authgate.storage.audit.audit_logs import AuditLogRow
from authgate.storage.audit.audit_seals import AuditSealRow, Seal
from authgate.storage.audit.exports import AuditExportRow, LogFormat
from authgate.storage.database import StorageUnavailable, dsn, sweep_url
from authgate.storage.export_files import wanted
from authgate.storage.people.users import User
from authgate.storage.postgres.client import inside
from authgate.storage.sweep import log_keeping
from authgate.tokens.audit_seal import SealKeys
from authgate_tenants import Tenant, use_tenant
from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_testing import PostgresServer
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.ledger import at_rest
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"  # of people who exist in tests only
OLD = (400, 390, 380)


async def run(server: RunningServer, *jobs: Job) -> None:
    performer = background.performer(server.parts)
    for job in jobs:
        assert await performer.perform(job, tenant_id=None) is Result.DONE


async def aged(server: RunningServer, tenant: Tenant) -> None:
    """Give the tenant a log of which three seals are old."""
    with use_tenant(tenant):
        await AuditFeedRow.all().delete()
        await Sealer(server.parts).step()
        for days in OLD:
            made = audit.event(Event.LOGOUT, actor=SYSTEM, resource=("user", f"{days}"))
            then = server.clock() - timedelta(days=days)
            await audit_events.append(made._replace(occurred_at=then))
            await Sealer(server.parts).step()


async def changed(server: RunningServer, tenant: Tenant, **settings: object) -> Tenant:
    await provisioning.change_tenant(
        server.parts, tenant, change=lambda before: before.changed(settings)
    )
    found = await server.parts.resolver.find_by_id(tenant.id)
    assert found is not None
    return found


async def removed(database: DatabaseSettings, tenant_id: UUID, last: int) -> int:
    async with log_keeping.removing(database, tenant_id) as remove:
        return await remove(1, last)


async def there(tenant: Tenant) -> list[int | None]:
    with use_tenant(tenant):
        sealed = AuditEvent.filter(seq__isnull=False)
        return [each.seq for each in await sealed.order_by("seq")]


@pytest.fixture
async def kept(server: RunningServer, as_owner: Callable[..., Awaitable[None]]) -> Tenant:
    """A tenant whose log has three old seals, and a young one."""
    acme = await provisioning.add_tenant(server.parts, slug="acme", name="Acme")
    then = server.clock() - timedelta(days=450)
    value: Any = then
    if server.parts.settings.database.is_sqlite:
        value = then.isoformat(sep=" ")
    await as_owner("UPDATE audit_events SET occurred_at = $1", value)
    await aged(server, acme)
    with use_tenant(acme):
        await audit.record(Event.LOGOUT, actor=SYSTEM)
        await Sealer(server.parts).step()
    return acme


async def test_au_08_old_events_go_under_whole_seals_and_the_log_is_verified_nevertheless(
    server: RunningServer, kept: Tenant, verified: Callable[..., Any]
) -> None:
    before = await there(kept)
    server.clock.advance(timedelta(days=2).total_seconds())
    await run(server, RetireAudit())
    assert (await verified(kept)).faults == []
    await run(server, SealAudit())
    after = await there(kept)
    assert before == [1, 2, 3, 4, 5]
    assert after == [5, 6]
    with use_tenant(kept):
        [told] = await AuditEvent.filter(event_type="AUDIT_EVENTS_REMOVED")
        gone = await AuditSealRow.filter(gone_at__isnull=False).order_by("first_seq")
    assert (told.details["until"], told.details["events"]) == (4, 4)
    assert [bytes(each.members) for each in gone] == [b""] * 4
    # By one statement.
    assert len({each.gone_at for each in gone}) == 1
    report = await verified(kept)
    assert report.faults == []
    assert (report.first_seq, report.removed, report.events) == (5, 4, 2)
    await run(server, RetireAudit())
    assert await there(kept) == after


async def test_seals_whose_events_are_gone_are_folded_and_hold_what_is_left_nevertheless(
    server: RunningServer,
    kept: Tenant,
    verified: Callable[..., Any],
    as_owner: Callable[..., Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folding, "LEFT", 1)
    with use_tenant(kept):
        seals = {each.last_seq: bytes(each.digest) for each in await AuditSealRow.all()}
    # Of an hour without a checkpoint nothing is told.
    monkeypatch.setattr(folding, "STEP", 2)
    await run(server, SealAudit(), RetireAudit(), SealAudit())
    with use_tenant(kept):
        await retention.retire(server.parts)
        rows = await AuditSealRow.all().order_by("first_seq")
        assert [each.first_seq for each in rows][:2] == [3, 4], "1 and 2 are folded into 3"
        assert await retention.retire(server.parts) == 0

    async def found(**how: object) -> list[tuple[Kind, int, int]]:
        return [(each.kind, each.seq, each.until) for each in (await verified(kept, **how)).faults]

    report = await verified(kept)
    assert (report.faults, report.first_seq, report.removed) == ([], 5, 4)

    async def compared(seq: int, digest: bytes) -> tuple[list[Kind], bool]:
        report = await verified(kept, checkpoint={"seq": seq, "digest": digest.hex()})
        return [each.kind for each in report.faults], report.is_comparable

    assert await compared(1, seals[1]) == ([], True), "the log told of it"
    assert await compared(1, seals[2]) == ([Kind.REWRITTEN], True)
    assert await compared(3, seals[3]) == ([], True)
    assert await compared(3, seals[2]) == ([Kind.REWRITTEN], True)
    assert await compared(2, seals[1]) == ([], False), "of it there is nothing left"
    former = "UPDATE audit_seals SET folded = $1 WHERE first_seq = 3"
    said = bytes(rows[0].folded or b"")
    await as_owner(former, said[:-1] + bytes([said[-1] ^ 1]))
    assert (Kind.FORGED, 1, 2) in await found()
    await as_owner(former, said)
    assert await found() == []
    await as_owner("UPDATE audit_seals SET fold_signer = NULL WHERE first_seq = 3")
    assert (Kind.FORGED, 1, 2) in await found()
    other = (Kind.REWRITTEN, 1, 1)
    checkpoint = {"seq": 1, "digest": seals[1].hex()}
    assert other in await found(checkpoint=checkpoint), "nobody says that it is the same"
    await as_owner("UPDATE audit_seals SET folded = $1 WHERE first_seq = 4", said)
    assert (Kind.FORGED, 4, 4) in await found()
    await as_owner("DELETE FROM audit_seals WHERE first_seq = 3")
    assert (Kind.SEALS_MISSING, 1, 3) in await found()
    with use_tenant(kept):
        [left, *_] = await audit_seals.following(0, limit=1)
        gone = replace(left, first_seq=3)
        with pytest.raises(StorageUnavailable):
            await audit_seals.fold(gone, said, signature=b"", signer=b"")


@on_sqlite
async def test_nothing_goes_that_is_held_or_that_a_plugin_was_not_told_of(
    server: RunningServer, kept: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = server.clock()
    held = await changed(server, kept, audit_legal_hold=True)
    with use_tenant(held):
        assert await retention.retire(server.parts) == 0
        # Nor what had begun to go.
        assert await AuditSealRow.filter(first_seq=1).update(removed_at=now)
        assert await retention.retire(server.parts) == 0
        await AuditSealRow.filter(first_seq=1).update(removed_at=None)
    free = await changed(server, kept, audit_legal_hold=False)
    with use_tenant(free):
        feed = await AuditFeedRow.create(
            plugin="siem", told_until=now - timedelta(days=385), next_at=now
        )
        assert await retention.retire(server.parts) == 3
        await feed.delete()
    longer = await changed(server, kept, audit_retention_days=385)
    with use_tenant(longer):
        assert await retention.retire(server.parts) == 0
    as_before = await changed(server, kept, audit_retention_days=365)
    monkeypatch.setattr(retention, "STEP", 1)
    with use_tenant(as_before):
        # There is time for no more than a portion: others have their turn, and it comes again.
        assert await retention.retire(server.parts, seconds=0) == 1
        assert (await AuditLogRow.get()).due_at <= server.clock()
        assert await retention.retire(server.parts) == 0
        assert (await AuditLogRow.get()).due_at > server.clock()


async def test_what_is_put_where_events_are_gone_or_is_changed_before_they_go_is_found(
    server: RunningServer,
    kept: Tenant,
    verified: Callable[..., Any],
    as_owner: Callable[..., Awaitable[None]],
) -> None:
    with use_tenant(kept):
        await AuditSealRow.filter(first_seq__lte=3).update(removed_at=server.clock())
    await as_owner("DELETE FROM audit_events WHERE seq = 1")
    await as_owner("UPDATE audit_events SET success = NOT success WHERE seq = 2")
    found = [(each.kind, each.seq) for each in (await verified(kept)).faults]
    assert (Kind.EDITED, 2) in found
    assert not [seq for kind, seq in found if seq == 3 or (kind, seq) == (Kind.DELETED, 2)]
    with use_tenant(kept):
        assert await retention.retire(server.parts) == 2
        await audit.record(Event.LOGOUT, actor=SYSTEM)
        [put] = await audit_events.latest(limit=1)
        assert await AuditEvent.filter(id=put.id).update(seq=2), "whoever serves can do so"
    found = [(each.kind, each.seq) for each in (await verified(kept)).faults]
    assert (Kind.INSERTED, 2) in found


@on_sqlite
async def test_seals_that_are_folded_while_the_log_is_read_are_not_missed(
    server: RunningServer,
    kept: Tenant,
    verified: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with use_tenant(kept):
        assert await retention.retire(server.parts) == 4
    monkeypatch.setattr(folding, "LEFT", 1)
    monkeypatch.setattr(stored_log, "_SEALS", 1)
    page, folded = stored_log._page, list[Seal]()

    async def read(after: int) -> list[Seal]:
        if after == 1 and not folded:
            await folding.fold(server.parts, seconds=0)
            folded.extend(await page(0))
        return await page(after)

    monkeypatch.setattr(stored_log, "_page", read)
    report = await verified(kept)
    assert [each.first_seq for each in folded] == [3], "1 and 2 are folded into 3; 1 was read"
    assert (report.faults, report.removed) == ([], 4)


@on_sqlite
async def test_what_a_former_key_has_sealed_is_folded_once_a_present_one_vouches_for_it(
    server: RunningServer,
    kept: Tenant,
    verified: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [kek, *_] = key_encryption_keys(server.parts.settings.keys, may_create=False)
    following, present = KeyEncryptionKey("next", bytes(range(32))), Sealer(server.parts)
    alone, present.keys = SealKeys.of([following]), SealKeys.of([following, kek])
    with use_tenant(kept):
        assert await retention.retire(server.parts) == 4
        monkeypatch.setattr(folding, "STEP", 2)
        monkeypatch.setattr(folding, "LEFT", 1)
        monkeypatch.setattr(folding, "keys_of", lambda _parts: alone)

        async def first() -> list[int]:
            return [each.first_seq for each in await audit_seals.following(0, limit=3)]

        assert not await folding.fold(server.parts, seconds=0)
        assert await first() == [1, 2, 3]
        await present.take_over()
        # There is time for no more than a step: its turn comes again.
        await retention.retire(server.parts, seconds=0)
        assert await first() == [2, 3, 4]
        assert (await AuditLogRow.get()).due_at <= server.clock()
        await retention.retire(server.parts)
        assert await first() == [3, 4, 5]
        assert (await AuditLogRow.get()).due_at > server.clock()
        present.keys = alone
        await audit.record(Event.LOGOUT, actor=SYSTEM)
        await present.step()
    assert (await verified(kept, trusted=alone.thumbprints)).faults == []


@on_sqlite
async def test_a_file_of_events_whose_seals_were_folded_since_is_sound_and_what_is_none_is_refused(
    server: RunningServer, kept: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "LEFT", 1)
    with use_tenant(kept):
        events = await AuditEvent.filter(seq__isnull=False).order_by("seq")
        await retention.retire(server.parts)
        assert [each.first_seq for each in await audit_seals.following(0, limit=2)] == [3, 4]
        seals = b"".join([line async for line in exported_log.seal_lines()])
    keys = Sealer(server.parts).keys.thumbprints

    def found(file: bytes, *, beside: bytes = seals) -> tuple[list[Kind], int, int]:
        report = exported_log.checked(BytesIO(file), BytesIO(beside), trusted=keys)
        return [each.kind for each in report.faults], report.events, report.waiting

    file = audit_lines.lines(LogFormat.JSONL, events)
    assert found(file) == ([], 1, 4), "of what is gone nothing can be said any more"
    put = file.replace(b'"seq":5', b'"seq":0')
    assert found(put)[0] == [Kind.INSERTED]
    for lines, beside in (
        (file.replace(b'"seq":5', b'"seq":"5"'), seals),
        (file, seals.replace(b'"root"', b'"roof"')),
        (file, b""),
    ):
        with pytest.raises(exported_log.UnfitLogFile):
            found(lines, beside=beside)


@on_sqlite
async def test_what_was_folded_by_one_that_was_killed_then_is_removed_by_the_next(
    server: RunningServer,
    kept: Tenant,
    verified: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @asynccontextmanager
    async def killed(*_where: object) -> AsyncIterator[Callable[..., Awaitable[int]]]:
        async def remove(*_places: int) -> int:
            raise OperationalError

        yield remove

    async def first() -> list[int]:
        return [each.first_seq for each in await audit_seals.following(0, limit=3)]

    monkeypatch.setattr(folding, "LEFT", 1)
    with use_tenant(kept):
        with monkeypatch.context() as patched:
            patched.setattr(log_keeping, "removing_folded", killed)
            with pytest.raises(OperationalError):
                await retention.retire(server.parts)
        assert await first() == [1, 2, 3]
        assert [each.first_seq for each in await audit_seals.folded()] == [3]
        assert (await verified(kept)).faults == []
        server.clock.advance(timedelta(days=400).total_seconds())
        await retention.retire(server.parts)
        assert (await first())[0] == 4
    assert (await verified(kept)).faults == []


@on_sqlite
async def test_no_seal_is_folded_while_the_log_is_held(
    server: RunningServer, kept: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with use_tenant(kept):
        assert await retention.retire(server.parts) == 4
        before = await AuditSealRow.all().count()
    monkeypatch.setattr(folding, "LEFT", 1)
    for is_held, left in ((True, before), (False, before - 2)):
        tenant = await changed(server, kept, audit_legal_hold=is_held)
        with use_tenant(tenant):
            await retention.retire(server.parts)
            assert await AuditSealRow.all().count() == left


@on_sqlite
async def test_events_go_the_next_day_though_seals_cannot_be_folded(
    server: RunningServer, kept: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_parts: object, **_how: object) -> None:
        raise OperationalError

    monkeypatch.setattr(folding, "fold", fail)
    with use_tenant(kept):
        with pytest.raises(OperationalError):
            await retention.retire(server.parts)
        assert (await AuditLogRow.get()).due_at > server.clock()


@on_postgres
async def test_the_role_that_removes_takes_nothing_that_was_not_given_up_and_changes_no_word(
    server: RunningServer, kept: Tenant, settings: Settings
) -> None:
    database = settings.database
    assert await removed(database, kept.id, 9) == 0
    assert await log_keeping.empty(database, kept.id, [1, 2, 3], now=server.clock()) == 0
    with use_tenant(kept):
        await AuditErasureRow.create(
            user_id=UUID(int=1),
            username="x",
            asked_at=server.clock(),
            due_at=server.clock(),
            position=1,
            until=2,
        )
        # Young ones are given up by nobody.
        assert not await AuditSealRow.filter(first_seq=5).update(removed_at=server.clock())
        assert await AuditSealRow.filter(first_seq=1).update(removed_at=server.clock())
    assert await removed(database, kept.id, 9) == 1
    assert await log_keeping.empty(database, kept.id, [2, 3, 4], now=server.clock()) == 1
    line = await asyncpg.connect(dsn(sweep_url(database)))
    try:
        await line.execute(inside(kept.id).replace("true", "false"))
        for change in ("actor_name = 'another'", "details = '{\"a\": 1}'", "event_type = 'LOGOUT'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await line.execute(f"UPDATE audit_events SET {change} WHERE seq = 2")  # noqa: S608
    finally:
        await line.close()


GONE = (
    "INSERT INTO audit_seals (id, tenant_id, first_seq, last_seq, members, root, previous, digest,"
    " signature, signer, sealed_at, newest_at, checkpoint_at, removed_at, gone_at)"
    " SELECT gen_random_uuid(), tenant_id, -n, -n, '', '', '', '', '', '', newest_at, newest_at,"
    " newest_at, newest_at, newest_at FROM audit_seals, generate_series(1, 50000) n"
    " WHERE tenant_id = $1 AND first_seq = 1"
)


@on_postgres
async def test_seals_whose_events_are_gone_cost_nothing_when_more_go(
    server: RunningServer,
    kept: Tenant,
    settings: Settings,
    as_owner: Callable[..., Awaitable[None]],
) -> None:
    await as_owner(GONE, kept.id)
    await as_owner("ANALYZE audit_seals")
    with use_tenant(kept):
        await AuditSealRow.filter(first_seq__gte=1, first_seq__lt=4).update(
            removed_at=server.clock()
        )
    line = await asyncpg.connect(dsn(sweep_url(settings.database)))
    try:
        async with line.transaction():
            await line.execute(inside(kept.id))
            explained = await line.fetchval(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) DELETE FROM audit_events"
                " WHERE tenant_id = $1 AND seq BETWEEN 1 AND 9",
                kept.id,
            )
    finally:
        await line.close()
    [plan] = json.loads(explained)
    assert sum(plan["Plan"][f"Shared {how} Blocks"] for how in ("Hit", "Read")) < 200
    with use_tenant(kept):
        assert [each.seq for each in await AuditEvent.filter(seq__isnull=False)] == [4, 5]


async def test_nothing_tells_of_somebody_who_is_gone_and_the_log_is_verified_nevertheless(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    verified: Callable[..., Any],
    settings: Settings,
    postgres: PostgresServer,
) -> None:
    acme = await changed(server, acme, audit_person_days=0)
    with use_tenant(acme):
        await audit.record(
            Event.IMPERSONATION_ENDED, actor=SYSTEM, details={"by": alice.username, "note": "x"}
        )
        await audit.record(Event.USER_CREATED, actor=SYSTEM, details={"role": alice.username})
    async with server.from_address("203.0.113.77") as http:
        http.headers["User-Agent"] = "Alicebrowser/7"
        await Person(http).sign_in(acme.issuer, alice.username, "wrong-password-it-is")
        await Person(http).sign_in(acme.issuer, alice.username, PASSWORD)
    with use_tenant(acme):
        mine = await AuditEvent.filter(actor_id=str(alice.id)).count()
        assert mine > 0
        await provisioned_users.remove(alice.id, by=OPERATOR, now=server.clock())
    await run(server, SealAudit(), ForgetPeople())
    # The event that says so waits for its seal, and is signed.
    assert (await verified(acme)).faults == []
    await run(server, SealAudit())
    with use_tenant(acme):
        events = await AuditEvent.all()
        about = [each for each in events if str(alice.id) in (each.actor_id, each.resource_id)]
        told = [each for each in about if each.event_type == "AUDIT_PERSON_ERASED"]
        [other] = [each for each in events if each.details == {"role": alice.username}]
    assert len(about) > mine
    assert {each.actor_name for each in about} == {""}
    assert {each.ip for each in about} == {""}
    assert sum(each.details["events"] for each in told) == len(about) - len(told) + 1
    assert other.erased_at is None
    report = await verified(acme)
    assert report.faults == []
    assert report.erased == len(about) - len(told) + 1
    await run(server, ForgetPeople())
    server.clock.advance(600)
    await run(server, ForgetPeople())
    with use_tenant(acme):
        assert await AuditErasureRow.all().count() == 0
    everything = at_rest(settings.database, postgres)
    for trace in ("203.0.113.77", "Alicebrowser", str(alice.email)):
        assert trace not in everything, trace


@on_sqlite
async def test_what_is_emptied_and_no_event_tells_is_a_fault_and_so_is_what_was_emptied_twice(
    server: RunningServer, acme: Tenant, alice: User, verified: Callable[..., Any]
) -> None:
    acme = await changed(server, acme, audit_person_days=30)
    with use_tenant(acme):
        await provisioned_users.remove(alice.id, by=OPERATOR, now=server.clock())
    await run(server, SealAudit(), ForgetPeople())
    with use_tenant(acme):
        assert await AuditEvent.filter(erased_at__isnull=False).count() == 0
        server.clock.advance(timedelta(days=31).total_seconds())
    await run(server, ForgetPeople(), SealAudit())
    report = await verified(acme)
    assert report.is_sound
    assert report.erased == 2
    with use_tenant(acme):
        erased = await AuditEvent.filter(erased_at__isnull=False).first()
        assert erased is not None
        await AuditEvent.filter(id=erased.id).update(actor_name="another")
    [fault] = (await verified(acme)).faults
    assert (fault.kind, fault.event_id) == (Kind.EDITED, str(erased.id))
    assert json.dumps(fault.told())


@on_sqlite
async def test_a_person_is_forgotten_once_whatever_happens_meanwhile_and_whoever_has_the_name_then(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    async def happen(at: datetime) -> AuditEvent:
        with use_tenant(acme):
            made = audit.event(Event.USER_INVITED, actor=SYSTEM, details={"by": alice.username})
            await audit_events.append(made._replace(occurred_at=at))
            [newest] = await audit_events.latest(limit=1)
        return newest

    then = server.clock() - timedelta(days=31)
    hers = await happen(then)
    with use_tenant(acme):
        await provisioned_users.remove(alice.id, by=OPERATOR, now=then)
    others = [await happen(server.clock())]
    await run(server, SealAudit())
    others.append(await happen(server.clock()))
    await run(server, ForgetPeople())
    with use_tenant(acme):
        now = server.clock()
        file = await AuditExportRow.create(
            **wanted(by="bob", now=now, is_hinted=True),
            format="csv", chosen={}, until=now, requester_type="user", requester_id="bob",
        )  # fmt: skip
    for _ in range(2):
        server.clock.advance(300)
        others.append(await happen(server.clock()))
        await run(server, ForgetPeople(), SealAudit())
    with use_tenant(acme):
        assert await AuditErasureRow.all().count() == 0
        assert await AuditExportRow.filter(id=file.id).exists()
        empty = [each.id for each in await AuditEvent.filter(erased_at__isnull=False)]
    assert hers.id in empty
    assert not {each.id for each in others} & {*empty}


@on_sqlite
async def test_nobody_is_forgotten_while_the_log_is_held(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    async def emptied() -> int:
        with use_tenant(acme):
            return await AuditEvent.filter(erased_at__isnull=False).count()

    held = await changed(server, acme, audit_legal_hold=True, audit_person_days=0)
    with use_tenant(held):
        await provisioned_users.remove(alice.id, by=OPERATOR, now=server.clock())
    await run(server, SealAudit(), ForgetPeople())
    assert await emptied() == 0
    await changed(server, acme, audit_legal_hold=False)
    server.clock.advance(timedelta(hours=1).total_seconds())
    await run(server, ForgetPeople())
    assert await emptied() > 0
