"""The scopes of all of AuthGate's own APIs together."""

from authgate.permissions import Area, UserRole, permits, writes
from authgate.tokens import admin_scopes, operator_scopes
from authgate.tokens.api_scopes import ApiScope

_EVERY: dict[str, ApiScope] = {
    scope.value: scope for scope in (*admin_scopes.Scope, *operator_scopes.Scope)
}


def is_within(role: UserRole, name: str) -> bool:
    """Whether a person of this role may do themselves what this scope opens. One that there is none
    of yet may come to mean anything."""
    if name in _EVERY:
        return permits(role, _EVERY[name].permission)
    return permits(role, writes(Area.ROLES))
