"""A tool server as the MCP SDK makes one, for tokens of one issuer; its test runs it.

Arguments: port, issuer. It says itself who issues its tokens (RFC 9728), and checks them by JWKS.
"""

import sys

import jwt
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

port, issuer = int(sys.argv[1]), sys.argv[2]
resource = f"http://127.0.0.1:{port}/mcp"
keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")


class Verifier:
    """Takes the issuer's tokens that are for this server (RFC 9068 section 4)."""

    async def verify_token(self, token: str) -> AccessToken | None:
        """What a token allows."""
        try:
            key = keys.get_signing_key_from_jwt(token)
            claims = jwt.decode(token, key, ["ES256"], audience=resource, issuer=issuer)
        except jwt.InvalidTokenError:
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims["scope"].split(),
            expires_at=claims["exp"],
            resource=resource,
            subject=claims["sub"],
            claims=claims,
        )


server = MCPServer(
    "fleet",
    token_verifier=Verifier(),
    auth=AuthSettings(
        issuer_url=issuer,
        resource_server_url=resource,
        required_scopes=["fleet.read"],
        validate_token_resource=True,
    ),
    log_level="ERROR",
)


@server.tool()
def position(vehicle: str) -> str:
    """Where a vehicle is."""
    return f"{vehicle} is at home"


server.run("streamable-http", port=port)
