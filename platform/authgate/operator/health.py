"""``/tenants/{tenant_id}/health``: how a tenant is, from outside."""

from datetime import date, datetime
from http import HTTPMethod

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.operator import acts, tenants
from authgate.tokens.operator_scopes import Scope


class HealthDocument(Document):
    """How a tenant is, by figures of the last seven days that are added up already."""

    model_config = exemplified(
        counted_until="2026-03-02T09:12:44Z",
        successes=2710,
        failures=31,
        error_share=1.1,
        refusals=0,
        last_sign_in="2026-03-02",
        oldest_key="2026-01-07T11:40:03Z",
        hosts=1,
        unproven_hosts=0,
        failed_mails=0,
    )

    counted_until: datetime
    successes: int
    """Access tokens that were issued, and sign-ins of people."""

    failures: int
    """Sign-ins of people that failed, and clients that did not prove who they are."""

    error_share: float
    """Of a hundred attempts so many failed."""

    refusals: int
    """Limits that have refused somebody: once a minute at most for each limit and subject."""

    last_sign_in: date | None
    """The last day on which somebody signed in."""

    oldest_key: datetime | None
    """Since when the signing key signs that has signed longest."""

    hosts: int
    """Hosts of its own that it says are its."""

    unproven_hosts: int
    """Those whose proof is missing."""

    failed_mails: int
    """Lately given up, a hundred at the most."""


async def read_tenant_health(call: Call[Nothing, Nothing]) -> Answer[HealthDocument]:
    """Read how a tenant is."""
    tenant = await tenants.found(call)
    found = await acts.health(tenant, now=call.parts.clock())
    return Answer(told(found, HealthDocument))


OPERATIONS = [
    operation(
        HTTPMethod.GET,
        "/tenants/{tenant_id}/health",
        read_tenant_health,
        scope=Scope.TENANTS_READ,
    ),
]
