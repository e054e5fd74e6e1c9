"""Who calls an API, and how far their access token reaches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from authgate import audit
from authgate.accounts.second_factor_policy import is_required_of
from authgate.api.problems import (
    AdministratorRequired,
    BeyondOwnRole,
    BeyondOwnScopes,
    InsufficientScope,
    Malformed,
    RecentSignInRequired,
    SecondFactorRequired,
    TokenRequired,
)
from authgate.audit import Actor
from authgate.oauth import responses
from authgate.oauth.bearer import BearerTokens, Presented
from authgate.oauth.errors import (
    InvalidBoundToken,
    InvalidRequest,
    InvalidToken,
    MissingToken,
    OAuthError,
)
from authgate.permissions import RECENTLY, Permission, UserRole, permits
from authgate.provisioning import Authority
from authgate.storage.people.users import User
from authgate.tokens.api_scopes import ApiScope
from authgate.tokens.authentication import TWO_FACTORS, is_worth
from authgate.tokens.own_scopes import may_give
from authgate.tokens.scopes import is_own
from authgate.web.machine import Headers, MachineRequest
from authgate_tenants import Tenant, current_tenant


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever calls the API."""

    actor: Actor
    """Who the audit log says it was: a person, or a client that acts for itself."""

    client_id: str
    role: UserRole
    """A client that acts for itself gets as far as an administrator, by its scopes."""

    scopes: frozenset[str] = field(default=frozenset())
    """Of the access token."""

    is_guest: bool = False
    """Whether it is an operator of the installation, who is here for a while."""

    is_person: bool = False
    """Whether an access token speaks for a person."""

    signed_in_at: datetime | None = None
    """When that person last proved who they are, where the token says so."""

    @property
    def authority(self) -> Authority:
        """In whose name people are changed."""
        return Authority(self.actor, self.role)

    def require(self, scope: ApiScope) -> None:
        """Raises ``InsufficientScope``, and ``BeyondOwnRole`` where the person may not."""
        if scope not in self.scopes:
            raise InsufficientScope(
                f"The operation asks for the scope {scope}.",
                headers=challenge(error="insufficient_scope", scope=scope),
            )
        if not permits(self.role, scope.permission):
            raise BeyondOwnRole(
                f"The operation asks for the permission {scope.permission}, which the role"
                f" {self.role} has not got."
            )

    def refuse_more_than_own(self, *scopes: str) -> None:
        """Whoever may change a client must not get further by it, nor a guest longer. Raises
        ``BeyondOwnScopes``."""
        beyond = sorted(name for name in scopes if is_own(name) and not self._has(name))
        if beyond:
            who = "A guest gives nobody" if self.is_guest else "The caller has not got"
            raise BeyondOwnScopes(f"{who} {', '.join(beyond)}.")

    def refuse_guest(self) -> None:
        """For what would outlive a guest's time here. Raises ``BeyondOwnRole``."""
        if self.is_guest:
            raise BeyondOwnRole("Operators who are here as guests may not.")

    def refuse_program(self) -> None:
        """For what people alone do, and whoever is at the machine. Raises ``BeyondOwnRole``."""
        if self.client_id and not self.is_person:
            raise BeyondOwnRole("Only people do this, and no program that acts for itself.")

    def require_recent_sign_in(self, now: datetime) -> None:
        """Of a person, before what cannot be undone. Raises ``RecentSignInRequired``."""
        if not self.is_person:
            return
        if self.signed_in_at is None or now - self.signed_in_at > RECENTLY:
            raise RecentSignInRequired(
                f"The sign-in may be {RECENTLY.seconds // 60} minutes old: sign in once more.",
                headers=challenge(
                    error="insufficient_user_authentication", max_age=str(RECENTLY.seconds)
                ),
            )

    def _has(self, scope: str) -> bool:
        return scope in self.scopes and may_give(self.role, scope, is_guest=self.is_guest)


class Access:
    """Finds out who calls."""

    def __init__(
        self,
        *,
        bearer: BearerTokens,
        audiences: Callable[[Tenant], Sequence[str]],
        least: Permission,
    ) -> None:
        self._bearer = bearer
        self._audiences = audiences
        self._least = least

    async def caller(self, request: MachineRequest) -> Caller:
        """Whoever calls. Raises ``TokenRequired``, ``AdministratorRequired``,
        ``SecondFactorRequired``, ``Malformed`` and ``TooMany``."""
        presented = await self._presented(request)
        if presented.claims.get("aud") not in self._audiences(current_tenant()):
            raise _refused(InvalidToken("It is not for this API: ask for one with its scopes."))
        user, token = presented.user, presented.token
        role = user.role if user else UserRole.ADMIN
        if not permits(role, self._least):
            raise AdministratorRequired
        if user is not None:
            await _require_second_factor(user, presented.claims)
        actor = audit.user(user.id, user.username) if user else audit.client(token.client_id)
        return Caller(
            actor,
            token.client_id,
            role,
            frozenset(token.scope.split()),
            is_guest=user is not None and user.is_guest,
            is_person=user is not None,
            signed_in_at=_signed_in_at(presented.claims),
        )

    async def _presented(self, request: MachineRequest) -> Presented:
        try:
            return await self._bearer.presented(request)
        except InvalidRequest as error:
            raise Malformed(error.description) from error
        except OAuthError as error:
            raise _refused(error) from error


async def _require_second_factor(user: User, claims: Mapping[str, object]) -> None:
    methods = claims.get("amr")
    shown = methods if isinstance(methods, list) else ()
    if not is_worth(shown, TWO_FACTORS) and await is_required_of(user):
        raise SecondFactorRequired(
            "The tenant asks for a second factor, and the sign-in was without.",
            headers=challenge(error="insufficient_user_authentication", acr_values=TWO_FACTORS),
        )


def _signed_in_at(claims: Mapping[str, object]) -> datetime | None:
    moment = claims.get("auth_time")
    return datetime.fromtimestamp(moment, UTC) if isinstance(moment, int) else None


def _refused(error: OAuthError) -> TokenRequired:
    match error:
        case MissingToken():
            headers = challenge()
        case InvalidBoundToken():
            headers = responses.headers(error)
        case InvalidToken():
            headers = challenge(error=error.code)
        case _:
            headers = responses.headers(error)
    return TokenRequired(error.description, headers=headers)


def challenge(**said: str) -> Headers:
    """RFC 6750 section 3. It names no metadata (RFC 9728): those that there are tell of other
    endpoints."""
    parameters = {"realm": current_tenant().issuer, **said}
    value = ", ".join(f'{name}="{text}"' for name, text in parameters.items())
    return ((b"www-authenticate", f"Bearer {value}".encode("ascii")),)
