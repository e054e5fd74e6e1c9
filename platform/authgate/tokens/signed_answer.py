"""Answers that can be shown to somebody else later (RFC 9701, OpenID Connect Core 5.3.2)."""

from collections.abc import Mapping

from authgate.clock import Clock
from authgate.tokens.id_token import algorithm_of, signer_of
from authgate.tokens.keys import SigningKeys
from authgate.tokens.signer import TokenType
from authgate_tenants import current_tenant


class SignedAnswers:
    """Signs answers for a client, with what signs ID tokens."""

    def __init__(self, *, keys: SigningKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def sign(self, answer: Mapping[str, object], *, client_id: str, typ: TokenType) -> bytes:
        """The answer as a JWT of this type, so that it passes for no token."""
        tenant = current_tenant()
        signer = await signer_of(self._keys, algorithm_of(tenant.settings.signing_algorithm))
        made_at = int(self._clock().timestamp())
        own = {"iss": tenant.issuer, "aud": client_id, "iat": made_at}
        return (await signer.sign({**answer, **own}, typ=typ)).encode("ascii")
