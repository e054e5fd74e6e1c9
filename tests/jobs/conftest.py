"""Rows to remove, and jobs that do what a test asks of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

import pytest

from authgate.clock import utc_now
from authgate.jobs import Handlers, Job, Performer
from authgate.jobs.turns import Turns
from authgate.settings import DatabaseSettings
from authgate.telemetry.tracing import UNTRACED, Tracer
from authgate_tenants import Tenant, TenantSettings, TenantStatus
from authgate_testing.expired_rows import ExpiredRows, store_expired_rows


@pytest.fixture
async def expired_rows(database_settings: DatabaseSettings) -> ExpiredRows:
    """Rows that are over and rows that are not, of two tenants; on each kind of database."""
    return await store_expired_rows(database_settings, now=utc_now())


@dataclass(frozen=True, slots=True)
class Errand(Job):
    """A job of the tests."""

    name: ClassVar[str] = "errand"
    what: str = ""
    number: int = 0


@dataclass(slots=True)
class Office:
    """Two tenants, and somebody who does errands as the test says."""

    tenants: dict[UUID, Tenant]
    do: Callable[[Errand], Awaitable[None]] | None = None
    done: list[Errand] = field(default_factory=list)

    errand: ClassVar[type[Errand]] = Errand

    def performer(self, *, turns: Turns | None = None, tracer: Tracer = UNTRACED) -> Performer:
        handlers = Handlers()
        handlers.add(Errand, self._handle)
        return Performer(handlers, find_tenant=self._find, turns=turns, tracer=tracer)

    async def _handle(self, errand: Errand) -> None:
        if self.do is not None:
            await self.do(errand)
        self.done.append(errand)

    async def _find(self, tenant_id: UUID) -> Tenant | None:
        return self.tenants.get(tenant_id)


def _tenant(number: int, slug: str) -> Tenant:
    return Tenant(
        id=UUID(int=number),
        slug=slug,
        name=slug.title(),
        status=TenantStatus.ACTIVE,
        issuer=f"https://id.example/t/{slug}",
        prefix=f"/t/{slug}",
        settings=TenantSettings(),
    )


@pytest.fixture
def office() -> Office:
    """Does errands for acme and globex."""
    return Office({each.id: each for each in (_tenant(1, "acme"), _tenant(2, "globex"))})
