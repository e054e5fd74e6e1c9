"""All that a person's sign-in yields for a client: access token, ID token, refresh token."""

from typing import NamedTuple

from authgate.audit import Event
from authgate.clock import Clock
from authgate.oauth import assurance, extra_claims, families
from authgate.storage.batches.redemptions import Spend
from authgate.tokens import lifetimes
from authgate.tokens.id_token import IdTokens, SignIn
from authgate.tokens.issuer import FreshToken, Grant, IssuedToken, TokenIssuer
from authgate.tokens.refresh_rotation import Family, Following, RefreshRotation
from authgate.web.machine import Form


class SignedTokens(NamedTuple):
    """Tokens that nobody may be given before they are stored."""

    family: Family
    access: FreshToken
    id_token: str


class SignInTokens:
    """Makes the tokens of a sign-in."""

    def __init__(
        self,
        *,
        issuer: TokenIssuer,
        id_tokens: IdTokens,
        rotation: RefreshRotation,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._issuer = issuer
        self._id_tokens = id_tokens
        self._rotation = rotation

    async def sign(
        self,
        family: Family,
        form: Form,
        *,
        event: Event = Event.ACCESS_TOKEN_ISSUED,
        nonce: str = "",
    ) -> SignedTokens:
        """Sign what can be signed before a transaction is opened: it may take its time.

        Raises ``InvalidRequest`` for ``extra_claims`` in the form that the client may not have, and
        ``InvalidGrant`` where the sign-in is worth less than the client needs.
        """
        assurance.refuse_less(family.authentication.amr, family.client)
        access = await self._issuer.sign(
            Grant(
                grant_type=family.grant_type,
                event=event,
                client=family.client,
                scope=family.scope,
                lifetime=self._lifetime(family),
                user=family.user,
                authenticated_at=family.authentication.at,
                family_id=family.id,
                confirmation=family.confirmation,
                resource=family.resource,
                amr=family.authentication.amr,
                extra_claims=extra_claims.asked(form, family.client),
                act=family.authentication.act,
            )
        )
        client, user, scope = family.client, family.user, family.scope
        token, groups = access.token.token, access.groups
        sign_in = SignIn(client, user, scope, family.authentication, token, nonce, groups)
        return SignedTokens(family, access, await self._id_tokens.sign(sign_in))

    def _lifetime(self, family: Family) -> int:
        """In seconds; no longer than somebody may act for the person."""
        lifetime, ends_at = lifetimes.of_access_token(family.client), family.authentication.ends_at
        if ends_at is None:
            return lifetime
        return max(1, min(lifetime, int((ends_at - self._clock()).total_seconds())))

    async def begin(self, signed: SignedTokens, spend: Spend) -> IssuedToken | None:
        """Store them, and begin a family of refresh tokens for a client that is to have one.

        ``None`` where that for which they are given is not fit, or was spent.
        """
        begins = families.may_refresh(signed.family.client)
        first = self._rotation.begin(signed.family) if begins else Following("")
        return await self.go_on(signed, first, spend)

    async def go_on(
        self, signed: SignedTokens, following: Following, spend: Spend
    ) -> IssuedToken | None:
        """Store them, for a family that goes on with this refresh token; ``None`` as above."""
        issued = await self._issuer.redeem(spend, signed.access, *following.rows)
        return _whole(issued, signed, following) if issued else None

    async def repeat(self, signed: SignedTokens, following: Following) -> IssuedToken:
        """Store them in the open unit of work, for a family that has gone on already."""
        return _whole(await self._issuer.store(signed.access), signed, following)


def _whole(issued: IssuedToken, signed: SignedTokens, following: Following) -> IssuedToken:
    return issued._replace(refresh_token=following.token, id_token=signed.id_token)
