"""What operators are told of the installation's state."""

from authgate import __version__, installation, provisioning
from authgate.jobs.catalogue import JOBS
from authgate.operator import system
from authgate.settings import Settings
from authgate_tenants import Tenant
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
