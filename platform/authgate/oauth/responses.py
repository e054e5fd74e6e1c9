"""How the endpoints word their refusals."""

from authgate.oauth.errors import (
    InsufficientScope,
    InvalidBoundToken,
    InvalidClient,
    InvalidToken,
    InvalidTokenProof,
    MissingToken,
    OAuthError,
    RateLimited,
    UseDpopNonce,
    UseTokenNonce,
)
from authgate.tokens.jwk import ALGORITHMS
from authgate.web.machine import NO_STORE, Headers, Reply
from authgate.web.prefer import waited
from authgate_tenants import current_tenant


def error(refusal: OAuthError) -> Reply:
    """The refusal as JSON (RFC 6749 section 5.2); without a description where it has none."""
    content = {"error": refusal.code}
    if refusal.description:
        content["error_description"] = refusal.description
    return waited(Reply.json(refusal.status, content, NO_STORE + headers(refusal)), refusal.wait)


def retry_after(refusal: OAuthError) -> Headers:
    """When to come back, where the refusal says so (RFC 9110 section 10.2.3), and which limit it
    is that says no."""
    if refusal.retry_after is None:
        return ()
    told: Headers = ((b"retry-after", str(refusal.retry_after).encode()),)
    return told + refusal.left if isinstance(refusal, RateLimited) else told


def dpop_nonce(nonce: str) -> Headers:
    """The nonce for the client's next proof (RFC 9449 section 8.2)."""
    return ((b"dpop-nonce", nonce.encode("ascii")),)


def headers(refusal: OAuthError) -> Headers:
    """What a refusal tells besides, whatever its body: how to come back, and how to prove oneself
    (RFC 6750 section 3, RFC 9449 sections 7.1 and 8)."""
    told = retry_after(refusal)
    if isinstance(refusal, UseDpopNonce):
        told += dpop_nonce(refusal.nonce)
    challenge = _challenge(refusal)
    if challenge:
        told += ((b"www-authenticate", challenge.encode("latin-1", "replace")),)
    return told


def _challenge(refusal: OAuthError) -> str:
    if isinstance(refusal, InvalidClient):
        return f'Basic realm="{current_tenant().issuer}"'
    if isinstance(refusal, MissingToken):
        return f"Bearer {_resource()}"  # RFC 6750 3: no code if no token came
    if isinstance(refusal, InvalidBoundToken | InvalidTokenProof | UseTokenNonce):
        return f'DPoP error="{refusal.code}", algs="{" ".join(ALGORITHMS)}"'
    if isinstance(refusal, InvalidToken | InsufficientScope):
        return f'Bearer {_resource()}, error="{refusal.code}"'
    return ""


def _resource() -> str:
    """Whose tokens are asked for, and where to read how to get one (RFC 9728 section 5.1)."""
    tenant = current_tenant()
    origin = tenant.issuer.removesuffix(tenant.prefix)
    metadata = f"{origin}/.well-known/oauth-protected-resource{tenant.prefix}"
    return f'realm="{tenant.issuer}", resource_metadata="{metadata}"'
