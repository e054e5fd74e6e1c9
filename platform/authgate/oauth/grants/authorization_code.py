"""The authorization code grant (RFC 6749 section 4.1.3): a person's yes becomes tokens, once."""

from typing import ClassVar, NoReturn

from authgate import audit, storage
from authgate.audit import Event
from authgate.clock import Clock
from authgate.oauth import families, pkce, resources
from authgate.oauth.errors import InvalidGrant, InvalidRequest
from authgate.oauth.grants import TokenRequest
from authgate.oauth.sign_in_tokens import SignInTokens
from authgate.storage.clients.rows import Client
from authgate.storage.grants import authorization_codes
from authgate.storage.grants.authorization_codes import PresentedCode
from authgate.storage.people.users import User
from authgate.tokens.authentication import Authentication
from authgate.tokens.confirmation import Confirmation
from authgate.tokens.issuer import IssuedToken
from authgate.tokens.refresh_rotation import Family

_LONGEST = 128
_UNKNOWN = "The code is unknown, was used, or has ended."


class AuthorizationCodeGrant:
    """Redeems codes."""

    grant_type: ClassVar[str] = "authorization_code"
    is_paced: ClassVar[bool] = False

    def __init__(self, *, tokens: SignInTokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    async def redeem(self, request: TokenRequest) -> IssuedToken:
        """The tokens of a code, for the client that asked for it."""
        code = request.form.get("code")
        if code is None:
            raise InvalidRequest("code is required.")
        presented = await authorization_codes.find(code) if len(code) <= _LONGEST else None
        if presented is None:
            raise InvalidGrant(_UNKNOWN)
        if presented.client_id != request.client.client_id:
            await _refuse_stranger(presented, request.client)
        if presented.is_spent:
            await self._refuse_replay(presented, request.client)
        fault = _fault(presented, request)
        if fault:
            # Whoever has a code and not its proof is not the client that it was made for.
            await storage.redeem(authorization_codes.spend(presented.id, now=self._clock()))
            raise InvalidGrant(fault)
        resource = resources.narrowed(
            request.form.get(resources.PARAMETER), request.client, presented.resource
        )
        return await self._spend(presented, request, resource)

    async def _spend(
        self, presented: PresentedCode, request: TokenRequest, resource: tuple[str, ...]
    ) -> IssuedToken:
        signed = await self._tokens.sign(
            Family(
                presented.id,
                request.client,
                self._user(presented),
                tuple(presented.scope.split()),
                self.grant_type,
                Authentication.stored(presented.authentication),
                request.confirmation,
                resource,
                presented.resource or resource,
            ),
            request.form,
            nonce=presented.nonce,
        )
        spend = authorization_codes.spend(presented.id, now=self._clock())
        # A code yields tokens at most once, however many requests arrive together.
        issued = await self._tokens.begin(signed, spend)
        if issued is None:
            raise InvalidGrant(_UNKNOWN)
        return issued

    def _user(self, presented: PresentedCode) -> User:
        user, now = presented.user, self._clock()
        if user is None or not user.is_active or presented.expires_at <= now:
            raise InvalidGrant(_UNKNOWN)
        # It may have ended in the moment in which the code was made.
        if not families.lasts(presented, now=now):
            raise InvalidGrant(_UNKNOWN)
        return user

    async def _refuse_replay(self, presented: PresentedCode, client: Client) -> NoReturn:
        # RFC 6749 section 4.1.2: what the code has yielded may be in the wrong hands.
        await families.end(presented.id, client, reason="a spent code came back")
        raise InvalidGrant(_UNKNOWN)


async def _refuse_stranger(presented: PresentedCode, client: Client) -> NoReturn:
    # Nothing is spent or revoked: anybody who finds a code in a log could sign people out.
    await audit.record(
        Event.SUSPICIOUS_ACTIVITY,
        actor=audit.client(client.client_id, client.name),
        success=False,
        client_id=client.client_id,
        resource=("authorization", str(presented.id)),
        details={"reason": "a code came from a client that it was not made for"},
    )
    raise InvalidGrant(_UNKNOWN)


def _fault(presented: PresentedCode, request: TokenRequest) -> str:
    """What is wrong with a request for this code, for the client's developer; empty if nothing."""
    form = request.form
    if not Confirmation.stored(presented.confirmation).is_met_by(request.confirmation):
        return "The code was asked for with another key (dpop_jkt)."
    redirect_uri, verifier = form.get("redirect_uri"), form.get("code_verifier")
    if redirect_uri != presented.redirect_uri and (presented.redirect_uri_given or redirect_uri):
        return "redirect_uri is not the one that the code was asked for with."
    if presented.code_challenge:
        if verifier is None or not pkce.proves(verifier, presented.code_challenge):
            return "code_verifier does not fit the code_challenge."
    elif verifier is not None:
        # RFC 9700 section 4.8.2: somebody has taken the challenge out on the way.
        return "code_verifier came where no code_challenge was."
    return ""
