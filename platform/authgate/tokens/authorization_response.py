"""Answers of the authorization endpoint that are signed (JARM): no one changes one on its way."""

from collections.abc import Mapping

from authgate.clock import Clock
from authgate.tokens.id_token import algorithm_of, signer_of
from authgate.tokens.keys import SigningKeys
from authgate_tenants import current_tenant

LIFETIME = 600
"""Seconds: as long as a code may ever be (JARM section 2.1)."""


class AuthorizationResponses:
    """Signs answers, with what signs ID tokens."""

    def __init__(self, *, keys: SigningKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def sign(self, answer: Mapping[str, str], *, client_id: str) -> str:
        """The parameter ``response``."""
        tenant = current_tenant()
        signer = await signer_of(self._keys, algorithm_of(tenant.settings.signing_algorithm))
        end = int(self._clock().timestamp()) + LIFETIME
        own = {"iss": tenant.issuer, "aud": client_id, "exp": end}
        return await signer.sign({**answer, **own}, typ="JWT")
