"""What operators are told of the installation's state."""

from datetime import timedelta

from authgate import __version__, installation, provisioning
from authgate.clock import utc_now
from authgate.jobs.catalogue import JOBS
from authgate.operator import system
from authgate.settings import Settings
from authgate.storage.jobs import kept_jobs, periodic_jobs
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient
from authgate_testing.databases import on_sqlite
from authgate_testing.server import MovableClock, RunningServer


async def test_the_state_names_the_version_the_parts_and_what_is_due(
    server: RunningServer, operator: ApiClient, ops: Tenant
) -> None:
    answer = await operator.get("/system")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["version"] == __version__
    assert told["migrations_pending"] == []
    assert {each["name"]: each["verdict"] for each in told["parts"]} == {
        "database": "ok",
        "migrations": "ok",
    }
    jobs = {each["kind"]: each for each in told["jobs"]}
    assert set(jobs) == {each.name for each in JOBS}
    assert jobs["roll-up-usage"]["tenants_due"] == 0


@on_sqlite
async def test_tenants_that_jobs_lie_behind_with_are_counted(settings: Settings) -> None:
    """Without a server, whose jobs would see to them."""
    clock = MovableClock()
    async with installation.opened(settings, clock=clock) as parts:
        for number in range(3):
            await provisioning.add_tenant(parts, slug=f"t{number}", name="T")
        clock.advance(seconds=3 * 86400)
        told = await system.state(parts)
    due = {each.kind: each.tenants_due for each in told.jobs}
    assert due["roll-up-usage"] == 3
    assert due["deliver-logouts"] == 0
    assert due["remove-expired"] is None


@on_sqlite
async def test_what_goes_wrong_and_what_was_given_up_is_told_whoever_did_it(
    settings: Settings,
) -> None:
    """As of other processes: this one has done nothing."""
    async with installation.opened(settings) as parts:
        tenant = await provisioning.add_tenant(parts, slug="t1", name="T")
        for job, error in (("send-mails", ""), ("check-domains", "OSError")):
            turn, _ = await periodic_jobs.take(job, seconds=60, runner="another")
            assert turn is not None
            await periodic_jobs.end(job, turn, runner="another", error=error)
        await periodic_jobs.take("seal-audit", seconds=60, runner="another")
        with use_tenant(tenant):
            await kept_jobs.bury(
                "end-the-rest", {}, now=parts.clock(), attempts=5, error="OSError", reason=""
            )
            await kept_jobs.keep(
                "end-the-rest", {}, now=parts.clock() - timedelta(hours=1), is_hinted=False
            )
        state = await system.state(parts)
    told = {each.kind: each for each in state.jobs}
    lags = {each.name: each.lag_seconds for each in state.queues}
    assert (lags["kept_jobs"] >= 3600, lags["mails"]) == (True, 0)
    assert [each.kind for each in state.jobs if each.held_by == "another"] == ["seal-audit"]
    going_well, failing = told["send-mails"], told["check-domains"]
    assert going_well.last_done_at is not None
    assert going_well.next_at is not None
    assert timedelta(0) < going_well.next_at - going_well.last_done_at <= timedelta(seconds=60)
    assert failing.next_at is not None
    assert failing.next_at <= utc_now(), "it is anybody's again"
    assert told["send-mails"].last_done_at is not None
    assert (told["check-domains"].failures, told["check-domains"].error) == (1, "OSError")
    assert told["end-the-rest"].given_up == 1
