"""Device codes: sign-ins that wait for a person on another device (RFC 8628)."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from tortoise import fields

from authgate.storage import connection, database
from authgate.storage.batches.append_log import Row, Table
from authgate.storage.batches.lookups import Lookup
from authgate.storage.batches.redemptions import Spend, Spending
from authgate.storage.clients import ids
from authgate.storage.random_secrets import hashed, new_secret
from authgate_tenants import TenantOwned, current_tenant

USER_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so no words, and nothing that looks like a digit (RFC 8628 section 6.1)."""

USER_CODE_LENGTH = 8
"""8 of 20 letters are 34.5 bits: five guesses find a code with a chance below 2^-32."""

_ATTEMPTS = 5


class DeviceCodeStatus(StrEnum):
    """A code is decided once and redeemed once."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    REDEEMED = "redeemed"


class DeviceCode(TenantOwned):
    """A device's request. Neither of its codes is here, only their hashes."""

    device_code_hash = fields.BinaryField()
    user_code_hash = fields.BinaryField()
    client_id = fields.CharField(ids.LONGEST)
    scope = fields.TextField()
    status = fields.CharEnumField(DeviceCodeStatus, max_length=16, default=DeviceCodeStatus.PENDING)
    poll_interval = fields.IntField()
    ip = fields.CharField(45)
    user_agent = fields.CharField(512, default="")
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    user_id = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)
    authenticated_at = fields.DatetimeField(null=True)
    amr: list[str] | None = fields.JSONField(null=True)

    class Meta:
        table = "device_codes"
        unique_together = (
            ("tenant_id", "device_code_hash"),
            ("tenant_id", "user_code_hash"),
            ("tenant_id", "id"),
        )
        indexes = (("expires_at",),)


class Polled(NamedTuple):
    """What a poll needs to know of a code."""

    id: UUID
    client_id: str
    status: DeviceCodeStatus
    poll_interval: int
    expires_at: datetime
    scope: str
    user_id: UUID | None
    """Who decided."""
    decided_at: datetime | None
    authenticated_at: datetime | None
    """When whoever decided had signed in."""
    amr: tuple[str, ...]
    """By which methods (RFC 8176)."""


class NewRequest(NamedTuple):
    """A device's request before it is stored."""

    id: str
    """A UUID as text: quicker to make, and both databases take it."""
    client_id: str
    scope: str
    poll_interval: int
    ip: str
    user_agent: str
    created_at: datetime
    expires_at: datetime


class Codes(NamedTuple):
    """What a request is known by, shown once."""

    device_code: str
    user_code: str


_TABLE = Table(
    "device_codes",
    ("tenant_id", "device_code_hash", "user_code_hash", "status", *NewRequest._fields),
)
_POLL = Lookup(
    table="device_codes",
    key="device_code_hash",
    columns=(
        "id",
        "client_id",
        "status",
        "poll_interval",
        "expires_at",
        "scope",
        "user_id",
        "decided_at",
        "authenticated_at",
        "amr",
    ),
)


_REDEEMING = Spending(
    table="device_codes",
    change="status = 'redeemed'",
    condition="status = 'approved' AND expires_at > $3",
)


async def issue(new: NewRequest, *rows: Row) -> Codes:
    """Store a new request under fresh codes, together with these rows, in no unit of work."""
    for _ in range(_ATTEMPTS):
        codes = Codes(new_secret(), _new_user_code())
        # Not asked for first: the tenant's codes are unique, and this one is all but surely free.
        try:
            await connection.append(_row(new, codes), *rows)
        except Exception as error:
            if not database.is_duplicate(error):
                raise
        else:
            return codes
    raise RuntimeError(f"No free user code in {_ATTEMPTS} attempts.")


def _row(new: NewRequest, codes: Codes) -> Row:
    hashes = hashed(codes.device_code), hashed(codes.user_code)
    return Row(_TABLE, (current_tenant().id, *hashes, DeviceCodeStatus.PENDING, *new))


async def find_pending(user_code: str, *, now: datetime) -> DeviceCode | None:
    """The undecided, unexpired request with this user code, given without its dash."""
    return await DeviceCode.get_or_none(
        user_code_hash=hashed(user_code), status=DeviceCodeStatus.PENDING, expires_at__gt=now
    )


async def poll(device_code: str) -> Polled | None:
    """The request with this device code, read together with what other polls ask."""
    record = await connection.find(_POLL, hashed(device_code))
    if record is None:
        return None
    return Polled(
        id=connection.uuid(record["id"]),
        client_id=record["client_id"],
        status=DeviceCodeStatus(record["status"]),
        poll_interval=record["poll_interval"],
        expires_at=connection.moment(record["expires_at"]),
        scope=record["scope"],
        user_id=connection.uuid(record["user_id"]) if record["user_id"] else None,
        decided_at=_moment_or_none(record["decided_at"]),
        authenticated_at=_moment_or_none(record["authenticated_at"]),
        amr=tuple(connection.json(record["amr"])) if record["amr"] else (),
    )


async def decide(
    code_id: UUID,
    *,
    status: DeviceCodeStatus,
    user_id: UUID,
    authenticated_at: datetime,
    amr: Sequence[str],
    now: datetime,
) -> bool:
    """Approve or deny once; ``False`` if it was decided before or has expired."""
    changed = await DeviceCode.filter(
        id=code_id, status=DeviceCodeStatus.PENDING, expires_at__gt=now
    ).update(
        status=status,
        user_id=user_id,
        decided_at=now,
        authenticated_at=authenticated_at,
        amr=list(amr),
    )
    return changed == 1


async def decided_by(user_id: UUID, code_id: UUID) -> DeviceCode | None:
    """What a person has decided, for as long as it is kept."""
    return await DeviceCode.get_or_none(id=code_id, user_id=user_id)


async def status_of(code_id: UUID) -> str:
    """What has become of a request; empty where it is no longer kept."""
    found = await DeviceCode.get_or_none(id=code_id).only("id", "status")
    return found.status if found else ""


def redeem(code_id: UUID, *, now: datetime) -> Spend:
    """What spends an approved code; of polls that arrive together exactly one is told that it
    has."""
    return Spend(_REDEEMING, current_tenant().id, code_id, (now,))


async def approved_by(user_id: UUID, *, now: datetime) -> list[DeviceCode]:
    """What a person approved and no device has fetched yet."""
    return await DeviceCode.filter(
        user_id=user_id, status=DeviceCodeStatus.APPROVED, expires_at__gt=now
    )


async def withdraw_of_client(client_id: str) -> int:
    """Take back what waits of a client, approved or not; how many there were."""
    waiting = DeviceCode.filter(
        client_id=client_id, status__in=(DeviceCodeStatus.PENDING, DeviceCodeStatus.APPROVED)
    )
    return await waiting.update(status=DeviceCodeStatus.DENIED)


async def withdraw_of_user(user_id: UUID, *, client_id: str | None = None) -> int:
    """Take back what a person approved, for one client or for all, and no device has fetched yet;
    how many there were."""
    theirs = DeviceCode.filter(user_id=user_id, **({"client_id": client_id} if client_id else {}))
    approved = theirs.filter(status=DeviceCodeStatus.APPROVED)
    return await approved.update(status=DeviceCodeStatus.DENIED)


def _moment_or_none(value: datetime | str | None) -> datetime | None:
    return None if value is None else connection.moment(value)


def _new_user_code() -> str:
    return "".join(secrets.choice(USER_CODE_ALPHABET) for _ in range(USER_CODE_LENGTH))
