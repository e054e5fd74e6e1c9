"""What all tenants together come to: added up once for all of them, and told to operators alone."""

from datetime import timedelta
from enum import StrEnum

import pytest

from authgate.operator import overview
from authgate.operator.overview import OperatorSpan
from authgate.permissions import UserRole
from authgate.storage.metering import installation_days, roll_up, usage_days
from authgate.storage.metering.usage_days import ALL_CLIENTS, Count, Measure, UsageDay, UsageMark
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer


@pytest.fixture
async def added_up(server: RunningServer, acme: Tenant, globex: Tenant) -> None:
    """What two tenants did yesterday and a month ago, and the sums of both."""
    yesterday = server.clock().date() - timedelta(days=1)
    for tenant, factor in ((acme, 1), (globex, 10)):
        with use_tenant(tenant):
            for day, total in ((yesterday, 30), (yesterday - timedelta(days=30), 40)):
                for measure in (Measure.SIGN_INS, Measure.TOKENS, Measure.ACTIVE_USERS):
                    counts = [Count(each, day, "", total * factor) for each in (ALL_CLIENTS, "x")]
                    await usage_days.add(measure, counts)
            failed = [Count(ALL_CLIENTS, yesterday, "", 70)]
            await usage_days.add(Measure.FAILURES, failed)
    # All the days that a span of thirty tells of, ten at a time.
    for _ in range(4):
        await overview.add_up(server.parts)


async def test_all_tenants_together_are_told_with_the_busiest_and_those_where_much_fails(
    server: RunningServer, added_up: None, operator: ApiClient, acme: Tenant, globex: Tenant
) -> None:
    told = (await operator.get("/overview")).json()
    assert {"measure": "tokens", "total": 330, "before": 440} in told["figures"]
    assert {"measure": "active_users", "total": 11, "before": 15} in told["figures"]
    assert {"measure": "failures", "total": 140, "before": 0} in told["figures"]
    assert (told["tenants"]["active"], told["new_tenants"]) == (2, 0), "today is not over"
    busiest = [(each["slug"], each["total"]) for each in told["busiest"]]
    assert busiest[:2] == [("globex", 600), ("acme", 60)]
    # Of globex a tenth has failed: people mistype.
    [failing] = told["failing"]
    assert (failing["slug"], failing["failed"], failing["attempts"]) == ("acme", 70, 130)
    tomorrow = server.clock() + timedelta(days=1)
    assert (await overview.read(OperatorSpan.WEEK, now=tomorrow)).new_tenants == (2, 0)
    assert is_problem(await operator.get("/overview?span=24h"), 422, "invalid")


async def test_what_a_tenant_did_that_is_gone_stays_in_the_sums(
    server: RunningServer, added_up: None, globex: Tenant
) -> None:
    with use_tenant(globex):
        await UsageDay.all().delete()
    await overview.add_up(server.parts)
    yesterday = server.clock().date() - timedelta(days=1)
    [day] = await installation_days.between(yesterday, yesterday)
    assert day.sums[Measure.TOKENS] == 330
    assert [each.total for each in day.busiest] == [60]


async def test_what_a_newer_version_counts_is_added_up_and_told_by_it_alone(
    server: RunningServer, added_up: None, acme: Tenant, operator: ApiClient
) -> None:
    class Newer(StrEnum):
        LOOKUPS = "lookups"

    yesterday = server.clock().date() - timedelta(days=1)
    with use_tenant(acme):
        counted = [Count(ALL_CLIENTS, yesterday, "", 70)]
        await usage_days.add(Newer.LOOKUPS, counted)  # type: ignore[arg-type]  # as it is there
    await overview.add_up(server.parts)
    [day] = await installation_days.between(yesterday, yesterday)
    assert day.sums["lookups"] == 70
    assert (await operator.get("/overview")).status_code == 200


async def test_a_day_that_some_tenants_are_not_in_is_told_to_be_so(
    server: RunningServer, added_up: None, globex: Tenant, operator: ApiClient
) -> None:
    assert (await operator.get("/overview")).json()["tenants_behind"] == 0
    with use_tenant(globex):
        await UsageMark.all().update(until=server.clock() - timedelta(days=2))
    await overview.add_up(server.parts)
    assert (await operator.get("/overview")).json()["tenants_behind"] == 1
    with use_tenant(globex):
        await roll_up.roll_up(now=server.clock())
    await overview.add_up(server.parts)
    assert (await operator.get("/overview")).json()["tenants_behind"] == 0


@on_sqlite
async def test_days_are_looked_at_again_one_after_the_other(
    server: RunningServer, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "_DAYS_KEPT_UP", 6)
    days = [server.clock().date() - timedelta(days=each) for each in range(2, 6)]
    await overview.add_up(server.parts)
    with use_tenant(acme):
        for day in days:
            await usage_days.add(Measure.TOKENS, [Count(ALL_CLIENTS, day, "", 5)])
    for number in range(1, 5):
        server.clock.advance(300)
        await overview.add_up(server.parts)
        found = await installation_days.between(min(days), max(days))
        assert sum(each.sums.get(Measure.TOKENS, 0) for each in found) == 5 * number


@on_sqlite
async def test_the_page_tells_the_same_and_leads_to_the_tenants(
    added_up: None, at_browser: Person, ops: Tenant, acme: Tenant, mira: User
) -> None:
    page = (await at_browser.visit(f"{ops.issuer}/operator")).text
    assert "25 % less than before" in page
    assert "70 of 130 failed" in page
    assert f'href="{ops.prefix}/operator/tenants/{acme.id}"' in page
    assert "600 tokens and sign-ins" in page
    with use_tenant(ops):
        await UserRow.filter(id=mira.id).update(role=UserRole.USER)
    assert (await at_browser.visit(f"{ops.issuer}/operator")).status_code == 403


@on_sqlite
async def test_before_anything_is_added_up_the_page_says_so(
    at_browser: Person, ops: Tenant
) -> None:
    page = (await at_browser.visit(f"{ops.issuer}/operator")).text
    assert "Nothing is added up yet." in page
