"""What tenants use, added up day by day: each event once, whatever breaks off."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Self

import pytest
from tortoise import connections
from uuid_utils.compat import uuid7

from authgate.settings import DatabaseSettings
from authgate.storage import connection, fitness
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import NewEvent
from authgate.storage.batches.append_log import Row
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.metering import roll_up, usage_days, usage_entries
from authgate.storage.metering.usage_days import ALL_CLIENTS, Count, Measure, UsageMark
from authgate.storage.metering.usage_entries import UsageEntry
from authgate.storage.sweep import due_usage
from authgate.storage.unit_of_work import transaction
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant

BEGIN = datetime(2026, 3, 2, 22, 15, tzinfo=UTC)
NOW = BEGIN + timedelta(days=3)
Sums = Counter[tuple[str, str, str]]


def tenant(slug: str) -> Tenant:
    return Tenant(
        id=uuid7(),
        slug=slug,
        name=slug,
        status=TenantStatus.ACTIVE,
        issuer=f"http://localhost:8080/t/{slug}",
        prefix=f"/t/{slug}",
        settings=TenantSettings(),
    )


def event(kind: str, client_id: str, grant: str, at: datetime) -> NewEvent:
    about = ("client", client_id, "", client_id, "token", "", "", "", "", "")
    return NewEvent(str(uuid7()), kind, "INFO", at, True, *about, {"grant_type": grant})


async def happened(where: Tenant, *, seed: int, events: int = 120) -> Sums:
    """Have tokens issued and other things done; what is to be counted."""
    chance, found = random.Random(seed), Sums()  # noqa: S311 - what happens in a test
    kinds = {
        "CLIENT_CREDENTIALS_TOKEN_ISSUED": "client_credentials",
        "ACCESS_TOKEN_ISSUED": "authorization_code",
        "TOKEN_REFRESHED": "refresh_token",
        "AUTHENTICATION_SUCCESS": "",
    }
    made = []
    for _ in range(events):
        kind, client_id = chance.choice(list(kinds)), chance.choice(["portal", "job"])
        at = BEGIN + timedelta(seconds=chance.randrange(3 * 86400))
        made.append(event(kind, client_id, kinds[kind], at))
        if kinds[kind]:
            for counted in (client_id, ALL_CLIENTS):
                found[counted, at.date().isoformat(), kinds[kind]] += 1
    with use_tenant(where):
        await usage_days.begin(BEGIN)
        await audit_events.append(*made)
    return found


async def counted(measure: Measure, since: date, client_id: str = ALL_CLIENTS) -> Sequence[Count]:
    found = await usage_days.of_each([measure], since=since, to=date.max, client_id=client_id)
    return found.get(measure, [])


async def sums(where: Tenant) -> Sums:
    found = Sums()
    with use_tenant(where):
        for client_id in (ALL_CLIENTS, "portal", "job"):
            for each in await counted(Measure.TOKENS, BEGIN.date(), client_id):
                found[each.client_id, each.day.isoformat(), each.detail] = each.total
    return found


async def test_each_event_is_counted_once_in_its_own_tenant_however_many_add_up(
    database: DatabaseSettings,
) -> None:
    acme, globex = tenant("acme"), tenant("globex")
    expected = await happened(acme, seed=1)
    others = await happened(globex, seed=2)
    until = NOW + roll_up.LATE
    with use_tenant(acme):
        await asyncio.gather(
            *(roll_up.roll_up(now=until, steps=3, step=7) for _ in range(4)),
        )
        while (await roll_up.roll_up(now=until, steps=1, step=7)).is_behind:
            pass
    assert await sums(acme) == expected
    assert not await sums(globex)
    with use_tenant(globex):
        await roll_up.roll_up(now=until)
    assert await sums(globex) == others


async def test_what_breaks_off_is_done_again_and_counts_once(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, add = tenant("acme"), usage_days.add
    expected = await happened(acme, seed=3)
    turns = 0

    async def broken(measure: Measure, counts: list[Count]) -> None:
        nonlocal turns
        turns += 1
        await add(measure, counts)
        if turns % 2:
            raise ConnectionResetError

    monkeypatch.setattr(usage_days, "add", broken)
    until = NOW + roll_up.LATE
    with use_tenant(acme):
        for _ in range(200):
            try:
                if not (await roll_up.roll_up(now=until, step=9)).is_behind:
                    break
            except ConnectionResetError:
                continue
    assert turns > 10
    assert await sums(acme) == expected


async def test_what_happens_by_the_others_clocks_counts_where_one_is_ahead(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.is_sqlite:
        return  # all have one and the same clock
    hour = timedelta(hours=1)

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + hour

    with use_tenant(tenant("acme")):
        real = datetime.now(UTC)
        await usage_days.begin(real - hour)
        with monkeypatch.context() as there:
            there.setattr(fitness, "datetime", Ahead)
            assert (await roll_up.roll_up(now=real + hour)).until < real
        await audit_events.append(event("TOKEN_REFRESHED", "portal", "refresh_token", real))
        found = await roll_up.tokens_by_day(since=real.date(), now=real + hour)
    assert [each.total for each in found.counts] == [1]


async def test_more_entries_than_a_step_takes_are_behind(database: DatabaseSettings) -> None:
    with use_tenant(tenant("acme")):
        await usage_days.begin(NOW)
        for measure in (*[Measure.API_CALLS] * 3, Measure.ACTIVE_USERS):
            await usage_entries.note(measure, now=NOW)
        first, second = [
            await roll_up.by_day({Measure.ACTIVE_USERS}, since=NOW.date(), now=NOW, steps=1, step=3)
            for _ in range(2)
        ]
    assert (first.is_behind, dict(first.counts)) == (True, {})
    assert (second.is_behind, len(second.counts)) == (False, 1)


async def test_what_a_newer_version_counts_besides_waits_for_it(database: DatabaseSettings) -> None:
    with use_tenant(tenant("acme")) as acme:
        for measure in ("dreams", Measure.API_CALLS.value):
            values = (str(uuid7()), acme.id, measure, ALL_CLIENTS, NOW.date(), "")
            await connection.append(Row(usage_entries._TABLE, values))
        async with transaction():
            count, sums = await usage_entries.take(10)
        assert (count, set(sums)) == (1, {Measure.API_CALLS})
        assert await UsageEntry.all().count() == 1


async def test_what_is_newest_is_told_before_it_is_added_up(database: DatabaseSettings) -> None:
    acme = tenant("acme")
    with use_tenant(acme):
        await usage_days.begin(NOW - timedelta(days=9))
        assert await roll_up.tokens_by_day(since=BEGIN.date(), now=NOW) == (NOW, [])
        made = [event("TOKEN_REFRESHED", "portal", "refresh_token", NOW) for _ in range(3)]
        await audit_events.append(*made)
        for moment in (NOW + timedelta(seconds=1), NOW + timedelta(hours=1)):
            for client_id, expected in ((ALL_CLIENTS, 3), ("portal", 3), ("job", None)):
                until, counts = await roll_up.tokens_by_day(
                    since=BEGIN.date(), client_id=client_id, now=moment
                )
                told = [Count(client_id, NOW.date(), "refresh_token", expected or 0)]
                assert (until, counts) == (moment, told if expected else [])
        assert await sums(acme), "by now it is added up"


async def test_tenants_that_lie_behind_are_found_the_furthest_first(
    database: DatabaseSettings,
) -> None:
    acme, globex, new = tenant("acme"), tenant("globex"), tenant("new")
    for where, begun in ((acme, NOW), (globex, BEGIN), (new, datetime.now(UTC))):
        with use_tenant(where):
            await usage_days.begin(begun)
    before = NOW + timedelta(days=1)
    assert await due_usage.tenants(database, before=before, limit=9) == [globex.id, acme.id]
    assert await due_usage.tenants(database, before=before, limit=1) == [globex.id]


async def test_nothing_of_the_day_before_is_told_a_moment_after_midnight(
    database: DatabaseSettings,
) -> None:
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    minute = timedelta(minutes=1)
    made = [
        event("TOKEN_REFRESHED", "portal", "refresh_token", at)
        for at in (midnight - minute, midnight + minute)
    ]
    with use_tenant(tenant("acme")):
        await usage_days.begin(BEGIN)
        await audit_events.append(*made)
        found = await roll_up.tokens_by_day(since=midnight.date(), now=midnight + 2 * minute)
    assert (found.until, found.counts) == (midnight, []), "the new day is looked at next"


async def test_what_a_client_has_used_outlives_it(database: DatabaseSettings) -> None:
    used = [Count("portal", NOW.date(), "refresh_token", 7)]
    with use_tenant(tenant("acme")):
        await clients.create(ClientDraft(client_id="portal", name="Portal", grant_types=[]))
        await usage_days.add(Measure.TOKENS, used)
        assert await clients.delete("portal")
        assert not await clients.leavings("portal")
        found = await counted(Measure.TOKENS, NOW.date(), "portal")
    assert found == used


async def test_many_clients_are_added_up_in_few_statements(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with use_tenant(tenant("acme")):
        await usage_days.begin(BEGIN)
        await audit_events.append(
            *(
                event("TOKEN_REFRESHED", f"client-{number}", grant, BEGIN)
                for number in range(usage_days.ROWS)
                for grant in ("", "refresh_token")
            )
        )
        async with transaction():
            client, asked = connections.get("default"), list[str]()
            execute = type(client).execute_query

            async def noted(self: object, query: str, *values: Any) -> Any:
                asked.append(query)
                return await execute(self, query, *values)

            monkeypatch.setattr(type(client), "execute_query", noted)
            await roll_up.roll_up(now=BEGIN + timedelta(hours=1), steps=1)
        added = [query for query in asked if query.startswith("INSERT INTO usage_days")]
        assert len(added) == 3
        found = await counted(Measure.TOKENS, BEGIN.date())
        one = await counted(Measure.TOKENS, BEGIN.date(), "client-499")
    assert [each.total for each in found] == [usage_days.ROWS] * 2
    assert [each.total for each in one] == [1, 1]


def sign_in(kind: str, at: datetime, *, success: bool = True, **details: str) -> NewEvent:
    about = ("user", "1", "mira", "", "user", "1", "", "", "", "")
    return NewEvent(str(uuid7()), kind, "INFO", at, success, *about, details)


async def test_sign_ins_of_before_anybody_counted_them_are_counted_by_method(
    database: DatabaseSettings,
) -> None:
    """As a version does that counted tokens alone: its mark is past them."""
    acme = tenant("acme")
    with use_tenant(acme):
        await UsageMark.create(until=NOW)
        await audit_events.append(
            sign_in("AUTHENTICATION_SUCCESS", BEGIN, method="pwd"),
            sign_in("AUTHENTICATION_SUCCESS", BEGIN, method="operator"),
            sign_in("OAUTH_AUTHENTICATION", BEGIN, connection="hub"),
            sign_in("OAUTH_AUTHENTICATION", BEGIN, success=False, connection="hub"),
            sign_in("AUTHENTICATION_FAILURE", NOW, success=False, reason="mismatch"),
        )
    with use_tenant(acme):
        later = NOW + timedelta(days=1)
        await roll_up.roll_up(now=later, step=1)
        told = await roll_up.by_day(list(Measure), since=BEGIN.date(), now=later)
        again = await roll_up.by_day(list(Measure), since=BEGIN.date(), to=BEGIN.date(), now=later)
    password, hub = (
        Count(ALL_CLIENTS, BEGIN.date(), each, 1) for each in ("password", "connection:hub")
    )
    assert told.counts[Measure.SIGN_INS] == [hub, password]
    assert told.counts[Measure.FAILURES] == [hub, password._replace(day=NOW.date())]
    assert again.counts[Measure.FAILURES] == [hub]


async def test_entries_are_in_the_sums_once_whatever_breaks_off_and_whoever_takes_them(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, globex, add = tenant("acme"), tenant("globex"), usage_days.add
    for where, number in ((acme, 600), (globex, 3)):
        with use_tenant(where):
            await usage_days.begin(NOW)
            await asyncio.gather(
                *(
                    usage_entries.note(Measure.API_CALLS, now=NOW, client_id="job", detail="admin")
                    for _ in range(number)
                )
            )
    assert await due_usage.busy(database, now=NOW) == [acme.id]
    broken = True

    async def breaking(measure: Measure, counts: list[Count]) -> None:
        await add(measure, counts)
        if broken:
            raise ConnectionResetError

    monkeypatch.setattr(usage_days, "add", breaking)
    with use_tenant(acme):
        with pytest.raises(ConnectionResetError):
            await roll_up.roll_up(now=NOW)
        broken = False
        await asyncio.gather(*(roll_up.roll_up(now=NOW, step=70) for _ in range(4)))
        for client_id in ("job", ALL_CLIENTS):
            found = await counted(Measure.API_CALLS, NOW.date(), client_id)
            assert found == [Count(client_id, NOW.date(), "admin", 600)]
        assert not await UsageEntry.all().count()
    with use_tenant(globex):
        assert await UsageEntry.all().count() == 3, "another tenant's stay"
