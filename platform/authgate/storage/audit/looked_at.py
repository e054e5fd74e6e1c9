"""What rules of alerts look at in the log: what has got its place behind the last one that was
looked at, and what happened before that.

The places are those that the seal gives: without gaps, and none comes in between later. So one
number says what was looked at, and nothing is left out or looked at twice.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.audit_logs import AuditLogRow
from authgate.storage.audit.audit_seals import AuditSealRow
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate.storage.issued.tokens import Token
from authgate_tenants import current_tenant
from authgate_tenants.models import TenantRow

STEP: Final = 5000
"""Places that are gone through at once."""

MOST: Final = 10_000
"""Earlier events that are looked at besides, the newest."""

_COLUMNS = (
    "id",
    "event_type",
    "occurred_at",
    "success",
    "actor_type",
    "actor_id",
    "client_id",
    "resource_type",
    "resource_id",
    "ip",
    "details",
)


class Seen(NamedTuple):
    """An event, as far as rules look at it."""

    id: UUID
    event_type: str
    occurred_at: datetime
    success: bool
    actor_type: str
    actor_id: str
    client_id: str
    resource_type: str
    resource_id: str
    ip: str
    details: Mapping[str, Any]


async def place() -> int | None:
    """Up to where the current tenant's log was looked at; ``None`` where nothing is sealed yet."""
    row = await AuditLogRow.all().first()
    return row.alerted_seq if row else None


async def go_on(before: int, after: int, *, now: datetime) -> bool:
    """Note that all up to here was looked at, with the open unit of work; whether nobody else has
    meanwhile."""
    row = AuditLogRow.filter(alerted_seq=before)
    return bool(await row.update(alerted_seq=after, alerted_at=now))


async def last_place() -> int:
    """The last place that a seal has given."""
    found = await AuditSealRow.all().order_by("-first_seq").limit(1).values_list("last_seq")
    return int(found[0][0]) if found else 0


async def at_places(after: int, until: int, *, types: Collection[str]) -> list[Seen]:
    """The events of these types behind a place, up to another, in their order."""
    rows = AuditEvent.filter(seq__gt=after, seq__lte=until, event_type__in=list(types))
    found = await rows.order_by("seq").limit(STEP).values_list(*_COLUMNS)
    return [Seen(*each) for each in found]


async def between(
    since: datetime, to: datetime, *, types: Collection[str], actors: Sequence[str] | None = None
) -> list[Seen]:
    """What happened in a period, by anybody or one of these people, in order; of very much the
    newest."""
    rows = AuditEvent.filter(
        occurred_at__gte=since, occurred_at__lte=to, event_type__in=list(types)
    )
    if actors is not None:
        rows = rows.filter(actor_type="user", actor_id__in=list(actors))
    found = await rows.order_by("-occurred_at", "-id").limit(MOST).values_list(*_COLUMNS)
    return [Seen(*each) for each in reversed(found)]


async def families(jtis: Collection[str]) -> dict[str, UUID]:
    """The family of each of these access tokens, where it is still known."""
    found = await Token.filter(id__in=list(jtis), family_id__isnull=False).values_list(
        "id", "family_id"
    )
    return {str(jti): family for jti, family in found}


async def people_of(family_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Whose each of these families of tokens is, where it is a person's and still known."""
    tokens = RefreshToken.filter(family_id__in=list(family_ids)).distinct()
    return dict(await tokens.values_list("family_id", "user_id"))


async def sealed_at() -> datetime:
    """When the current tenant's log was sealed last; before that, when the tenant was made."""
    newest = await AuditSealRow.all().order_by("-first_seq").only("sealed_at").first()
    if newest is not None:
        return newest.sealed_at
    made = await TenantRow.get(id=current_tenant().id).only("created_at")
    return made.created_at


async def waiting_since() -> datetime | None:
    """When the oldest event of the current tenant happened that waits for its seal."""
    event = await AuditEvent.filter(seq__isnull=True).order_by("id").only("occurred_at").first()
    return event.occurred_at if event else None
