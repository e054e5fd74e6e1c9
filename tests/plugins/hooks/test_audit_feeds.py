"""Plugins are told what has happened: all of it, in order, and each tenant's by itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from authgate import audit, provisioning, storage
from authgate.audit import SYSTEM, Event
from authgate.clock import utc_now
from authgate.feeds import telling
from authgate.provisioning.plugin_settings import (
    PluginChange,
    pause_plugin,
    plugin_of_tenant,
    set_plugin,
)
from authgate.storage.audit import audit_events, audit_feeds
from authgate.storage.audit.audit_feeds import AuditFeed, AuditFeedRow
from authgate.storage.sweep import due_feeds
from authgate.telemetry.families import REGISTRY
from authgate_jsonl import files
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.killed import killed_half_way
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer

SINK = """
    import asyncio
    from authgate.plugin_api import hookimpl

    plugin_api_version = "1.1"
    TOLD, CALLS, DEAD, HANGS, MOST = [], [], set(), {}, {}

    @hookimpl
    async def audit_events(events):
        tenant = events[0].tenant
        CALLS.append((tenant, len(events)))
        if tenant in HANGS:
            came, may_go = HANGS[tenant]
            came.set()
            await may_go.wait()
        if tenant in DEAD or len(events) > MOST.get(tenant, 100):
            raise RuntimeError("away")
        TOLD.extend(events)
"""


PICKY = """
    from dataclasses import dataclass
    from typing import Annotated
    from authgate.plugin_api import Setting, hookimpl

    plugin_api_version = "1.2"
    TOLD = []

    @dataclass(frozen=True)
    class Config:
        host: Annotated[str, Setting("Where it sends what it is told.")]

    @hookimpl
    def register_config():
        return Config

    @hookimpl
    async def audit_events(events, config):
        TOLD.extend(each.resource_id for each in events)
"""

_feed_everywhere = telling.feed_everywhere


@pytest.fixture(autouse=True)
def plugins(install: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the bundled ones; the server's own job tells them of nothing meanwhile."""

    async def nothing(*_: object, **__: object) -> None:
        pass

    install("sink", SINK)
    install("picky", PICKY)
    monkeypatch.setattr(telling, "feed_everywhere", nothing)


@pytest.fixture
def sink(server: RunningServer) -> Any:
    """The plugin, which keeps what it was told."""
    return server.parts.plugins.installed.get_plugin("sink")


async def feed(server: RunningServer, *, after: float = 10, slow: bool = False) -> None:
    """Do what the job does, a while later."""
    server.clock.advance(after)
    await _feed_everywhere(server.parts, slow=slow)


async def happen(tenant: Tenant, *names: str) -> None:
    with use_tenant(tenant):
        for name in names:
            await audit.record(Event.USER_CREATED, actor=SYSTEM, resource=("user", name))


def told(sink: Any, tenant: str) -> list[str]:
    """Who came, as the plugin was told."""
    return [
        each.resource_id
        for each in sink.TOLD
        if each.tenant == tenant and each.lifecycle == "user.created"
    ]


async def ahead(tenant: Tenant) -> dict[str, int]:
    """What was told and is not certain to be all that happened until then."""
    with use_tenant(tenant):
        return (await AuditFeedRow.get(plugin="sink")).ahead


@asynccontextmanager
async def held_open(tenant: Tenant, *names: str) -> AsyncIterator[None]:
    """Beside a transaction in which these have come, or which has only read."""
    is_open, may_end = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        with use_tenant(tenant):
            async with storage.transaction():
                await AuditFeedRow.all()
                await happen(tenant, *names)
                is_open.set()
                await may_end.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold())
        await is_open.wait()
        yield
        may_end.set()


def measured(name: str) -> float | None:
    """What the server tells of the plugin."""
    return REGISTRY.get_sample_value(name, {"plugin": "sink"})


async def shown(server: RunningServer, tenant: Tenant) -> AuditFeed:
    """What administrators see of it."""
    with use_tenant(tenant):
        feed = (await plugin_of_tenant(server.parts, "sink")).feed
    assert feed is not None
    return feed


async def test_a_dead_sink_loses_nothing_and_keeps_no_other_tenant_waiting(
    server: RunningServer, acme: Tenant, globex: Tenant, run: Any, sink: Any, ledger: Ledger
) -> None:
    await happen(acme, "before-it-was-enabled")
    now, _ = await run(acme, "sink"), await run(globex, "sink")
    sink.DEAD.add("acme")
    await happen(acme, "ada", "bea")
    await happen(globex, "cid")
    for after in (10, 1, 2, 1):
        await feed(server, after=after)
    assert told(sink, "acme") == []
    assert told(sink, "globex") == ["cid"]
    assert [tenant for tenant, _ in sink.CALLS].count("acme") == 2, "once each time it is due"
    [waiting] = await due_feeds.waiting(server.parts.settings.database, now=server.clock())
    assert (waiting.plugin, waiting.failures) == ("sink", 2)
    seen = await shown(server, now)
    assert (seen.failures, seen.waiting_since) == (2, waiting.since)
    await happen(acme, "dee")
    sink.DEAD.clear()
    await feed(server, after=30)
    assert told(sink, "acme") == ["ada", "bea", "dee"]
    stored = [str(each.id) for each in await ledger.events(acme)]
    ids = [each.id for each in sink.TOLD if each.tenant == "acme"]
    assert ids == [each for each in stored if each in set(ids)], "in order, and nothing twice"
    await feed(server, after=30)
    assert len(sink.TOLD) == len({each.id for each in sink.TOLD})
    assert not await due_feeds.waiting(server.parts.settings.database, now=server.clock())


@on_postgres
async def test_what_a_slow_transaction_commits_after_younger_events_were_told_is_told_as_well(
    server: RunningServer, acme: Tenant, run: Any, sink: Any
) -> None:
    acme = await run(acme, "sink")
    async with held_open(acme, "late"):
        await happen(acme, "quick")
        for after in (10, 600, 600):
            await feed(server, after=after)
        assert told(sink, "acme") == ["quick"]
    await feed(server)
    assert told(sink, "acme") == ["quick", "late"]
    async with held_open(acme):
        for _ in range(3):  # whatever else the server has written at that moment
            await feed(server, after=600)
        assert await ahead(acme) == {}, "who only reads holds up nothing"


async def test_pl_10_an_event_that_is_stored_late_is_told_all_the_same_and_no_other_tenants(
    server: RunningServer, acme: Tenant, globex: Tenant, run: Any, sink: Any
) -> None:
    await run(acme, "sink")
    with use_tenant(acme):
        late = audit.event(
            Event.USER_CREATED,
            actor=SYSTEM,
            resource=("user", "late"),
            details={"client_secret": "hunter2", "names": ["bea"]},
        )
    await happen(acme, "ada")
    await happen(globex, "cid")
    await feed(server)
    with use_tenant(acme):
        await audit_events.append(late)
    await provisioning.set_tenant_status(server.parts, acme, TenantStatus.SUSPENDED)
    await feed(server)
    assert told(sink, "acme") == ["ada", "late"]
    assert told(sink, "globex") == []
    assert sink.TOLD[-2].details == {"client_secret": "***", "names": ["bea"]}
    assert sink.TOLD[-1].lifecycle == "tenant.suspended"


@on_sqlite
async def test_more_than_a_call_holds_is_told_in_several_and_beyond_the_most_later(
    server: RunningServer, acme: Tenant, run: Any, sink: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BATCH", 3)
    monkeypatch.setattr(audit_feeds, "MOST_AHEAD", 6)
    await run(acme, "sink")
    names = [f"user-{number}" for number in range(8)]
    await happen(acme, *names)
    await feed(server)
    assert [many for _, many in sink.CALLS] == [3, 3]
    assert told(sink, "acme") == names[:5], "and before them that it was enabled"
    await feed(server, after=600)
    assert told(sink, "acme") == names
    await feed(server, after=600)
    with use_tenant(acme):
        row = await AuditFeedRow.get(plugin="sink")
    assert row.ahead == {}, "nothing can come in between any more"


@on_sqlite
async def test_one_that_takes_no_whole_batch_gets_ahead_with_smaller_ones(
    server: RunningServer, acme: Tenant, run: Any, sink: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BATCH", 8)
    monkeypatch.setattr(telling, "_VISIT_SECONDS", 60.0)
    acme = await run(acme, "sink")
    sink.MOST["acme"] = 3
    names = [f"user-{number}" for number in range(20)]
    await happen(acme, *names)
    for _ in range(3):
        await feed(server)
    assert told(sink, "acme") == names, "in one visit, once it has got ahead"
    assert [many for _, many in sink.CALLS[:4]] == [8, 4, 2, 2]
    assert (await shown(server, acme)).failures == 0


@on_sqlite
async def test_one_that_hangs_is_told_beside_the_others_from_then_on(
    server: RunningServer, acme: Tenant, globex: Tenant, run: Any, sink: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(telling, "_SLOW_SECONDS", 0.0)
    for tenant in (acme, globex):
        await run(tenant, "sink")
    await feed(server)
    monkeypatch.setattr(telling, "_SLOW_SECONDS", 60.0)
    assert len(sink.CALLS) == 2
    await feed(server, slow=True)
    await happen(acme, "ada")
    await feed(server)
    assert told(sink, "acme") == [], "it took long the last time"
    came, may_go = sink.HANGS["acme"] = (asyncio.Event(), asyncio.Event())
    hangs = asyncio.create_task(feed(server, slow=True))
    await happen(globex, "cid")
    await came.wait()
    may_go.set()
    await hangs
    await feed(server)
    assert (told(sink, "acme"), told(sink, "globex")) == (["ada"], ["cid"])


@on_sqlite
async def test_one_that_turns_out_to_hang_gives_its_place_to_the_next(
    server: RunningServer, acme: Tenant, globex: Tenant, run: Any, sink: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(telling, "_AT_ONCE", 1)
    monkeypatch.setattr(telling, "_SLOW_SECONDS", 0.05)
    for tenant in (acme, globex):
        await run(tenant, "sink")
        sink.HANGS[tenant.slug] = (asyncio.Event(), asyncio.Event())
    feeding = asyncio.create_task(feed(server))
    for came, _ in sink.HANGS.values():
        await asyncio.wait_for(came.wait(), timeout=5)
    for _, may_go in sink.HANGS.values():
        may_go.set()
    await feeding
    assert {each.tenant for each in sink.TOLD} == {"acme", "globex"}


@on_sqlite
async def test_one_with_much_to_catch_up_gives_its_place_to_the_next_and_asks_no_more(
    server: RunningServer, acme: Tenant, run: Any, sink: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = await run(acme, "sink")
    await happen(acme, *(f"user-{number}" for number in range(8)))
    half_seconds = count()
    monkeypatch.setattr(telling, "BATCH", 1)
    monkeypatch.setattr(telling, "time", SimpleNamespace(monotonic=lambda: next(half_seconds) / 2))
    await feed(server)
    assert len(sink.CALLS) == 2, "each took a second and a half"
    with use_tenant(acme):
        await AuditFeedRow.all().update(slow=True)
    await feed(server, slow=True)
    assert len(sink.CALLS) == 3, "it is not slow any more"
    await feed(server)
    assert len(sink.CALLS) == 5


async def test_many_that_wait_hide_none_that_fails(
    server: RunningServer, acme: Tenant, globex: Tenant, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_feeds, "MOST", 2)
    database, now = server.parts.settings.database, server.clock()
    for tenant, plugins in ((acme, ["picky"]), (globex, ["picky", "sink"])):
        await run(tenant, *plugins)
        with use_tenant(tenant):
            await AuditFeedRow.all().update(waiting_since=now - timedelta(hours=2))
    with use_tenant(globex):
        await AuditFeedRow.filter(plugin="sink").update(waiting_since=now, failures=3)
    [first, _] = await due_feeds.waiting(database, now=now)
    assert (first.plugin, first.failures) == ("sink", 3)
    later = now + timedelta(hours=1)
    assert await due_feeds.behind(database, since=later) == {"picky", "sink"}


@on_sqlite
async def test_while_a_tenant_pauses_it_its_events_wait_and_without_it_they_do_not(
    server: RunningServer, acme: Tenant, run: Any, sink: Any
) -> None:
    database, lag = server.parts.settings.database, timedelta(seconds=90)
    now = await run(acme, "sink")
    with use_tenant(now):
        await pause_plugin(server.parts, "sink", paused=True)
    await happen(acme, "ada")
    await feed(server, after=90)
    assert told(sink, "acme") == []
    await feed(server)
    assert measured("authgate_plugin_feed_lag_seconds") == 0, "who is away elsewhere is not hidden"
    assert measured("authgate_plugin_feeds_paused") == 1
    assert not await due_feeds.waiting(database, now=server.clock())
    since = (await shown(server, now)).waiting_since
    assert since is not None
    assert since > server.clock() - 2 * lag
    assert await due_feeds.behind(database, since=server.clock() + lag) == {"sink"}
    assert await due_feeds.behind(database, since=server.clock() - 2 * lag) == set()
    for _ in range(9):
        server.clock.advance(90)
        assert not await due_feeds.due(database, slow=False, now=server.clock(), limit=9)
    with use_tenant(now):
        await pause_plugin(server.parts, "sink", paused=False)
    await happen(acme, "bob")
    await feed(server)
    assert told(sink, "acme") == ["ada", "bob"], "nobody waits for the next look"
    assert (await shown(server, now)).waiting_since is None
    assert measured("authgate_plugin_feeds_paused") == 0
    await run(acme)
    await happen(acme, "bea")
    await run(acme, "sink")
    await happen(acme, "cid")
    await feed(server)
    assert told(sink, "acme") == ["ada", "bob", "cid"]


@on_sqlite
async def test_what_waits_for_settings_is_told_once_there_are_some(
    server: RunningServer, acme: Tenant, run: Any
) -> None:
    acme = await run(acme, "picky")
    await happen(acme, "ada")
    await feed(server, after=90)
    assert await due_feeds.left_alone(server.parts.settings.database, now=server.clock()) == [
        "picky"
    ]
    with use_tenant(acme):
        await set_plugin(server.parts, "picky", PluginChange(config={"host": "siem.example"}))
    await feed(server)
    picky: Any = server.parts.plugins.installed.get_plugin("picky")
    assert "ada" in picky.TOLD


@on_sqlite
async def test_what_waits_is_counted_for_the_plugin_that_is_shown_alone(
    server: RunningServer, acme: Tenant, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = await run(acme, "picky", "sink")
    counted, waiting = [], audit_feeds.waiting

    async def counting(feed: AuditFeed, **more: Any) -> AuditFeed:
        counted.append(feed.plugin)
        return await waiting(feed, **more)

    monkeypatch.setattr(audit_feeds, "waiting", counting)
    with use_tenant(acme):
        await set_plugin(server.parts, "picky", PluginChange(config={"host": "siem.example"}))
        assert counted == [], "the tenant is locked meanwhile"
        await shown(server, acme)
    assert counted == ["sink"]


@on_sqlite
async def test_who_lost_the_lease_meanwhile_moves_nothing(
    server: RunningServer, acme: Tenant, run: Any, sink: Any
) -> None:
    await run(acme, "sink")
    came, may_go = sink.HANGS["acme"] = (asyncio.Event(), asyncio.Event())
    first = asyncio.create_task(feed(server))
    await came.wait()
    sink.HANGS.clear()
    await feed(server, after=90)  # the lease of the first is over
    with use_tenant(acme):
        place = await AuditFeedRow.get(plugin="sink").values()
    may_go.set()
    await first
    with use_tenant(acme):
        assert await AuditFeedRow.get(plugin="sink").values() == place
    assert len(sink.TOLD) == 2 * len({each.id for each in sink.TOLD}), "told again, by its id"


@on_sqlite
async def test_what_was_told_when_the_process_was_killed_is_told_again_and_all_that_follows(
    server: RunningServer, acme: Tenant, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_JSONL_FOLDER", str(tmp_path))
    acme = await run(acme, "jsonl")
    past = utc_now() - timedelta(minutes=1)
    with use_tenant(acme):
        await AuditFeedRow.all().update(told_until=past)
        happened = [
            audit.event(Event.LOGOUT, actor=SYSTEM)._replace(occurred_at=past + second)
            for second in (timedelta(seconds=each) for each in range(3))
        ]
        await audit_events.append(*happened)
        before = await audit_feeds.every(now=past)
        await killed_half_way(server.parts.settings, "feeder", acme.slug)
        after = await audit_feeds.every(now=past)
    [file] = (tmp_path / "acme").glob("*.jsonl")
    assert file.read_text().count(happened[-1].id) == 1, "it was told"
    assert after["jsonl"] == replace(before["jsonl"], next_at=after["jsonl"].next_at)
    monkeypatch.setattr(files, "_ids", lambda _written: iter(()))
    await feed(server, after=30)
    assert file.read_text().count(happened[-1].id) == 1, "nobody takes its place so soon"
    await happen(acme, "ada")
    await feed(server, after=60)
    written = [json.loads(line) for line in file.read_text().splitlines()]
    ids = [each["id"] for each in written]
    assert [ids.count(each.id) for each in happened] == [2, 2, 2], (
        "and again, since nobody noted it"
    )
    assert written[-1]["resource_id"] == "ada"
