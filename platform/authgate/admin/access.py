"""Who calls the API, and how far their access token reaches."""

from dataclasses import dataclass, field

from authgate import audit
from authgate.admin.problems import (
    AdministratorRequired,
    BeyondOwnScopes,
    InsufficientScope,
    Malformed,
    TokenRequired,
)
from authgate.audit import Actor
from authgate.oauth import responses
from authgate.oauth.bearer import BearerTokens, Presented
from authgate.oauth.errors import InvalidRequest, InvalidToken, OAuthError
from authgate.storage.users import UserRole
from authgate.tokens import audiences
from authgate.tokens.admin_scopes import Scope
from authgate.tokens.scopes import is_admin
from authgate.web.machine import Headers, MachineRequest
from authgate_tenants import current_tenant


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever calls the API."""

    actor: Actor
    """Who the audit log says it was: a person, or a client that acts for itself."""

    client_id: str
    scopes: frozenset[str] = field(default=frozenset())
    """Of the access token."""

    def refuse_more_than_own(self, *scopes: str) -> None:
        """Whoever may change a client must not get further by it. Raises ``BeyondOwnScopes``."""
        beyond = sorted(name for name in scopes if is_admin(name) and name not in self.scopes)
        if beyond:
            raise BeyondOwnScopes(f"The access token has not got {', '.join(beyond)}.")


class Access:
    """Finds out who calls."""

    def __init__(self, *, bearer: BearerTokens) -> None:
        self._bearer = bearer

    async def caller(self, request: MachineRequest) -> Caller:
        """Whoever calls. Raises ``TokenRequired``, ``AdministratorRequired``, ``Malformed`` and
        ``TooMany``."""
        presented = await self._presented(request)
        if presented.claims.get("aud") != audiences.admin_api(current_tenant()):
            error = InvalidToken("The token is not for this API: ask for one with its scopes.")
            raise TokenRequired(error.description, headers=responses.headers(error))
        user, token = presented.user, presented.token
        if user is not None and user.role is not UserRole.ADMIN:
            raise AdministratorRequired
        actor = audit.user(user.id, user.username) if user else audit.client(token.client_id)
        return Caller(actor, token.client_id, frozenset(token.scope.split()))

    async def _presented(self, request: MachineRequest) -> Presented:
        try:
            return await self._bearer.presented(request)
        except InvalidRequest as error:
            raise Malformed(error.description) from error
        except OAuthError as error:
            raise TokenRequired(error.description, headers=responses.headers(error)) from error


def require(caller: Caller, scope: Scope) -> None:
    """Raises ``InsufficientScope``."""
    if scope not in caller.scopes:
        raise InsufficientScope(
            f"The operation asks for the scope {scope}.",
            headers=_challenge(scope),
        )


def _challenge(scope: Scope) -> Headers:
    """RFC 6750 section 3, which lets it name the scope that is missing."""
    said = f'realm="{current_tenant().issuer}", error="insufficient_scope", scope="{scope}"'
    return ((b"www-authenticate", f"Bearer {said}".encode("ascii")),)
