"""What an administrator may do to others: no more than they may themselves."""

from werkzeug.exceptions import Forbidden

from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.permissions import Permission, permits
from authgate.provisioning import Authority
from authgate.tokens.own_scopes import may_give
from authgate.tokens.scopes import is_own


def may(permission: Permission) -> bool:
    """Whether the role of whoever looks is enough for this. Raises ``NotSignedIn``."""
    return permits(signed_in().user.role, permission)


def beyond_role(*scopes: str) -> list[str]:
    """Which of these scopes, of a client that somebody would change, let it do what they may not
    do themselves: nobody gets further by a client, and no guest longer. Raises ``NotSignedIn``."""
    user = signed_in().user
    return sorted(
        name
        for name in scopes
        if is_own(name) and not may_give(user.role, name, is_guest=user.is_guest)
    )


def refuse_beyond_role(*scopes: str) -> None:
    """Raises ``Forbidden`` where there are any."""
    if beyond_role(*scopes):
        raise Forbidden


def refuse_guest() -> None:
    """Raises ``Forbidden`` where an operator of the installation is here as a guest."""
    if signed_in().user.is_guest:
        raise Forbidden


def authority() -> Authority:
    """In whose name people are changed. Raises ``NotSignedIn``."""
    return Authority(actor(), signed_in().user.role)
