"""The scopes of the operator API, which the operators' tenant alone has."""

from collections.abc import Mapping

from authgate.languages import text
from authgate.tokens.api_scopes import OPERATOR_PREFIX, ApiScope


class Scope(ApiScope):
    """Each scope. To write does not mean to read: whoever needs both asks for both."""

    TENANTS_READ = f"{OPERATOR_PREFIX}tenants:read"
    TENANTS_WRITE = f"{OPERATOR_PREFIX}tenants:write"
    SYSTEM_READ = f"{OPERATOR_PREFIX}system:read"
    ANNOUNCEMENTS_READ = f"{OPERATOR_PREFIX}announcements:read"
    ANNOUNCEMENTS_WRITE = f"{OPERATOR_PREFIX}announcements:write"
    ACCESS_READ = f"{OPERATOR_PREFIX}access:read"
    ACCESS_WRITE = f"{OPERATOR_PREFIX}access:write"


MEANINGS: Mapping[ApiScope, str] = {
    Scope.TENANTS_READ: text("See which tenants and plans there are, from outside."),
    Scope.TENANTS_WRITE: text(
        "Create, rename, suspend, resume, delete and restore tenants, make and give plans."
    ),
    Scope.SYSTEM_READ: text("See whether the installation is well."),
    Scope.ANNOUNCEMENTS_READ: text("See what the administrators of all tenants are told."),
    Scope.ANNOUNCEMENTS_WRITE: text(
        "Tell the administrators of all tenants something, for a while."
    ),
    Scope.ACCESS_READ: text("See who of the operators has asked to come into a tenant."),
    Scope.ACCESS_WRITE: text("Ask a tenant to let an operator in, and end that."),
}
"""What each of them lets its holder do, for whoever grants it."""
