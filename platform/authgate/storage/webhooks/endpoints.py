"""Where a tenant has events sent: each address with what it wants, and how far it has come in the
tenant's log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F
from tortoise.queryset import QuerySet
from uuid_utils.compat import uuid7

from authgate.clock import utc_now
from authgate_tenants import TenantOwned

LONGEST_NAME: Final = 80
LONGEST_URL: Final = 2000
LONGEST_DESCRIPTION: Final = 500
LONGEST_REASON: Final = 200

WEARY: Final = 3
"""After so many failures in a row one delivery is tried at a time, and all others wait for it."""


class WebhookEndpointRow(TenantOwned):
    """An endpoint as it is stored: its secrets sealed."""

    name = fields.CharField(LONGEST_NAME)
    url = fields.CharField(LONGEST_URL)
    description = fields.CharField(LONGEST_DESCRIPTION, default="")
    event_types: list[str] = fields.JSONField(default=list)
    areas: list[str] = fields.JSONField(default=list)
    lifecycles: list[str] = fields.JSONField(default=list)
    enabled = fields.BooleanField(default=True)
    marks: list[dict[str, str | None]] = fields.JSONField(default=list)
    """Of its secrets: the id of each, since when and until when it signs."""
    sealed_secrets = fields.BinaryField()
    """By the ids of these."""
    seq = fields.BigIntField(null=True)
    """Its place in the log: everything up to it is a delivery, or was not wanted."""
    since = fields.DatetimeField(null=True)
    """What happened before this is not sent."""
    looked_at = fields.DatetimeField(null=True)
    """When the log was looked into for it last."""
    failures = fields.IntField(default=0)
    failing_since = fields.DatetimeField(null=True)
    not_before = fields.DatetimeField(null=True)
    slow = fields.BooleanField(default=False)
    paused_at = fields.DatetimeField(null=True)
    pause_reason = fields.CharField(LONGEST_REASON, default="")
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "webhook_endpoints"
        unique_together = (("tenant_id", "name"), ("tenant_id", "id"))


class SecretMark(NamedTuple):
    """A secret that an endpoint's messages are signed with, without itself."""

    id: str
    created_at: datetime
    ends_at: datetime | None
    """When it signs no more; ``None`` where nobody has said so."""

    @classmethod
    def of(cls, said: Mapping[str, str | None]) -> Self:
        """The mark as it is stored."""
        ends = said["ends_at"]
        return cls(
            str(said["id"]),
            datetime.fromisoformat(str(said["created_at"])),
            datetime.fromisoformat(ends) if ends else None,
        )

    def stored(self) -> dict[str, str | None]:
        """As it is stored."""
        ends = self.ends_at.isoformat() if self.ends_at else None
        return {"id": self.id, "created_at": self.created_at.isoformat(), "ends_at": ends}


class EndpointDraft(NamedTuple):
    """What an endpoint is to be like."""

    name: str
    url: str
    description: str = ""
    event_types: Sequence[str] = ()
    areas: Sequence[str] = ()
    lifecycles: Sequence[str] = ()
    enabled: bool = True

    def values(self) -> dict[str, Any]:
        """By the name of the column, what is to be stored."""
        lists = {name: list(getattr(self, name)) for name in ("event_types", "areas", "lifecycles")}
        return {**self._asdict(), **lists}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a tenant has events sent."""

    id: UUID
    name: str
    url: str
    description: str
    event_types: tuple[str, ...]
    areas: tuple[str, ...]
    lifecycles: tuple[str, ...]
    enabled: bool
    marks: tuple[SecretMark, ...]
    """Of its secrets."""
    sealed_secrets: bytes = field(repr=False)
    seq: int | None
    since: datetime | None
    failures: int
    """In a row."""
    failing_since: datetime | None
    not_before: datetime | None
    slow: bool
    """Whether it took long the last time."""
    paused_at: datetime | None
    """When it was left alone, since it had failed for days or said that it is gone."""
    pause_reason: str
    created_at: datetime
    updated_at: datetime

    @property
    def is_weary(self) -> bool:
        """Whether it has failed so often that it is asked for one delivery at a time."""
        return self.failures >= WEARY

    def draft(self) -> EndpointDraft:
        """What would make one like it."""
        return EndpointDraft(*(getattr(self, name) for name in EndpointDraft._fields))

    @classmethod
    def from_row(cls, row: WebhookEndpointRow) -> Self:
        """The value of a stored row."""
        said = {name: getattr(row, name) for name in cls.__dataclass_fields__}
        for name in ("event_types", "areas", "lifecycles"):
            said[name] = tuple(said[name])
        said["marks"] = tuple(SecretMark.of(each) for each in row.marks)
        return cls(**said | {"sealed_secrets": bytes(row.sealed_secrets)})


class EndpointTaken(ValueError):
    """Another endpoint of the tenant has this name."""


async def create(endpoint_id: UUID, draft: EndpointDraft, *, place: int, now: datetime) -> Endpoint:
    """Store one, which has no secret yet and is sent what happens from now on. Raises
    ``EndpointTaken``."""
    try:
        row = await WebhookEndpointRow.create(
            id=endpoint_id,
            **draft.values(),
            sealed_secrets=b"",
            seq=place,
            since=utc_now(),
            created_at=now,
            updated_at=now,
        )
    except IntegrityError as error:
        raise EndpointTaken(draft.name) from error
    return Endpoint.from_row(row)


def new_id() -> UUID:
    """Of one to be."""
    return uuid7()


async def every() -> list[Endpoint]:
    """The current tenant's, by name."""
    return [Endpoint.from_row(row) for row in await WebhookEndpointRow.all().order_by("name")]


async def find(endpoint_id: UUID) -> Endpoint | None:
    """The endpoint with this id."""
    row = await WebhookEndpointRow.get_or_none(id=endpoint_id)
    return Endpoint.from_row(row) if row else None


async def held(endpoint_id: UUID) -> Endpoint | None:
    """The endpoint as it is in the open unit of work, and until its end."""
    row = await _one(endpoint_id).select_for_update(no_key=True).get_or_none()
    return Endpoint.from_row(row) if row else None


async def count() -> int:
    """How many the current tenant has."""
    return await WebhookEndpointRow.all().count()


async def change(endpoint_id: UUID, draft: EndpointDraft, *, now: datetime) -> None:
    """Have it be so. Raises ``EndpointTaken``."""
    try:
        await _one(endpoint_id).update(**draft.values(), updated_at=now)
    except IntegrityError as error:
        raise EndpointTaken(draft.name) from error


async def keep_secrets(
    endpoint_id: UUID, marks: Sequence[SecretMark], sealed: bytes, *, now: datetime
) -> None:
    """Have it sign with these."""
    stored = [each.stored() for each in marks]
    await _one(endpoint_id).update(marks=stored, sealed_secrets=sealed, updated_at=now)


async def remove(endpoint_id: UUID) -> None:
    """Have nothing sent there any more."""
    await _one(endpoint_id).delete()


async def begin_at(endpoint_id: UUID, *, place: int) -> None:
    """Send what happens from now on, and nothing of before."""
    await _one(endpoint_id).update(seq=place, since=utc_now())


async def begin(endpoint_id: UUID, *, place: int) -> None:
    """The same for one that has no place yet; not where somebody else has begun meanwhile."""
    await _one(endpoint_id).filter(seq__isnull=True).update(seq=place, since=utc_now())


async def looked(*, now: datetime) -> list[Endpoint]:
    """Those for which the current tenant's log is looked into now, by name."""
    running = WebhookEndpointRow.filter(enabled=True, paused_at__isnull=True)
    await running.update(looked_at=now)
    return [Endpoint.from_row(row) for row in await running.order_by("name")]


async def moved(endpoint: Endpoint, place: int) -> bool:
    """Note how far it has come in the log, with the deliveries that were made of what lies between;
    not where somebody else has come further meanwhile, or nothing is to be sent there any more."""
    running = _one(endpoint.id).filter(enabled=True, paused_at__isnull=True)
    return await running.filter(seq=endpoint.seq).update(seq=place) > 0


async def taken(endpoint_id: UUID, *, slow: bool) -> None:
    """Note that it has taken something: it is as good as any again."""
    await _one(endpoint_id).update(failures=0, failing_since=None, not_before=None, slow=slow)


async def failed(
    endpoint_id: UUID, *, now: datetime, pause: timedelta | None, slow: bool
) -> Endpoint | None:
    """Note that it has not taken something, and is to be left alone for so long."""
    changes: dict[str, Any] = {"not_before": now + pause} if pause else {}
    await _one(endpoint_id).update(failures=F("failures") + 1, slow=slow, **changes)
    await _one(endpoint_id).filter(failing_since__isnull=True).update(failing_since=now)
    return await find(endpoint_id)


async def rested(endpoint_id: UUID) -> None:
    """Note that nothing waits for it any more: what comes next is the first that it is asked."""
    await _one(endpoint_id).update(failures=0, failing_since=None, not_before=None)


async def pause(endpoint_id: UUID, *, reason: str, now: datetime) -> bool:
    """Leave it alone until somebody says otherwise; not where that was so already."""
    running = _one(endpoint_id).filter(paused_at__isnull=True)
    return await running.update(paused_at=now, pause_reason=reason[:LONGEST_REASON]) > 0


async def resume(endpoint_id: UUID, *, now: datetime) -> None:
    """Go on with it as if it had never failed."""
    await _one(endpoint_id).update(
        paused_at=None,
        pause_reason="",
        looked_at=now,
        failures=0,
        failing_since=None,
        not_before=None,
    )


def _one(endpoint_id: UUID) -> QuerySet[WebhookEndpointRow]:
    return WebhookEndpointRow.filter(id=endpoint_id)
