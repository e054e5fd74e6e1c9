"""The refresh token grant (RFC 6749 section 6): another access token without another sign-in."""

from typing import ClassVar, NoReturn

from authgate import storage
from authgate.audit import Event
from authgate.clock import Clock
from authgate.oauth import families, resources
from authgate.oauth.errors import InvalidDpopProof, InvalidGrant, InvalidRequest, InvalidScope
from authgate.oauth.grants import TokenRequest, asked_scopes
from authgate.oauth.sign_in_tokens import SignedTokens, SignInTokens
from authgate.storage.clients.rows import Client
from authgate.storage.issued import refresh_tokens
from authgate.storage.issued.refresh_tokens import Presented, RefreshStatus
from authgate.storage.people.users import User
from authgate.tokens.authentication import Authentication
from authgate.tokens.confirmation import Confirmation
from authgate.tokens.issuer import IssuedToken
from authgate.tokens.refresh_rotation import Family, Following, RefreshRotation

_LONGEST = 2048  # those of AuthGate (Go) are JWTs, and go on
_ANOTHER_KEY = "The refresh token is bound to another key."
_UNKNOWN = "The refresh token is unknown, was used, or has ended."


class RefreshTokenGrant:
    """Gives an access token, and the refresh token to use next."""

    grant_type: ClassVar[str] = families.REFRESH
    is_paced: ClassVar[bool] = False

    def __init__(self, *, tokens: SignInTokens, rotation: RefreshRotation, clock: Clock) -> None:
        self._tokens = tokens
        self._rotation = rotation
        self._clock = clock

    async def redeem(self, request: TokenRequest) -> IssuedToken:
        """The tokens; the scope may be less than what was granted, never more."""
        token = request.form.get("refresh_token")
        if token is None:
            raise InvalidRequest("refresh_token is required.")
        presented = await self._presented(token, request)
        signed = await self._tokens.sign(
            Family(
                presented.family_id,
                request.client,
                _user(presented),
                _narrowed(presented, request),
                self.grant_type,
                Authentication.stored(presented.authentication),
                request.confirmation,
                resources.narrowed(
                    request.form.get(resources.PARAMETER), request.client, presented.resource
                ),
            ),
            request.form,
            event=Event.TOKEN_REFRESHED,
        )
        issued = await self._stored(presented, token, signed)
        if issued is None:
            # Another request was first, a moment ago: that is no reuse yet.
            issued = await self._stored(await refresh_tokens.find(token), token, signed)
        if issued is None:
            raise InvalidGrant(_UNKNOWN)
        return issued

    async def _presented(self, token: str, request: TokenRequest) -> Presented:
        presented = await refresh_tokens.find(token) if len(token) <= _LONGEST else None
        if presented is None or presented.client_id != request.client.client_id:
            raise InvalidGrant(_UNKNOWN)
        # First of all: who has a token without its key cannot end its family either.
        if not Confirmation.stored(presented.confirmation).is_met_by(request.confirmation):
            raise InvalidDpopProof(_ANOTHER_KEY)
        now = self._clock()
        if request.client.has_ended(presented.began_at):
            raise InvalidGrant(_UNKNOWN)
        if presented.ends_at <= now or not families.lasts(presented, now=now):
            raise InvalidGrant(_UNKNOWN)
        match presented.status:
            case RefreshStatus.ACTIVE if presented.expires_at > now:
                return presented
            case RefreshStatus.ROTATED:
                return await self._repeatable(presented, token, request.client)
            case _:
                raise InvalidGrant(_UNKNOWN)

    async def _repeatable(self, presented: Presented, token: str, client: Client) -> Presented:
        if await self._rotation.repeated(presented, token) is None:
            await _refuse_reuse(presented, client)
        return presented

    async def _stored(
        self, presented: Presented | None, token: str, signed: SignedTokens
    ) -> IssuedToken | None:
        """The tokens, stored; ``None`` where the refresh token is no longer what it was."""
        if presented is None:
            return None
        if presented.status is RefreshStatus.ROTATED:
            return await self._repeated(presented, token, signed)
        following, spend = self._rotation.follow(presented, signed.family.client, token)
        return await self._tokens.go_on(signed, following, spend)

    async def _repeated(
        self, presented: Presented, token: str, signed: SignedTokens
    ) -> IssuedToken | None:
        async with storage.transaction():
            successor = await self._rotation.repeated(presented, token)
            # Whoever ends the family meanwhile waits, and then finds the access token.
            if successor is None or not await refresh_tokens.hold(successor):
                return None
            return await self._tokens.repeat(signed, Following(successor))


async def _refuse_reuse(presented: Presented, client: Client) -> NoReturn:
    # The client has proven who it is, so it or a thief has used this one before.
    await families.end(presented.family_id, client, reason="a used refresh token came back")
    raise InvalidGrant(_UNKNOWN)


def _user(presented: Presented) -> User:
    user = presented.user
    if user is None or not user.is_active or user.has_ended(presented.began_at):
        raise InvalidGrant(_UNKNOWN)
    return user


def _narrowed(presented: Presented, request: TokenRequest) -> tuple[str, ...]:
    """What this access token may do (RFC 6749 section 6). Raises ``InvalidScope``.

    A scope that the client has lost since then is left out.
    """
    granted = presented.scope.split()
    asked = asked_scopes(request.form)
    if not set(asked) <= set(granted):
        raise InvalidScope("A refresh may ask for less than what was granted, not for more.")
    return tuple(each for each in asked or granted if each in request.client.scopes)
