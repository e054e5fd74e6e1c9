"""What an administrator may do to others: no more than they may themselves."""

from werkzeug.exceptions import Forbidden

from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.provisioning import Authority
from authgate.tokens.own_scopes import is_within
from authgate.tokens.scopes import is_own


def beyond_role(*scopes: str) -> list[str]:
    """Which of these scopes, of a client that somebody would change, let it do what they may not
    do themselves: nobody gets further by a client. Raises ``NotSignedIn``."""
    role = signed_in().user.role
    return sorted(name for name in scopes if is_own(name) and not is_within(role, name))


def refuse_beyond_role(*scopes: str) -> None:
    """Raises ``Forbidden`` where there are any."""
    if beyond_role(*scopes):
        raise Forbidden


def authority() -> Authority:
    """In whose name people are changed. Raises ``NotSignedIn``."""
    return Authority(actor(), signed_in().user.role)
