"""Browser sessions: who is signed in where, kept on the server so that they can be ended."""

import secrets
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from authgate.storage import connection
from authgate.storage.batches.lookups import Join, Record
from authgate.storage.random_secrets import hashed, new_secret
from authgate_tenants import TenantOwned


class Session(TenantOwned):
    """A signed-in browser. The cookie holds a key of which only the hash is here."""

    key_hash = fields.BinaryField()
    user_id = fields.UUIDField()
    csrf_key = fields.BinaryField()
    amr: list[str] = fields.JSONField()
    ip = fields.CharField(45)
    user_agent = fields.CharField(512, default="")
    remembered = fields.BooleanField(default=False)
    authenticated_at = fields.DatetimeField()
    vouched_at = fields.DatetimeField(null=True)
    """When the person has signed in at the provider that vouched for them, where it told."""
    last_seen_at = fields.DatetimeField()
    idle_expires_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    impersonation_id = fields.UUIDField(null=True)
    """By which somebody else acts for the person in it."""
    impersonator_id = fields.UUIDField(null=True)
    impersonator = fields.CharField(128, default="", db_default="")

    @property
    def proven_at(self) -> datetime:
        """When the person has proven who they are: ``auth_time`` (OpenID Connect Core section 2).
        The session began when they came here."""
        return self.vouched_at or self.authenticated_at

    class Meta:
        table = "browser_sessions"
        unique_together = (("tenant_id", "key_hash"), ("tenant_id", "id"))
        indexes = (("tenant_id", "user_id"), ("expires_at",))


class Impersonator(NamedTuple):
    """Who acts for the person of a session."""

    impersonation_id: UUID
    id: UUID
    name: str


class SignIn(NamedTuple):
    """How, where and when somebody has proven who they are, and how long that is good for."""

    amr: list[str]
    ip: str
    user_agent: str
    remembered: bool
    at: datetime
    idle_expires_at: datetime
    expires_at: datetime
    impersonator: Impersonator | None = None
    vouched_at: datetime | None = None


JOINED = Join(
    table="browser_sessions",
    by="session_id",
    prefix="session_",
    columns=("expires_at", "ended_at"),
)
"""The session that a row names."""


async def start(user_id: UUID, sign_in: SignIn) -> str:
    """Store a new session; its key (256 random bits) is returned once and never stored."""
    return (await begin(user_id, sign_in))[0]


async def begin(user_id: UUID, sign_in: SignIn) -> tuple[str, UUID]:
    """The same, with the session's id."""
    key = new_secret()
    made = await Session.create(user_id=user_id, **_values(key, sign_in))
    return key, made.id


async def renew(former: Session, sign_in: SignIn) -> str | None:
    """Let a session whose person has proven themselves once more go on, under a new key.

    The key it had opens nothing any more. ``None`` where the session has ended, or was renewed,
    meanwhile.
    """
    key = new_secret()
    living = Session.filter(id=former.id, key_hash=former.key_hash, ended_at=None)
    renewed = await living.update(**_values(key, sign_in))
    return key if renewed == 1 else None


async def step_up(former: Session, amr: list[str], *, now: datetime) -> str | None:
    """Let a session whose person has shown another factor go on, under a new key and no longer than
    it would have. ``None`` where it has ended, or was renewed, meanwhile."""
    key = new_secret()
    living = Session.filter(id=former.id, key_hash=former.key_hash, ended_at=None)
    stepped = await living.update(
        key_hash=hashed(key), csrf_key=secrets.token_bytes(32), amr=amr, last_seen_at=now
    )
    return key if stepped == 1 else None


async def find_live(key: str, *, now: datetime) -> Session | None:
    """The session with this key, if it has not ended in any way."""
    return await Session.get_or_none(_live(now), key_hash=hashed(key))


def joined_end(record: Record) -> datetime | None:
    """The end of the session that was read with what names it; ``None`` where somebody has ended
    it. Its browser may have been idle for long."""
    expires_at = record["session_expires_at"]
    if expires_at is None or record["session_ended_at"] is not None:
        return None
    return connection.moment(expires_at)


async def hold(session_id: UUID) -> bool:
    """Let nobody end a session before this unit of work is over; ``False`` where somebody has.

    For what is allowed in it and is to end with it: whoever ends it finds that then.
    """
    living = Session.filter(id=session_id, ended_at=None).select_for_update()
    return await living.only("id").get_or_none() is not None


async def impersonated(session_id: UUID) -> UUID | None:
    """For whom somebody else acts in a session; ``None`` where nobody does."""
    acting = Session.filter(id=session_id, impersonator_id__isnull=False)
    row = await acting.only("id", "user_id").get_or_none()
    return row.user_id if row else None


async def lasting_of(user_id: UUID, *, now: datetime) -> set[UUID]:
    """A person's sessions that nobody has ended and that have not reached their end, by their
    ids."""
    lasting = Session.filter(user_id=user_id, ended_at=None, expires_at__gt=now)
    return {session.id for session in await lasting.only("id")}


async def live_of(user_id: UUID, *, now: datetime) -> list[Session]:
    """A person's sessions, the one seen last first."""
    return await Session.filter(_live(now), user_id=user_id).order_by("-last_seen_at")


async def count_live(*, now: datetime) -> int:
    """In how many browsers people of the tenant are signed in."""
    return await Session.filter(_live(now)).count()


async def touch(session_id: UUID, *, now: datetime, idle_expires_at: datetime) -> None:
    """Note that the browser was here."""
    await Session.filter(id=session_id).update(last_seen_at=now, idle_expires_at=idle_expires_at)


async def end(session_id: UUID, *, user_id: UUID, now: datetime) -> bool:
    """End one session of a person; ``False`` where it is not theirs or has ended already."""
    ended = await Session.filter(id=session_id, user_id=user_id, ended_at=None).update(ended_at=now)
    return ended == 1


async def end_all(user_id: UUID, *, now: datetime, except_id: UUID | None = None) -> list[UUID]:
    """End a person's sessions, save perhaps one; those that ended now."""
    living = await Session.filter(user_id=user_id, ended_at=None).only("id")
    others = [session.id for session in living if session.id != except_id]
    return [each for each in others if await end(each, user_id=user_id, now=now)]


def _values(key: str, sign_in: SignIn) -> dict[str, Any]:
    return {
        "key_hash": hashed(key),
        "csrf_key": secrets.token_bytes(32),
        "amr": sign_in.amr,
        "ip": sign_in.ip,
        "user_agent": sign_in.user_agent[:512],
        "remembered": sign_in.remembered,
        "authenticated_at": sign_in.at,
        "vouched_at": sign_in.vouched_at,
        "last_seen_at": sign_in.at,
        "idle_expires_at": sign_in.idle_expires_at,
        "expires_at": sign_in.expires_at,
        **_acting(sign_in.impersonator),
    }


def _acting(impersonator: Impersonator | None) -> dict[str, Any]:
    if impersonator is None:
        return {"impersonation_id": None, "impersonator_id": None, "impersonator": ""}
    return {
        "impersonation_id": impersonator.impersonation_id,
        "impersonator_id": impersonator.id,
        "impersonator": impersonator.name[:128],
    }


def _live(now: datetime) -> Q:
    return Q(ended_at=None, idle_expires_at__gt=now, expires_at__gt=now)
