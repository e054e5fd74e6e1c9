"""An endpoint that has taken nothing for days is left alone, and those in charge are told."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from authgate import storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.jobs import DeliverWebhooks, port
from authgate.permissions import UserRole
from authgate.provisioning import notices
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.webhooks import endpoints, sendings
from authgate.storage.webhooks.endpoints import Endpoint
from authgate.storage.webhooks.sendings import Answered
from authgate.webhooks import messages
from authgate.webhooks.administering import held, record
from authgate_tenants import current_tenant

AFTER: Final = timedelta(days=3)
"""Of nothing but failures."""

_MOST_TOLD = 20


async def pause_where_due(parts: Installation, endpoint: Endpoint, said: Answered) -> None:
    """Leave it alone from now on where it has failed for days, or says that it is gone; with the
    open unit of work."""
    now, since = parts.clock(), endpoint.failing_since
    if not said.is_gone and (since is None or since > now - AFTER):
        return
    reason = "It says that it is gone (410)." if said.is_gone else f"Last: {said.error}"
    if await endpoints.pause(endpoint.id, reason=reason, now=now):
        told = {"reason": reason, "since": since.isoformat() if since else ""}
        await record(Event.WEBHOOK_PAUSED, endpoint, SYSTEM, told)
        await _tell(parts, endpoint, reason)


async def resume(parts: Installation, endpoint_id: UUID, *, actor: Actor = SYSTEM) -> Endpoint:
    """Go on with it from where it was left alone. Raises ``UnknownEndpoint``."""
    async with storage.savepoint():
        endpoint = await held(endpoint_id)
        now = parts.clock()
        await endpoints.resume(endpoint_id, now=now)
        await sendings.begin_anew(endpoint_id, now=now)
        if endpoint.paused_at is not None:
            await record(Event.WEBHOOK_RESUMED, endpoint, actor, {"was": endpoint.pause_reason})
        await hurry()
        return await held(endpoint_id)


async def hurry() -> None:
    """Have what waits be sent soon, once the open unit of work has ended."""
    tenant_id = current_tenant().id
    await storage.after_commit(lambda: port.hint(DeliverWebhooks(), tenant_id=tenant_id))


async def _tell(parts: Installation, endpoint: Endpoint, reason: str) -> None:
    told = [each for each in await users.team() if _decides(each)][:_MOST_TOLD]
    for person in told:
        await notices.tell(
            parts,
            person,
            "webhook_paused",
            webhook=endpoint.name,
            host=messages.host_of(endpoint),
            reason=reason,
            link=f"{current_tenant().issuer}/admin/webhooks/{endpoint.id}",
        )


def _decides(person: User) -> bool:
    is_in_charge = person.role in (UserRole.OWNER, UserRole.ADMIN) and not person.is_guest
    return is_in_charge and person.is_active and bool(person.email) and person.email_verified
