"""Signing keys: the private part sealed, the state that decides what a key may do.

``pending`` is published and signs nothing yet, ``active`` signs, ``retiring`` only verifies what
it has signed, ``revoked`` is out. A state is changed by one conditional UPDATE whose row count is
the answer, so of two that want the same change one gets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from authgate.storage import connection
from authgate.storage.batches.lookups import Lookup, Record
from authgate_tenants import TenantOwned, current_tenant


class KeyState(StrEnum):
    """What a key may do; it only ever moves on."""

    PENDING = "pending"
    ACTIVE = "active"
    RETIRING = "retiring"
    REVOKED = "revoked"


_LONGEST_ID = 64


class SigningKey(TenantOwned):
    """A key of a tenant. A tenant has one active and one pending key of an algorithm."""

    kid = fields.CharField(_LONGEST_ID)
    algorithm = fields.CharField(16)
    state = fields.CharEnumField(KeyState, max_length=16)
    public_jwk: dict[str, Any] = fields.JSONField()
    sealed_private = fields.BinaryField()
    created_at = fields.DatetimeField()
    published_at = fields.DatetimeField()
    activated_at = fields.DatetimeField(null=True)
    rotates_at = fields.DatetimeField(null=True)
    """When the waiting key is to take over from this one; never by itself where there is none."""
    signed_lifetime = fields.IntField(null=True)
    """Seconds that what it has signed lives at the most, where the tenant has since chosen less."""
    retired_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)

    class Meta:
        table = "signing_keys"
        unique_together = (("tenant_id", "kid"), ("tenant_id", "id"))
        indexes = (("tenant_id", "state"),)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made."""

    kid: str
    algorithm: str
    public_jwk: dict[str, str]
    sealed_private: bytes


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key that the JWKS shows, or has shown until recently."""

    id: UUID
    kid: str
    algorithm: str
    state: KeyState
    sealed_private: bytes
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None

    def is_shown(self, now: datetime, revoked_since: datetime) -> bool:
        """Whether it is neither revoked nor past its end, or was revoked since then."""
        if self.state == KeyState.REVOKED:
            return self.revoked_at is not None and self.revoked_at >= revoked_since
        return self.expires_at is None or self.expires_at > now


_OF_TENANT = Lookup(
    table="signing_keys",
    key="tenant_id",
    columns=(
        "id",
        "kid",
        "algorithm",
        "state",
        "sealed_private",
        "created_at",
        "revoked_at",
        "expires_at",
    ),
)


async def insert(
    key: NewKey, *, state: KeyState, now: datetime, rotates_at: datetime | None = None
) -> bool:
    """Store a key; ``False`` where the tenant has an active or pending one by now."""
    try:
        # A savepoint of its own, since PostgreSQL would end the whole transaction.
        async with in_transaction():
            await SigningKey.create(
                kid=key.kid,
                algorithm=key.algorithm,
                public_jwk=key.public_jwk,
                sealed_private=key.sealed_private,
                state=state,
                created_at=now,
                published_at=now,
                activated_at=now if state == KeyState.ACTIVE else None,
                rotates_at=rotates_at,
            )
    except IntegrityError:
        return False
    return True


async def published(*, now: datetime, revoked_since: datetime) -> list[PublishedKey]:
    """What belongs in the JWKS, the eldest first, and what was in it until recently.

    The former are the keys that are neither revoked nor past their end, the latter those revoked
    since the moment given. Read together with what other requests ask.
    """
    records = await connection.find_all(_OF_TENANT, current_tenant().id)
    keys = [key for key in map(_published, records) if key.is_shown(now, revoked_since)]
    return sorted(keys, key=lambda key: (key.created_at, key.id))


def _published(record: Record) -> PublishedKey:
    revoked_at, expires_at = record["revoked_at"], record["expires_at"]
    return PublishedKey(
        id=connection.uuid(record["id"]),
        kid=record["kid"],
        algorithm=record["algorithm"],
        state=KeyState(record["state"]),
        sealed_private=bytes(record["sealed_private"]),
        created_at=connection.moment(record["created_at"]),
        revoked_at=connection.moment(revoked_at) if revoked_at else None,
        expires_at=connection.moment(expires_at) if expires_at else None,
    )


async def of_algorithm(algorithm: str, *, now: datetime) -> dict[KeyState, SigningKey]:
    """The published keys of an algorithm; of those retiring, the newest."""
    rows = await SigningKey.filter(_living(now), algorithm=algorithm).order_by("created_at")
    return {row.state: row for row in rows}


async def find(kid: str) -> SigningKey | None:
    """The key with this id, in whatever state."""
    if len(kid) > _LONGEST_ID:  # the column would refuse to be asked for it
        return None
    return await SigningKey.get_or_none(kid=kid)


async def is_known(kid: str, algorithm: str, members: Mapping[str, str]) -> bool:
    """Whether the tenant has, or has had, a key of that name or with those public members."""
    if await find(kid) is not None:
        return True
    if algorithm == "HS256":
        return False  # it shows none, and is called by what it is
    told = await SigningKey.filter(algorithm=algorithm).values_list("public_jwk", flat=True)
    return any(members.items() <= dict(each).items() for each in told)


async def every(*, most: int = 200) -> list[SigningKey]:
    """Keys in whatever state, the newest first."""
    return await SigningKey.all().order_by("-created_at", "-id").limit(most)


async def retire(kid: str, *, now: datetime, expires_at: datetime) -> bool:
    """Let the active key only verify, until ``expires_at``; ``False`` if it is not active."""
    changed = await _in_state(kid, KeyState.ACTIVE).update(
        state=KeyState.RETIRING, retired_at=now, expires_at=expires_at, rotates_at=None
    )
    return changed == 1


async def activate(kid: str, *, now: datetime, rotates_at: datetime | None) -> bool:
    """Let the pending key sign, until it is due; ``False`` if it is not pending."""
    changed = await _in_state(kid, KeyState.PENDING).update(
        state=KeyState.ACTIVE, activated_at=now, rotates_at=rotates_at
    )
    return changed == 1


async def active() -> list[SigningKey]:
    """The keys that sign, one of each algorithm."""
    return await SigningKey.filter(state=KeyState.ACTIVE).order_by("algorithm")


async def reschedule(kid: str, *, rotates_at: datetime | None, signed_lifetime: int) -> None:
    """Have the active key be due at another moment, and remember how long what it signs lives."""
    await _in_state(kid, KeyState.ACTIVE).update(
        rotates_at=rotates_at, signed_lifetime=signed_lifetime
    )


async def revoke(kid: str, *, was: KeyState, now: datetime) -> bool:
    """End a key for good and destroy its private part; ``False`` if its state has changed."""
    changed = await _in_state(kid, was).update(
        state=KeyState.REVOKED, revoked_at=now, sealed_private=b""
    )
    return changed == 1


def _living(now: datetime) -> Q:
    in_use = ~Q(state=KeyState.REVOKED)
    return in_use & (Q(expires_at=None) | Q(expires_at__gt=now))


def _in_state(kid: str, state: KeyState) -> QuerySet[SigningKey]:
    return SigningKey.filter(kid=kid, state=state)
