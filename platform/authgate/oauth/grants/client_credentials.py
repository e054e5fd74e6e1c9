"""The client credentials grant (RFC 6749 section 4.4): a machine that acts for itself."""

from typing import ClassVar

from authgate.audit import Event
from authgate.oauth import extra_claims, resources
from authgate.oauth.errors import UnauthorizedClient
from authgate.oauth.grants import TokenRequest, asked_scopes, granted_scopes
from authgate.tokens import lifetimes
from authgate.tokens.issuer import Grant, IssuedToken, TokenIssuer
from authgate.tokens.scopes import PERSONAL


class ClientCredentialsGrant:
    """Gives a confidential client a token of its own."""

    grant_type: ClassVar[str] = "client_credentials"
    is_paced: ClassVar[bool] = False

    def __init__(self, *, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    async def redeem(self, request: TokenRequest) -> IssuedToken:
        """RFC 6749 4.4: "MUST only be used by confidential clients"."""
        client = request.client
        if client.is_public:
            raise UnauthorizedClient("A public client has no credentials to show.")
        scope = granted_scopes(asked_scopes(request.form), client.scopes, withheld=PERSONAL)
        return await self._issuer.issue(
            Grant(
                self.grant_type,
                Event.CLIENT_CREDENTIALS_TOKEN_ISSUED,
                client,
                scope,
                lifetimes.of_machine_token(client),
                confirmation=request.confirmation,
                resource=resources.narrowed(request.form.get("resource"), client, ()),
                extra_claims=extra_claims.asked(request.form, client),
            )
        )
