"""Logs in which something has come, looked at by the rules of alerts."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from authgate import audit, background
from authgate.audit import Actor, Event
from authgate.jobs import RaiseAlerts, Result
from authgate.permissions import UserRole
from authgate.sealing.sealer import Sealer
from authgate.storage.audit import audit_events
from authgate.storage.audit.alerts import AlertRow
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import EVERYTHING, ApiClient, api_client
from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

Happen = Callable[..., Awaitable[None]]
Look = Callable[[Tenant], Awaitable[list[AlertRow]]]


@pytest.fixture
async def api(server: RunningServer, acme: Tenant) -> ApiClient:
    """A program that may do everything at acme."""
    return await api_client(server, acme, *EVERYTHING)


@pytest.fixture
async def foreign_api(server: RunningServer, globex: Tenant) -> ApiClient:
    """A program that may do everything at globex."""
    return await api_client(server, globex, *EVERYTHING)


@pytest.fixture
async def owner(acme: Tenant, alice: User, person: Person) -> Person:
    """Alice, who owns acme and has proven her address."""
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.OWNER, email_verified=True)
    return person


@pytest.fixture
def happen(server: RunningServer) -> Happen:
    """Writes events into a tenant's log: ``minutes`` say how long ago each has happened."""

    async def written(
        tenant: Tenant,
        kind: Event,
        *minutes: float,
        actor: Actor = audit.ANONYMOUS,
        ip: str = "203.0.113.7",
        success: bool = False,
        **more: Any,
    ) -> None:
        with use_tenant(tenant):
            for ago in minutes:
                made = audit.event(kind, actor=actor, success=success, **more)
                then = server.clock() - timedelta(minutes=ago)
                await audit_events.append(made._replace(occurred_at=then, ip=ip))

    return written


@pytest.fixture
def look(server: RunningServer) -> Look:
    """Seals what has happened, does the job, and tells which alerts a tenant has then."""

    async def looked(tenant: Tenant) -> list[AlertRow]:
        with use_tenant(tenant):
            # A checkpoint, of which there is one an hour, is an event as well.
            while await Sealer(server.parts).seal():
                pass
        performer = background.performer(server.parts)
        assert await performer.perform(RaiseAlerts(), tenant_id=None) is Result.DONE
        with use_tenant(tenant):
            return await AlertRow.all().order_by("at", "rule")

    return looked
