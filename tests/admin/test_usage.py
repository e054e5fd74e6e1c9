"""``/api/v1/usage``: what a tenant uses, by the day."""

from datetime import timedelta

from authgate import background
from authgate.clock import utc_now
from authgate.jobs import Result, RollUpUsage
from authgate.provisioning import NewClient
from authgate.storage.metering.usage_days import UsageMark
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.server import RunningServer


async def test_tokens_are_counted_by_day_grant_and_client_of_ones_own_tenant(
    server: RunningServer,
    api: ApiClient,
    foreign_api: ApiClient,
    acme: Tenant,
    machine: NewClient,
) -> None:
    name = machine.client.client_id
    for _ in range(3):
        answer = await server.http.post(
            f"{acme.issuer}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(name, str(machine.secret)),
        )
        assert answer.status_code == 200
    today = {"day": utc_now().date().isoformat(), "grant_type": "client_credentials", "tokens": 3}
    for seconds in (1, 600):  # not added up yet, and added up
        server.clock.advance(seconds)
        found = (await api.get(f"/usage/tokens?client_id={name}")).json()
        assert found["items"] == [today]
        [of_all] = (await api.get("/usage/tokens?days=2")).json()["items"]
        assert of_all["tokens"] > 3, "who asks was given one as well"
        theirs = await foreign_api.get(f"/usage/tokens?client_id={name}")
        assert theirs.json()["items"] == []
    for wrong in ("days=0", "days=367", "client_id="):
        assert is_problem(await api.get(f"/usage/tokens?{wrong}"), 422, "invalid")


async def test_days_that_are_over_are_added_up_of_every_tenant_that_lies_behind(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    begun = utc_now() - timedelta(days=2)
    for tenant in (acme, globex):
        with use_tenant(tenant):
            await UsageMark.all().update(until=begun)
    job = background.performer(server.parts)
    assert await job.perform(RollUpUsage(), tenant_id=None) is Result.DONE
    for tenant in (acme, globex):
        with use_tenant(tenant):
            [mark] = await UsageMark.all()
            assert mark.until > begun + timedelta(days=1)
