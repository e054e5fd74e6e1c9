"""The access token of a request (RFC 6750, RFC 9449), checked against what was remembered of it.

The signature is not looked at: the hash of the whole text is compared with the stored one, which
proves more, costs less and sees a revocation at once.
"""

from collections.abc import Mapping
from typing import NamedTuple

from authgate.clock import Clock
from authgate.oauth.dpop import DpopProofs
from authgate.oauth.errors import (
    InvalidBoundToken,
    InvalidDpopProof,
    InvalidRequest,
    InvalidToken,
    InvalidTokenProof,
    MissingToken,
    UseDpopNonce,
    UseTokenNonce,
)
from authgate.oauth.registered_clients import RegisteredClients
from authgate.storage.clients.rows import Client
from authgate.storage.issued import tokens
from authgate.storage.issued.tokens import Remembered
from authgate.storage.people.users import User
from authgate.tokens import verifier
from authgate.tokens.confirmation import Confirmation
from authgate.tokens.keys import SigningKeys
from authgate.vocabulary import TokenStatus
from authgate.web.client_certificate import ClientCertificates
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import MachineRequest, parse_form
from authgate_tenants import current_tenant

_REFUSAL = "The token is unknown, has ended or was revoked."
_LONGEST = 8192
_BEARER, _DPOP = "bearer", "dpop"


class Presented(NamedTuple):
    """A good token, and the person it speaks for; nobody where it is a machine's."""

    token: Remembered
    user: User | None
    claims: Mapping[str, object]
    """What the token says."""
    client: Client
    """Whose it is."""

    @property
    def subject(self) -> str:
        """Whom it speaks for: a person, or a machine by a name that no person's id can be."""
        return str(self.claims["sub"])

    @property
    def confirmation(self) -> Confirmation:
        """The key that it is bound to."""
        return Confirmation.claimed(self.claims)


class BearerTokens:
    """Believes access tokens that the current tenant issued and has not ended."""

    def __init__(
        self,
        *,
        keys: SigningKeys,
        clients: RegisteredClients,
        dpop: DpopProofs,
        certificates: ClientCertificates,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._keys = keys
        self._dpop = dpop
        self._certificates = certificates
        self._clients = clients
        self._limits = limits
        self._clock = clock

    async def presented(self, request: MachineRequest, *, in_form: bool = False) -> Presented:
        """The request's access token, if its client and its person are still served.

        It is looked for in the header, and where ``in_form`` says so in a form that is posted (RFC
        6750 section 2.2).

        Raises ``MissingToken``, ``InvalidToken``, ``InvalidTokenProof``, ``UseTokenNonce``,
        ``InvalidRequest`` and ``TooMany``.
        """
        scheme, text = _token(request, in_form=in_form)
        found = await self.find(text)
        if found is not None and "cnf" not in found.claims and scheme == _BEARER:
            return found
        if found is not None and await self._shows_key(request, scheme, text, found):
            return found
        await self._limits.count("bearer_failures", bucket(request.client_ip))
        raise (InvalidToken if scheme == _BEARER else InvalidBoundToken)(_REFUSAL)

    async def find(self, text: str) -> Presented | None:
        """What is known of an access token, if it is good now."""
        try:
            parsed = verifier.parse_unverified(text)
        except verifier.InvalidToken:
            return None
        # A revoked key's tokens end with it, whatever their rows say.
        keys = await self._keys.key_set(verifying=parsed.kid)
        if parsed.kid not in keys.verification_keys:
            return None
        # What the tenant is called no longer, somebody else may be called next.
        if parsed.claims.get("iss") not in current_tenant().issuers:
            return None
        token = await tokens.find(parsed.jti)
        if token is None or not self._is_good(token, text):
            return None
        client = await self._clients.find(token.client_id)
        if client is None or not client.is_active or client.has_ended(token.began_at):
            return None
        user = token.user
        is_served = token.user_id is None or (
            user is not None and user.is_active and not user.has_ended(token.began_at)
        )
        return Presented(token, user, parsed.claims, client) if is_served else None

    async def _shows_key(
        self, request: MachineRequest, scheme: str, text: str, found: Presented
    ) -> bool:
        bound = found.confirmation
        # RFC 9449 section 7.2: neither passes for the other.
        if bool(bound.jkt) != (scheme == _DPOP):
            return False
        try:
            jkt = ""
            if bound.jkt:
                jkt = await self._dpop.key_of(request, client=found.client, access_token=text)
        except InvalidDpopProof as error:
            raise InvalidTokenProof(error.description) from error
        except UseDpopNonce as error:
            raise UseTokenNonce(error.nonce) from error
        x5t = self._certificates.thumbprint(request) if bound.x5t_s256 else ""
        return bound.is_met_by(Confirmation(jkt, x5t))

    def _is_good(self, remembered: Remembered, token: str) -> bool:
        return (
            remembered.is_of(token)
            and remembered.status is TokenStatus.ACTIVE
            and remembered.expires_at > self._clock()
        )


def _token(request: MachineRequest, *, in_form: bool) -> tuple[str, str]:
    if b"access_token=" in request.query:
        raise InvalidRequest("A token in the URL is never read: use the Authorization header.")
    authorization = request.header(b"authorization")
    posted = _posted_token(request)
    if authorization is None:
        if posted is None or not in_form:
            raise MissingToken
        # A token that is bound to a key is never taken for one of these (RFC 9449 section 7.2).
        authorization = f"{_BEARER} {posted}"
    elif posted is not None:
        raise InvalidRequest("The token came twice; RFC 6750 section 2 allows one way.")
    scheme, _, token = authorization.partition(" ")
    scheme = scheme.lower()
    if scheme not in (_BEARER, _DPOP) or not token or len(token) > _LONGEST:
        raise InvalidToken(_REFUSAL)
    return scheme, token


def _posted_token(request: MachineRequest) -> str | None:
    if request.content_type() != "application/x-www-form-urlencoded":
        return None
    return parse_form(request.body).get("access_token")
