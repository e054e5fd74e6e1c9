"""Refresh tokens: each good for one refresh, after which its successor takes its place.

A client whose answer was lost asks again with the token that it has. For a short while it is given
the *same* successor once more, which is kept sealed by the token that was presented: nobody who
reads the table can open it. Later, a token that was used before tells of a thief.
"""

import hashlib
import hmac
import os
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tortoise import fields
from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from uuid_utils.compat import uuid7

from authgate.storage import connection
from authgate.storage.batches.append_log import Row, Table
from authgate.storage.batches.lookups import Lookup
from authgate.storage.batches.redemptions import Spend, Spending
from authgate.storage.clients import ids
from authgate.storage.issued import mass_ending, uses
from authgate.storage.issued.uses import Use
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.random_secrets import hashed, new_secret
from authgate.storage.sign_in import sessions
from authgate_tenants import TenantOwned, current_tenant

_PREFIX = "agrt_"  # lets a secret scanner recognise one
_NONCE_BYTES = 12


class RefreshStatus(StrEnum):
    """A rotated token may be repeated for a moment; a disabled one may come back."""

    ACTIVE = "active"
    ROTATED = "rotated"
    DISABLED = "disabled"
    REVOKED = "revoked"


class RefreshToken(TenantOwned):
    """A refresh token, of which only a hash is here."""

    family_id = fields.UUIDField()
    token_hash = fields.BinaryField()
    status = fields.CharEnumField(RefreshStatus, max_length=16, default=RefreshStatus.ACTIVE)
    client_id = fields.CharField(ids.LONGEST)
    user_id = fields.UUIDField()
    session_id = fields.UUIDField(null=True)
    scope = fields.TextField()
    grant_type = fields.CharField(64)
    authentication: dict[str, Any] = fields.JSONField()
    confirmation: dict[str, str] | None = fields.JSONField(null=True)
    resource: list[str] | None = fields.JSONField(null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    rotated_at = fields.DatetimeField(null=True)
    used_at = fields.DatetimeField(null=True)
    successor = fields.BinaryField(null=True)

    class Meta:
        table = "refresh_tokens"
        unique_together = (("tenant_id", "token_hash"), ("tenant_id", "id"))
        indexes = (
            ("tenant_id", "family_id"),
            ("tenant_id", "user_id"),
            ("tenant_id", "client_id"),
            ("ends_at",),
        )


class Presented(NamedTuple):
    """What is known of a refresh token that came back."""

    id: UUID
    family_id: UUID
    status: RefreshStatus
    client_id: str
    user_id: UUID
    session_id: UUID | None
    """The browser session that it ends with; none where it outlives every session."""
    scope: str
    grant_type: str
    """What its family began with."""
    authentication: Mapping[str, Any]
    confirmation: Mapping[str, str] | None
    """The key that it is bound to, if any."""
    resource: tuple[str, ...]
    """The resource servers that its access tokens are for; the tenant's audience where none."""
    created_at: datetime
    expires_at: datetime
    ends_at: datetime
    """When the family ends, however often it is refreshed."""
    rotated_at: datetime | None
    successor: bytes | None
    user: User | None
    """Whose it is, if they are still known."""
    session_end: datetime | None
    """When the session ends by itself; ``None`` where it has been ended."""

    @property
    def began_at(self) -> datetime:
        """When the sign-in was allowed that it came of."""
        return mass_ending.began_at(self.family_id, self.created_at)


class NewRefreshToken(NamedTuple):
    """What is stored of a token that is about to be given out."""

    family_id: UUID
    client_id: str
    user_id: UUID
    session_id: UUID | None
    scope: str
    grant_type: str
    authentication: Mapping[str, Any]
    confirmation: Mapping[str, str] | None
    resource: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    ends_at: datetime


_SAID = (
    "family_id",
    "status",
    "client_id",
    "user_id",
    "session_id",
    "scope",
    "grant_type",
    "authentication",
    "confirmation",
    "resource",
    "created_at",
    "expires_at",
    "ends_at",
)
"""Columns that a new token is stored with, and that are read of one that came back."""
_BY_HASH = Lookup(
    table="refresh_tokens",
    key="token_hash",
    columns=("id", *_SAID, "rotated_at", "successor"),
    joins=(users.JOINED, sessions.JOINED),
)


_TABLE = Table("refresh_tokens", ("id", "tenant_id", "token_hash", *_SAID))
_ROTATING = Spending(
    table="refresh_tokens",
    change="status = 'rotated', rotated_at = $3, successor = $4",
    condition="status = 'active' AND expires_at > $3",
)
_TOUCHING = Spending(
    table="refresh_tokens",
    change="used_at = $3, expires_at = $4",
    condition="status = 'active' AND expires_at > $3",
)


def new_token() -> str:
    """A token of 256 random bits, recognisable to secret scanners."""
    return new_secret(_PREFIX)


def is_one(token: str) -> bool:
    """Whether a token looks like a refresh token of ours."""
    return token.startswith(_PREFIX)


def row(token: str, new: NewRefreshToken) -> Row:
    """The row that remembers a new token of the current tenant."""
    return Row(
        _TABLE,
        (
            uuid7(),
            current_tenant().id,
            hashed(token),
            new.family_id,
            RefreshStatus.ACTIVE,
            new.client_id,
            new.user_id,
            new.session_id,
            new.scope,
            new.grant_type,
            _json(new.authentication),
            _json(new.confirmation),
            _json(new.resource),
            new.created_at,
            new.expires_at,
            new.ends_at,
        ),
    )


async def find(token: str) -> Presented | None:
    """The token, whatever its status, its person and its session, read together with what other
    requests ask."""
    record = await connection.find(_BY_HASH, hashed(token))
    if record is None:
        return None
    session_id, successor, rotated_at, confirmation = (
        record[name] for name in ("session_id", "successor", "rotated_at", "confirmation")
    )
    return Presented(
        id=connection.uuid(record["id"]),
        family_id=connection.uuid(record["family_id"]),
        status=RefreshStatus(record["status"]),
        client_id=record["client_id"],
        user_id=connection.uuid(record["user_id"]),
        session_id=connection.uuid(session_id) if session_id else None,
        scope=record["scope"],
        grant_type=record["grant_type"],
        authentication=connection.json(record["authentication"]),
        confirmation=connection.json(confirmation) if confirmation else None,
        resource=tuple(connection.json(record["resource"])) if record["resource"] else (),
        created_at=connection.moment(record["created_at"]),
        expires_at=connection.moment(record["expires_at"]),
        ends_at=connection.moment(record["ends_at"]),
        rotated_at=connection.moment(rotated_at) if rotated_at else None,
        successor=bytes(successor) if successor else None,
        user=users.joined(record),
        session_end=sessions.joined_end(record),
    )


def rotate(presented: Presented, *, token: str, successor: str, now: datetime) -> Spend:
    """What lets the successor take a token's place; of requests that arrive together one is told
    that it has."""
    sealed = _sealed(successor, by=token, for_id=presented.id)
    return Spend(_ROTATING, current_tenant().id, presented.id, (now, sealed))


def touch(token_id: UUID, *, now: datetime, expires_at: datetime) -> Spend:
    """What notes that a token was used that stays in its place, if it may be used."""
    return Spend(_TOUCHING, current_tenant().id, token_id, (now, expires_at))


async def hold(token: str) -> bool:
    """Let nobody use or end a token before this unit of work is over; ``False`` where somebody
    has."""
    active = RefreshToken.filter(token_hash=hashed(token), status=RefreshStatus.ACTIVE)
    return await active.update(status=RefreshStatus.ACTIVE) == 1


def successor_of(presented: Presented, token: str) -> str | None:
    """The token that took the place of this one, opened by the one that was presented."""
    if presented.successor is None:
        return None
    nonce, sealed = presented.successor[:_NONCE_BYTES], presented.successor[_NONCE_BYTES:]
    return AESGCM(_key(token)).decrypt(nonce, sealed, presented.id.bytes).decode()


async def live_of(
    user_id: UUID, *, sessions: Collection[UUID], now: datetime, limit: int
) -> list[RefreshToken]:
    """What may still be refreshed in a person's name, the newest first.

    ``sessions`` are those of the person's that last: what ended with others cannot be refreshed.
    """
    living = _living(user_id, sessions, now)
    return await living.order_by("-created_at", "-id").limit(limit)


async def uses_of(user_id: UUID, *, sessions: Collection[UUID], now: datetime) -> list[Use]:
    """By client and scope, what may still be refreshed in a person's name; as ``live_of``."""
    return await uses.of(_living(user_id, sessions, now))


async def clients_of(family_id: UUID, *, user_id: UUID) -> set[str]:
    """Whose this family of a person is."""
    return {
        token.client_id for token in await RefreshToken.filter(family_id=family_id, user_id=user_id)
    }


async def revoke_own(family_id: UUID, *, user_id: UUID) -> int:
    """End a family of a person; how many of its tokens might still have been used."""
    return await _revoke(family_id=family_id, user_id=user_id)


async def revoke_family(family_id: UUID) -> int:
    """End a family for good; how many of its tokens might still have been used."""
    return await _revoke(family_id=family_id)


async def revoke_of_user(
    user_id: UUID, *, client_id: str | None = None, until: datetime | None = None
) -> int:
    """End a person's tokens for good, of one client or of all; how many there were, or have ended
    at once (``mass_ending``)."""
    theirs: dict[str, object] = {"user_id": user_id}
    return await _revoke(
        **theirs
        | ({"client_id": client_id} if client_id else {})
        | ({"created_at__lte": until} if until else {})
    )


async def revoke_of_client(client_id: str, *, until: datetime | None = None) -> int:
    """End every token of a client for good; as above."""
    return await _revoke(client_id=client_id, **({"created_at__lte": until} if until else {}))


async def revoke_of_session(session_id: UUID) -> int:
    """End what was to end with a browser session; how many there were."""
    return await _revoke(session_id=session_id)


def _living(user_id: UUID, sessions: Collection[UUID], now: datetime) -> QuerySet[RefreshToken]:
    lasting = Q(session_id=None) | Q(session_id__in=list(sessions))
    return RefreshToken.filter(
        lasting, user_id=user_id, status=RefreshStatus.ACTIVE, expires_at__gt=now
    )


async def _revoke(**which: object) -> int:
    living = RefreshToken.filter(**which).exclude(status=RefreshStatus.REVOKED)
    # The sealed successor goes as well: nobody is given it again.
    return await mass_ending.update(living, status=RefreshStatus.REVOKED, successor=None)


def _json(value: object) -> str | None:
    return orjson.dumps(value).decode() if value else None


def _sealed(successor: str, *, by: str, for_id: UUID) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(_key(by)).encrypt(nonce, successor.encode(), for_id.bytes)


def _key(token: str) -> bytes:
    # Not the hash that is stored.
    return hmac.digest(token.encode(), b"successor", hashlib.sha256)
