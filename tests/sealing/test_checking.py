"""``/audit-verification``: a log is checked by a job, portion by portion, because somebody asks."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from authgate import audit, background
from authgate.audit import SYSTEM, Event
from authgate.installation import key_encryption_keys
from authgate.jobs import Result, VerifyAudit, port
from authgate.sealing import checking
from authgate.sealing.sealer import Sealer
from authgate.storage.audit import audit_events, audit_logs
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.audit_seals import AuditSealRow
from authgate.tokens.admin_scopes import Scope
from authgate.tokens.audit_seal import SealKeys
from authgate_tenants import Tenant, use_tenant
from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_testing.api import ApiClient, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.server import RunningServer

HERE = "/audit-verification"
Owner = Callable[..., Awaitable[None]]


@pytest.fixture
async def api(server: RunningServer, acme: Tenant) -> ApiClient:
    """A program that may read acme's log."""
    return await api_client(server, acme, Scope.AUDIT_READ.value)


@pytest.fixture
def _by_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of the next round alone, which is when the test says so, and portions of two seals."""

    async def left(*_job: object, **_more: object) -> None:
        """As where the queue is full."""

    monkeypatch.setattr(port, "hint", left)
    monkeypatch.setattr(port, "is_served", lambda: True)
    monkeypatch.setattr(checking, "SEALS", 2)


async def seals(
    server: RunningServer, tenant: Tenant, count: int, *, by: SealKeys | None = None
) -> None:
    sealer = Sealer(server.parts)
    sealer.keys = by or sealer.keys
    with use_tenant(tenant):
        for number in range(count):
            for _ in range(2):
                made = audit.event(Event.LOGOUT, actor=SYSTEM, resource=("user", f"u{number}"))
                await audit_events.append(made)
            await sealer.step()


async def run(server: RunningServer) -> None:
    job = background.performer(server.parts)
    assert await job.perform(VerifyAudit(), tenant_id=None) is Result.DONE


async def places(tenant: Tenant) -> tuple[str, str]:
    """An event of the first seal, and one of the last."""
    with use_tenant(tenant):
        events = await AuditEvent.filter(seq__isnull=False, event_type="LOGOUT").order_by("seq")
    return str(events[0].id), str(events[-1].id)


@pytest.mark.usefixtures("_by_jobs")
async def test_a_log_is_checked_by_a_job_in_portions_and_another_tenant_s_is_not_told_of(
    server: RunningServer, acme: Tenant, globex: Tenant, api: ApiClient
) -> None:
    foreign = await api_client(server, globex, Scope.AUDIT_READ.value)
    assert is_problem(await api.post(HERE, {}), 409, "conflict")
    await seals(server, acme, 5)
    asked = await api.post(HERE, {})
    assert (asked.status_code, asked.json()["ended_at"]) == (202, None)
    assert is_problem(await api.post(HERE, {}), 409, "conflict")
    assert is_problem(await foreign.get(HERE), 404, "not-found")
    await run(server)
    told = (await api.get(HERE)).json()
    with use_tenant(acme):
        sealed = await AuditEvent.filter(seq__isnull=False).count()
        [event] = await AuditEvent.filter(event_type="AUDIT_LOG_VERIFIED")
        waiting = await AuditEvent.filter(seq__isnull=True).count()
    assert (told["sound"], told["percent"], told["faults"]) == (True, 100, [])
    assert (told["events"], told["seq"], told["seals"]) == (sealed, sealed, 5)
    assert told["waiting"] == waiting - 1, "what tells of this has happened since"
    assert (event.success, event.details["faults"]) == (True, 0)
    assert is_problem(await foreign.get(HERE), 404, "not-found")


@pytest.mark.usefixtures("_by_jobs")
async def test_what_was_changed_in_any_portion_is_found_and_named(
    server: RunningServer, acme: Tenant, api: ApiClient, as_owner: Owner
) -> None:
    await seals(server, acme, 5)
    first, last = await places(acme)
    with use_tenant(acme):
        ends = {str(each.id): each.seq for each in await AuditEvent.filter(id__in=[first, last])}
    await as_owner("UPDATE audit_events SET seq = 0 - $1 WHERE seq = $1", ends[first])
    await as_owner("UPDATE audit_events SET seq = $1 WHERE seq = $2", ends[first], ends[last])
    other = ends[first] + 1
    await as_owner("UPDATE audit_events SET success = NOT success WHERE seq = $1", other)
    await api.post(HERE, {})
    await run(server)
    told = (await api.get(HERE)).json()
    found = {(each["kind"], each["seq"]) for each in told["faults"]}
    assert not told["sound"]
    assert ("edited", other) in found
    assert ("reordered", ends[first]) in found, "though its place is in another portion"
    with use_tenant(acme):
        [event] = await AuditEvent.filter(event_type="AUDIT_LOG_VERIFIED")
    assert (event.success, event.details["faults"]) == (False, len(told["faults"]))


@on_sqlite
@pytest.mark.usefixtures("_by_jobs")
async def test_another_job_goes_on_where_one_was_killed_and_sees_what_was_changed_behind_it(
    server: RunningServer, acme: Tenant, api: ApiClient, as_owner: Owner
) -> None:
    await seals(server, acme, 5)
    await api.post(HERE, {})
    with use_tenant(acme):
        assert not await checking.go_on(server.parts, seconds=0)
        # One that is killed leaves its turn to nobody for two minutes.
        now = server.clock()
        assert await audit_logs.take_verification(now=now, until=now + checking.SILENCE)
    half = (await api.get(HERE)).json()
    assert 0 < half["percent"] < 100
    await run(server)
    assert (await api.get(HERE)).json() == half
    await as_owner("UPDATE audit_seals SET digest = $1 WHERE last_seq = $2", b"x" * 32, half["seq"])
    server.clock.advance(timedelta(minutes=3).total_seconds())
    await run(server)
    told = (await api.get(HERE)).json()
    assert told["percent"] == 100
    assert "rewritten" in {each["kind"] for each in told["faults"]}
    with use_tenant(acme):
        assert told["seals"] == await AuditSealRow.all().count()


@on_sqlite
@pytest.mark.usefixtures("_by_jobs")
@pytest.mark.parametrize("is_vouched_for", [True, False])
async def test_seals_of_a_former_key_that_was_taken_away_are_good_in_whatever_portion_they_are(
    server: RunningServer, acme: Tenant, api: ApiClient, *, is_vouched_for: bool
) -> None:
    [present, *_] = key_encryption_keys(server.parts.settings.keys, may_create=False)
    former = KeyEncryptionKey("former", bytes(range(32)))
    both = SealKeys.of([present, former])
    await seals(server, acme, 3, by=both)
    await seals(server, acme, 6, by=SealKeys.of([former, present]))
    if is_vouched_for:
        await seals(server, acme, 1, by=both)
    await api.post(HERE, {})
    await run(server)
    told = (await api.get(HERE)).json()
    with use_tenant(acme):
        [first, *_, last] = await AuditSealRow.filter(first_seq__gt=1).order_by("first_seq")[2:]
    forged = [("forged", first.first_seq, last.last_seq)]
    found = [(each["kind"], each["seq"], each["until"]) for each in told["faults"]]
    assert found == ([] if is_vouched_for else forged), "the newest seal answers for all of them"


@on_sqlite
@pytest.mark.usefixtures("_by_jobs")
async def test_what_events_say_of_it_is_asked_for_where_something_is_gone_or_empty_alone(
    server: RunningServer, acme: Tenant, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ask = list[str](), audit_events.newest_of_type

    async def noted(event_type: str, **more: int) -> Sequence[tuple[Any, int | None]]:
        asked.append(event_type)
        return await ask(event_type, **more)

    monkeypatch.setattr(audit_events, "newest_of_type", noted)
    await seals(server, acme, 5)
    await api.post(HERE, {})
    await run(server)
    assert (await api.get(HERE)).json()["sound"]
    assert asked == []
    with use_tenant(acme):
        await AuditEvent.filter(seq=1).update(
            erased_at=server.clock(), actor_name="", ip="", user_agent="", details={}, salt=None
        )
    await api.post(HERE, {})
    await run(server)
    assert [each["seq"] for each in (await api.get(HERE)).json()["faults"]] == [1]
    assert asked == ["AUDIT_PERSON_ERASED", "AUDIT_CHECKPOINT"], "of one portion"
