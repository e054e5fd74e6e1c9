"""The scopes of all of AuthGate's own APIs together."""

from authgate.permissions import Area, UserRole, permits, writes
from authgate.tokens import admin_scopes, operator_scopes
from authgate.tokens.api_scopes import ApiScope

_EVERY: dict[str, ApiScope] = {
    scope.value: scope for scope in (*admin_scopes.Scope, *operator_scopes.Scope)
}


def may_give(role: UserRole, name: str, *, is_guest: bool) -> bool:
    """Whether a person of this role may let a client do what this scope opens: not more than they
    may themselves, and nothing where they are a guest, whom the client would outlive. One that
    there is none of yet may come to mean anything."""
    if is_guest:
        return False
    if name in _EVERY:
        return permits(role, _EVERY[name].permission)
    return permits(role, writes(Area.ROLES))
