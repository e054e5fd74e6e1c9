"""What is remembered of the tokens that were issued: enough to list, revoke and inspect them."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from authgate.storage import connection, paging
from authgate.storage.batches.append_log import Row, Table
from authgate.storage.batches.lookups import Lookup
from authgate.storage.clients import ids
from authgate.storage.issued import mass_ending, uses
from authgate.storage.issued.uses import Use
from authgate.storage.paging import Order, Page
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.random_secrets import hashed
from authgate.vocabulary import TokenStatus
from authgate_tenants import TenantOwned, current_tenant

BY_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
"""``grant_type`` of what was given for another token, whose family it shares (RFC 8693)."""


class TokenCategory(StrEnum):
    """What a token is for."""

    ACCESS = "access"


class Token(TenantOwned):
    """An issued token. The id is its ``jti``, and of its text only a hash is here."""

    category = fields.CharEnumField(TokenCategory, max_length=16)
    status = fields.CharEnumField(TokenStatus, max_length=16, default=TokenStatus.ACTIVE)
    token_hash = fields.BinaryField()
    client_id = fields.CharField(ids.LONGEST)
    user_id = fields.UUIDField(null=True)
    family_id = fields.UUIDField(null=True)
    scope = fields.TextField()
    grant_type = fields.CharField(64)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "tokens"
        unique_together = (("tenant_id", "id"),)
        indexes = (("tenant_id", "user_id"), ("tenant_id", "client_id"), ("expires_at",))


class NewToken(NamedTuple):
    """A token that was just signed."""

    jti: str
    """A UUID as text: quicker to make, and both databases take it."""
    category: TokenCategory
    token: str
    client_id: str
    user_id: UUID | None
    family_id: UUID | None
    """What it shares with all tokens that came of the same sign-in."""
    scope: str
    grant_type: str
    created_at: datetime
    expires_at: datetime


class Remembered(NamedTuple):
    """What is known of a token that came back."""

    jti: UUID
    category: TokenCategory
    status: TokenStatus
    token_hash: bytes
    client_id: str
    user_id: UUID | None
    family_id: UUID | None
    scope: str
    created_at: datetime
    expires_at: datetime
    user: User | None
    """Whom it speaks for, if they are still known."""

    @property
    def began_at(self) -> datetime:
        """When what it came of was allowed."""
        return mass_ending.began_at(self.family_id, self.created_at)

    @property
    def subject(self) -> str:
        """The person, or the machine by a name that no person's id can be."""
        return str(self.user_id) if self.user_id else f"client:{self.client_id}"

    def is_of(self, token: str) -> bool:
        """Whether this row is about exactly this text, compared in constant time."""
        return hmac.compare_digest(self.token_hash, hashed(token))


_TABLE = Table(
    "tokens",
    (
        "id",
        "tenant_id",
        "category",
        "status",
        "token_hash",
        "client_id",
        "user_id",
        "family_id",
        "scope",
        "grant_type",
        "created_at",
        "expires_at",
    ),
)
_BY_JTI = Lookup(
    table="tokens",
    key="id",
    columns=(
        "category",
        "status",
        "token_hash",
        "client_id",
        "user_id",
        "family_id",
        "scope",
        "created_at",
        "expires_at",
    ),
    joins=(users.JOINED,),
)


def row(token: NewToken) -> Row:
    """The row that remembers a new token of the current tenant."""
    return Row(
        _TABLE,
        (
            token.jti,
            current_tenant().id,
            token.category,
            TokenStatus.ACTIVE,
            hashed(token.token),
            token.client_id,
            token.user_id,
            token.family_id,
            token.scope,
            token.grant_type,
            token.created_at,
            token.expires_at,
        ),
    )


async def find(jti: UUID) -> Remembered | None:
    """The current tenant's token with this id, and its person, read together with what other
    requests ask."""
    record = await connection.find(_BY_JTI, jti)
    if record is None:
        return None
    user_id, family_id = record["user_id"], record["family_id"]
    return Remembered(
        jti=jti,
        category=TokenCategory(record["category"]),
        status=TokenStatus(record["status"]),
        token_hash=bytes(record["token_hash"]),
        client_id=record["client_id"],
        user_id=connection.uuid(user_id) if user_id else None,
        family_id=connection.uuid(family_id) if family_id else None,
        scope=record["scope"],
        created_at=connection.moment(record["created_at"]),
        expires_at=connection.moment(record["expires_at"]),
        user=users.joined(record),
    )


async def family_of(jti: UUID) -> UUID | None:
    """What a token shares with all that came of the same sign-in; ``None`` for a machine's."""
    token = await Token.get_or_none(id=jti)
    return token.family_id if token is not None else None


async def hold(jti: UUID) -> bool:
    """Let nobody end a token before this unit of work is over; ``False`` where somebody has."""
    active = Token.filter(id=jti, status=TokenStatus.ACTIVE).select_for_update()
    return await active.only("id").get_or_none() is not None


async def revoke(jti: UUID) -> bool:
    """End a token for good; ``False`` where there is none or it is revoked already."""
    living = Token.filter(id=jti).exclude(status=TokenStatus.REVOKED)
    return await living.update(status=TokenStatus.REVOKED) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFilter:
    """Which of a tenant's tokens are looked for."""

    client_id: str | None = None
    user_id: UUID | None = None
    status: TokenStatus | None = None
    live_at: datetime | None = None
    """Only what has not ended at this moment."""
    machine: bool | None = None
    """Those of clients that act for themselves, or those that speak for people."""

    def condition(self) -> Q:
        """The rows that it describes."""
        named: dict[str, Any] = {
            "client_id": self.client_id,
            "user_id": self.user_id,
            "status": self.status,
            "expires_at__gt": self.live_at,
            "user_id__isnull": self.machine,
        }
        return Q(**{name: value for name, value in named.items() if value is not None})


async def page(which: TokenFilter, *, cursor: str | None = None, limit: int = 50) -> Page[Token]:
    """Some of the tenant's tokens, the newest first. Raises ``BadCursor``."""
    # By id, which begins with the moment: an order that costs those who issue tokens no index.
    rows = Token.filter(which.condition())
    return await paging.page(rows, Order("id", descending=True), cursor=cursor, limit=limit)


async def find_row(jti: UUID) -> Token | None:
    """All that is remembered of a token, for whoever administers it."""
    return await Token.get_or_none(id=jti)


async def held_many(jtis: Collection[UUID]) -> list[Token]:
    """Those of these tokens that exist, each until the end of the open unit of work."""
    # In one order, so that nobody who does the same waits for each other.
    return await Token.filter(id__in=list(jtis)).order_by("id").select_for_update()


async def set_status(jti: UUID, status: TokenStatus, *, former: TokenStatus) -> bool:
    """Change what a token is; ``False`` where it is not what it was taken for."""
    return await Token.filter(id=jti, status=former).update(status=status) == 1


async def revoke_family(family_id: UUID) -> int:
    """End every token of a family; how many there were."""
    return await _revoke(Token.filter(family_id=family_id))


async def live_of(user_id: UUID, *, now: datetime, limit: int) -> list[Token]:
    """A person's working tokens, the newest first, and no more of them than this."""
    living = Token.filter(user_id=user_id, status=TokenStatus.ACTIVE, expires_at__gt=now)
    return await living.order_by("-created_at", "-id").limit(limit)


async def uses_of(user_id: UUID, *, now: datetime) -> list[Use]:
    """By client and scope, a person's working tokens."""
    living = Token.filter(user_id=user_id, status=TokenStatus.ACTIVE, expires_at__gt=now)
    return await uses.of(living)


async def is_any_of_people() -> bool:
    """Whether any application has been given a token for a person."""
    return await Token.filter(user_id__isnull=False).exists()


async def count_working(*, now: datetime, most: int) -> int:
    """How many working tokens the tenant has; ``most`` where there are more than that."""
    living = Token.filter(status=TokenStatus.ACTIVE, expires_at__gt=now)
    # Not COUNT: it would read every one of a busy tenant's tokens.
    return len(await living.limit(most).values_list("id", flat=True))


async def clients_of(access_id: UUID, *, user_id: UUID) -> set[str]:
    """Whose this token or family of a person is."""
    theirs = Token.filter(Q(id=access_id) | Q(family_id=access_id), user_id=user_id)
    return {token.client_id for token in await theirs}


async def revoke_own(access_id: UUID, *, user_id: UUID) -> int:
    """End a person's token, or a family of theirs; how many tokens ended."""
    return await _revoke(Token.filter(Q(id=access_id) | Q(family_id=access_id), user_id=user_id))


async def revoke_of_user(
    user_id: UUID, *, client_id: str | None = None, until: datetime | None = None
) -> int:
    """End a person's tokens, of one client or of all; how many there were, or have ended at once
    (``mass_ending``)."""
    theirs = Token.filter(user_id=user_id, **({"client_id": client_id} if client_id else {}))
    return await _revoke(theirs.filter(created_at__lte=until) if until else theirs)


async def revoke_exchanged(
    client_id: str, *, user_id: UUID | None = None, until: datetime | None = None
) -> int:
    """End what others were given for tokens of a client, of one person or of all; as above.

    Once those have ended: whoever exchanges one at that moment is waited for.
    """
    theirs = Token.filter(**({"user_id": user_id} if user_id else {}))
    begun = theirs.filter(client_id=client_id).exclude(grant_type=BY_EXCHANGE)
    begun = begun.filter(created_at__lte=until) if until else begun
    return await _revoke(
        theirs.filter(grant_type=BY_EXCHANGE, family_id__in=Subquery(begun.values("family_id")))
    )


async def revoke_of_client(client_id: str, *, until: datetime | None = None) -> int:
    """End every token of a client; as above."""
    its = Token.filter(client_id=client_id)
    return await _revoke(its.filter(created_at__lte=until) if until else its)


async def _revoke(which: QuerySet[Token]) -> int:
    living = which.exclude(status=TokenStatus.REVOKED)
    return await mass_ending.update(living, status=TokenStatus.REVOKED)
