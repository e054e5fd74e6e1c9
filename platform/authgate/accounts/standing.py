"""What a page asks of whoever opens it: that their role is enough, and, for what cannot be undone,
that they have signed in lately."""

from datetime import datetime
from urllib.parse import quote

from quart import Response
from werkzeug.exceptions import Forbidden

from authgate import audit
from authgate.accounts.answers import see_other
from authgate.accounts.proof_times import proven_at
from authgate.accounts.visits import SignedIn, signed_in
from authgate.audit import Actor
from authgate.permissions import RECENTLY, Permission, permits
from authgate.tokens.authentication import TWO_FACTORS, is_worth
from authgate_tenants import current_tenant

SECOND_FACTOR = "/second-factor"
"""Where one is shown."""
SECOND_FACTOR_SOON = f"{SECOND_FACTOR}/soon"
"""Where people are told that they are to have one by a date."""
SECURITY = "/account/security"
"""Where people change how they sign in."""


class SignInAgain(Exception):
    """The person has to prove once more who they are; then they are led to a path of the tenant."""

    def __init__(self, then: str) -> None:
        super().__init__(then)
        self.then = then


class StepUp(Exception):
    """The person has to show their second factor; then they are led to a path of the tenant."""

    def __init__(self, then: str) -> None:
        super().__init__(then)
        self.then = then


def require(permission: Permission) -> SignedIn:
    """Whoever sent the request. Raises ``NotSignedIn``, and ``Forbidden`` where their role is not
    enough."""
    person = signed_in()
    if not permits(person.user.role, permission):
        raise Forbidden
    return person


def actor() -> Actor:
    """The person who sent the request, for the audit log. Raises ``NotSignedIn``."""
    user = signed_in().user
    return audit.user(user.id, user.username)


async def to_sign_in(error: SignInAgain) -> Response:
    """How a page answers it."""
    return see_other(f"/login?return_to={current_tenant().prefix}{error.then}")


async def to_second_factor(error: StepUp) -> Response:
    """How a page answers it."""
    return to_step_up(f"{current_tenant().prefix}{error.then}")


def to_step_up(target: str) -> Response:
    """Somebody who is signed in is asked for a second factor, and then led there."""
    return see_other(f"{SECOND_FACTOR}?return_to={quote(target)}")


def require_second_factor(*, then: str) -> SignedIn:
    """Whoever sent the request. Raises ``StepUp`` where their session is worth one factor only,
    and ``NotSignedIn``."""
    person = signed_in()
    if not is_worth(person.session.amr, TWO_FACTORS):
        raise StepUp(then)
    return person


def require_recent_sign_in(*, now: datetime, then: str) -> None:
    """Raises ``SignInAgain`` where the person has signed in longer ago than that."""
    proven = proven_at(signed_in().session)
    if proven is None or now - proven > RECENTLY:
        raise SignInAgain(then)
