"""With somebody who is gone go the counts of where they were, and of nobody else."""

import pytest
import redis
from pydantic import SecretStr

from authgate import audit, background
from authgate.audit import Event
from authgate.jobs import ForgetPeople, Result, SealAudit
from authgate.provisioning import provisioned_users
from authgate.provisioning.roles import OPERATOR
from authgate.settings import Settings
from authgate.storage.audit import audit_events
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing import tenants
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"  # of people who exist in tests only
HERS, ADMINISTRATORS = "203.0.113.77", "192.0.2.14"


@pytest.fixture
def settings(settings: Settings, redis_url: str) -> Settings:
    """One that counts in Redis."""
    return settings.model_copy(update={"redis_url": SecretStr(redis_url)})


async def tried(server: RunningServer, acme: Tenant, address: str, password: str) -> None:
    async with server.from_address(address) as http:
        await Person(http).sign_in(acme.issuer, "alice", password)


@on_sqlite
async def test_whoever_acted_for_somebody_is_counted_on_once_that_person_is_forgotten(
    server: RunningServer, acme: Tenant, alice: User, redis_url: str
) -> None:
    # By Redis' own clock a key ends with its last hit: here an hour for each.
    hourly = {"login_per_ip": "1/h burst 5"}
    await tenants.choose(server, acme, login_limits=hourly, audit_person_days=0)
    found = await server.parts.resolver.find_by_id(acme.id)
    assert found is not None
    acme = found  # with what it has chosen
    await tried(server, acme, HERS, PASSWORD)
    await tried(server, acme, ADMINISTRATORS, "wrong-password-it-is")
    with use_tenant(acme):
        acting = audit.event(
            Event.LOGOUT, actor=audit.user(alice.id, "alice"), details={"act": {"sub": "bob"}}
        )
        await audit_events.append(acting._replace(ip=ADMINISTRATORS))
        await provisioned_users.remove(alice.id, by=OPERATOR, now=server.clock())
    performer = background.performer(server.parts)
    for job in (SealAudit(), ForgetPeople()):
        assert await performer.perform(job, tenant_id=None) is Result.DONE
    with redis.Redis.from_url(redis_url) as store:
        counted = b"\n".join(store.scan_iter("*:login_per_ip:*")).decode()
    assert HERS not in counted
    assert ADMINISTRATORS in counted
