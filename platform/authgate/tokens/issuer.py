"""Issues access tokens: the one place where a token is made (RFC 9068)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from uuid_utils import uuid7

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.clock import Clock
from authgate.plugin_api import TokenClaimsRequest
from authgate.plugin_manager import AddedClaims, DroppedClaim, Plugins
from authgate.storage.audit import audit_events
from authgate.storage.batches.append_log import Row
from authgate.storage.batches.redemptions import Spend
from authgate.storage.clients.rows import Client
from authgate.storage.issued import tokens
from authgate.storage.issued.tokens import NewToken, TokenCategory
from authgate.storage.people.users import User
from authgate.telemetry import metrics
from authgate.tokens import audiences, group_claims
from authgate.tokens.authentication import acr_of
from authgate.tokens.confirmation import NO_KEY, Confirmation
from authgate.tokens.keys import SigningKeys
from authgate.tokens.subjects import Subjects, is_pairwise
from authgate_tenants import Tenant, TenantSettings, current_tenant

NOTHING: Mapping[str, object] = MappingProxyType({})
BEARER, DPOP = "Bearer", "DPoP"
"""How a token is shown (RFC 6750 section 2.1, RFC 9449 section 7.1)."""


def token_type(confirmation: Confirmation) -> str:
    """How a token that is bound so is shown."""
    return DPOP if confirmation.jkt else BEARER


class IssuedToken(NamedTuple):
    """A token and what the client is told of it."""

    access_token: str
    expires_in: int
    scope: str
    token_type: str = BEARER
    refresh_token: str = ""
    id_token: str = ""
    issued_token_type: str = ""
    """What it is, where it was asked for by an exchange (RFC 8693 section 2.2.1)."""


class Grant(NamedTuple):
    """What a token is issued on."""

    grant_type: str
    event: Event
    client: Client
    scope: tuple[str, ...]
    lifetime: int
    """Seconds."""
    user: User | None = None
    authenticated_at: datetime | None = None
    family_id: UUID | None = None
    """What it shares with all tokens that come of the same sign-in."""
    confirmation: Confirmation = NO_KEY
    resource: tuple[str, ...] = ()
    """The resource servers that it is for (RFC 8707); the tenant's audience where none."""
    amr: tuple[str, ...] = ()
    """How the person has signed in; empty where that is not known."""
    extra_claims: Mapping[str, object] = NOTHING
    """What the client asks to have in its token, and may."""
    act: Mapping[str, object] | None = None
    """Who acts for the subject (RFC 8693 section 4.1)."""
    machine: str = ""
    """The machine that it speaks for, where that is not the client."""

    @property
    def subject(self) -> str:
        """``sub``: the person, or the machine by a name that no person's id can be."""
        if self.user:
            return self.user.subject
        return self.machine or f"client:{self.client.client_id}"

    @property
    def actor(self) -> Actor:
        """Who the audit log says it was."""
        if self.user:
            return audit.user(self.user.id, self.user.username)
        return audit.client(self.client.client_id, self.client.name)


class FreshToken(NamedTuple):
    """A token on its way into the database."""

    grant: Grant
    token: NewToken
    refused_claims: tuple[DroppedClaim, ...]
    groups: Mapping[str, object] = NOTHING
    """What it tells of the person's groups."""


class TokenIssuer:
    """Signs tokens, and remembers each together with its audit event."""

    def __init__(
        self, *, keys: SigningKeys, subjects: Subjects, plugins: Plugins, clock: Clock
    ) -> None:
        self._keys = keys
        self._subjects = subjects
        self._plugins = plugins
        self._clock = clock

    async def issue(self, grant: Grant) -> IssuedToken:
        """Sign a token; returns once it and its audit event are stored."""
        return await self.store(await self.sign(grant))

    async def sign(self, grant: Grant) -> FreshToken:
        """Make a token that nobody may be given before it is stored.

        Plugins may take their time here, so it is done before a transaction is opened.
        """
        tenant = current_tenant()
        signer = await self._keys.signer(tenant.settings.signing_algorithm)
        added = await self._added_by_plugins(grant) if tenant.settings.enabled_plugins else None
        subject = grant.subject
        if grant.user is not None and is_pairwise(grant.client):
            # Whoever is given a token can read it: what it says is told to the client.
            subject = await self._subjects.of(grant.user, grant.client)
        belongs = group_claims.NONE
        if grant.user is not None:
            belongs = await group_claims.of(grant.user, grant.client.metadata, grant.scope)
        now, jti, scope = self._clock(), str(uuid7()), " ".join(grant.scope)
        own = _claims(grant, tenant, subject, now, jti, scope)
        for_others = audiences.are_others(own, grant.client)
        groups = group_claims.in_token(belongs, for_others=for_others)
        # What is ours is written last: no plugin can change it.
        claims: dict[str, object] = {**added.claims} if added else {}
        if grant.extra_claims:
            claims |= grant.extra_claims
        claims |= groups
        claims |= _private_claims(grant, tenant.settings)
        claims |= own
        new = NewToken(
            jti,
            TokenCategory.ACCESS,
            await signer.sign(claims),
            grant.client.client_id,
            grant.user.id if grant.user else None,
            grant.family_id,
            scope,
            grant.grant_type,
            now,
            now + timedelta(seconds=grant.lifetime),
        )
        return FreshToken(grant, new, added.dropped if added else (), groups)

    async def store(self, signed: FreshToken, *rows: Row) -> IssuedToken:
        """Remember a token together with its audit event and these rows: in the open unit of work,
        if any."""
        await storage.append(*_rows(signed, rows))
        return _issued(signed)

    async def redeem(self, spend: Spend, signed: FreshToken, *rows: Row) -> IssuedToken | None:
        """The same, together with what spends that for which the token is given; ``None`` where
        that is not fit, or was spent."""
        is_won = await storage.redeem(spend, *_rows(signed, rows))
        return _issued(signed) if is_won else None

    async def _added_by_plugins(self, grant: Grant) -> AddedClaims:
        tenant = current_tenant()
        return await self._plugins.token_claims(
            TokenClaimsRequest(
                tenant=tenant.slug,
                issuer=tenant.issuer,
                client_id=grant.client.client_id,
                subject=grant.subject,
                grant_type=grant.grant_type,
                scope=frozenset(grant.scope),
            ),
            tenant_id=tenant.id,
            enabled=tenant.settings.running_plugins,
            private_claim_prefix=tenant.settings.private_claim_prefix,
        )


def _rows(signed: FreshToken, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """All that is stored of a token."""
    grant, new, refused_claims, _ = signed
    details: dict[str, object] = {"scope": new.scope, "grant_type": new.grant_type}
    if grant.act is not None:
        details["act"] = dict(grant.act)
    if refused_claims:
        details["refused_claims"] = [f"{it.plugin}: {it.name}" for it in refused_claims]
    happened = audit.event(
        grant.event,
        actor=grant.actor,
        client_id=grant.client.client_id,
        resource=("token", new.jti),
        details=details,
    )
    return (tokens.row(new), *rows, audit_events.row(happened))


def _issued(signed: FreshToken) -> IssuedToken:
    grant, new, _, _ = signed
    metrics.tokens_issued.add(grant.grant_type)
    return IssuedToken(new.token, grant.lifetime, new.scope, token_type(grant.confirmation))


def _claims(
    grant: Grant, tenant: Tenant, subject: str, now: datetime, jti: str, scope: str
) -> dict[str, object]:
    issued_at = int(now.timestamp())
    claims: dict[str, object] = {
        "iss": tenant.issuer,
        "sub": subject,
        "aud": audiences.of(tenant, grant.client, grant.scope),
        "client_id": grant.client.client_id,
        "user_id": subject,
        "scope": scope,
        "type": TokenCategory.ACCESS,
        "iat": issued_at,
        "exp": issued_at + grant.lifetime,
        "jti": jti,
    }
    if grant.confirmation is not NO_KEY:
        claims["cnf"] = grant.confirmation.claim()
    if grant.authenticated_at is not None:
        claims["auth_time"] = int(grant.authenticated_at.timestamp())
    if grant.amr:  # RFC 9068 section 2.2.1: what an API may ask for more of (RFC 9470)
        claims |= {"amr": list(grant.amr), "acr": acr_of(grant.amr)}
    if grant.act is not None:
        claims["act"] = grant.act
    if grant.resource:
        claims["aud"] = audiences.one_or_all(grant.resource)
    return claims


def _private_claims(grant: Grant, settings: TenantSettings) -> dict[str, object]:
    claims: dict[str, object] = {}
    # Nobody has two user names, so one would tell who a pairwise subject is.
    named = None if is_pairwise(grant.client) else grant.user
    for name, value in (
        ("domain", settings.domain),
        ("project", grant.client.project),
        ("service_account", grant.client.service_account),
        ("uid", named.username if named else ""),
    ):
        if value:
            claims[f"{settings.private_claim_prefix}_{name}"] = value
    return claims
