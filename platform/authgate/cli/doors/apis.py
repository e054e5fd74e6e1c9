"""The APIs that commands ask, as far as the way to one differs from the way to the other."""

from dataclasses import dataclass

from authgate.tokens import admin_scopes, operator_scopes


@dataclass(frozen=True, slots=True)
class WhichApi:
    """One of them."""

    base: str
    """Below the issuer."""

    scopes: tuple[str, ...]
    """Whoever asks for all is granted those that the client is registered for."""

    to_sign_in: str = ""
    """What ``authgate login`` is told besides the issuer."""


ADMIN = WhichApi("/api/v1", tuple(scope.value for scope in admin_scopes.Scope))
OPERATOR = WhichApi(
    "/operator/v1", tuple(scope.value for scope in operator_scopes.Scope), " --operator"
)
