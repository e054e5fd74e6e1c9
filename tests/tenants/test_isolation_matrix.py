"""One tenant asks for what another one has: at every route, in every place of every request.

Which routes, parameters and kinds of things there are is read off the code; see
``authgate_testing.matrix`` for how. A route or a model that is new is asked at once, or fails here;
what is of another kind than belongs at a place, or in a place that a request does not have, is
asked for there on one day of ``TURNS``.
"""

import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import fields, replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr
from tortoise.manager import Manager

from authgate import audit, background
from authgate.accounts.passwords import Passwords
from authgate.admin.catalogue import OPERATIONS
from authgate.audit import Event
from authgate.installation import TENANTS
from authgate.jobs.catalogue import JOBS
from authgate.jobs.job import Job
from authgate.jobs.performer import Result
from authgate.settings import (
    DatabaseSettings,
    EgressSettings,
    KeySettings,
    LimitSettings,
    Settings,
)
from authgate.storage.people.users import UserRow
from authgate_tenants import scope, use_tenant
from authgate_testing import owned
from authgate_testing.matrix import routes
from authgate_testing.matrix.likeness import Likeness
from authgate_testing.matrix.requests import App, Message, Receive, Scope, Send
from authgate_testing.matrix.routes import Route
from authgate_testing.matrix.site import Site, tried
from authgate_testing.matrix.things import PASSWORD
from authgate_testing.matrix.trials import TURNS, Difference
from authgate_testing.nameserver import nameserver_running

ENOUGH = 5_000
"""Requests."""

PLACES = {
    "ti_01_path": ("path",),
    "ti_02_06_body": ("form", "json"),
    "ti_03_04_query": ("query",),
    "ti_05_header": ("header", "cookie", "credentials"),
    "ti_32_batch": ("field",),
}


@pytest.fixture(scope="module")
async def site(
    sqlite_template: Path,
    certificate: tuple[Path, Path],
    passwords: Passwords,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Site]:
    """Two tenants, each of which has been asked for all that the other one has."""
    folder = tmp_path_factory.mktemp("matrix")
    path = shutil.copy(sqlite_template, folder / "authgate.db")
    with nameserver_running() as names:
        settings = Settings(
            database=DatabaseSettings(url=SecretStr(f"sqlite://{path}")),
            keys=KeySettings(kek_file=folder / "kek"),
            egress=EgressSettings(ca_file=certificate[0], nameservers=(names.address,)),
            limits=LimitSettings(enabled=False),
            log_level="error",
        )
        async with tried(settings, await passwords.hash(PASSWORD)) as toured:
            yield toured


def told(differences: Collection[Difference]) -> str:
    return "\n".join(map(str, differences))


def test_every_route_has_been_asked(site: Site) -> None:
    assert unasked(site) == []


def unasked(site: Site) -> list[str]:
    return sorted(map(str, site.routes.every() - site.trials.reached.keys()))


def test_every_kind_of_thing_has_been_asked_for(site: Site) -> None:
    assert owned.models().keys() - site.trials.things == set()


def test_enough_has_been_asked(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    trials = site.trials
    with capsys.disabled():
        print(
            f"\nisolation matrix: {trials.requests} requests at {len(trials.reached)} routes for"
            f" {len(trials.things)} kinds of things: {dict(trials.pairs)};"
            f" {len(trials.differences)} differences; other kinds in {TURNS} days' turns"
        )
    assert trials.requests >= ENOUGH


@pytest.mark.parametrize("kinds", PLACES.values(), ids=PLACES)
def test_what_another_tenant_has_is_as_unknown_as_what_nobody_has(
    site: Site, kinds: Collection[str]
) -> None:
    assert site.trials.pairs.keys() == {kind for each in PLACES.values() for kind in each}
    found = [each for each in site.trials.differences if each.is_about(kinds)]
    assert not found, told(found)


def test_ti_12_13_what_is_remembered_is_remembered_of_a_tenant(site: Site) -> None:
    of_tenants = {site.ours.tenant.id, site.theirs.tenant.id}
    by_topic: dict[str, set[object]] = {each.topic: set() for each in site.parts.caches}
    for topic, owner in site.trials.cached:
        by_topic[topic].add(owner)
    assert by_topic.pop(TENANTS) == {None}, "they are found by their addresses"
    assert by_topic == dict.fromkeys(by_topic, of_tenants)


async def test_ti_16_a_job_with_what_another_tenant_has_does_nothing(site: Site) -> None:
    performer = background.performer(site.parts)
    arguments = [(job, each.name) for job in JOBS for each in fields(job)]
    assert arguments

    async def done(job: type[Job], name: str, thing: str) -> tuple[Result, list[str]]:
        kept = site.stored.keep()
        result = await performer.perform(job(**{name: thing}), tenant_id=site.ours.tenant.id)
        written = site.stored.written(kept)
        site.stored.put_back(kept)
        assert written is None or not written.foreign, (job, name, thing)
        return result, sorted(table for table, _ in written.new + written.gone) if written else []

    likeness = Likeness(2)
    for table in owned.models():
        for row in site.stored.rows(table, site.theirs.tenant.id)[:1]:
            for job, name in arguments:
                thing = str(row.get(name) or row["id"])
                unknown = await done(job, name, likeness.of(thing))
                assert await done(job, name, thing) == unknown, (job, name, thing)


def test_what_nobody_has_is_written_as_what_somebody_has() -> None:
    likeness = Likeness(1)
    made = [likeness.of(f"2001:db8:{each}::/48", "2001:db8:bcdc::/48") for each in range(100, 200)]
    assert [str(ip_network(each)) for each in made] == made


# What the matrix would find, if it were there.


async def tried_again(site: Site, *routes: Route, app: App | None = None) -> list[Difference]:
    """What is found now at routes that have been tried."""
    trials = replace(site.trials, app=app or site.app, differences=[], pairs=Counter())
    for route in routes:
        assert await trials.both_try(route, *site.trials.reached[route], set())
    return trials.differences


READ = Route("GET", "/api/v1/tokens/{token_id}")
REVOKE = Route("POST", "/api/v1/tokens/{token_id}/revoke")
PAGE = Route("GET", "/admin/clients/<row_id>")


async def test_nothing_is_found_a_second_time(site: Site) -> None:
    found = await tried_again(site, READ, REVOKE, PAGE)
    assert not found, told(found)


async def test_a_lookup_without_its_wall_is_found(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope.TenantManager, "get_queryset", Manager.get_queryset)
    monkeypatch.setattr(scope, "_refuse_foreign", lambda row: None)
    found = await tried_again(site, READ, REVOKE, PAGE)
    assert {each.route for each in found} == {READ, REVOKE, PAGE}
    assert "another tenant's rows are written: ['tokens']" in told(found)
    assert "it tells of another tenant" in told(found)


async def _another_header(_site: Site, message: Message) -> None:
    message["headers"] = [*message["headers"], (b"x-cache", b"hit")]


async def _another_event(site: Site, _message: Message) -> None:
    with use_tenant(site.ours.tenant):
        await audit.record(Event.TOKEN_REVOKED, actor=audit.SYSTEM)


async def _another_row(site: Site, _message: Message) -> None:
    with use_tenant(site.theirs.tenant):
        assert await UserRow.filter(id=site.theirs.member.id).update(name="noticed") == 1


@pytest.mark.parametrize(
    ("leak", "told_of"),
    [
        (_another_header, "headers: "),
        (_another_event, "events: "),
        (_another_row, "another tenant's rows are written: ['users']"),
    ],
)
async def test_a_route_that_lets_something_through_is_found(
    site: Site, leak: Callable[[Site, Message], Awaitable[None]], told_of: str
) -> None:
    known = {
        str(row["id"])
        for table in owned.models()
        for row in site.stored.rows(table, site.theirs.tenant.id)
    }

    async def leaky(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and known & set(scope["path"].split("/")):
                await leak(site, message)
            await send(message)

        await site.app(scope, receive, sent)

    found = await tried_again(site, READ, app=leaky)
    assert told_of in told(found)


def test_a_route_that_nobody_asks_is_found(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    added = replace(OPERATIONS[0], path="/clients/archived")
    monkeypatch.setattr(routes, "OPERATIONS", [*OPERATIONS, added])
    assert "GET /api/v1/clients/archived" in unasked(site)
