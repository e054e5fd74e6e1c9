"""OAuth errors: one class for each code, raised where the fault is first known.

The description is for the client's developer. What only we should know goes into
``raise … from cause``.
"""

import re
from typing import ClassVar

from authgate.web.machine import Headers
from authgate.web.prefer import Wait

_UNFIT = re.compile(r"[^ !#-\[\]-~]")  # RFC 6749 sections 4.1.2.1 and 5.2


class OAuthError(Exception):
    """A refusal as RFC 6749 section 5.2 words it."""

    code: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, description: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(description)
        # Some repeat what a stranger has called something.
        self.description = _UNFIT.sub("?", description)
        self.retry_after = retry_after
        self.wait: Wait | None = None
        """For how long the client was kept waiting for this, since it asked for that."""


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated or malformed (RFC 6749 section 5.2)."""

    code = "invalid_request"


class PayloadTooLarge(InvalidRequest):
    """The body is larger than any request that makes sense (RFC 9110 section 15.5.14)."""

    status = 413


class InvalidClient(OAuthError):
    """The client is unknown or did not prove who it is (RFC 6749 section 5.2)."""

    code = "invalid_client"
    status = 401


class InvalidGrant(OAuthError):
    """The code is unknown, spent, expired or another client's (RFC 6749 section 5.2)."""

    code = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """The client may not use this grant (RFC 6749 section 5.2)."""

    code = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """Nobody here knows this grant (RFC 6749 section 5.2)."""

    code = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """The scope is malformed, or none of it may be granted (RFC 6749 section 5.2)."""

    code = "invalid_scope"


class InvalidTarget(OAuthError):
    """The client may have no token for this resource or audience (RFC 8707 section 2)."""

    code = "invalid_target"


class UnsupportedResponseType(OAuthError):
    """Nothing but ``code`` is answered (RFC 6749 section 4.1.2.1)."""

    code = "unsupported_response_type"


class LoginRequired(OAuthError):
    """Nobody is signed in as the request wants it, and no page may ask (OpenID Connect Core
    3.1.2.6)."""

    code = "login_required"


class ConsentRequired(OAuthError):
    """The person has not allowed this, and no page may ask (OpenID Connect Core 3.1.2.6)."""

    code = "consent_required"


class UnmetAuthenticationRequirements(OAuthError):
    """Nobody can sign in as the request demands (OpenID Connect Core Error Code
    unmet_authentication_requirements 1.0)."""

    code = "unmet_authentication_requirements"


class InvalidRequestObject(OAuthError):
    """The signed request is missing, malformed, not the client's or over (RFC 9101 section 7)."""

    code = "invalid_request_object"


class InvalidRequestUri(OAuthError):
    """Where the request should be it is not, or must not be (RFC 9101 section 7)."""

    code = "invalid_request_uri"


class RequestUriNotSupported(OAuthError):
    """The request is kept elsewhere (OpenID Connect Core section 3.1.2.6)."""

    code = "request_uri_not_supported"


class RegistrationNotSupported(OAuthError):
    """The request brought a registration along (OpenID Connect Core section 3.1.2.6)."""

    code = "registration_not_supported"


class RegistrationClosed(OAuthError):
    """Clients of this tenant do not register themselves (RFC 7591 section 3)."""

    code = "registration_not_supported"
    status = 403


class InvalidRedirectUri(OAuthError):
    """No client may be answered at one of these addresses (RFC 7591 section 3.2.2)."""

    code = "invalid_redirect_uri"


class InvalidClientMetadata(OAuthError):
    """No client may be as it describes itself (RFC 7591 section 3.2.2)."""

    code = "invalid_client_metadata"


class AuthorizationPending(OAuthError):
    """Nobody has decided yet (RFC 8628 section 3.5)."""

    code = "authorization_pending"


class SlowDown(OAuthError):
    """Polled too soon: the interval is now five seconds longer (RFC 8628 section 3.5)."""

    code = "slow_down"


class AccessDenied(OAuthError):
    """The person said no (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5)."""

    code = "access_denied"


class ExpiredToken(OAuthError):
    """The device code ended before anybody decided (RFC 8628 section 3.5)."""

    code = "expired_token"


class InvalidToken(OAuthError):
    """The bearer token is missing, unknown or no longer good (RFC 6750 section 3.1)."""

    code = "invalid_token"
    status = 401


class MissingToken(InvalidToken):
    """No bearer token was sent; AuthGate's clients know this by a code of its own."""

    code = "missing_token"


class InvalidBoundToken(InvalidToken):
    """The token is bound to a key that was not shown, or not known as one that is (RFC 9449 7)."""


class InvalidDpopProof(OAuthError):
    """The proof is missing, malformed, made for something else or used before (RFC 9449 5)."""

    code = "invalid_dpop_proof"


class InvalidTokenProof(InvalidDpopProof):
    """The same, where an access token is shown (RFC 9449 section 7.1)."""

    status = 401


class UseDpopNonce(OAuthError):
    """The proof has no nonce of ours, or an old one (RFC 9449 section 8)."""

    code = "use_dpop_nonce"

    def __init__(self, nonce: str) -> None:
        super().__init__("Make the proof again, with the nonce of the header DPoP-Nonce.")
        self.nonce = nonce


class UseTokenNonce(UseDpopNonce):
    """The same, where an access token is shown (RFC 9449 section 9)."""

    status = 401


class InsufficientScope(OAuthError):
    """The bearer token does not reach this far (RFC 6750 section 3.1)."""

    code = "insufficient_scope"
    status = 403


class QuotaExceeded(OAuthError):
    """The tenant's plan allows no more of what was to be made."""

    code = "access_denied"
    status = 403


class RateLimited(OAuthError):
    """Too much, too fast (RFC 6585 section 4)."""

    code = "rate_limit_exceeded"
    status = 429

    def __init__(self, description: str, *, retry_after: int, left: Headers) -> None:
        super().__init__(description, retry_after=retry_after)
        self.left = left
        """How much more may be asked."""


class TemporarilyUnavailable(OAuthError):
    """The database is away (RFC 6749 section 4.1.2.1 names the code)."""

    code = "temporarily_unavailable"
    status = 503


class ServerError(OAuthError):
    """Our fault; the log says which (RFC 6749 section 4.1.2.1 names the code)."""

    code = "server_error"
    status = 500
