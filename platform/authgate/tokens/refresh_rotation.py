"""Refresh tokens: given out, rotated, recognised when they come back (RFC 9700 section 4.14)."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from authgate.clock import Clock
from authgate.storage.batches.append_log import Row
from authgate.storage.batches.redemptions import Spend
from authgate.storage.clients.rows import Client
from authgate.storage.issued import refresh_tokens
from authgate.storage.issued.refresh_tokens import NewRefreshToken, Presented, RefreshStatus
from authgate.storage.people.users import User
from authgate.tokens import lifetimes, security_profile
from authgate.tokens.authentication import Authentication
from authgate.tokens.confirmation import NO_KEY, Confirmation
from authgate_tenants import current_tenant

OFFLINE = "offline_access"
"""Scope of what outlives the browser's session (OpenID Connect Core section 11)."""


class Family(NamedTuple):
    """What all refresh tokens of one sign-in share."""

    id: UUID
    client: Client
    user: User
    scope: tuple[str, ...]
    grant_type: str
    authentication: Authentication
    confirmation: Confirmation = NO_KEY
    """The key that its access tokens are bound to; a public client's refresh tokens as well."""
    resource: tuple[str, ...] = ()
    """The resource servers that an access token is for; the tenant's audience where none."""
    granted_resource: tuple[str, ...] = ()
    """Those that later ones may be for."""


class Following(NamedTuple):
    """The token to use from now on, and what is stored of it together with what comes with it."""

    token: str
    rows: tuple[Row, ...] = ()


class RefreshRotation:
    """Says which refresh token to give out, and what is stored of it."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    def begin(self, family: Family) -> Following:
        """The first token of a family."""
        now = self._clock()
        lifetime = timedelta(seconds=current_tenant().settings.refresh_token_absolute_lifetime)
        # Nobody acts for somebody longer than the browser in which they do.
        is_offline = OFFLINE in family.scope and not family.authentication.actor
        new = NewRefreshToken(
            family_id=family.id,
            client_id=family.client.client_id,
            user_id=family.user.id,
            session_id=None if is_offline else family.authentication.session_id,
            scope=" ".join(family.scope),
            grant_type=family.grant_type,
            authentication=family.authentication.to_json(),
            confirmation=_bound(family).to_json(),
            resource=family.granted_resource,
            created_at=now,
            expires_at=_expiry(family.client, now, now + lifetime),
            ends_at=now + lifetime,
        )
        token = refresh_tokens.new_token()
        return Following(token, (refresh_tokens.row(token, new),))

    def follow(self, presented: Presented, client: Client, token: str) -> tuple[Following, Spend]:
        """The token to use from now on, and what makes it so unless another request was first."""
        now = self._clock()
        # FAPI 2.0 Security Profile 5.3.2.1: who proves itself each time gains nothing by it, and
        # whose answer is lost would lose the person.
        rotates = current_tenant().settings.refresh_token_rotation
        if not rotates or security_profile.of(client):
            expires_at = _expiry(client, now, presented.ends_at)
            touch = refresh_tokens.touch(presented.id, now=now, expires_at=expires_at)
            return Following(token), touch
        successor = refresh_tokens.new_token()
        rotate = refresh_tokens.rotate(presented, token=token, successor=successor, now=now)
        stored = refresh_tokens.row(successor, _next(presented, client, now))
        return Following(successor, (stored,)), rotate

    async def repeated(self, presented: Presented, token: str) -> str | None:
        """The same successor once more, for a client whose answer was lost.

        ``None`` where a token comes back too late, or after its successor was used: then somebody
        else has it.
        """
        grace = timedelta(seconds=current_tenant().settings.refresh_token_grace)
        if presented.rotated_at is None or presented.rotated_at + grace <= self._clock():
            return None
        successor = refresh_tokens.successor_of(presented, token)
        known = await refresh_tokens.find(successor) if successor else None
        if known is None or known.status is not RefreshStatus.ACTIVE:
            return None
        return successor


def _next(former: Presented, client: Client, now: datetime) -> NewRefreshToken:
    return NewRefreshToken(
        family_id=former.family_id,
        client_id=former.client_id,
        user_id=former.user_id,
        session_id=former.session_id,
        scope=former.scope,
        grant_type=former.grant_type,
        authentication=former.authentication,
        confirmation=former.confirmation,
        resource=former.resource,
        created_at=now,
        expires_at=_expiry(client, now, former.ends_at),
        ends_at=former.ends_at,
    )


def _bound(family: Family) -> Confirmation:
    # A confidential client proves itself at each refresh, and may change its key (RFC 9449 5).
    return family.confirmation if family.client.is_public else NO_KEY


def _expiry(client: Client, now: datetime, ends_at: datetime) -> datetime:
    idle = timedelta(seconds=lifetimes.of_refresh_token(client))
    return min(now + idle, ends_at)
