"""Authorization codes: a person's yes on its way to the client, good once and for a minute."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tortoise import fields

from authgate.storage import connection
from authgate.storage.batches.lookups import Lookup
from authgate.storage.batches.redemptions import Spend, Spending
from authgate.storage.clients import ids
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.random_secrets import hashed, new_secret
from authgate.storage.sign_in import sessions
from authgate_tenants import TenantOwned, current_tenant


class AuthorizationCode(TenantOwned):
    """A code, of which only a hash is here. Its id is the family of the tokens that it yields."""

    code_hash = fields.BinaryField()
    client_id = fields.CharField(ids.LONGEST)
    user_id = fields.UUIDField()
    session_id = fields.UUIDField()
    redirect_uri = fields.CharField(2048)
    redirect_uri_given = fields.BooleanField()
    scope = fields.TextField()
    nonce = fields.CharField(1024, default="")
    code_challenge = fields.CharField(43, default="")
    authentication: dict[str, Any] = fields.JSONField()
    confirmation: dict[str, str] | None = fields.JSONField(null=True)
    resource: list[str] | None = fields.JSONField(null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    spent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "authorization_codes"
        unique_together = (("tenant_id", "code_hash"), ("tenant_id", "id"))
        indexes = (("expires_at",), ("tenant_id", "user_id"), ("tenant_id", "client_id"))


class PresentedCode(NamedTuple):
    """What is known of a code that came back."""

    id: UUID
    client_id: str
    user_id: UUID
    session_id: UUID
    redirect_uri: str
    redirect_uri_given: bool
    """Whether the request named it, so that the client must name it again (RFC 6749 4.1.3)."""
    scope: str
    nonce: str
    code_challenge: str
    """Empty where the client may do without PKCE, and did."""
    authentication: Mapping[str, Any]
    """How the person had proven who they are."""
    confirmation: Mapping[str, str] | None
    """The key that whoever redeems it has to show, if any."""
    resource: tuple[str, ...]
    """The resource servers that were asked for."""
    expires_at: datetime
    is_spent: bool
    user: User | None
    """Whose it is, if they are still known."""
    session_end: datetime | None
    """When the session ends by itself; ``None`` where it has been ended."""


_BY_HASH = Lookup(
    table="authorization_codes",
    key="code_hash",
    columns=(
        "id",
        "client_id",
        "user_id",
        "session_id",
        "redirect_uri",
        "redirect_uri_given",
        "scope",
        "nonce",
        "code_challenge",
        "authentication",
        "confirmation",
        "resource",
        "expires_at",
        "spent_at",
    ),
    joins=(users.JOINED, sessions.JOINED),
)


_SPENDING = Spending(
    table="authorization_codes",
    change="spent_at = $3",
    condition="spent_at IS NULL AND expires_at > $3",
)


async def issue(
    *,
    client_id: str,
    user_id: UUID,
    session_id: UUID,
    redirect_uri: str,
    redirect_uri_given: bool,
    scope: str,
    nonce: str,
    code_challenge: str,
    authentication: Mapping[str, Any],
    confirmation: Mapping[str, str] | None = None,
    resource: tuple[str, ...] = (),
    now: datetime,
    expires_at: datetime,
) -> tuple[str, UUID]:
    """Store a new code; the code (256 random bits), which is told once, and its id."""
    code = new_secret()
    row = await AuthorizationCode.create(
        code_hash=hashed(code),
        client_id=client_id,
        user_id=user_id,
        session_id=session_id,
        redirect_uri=redirect_uri,
        redirect_uri_given=redirect_uri_given,
        scope=scope,
        nonce=nonce,
        code_challenge=code_challenge,
        authentication=dict(authentication),
        confirmation=dict(confirmation) if confirmation else None,
        resource=list(resource) or None,
        created_at=now,
        expires_at=expires_at,
    )
    return code, row.id


async def find(code: str) -> PresentedCode | None:
    """The code, spent or not, its person and its session, read together with what other requests
    ask."""
    record = await connection.find(_BY_HASH, hashed(code))
    if record is None:
        return None
    confirmation = record["confirmation"]
    return PresentedCode(
        id=connection.uuid(record["id"]),
        client_id=record["client_id"],
        user_id=connection.uuid(record["user_id"]),
        session_id=connection.uuid(record["session_id"]),
        redirect_uri=record["redirect_uri"],
        redirect_uri_given=bool(record["redirect_uri_given"]),
        scope=record["scope"],
        nonce=record["nonce"],
        code_challenge=record["code_challenge"],
        authentication=connection.json(record["authentication"]),
        confirmation=connection.json(confirmation) if confirmation else None,
        resource=tuple(connection.json(record["resource"])) if record["resource"] else (),
        expires_at=connection.moment(record["expires_at"]),
        is_spent=record["spent_at"] is not None,
        user=users.joined(record),
        session_end=sessions.joined_end(record),
    )


def spend(code_id: UUID, *, now: datetime) -> Spend:
    """What spends a code; of requests that arrive together exactly one is told that it has."""
    return Spend(_SPENDING, current_tenant().id, code_id, (now,))


async def families_of(session_id: UUID) -> list[UUID]:
    """What the tokens share that have come of a session's codes, of those that are still known."""
    codes = AuthorizationCode.filter(session_id=session_id).only("id")
    return [code.id for code in await codes]


async def withdraw(
    *,
    now: datetime,
    user_id: UUID | None = None,
    client_id: str | None = None,
    session_id: UUID | None = None,
) -> int:
    """Spend, for nothing, whatever waits of this person, client or session; how many there were."""
    wanted = {"user_id": user_id, "client_id": client_id, "session_id": session_id}
    named = {name: value for name, value in wanted.items() if value is not None}
    return await AuthorizationCode.filter(spent_at=None, **named).update(spent_at=now)
