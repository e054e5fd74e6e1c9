"""A tenant's log, filled and taken along."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from authgate import storage
from authgate.audit import Actor, Event, event
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import AuditEvent
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient

_AT_ONCE = 500


async def fill(tenant: Tenant, actors: Iterable[Actor]) -> None:
    """Somebody signs out, once for each of them."""
    with use_tenant(tenant):
        rows = [audit_events.row(event(Event.LOGOUT, actor=each)) for each in actors]
        for start in range(0, len(rows), _AT_ONCE):
            await storage.append(*rows[start : start + _AT_ONCE])


async def ids(tenant: Tenant) -> list[str]:
    """All events that are there, in the order in which they happened."""
    with use_tenant(tenant):
        rows = AuditEvent.all().order_by("occurred_at", "id")
        return [str(each) for each in await rows.values_list("id", flat=True)]


async def written(api: ApiClient, said: dict[str, Any]) -> dict[str, Any]:
    """A file that is asked for, once it has ended."""
    answer = await api.post("/audit-exports", said)
    assert answer.status_code == 201, answer.text
    return await ended(api, answer.json()["id"])


async def ended(api: ApiClient, export_id: str) -> dict[str, Any]:
    """The same of one that was asked for."""
    async with asyncio.timeout(30):
        while True:
            told: dict[str, Any] = (await api.get(f"/audit-exports/{export_id}")).json()
            if told["state"] in ("ready", "failed"):
                return told
            await asyncio.sleep(0.02)


async def taken(api: ApiClient, export_id: str) -> Sequence[str]:
    """All parts of a file."""
    parts, cursor = [], None
    while True:
        answer = await api.post(f"/audit-exports/{export_id}/content", {"cursor": cursor})
        assert answer.status_code == 200, answer.text
        parts.append(answer.json()["content"])
        cursor = answer.json()["next"]
        if cursor is None:
            return parts
