"""Whether a sign-in is worth enough for what a client asks (RFC 9470; OpenID Connect Core
3.1.2.1)."""

from collections.abc import Collection

from authgate.accounts.second_factor_policy import is_offered, is_open_to, is_required_of
from authgate.accounts.second_factors import has_any
from authgate.accounts.standing import StepUp
from authgate.accounts.visits import SignedIn, signed_in
from authgate.storage.clients.rows import Client
from authgate.tokens.authentication import TWO_FACTORS, is_worth
from authgate.tokens.scopes import is_admin


class OutOfReach(Exception):
    """The person cannot sign in so well here, whatever they do."""


async def is_due(
    person: SignedIn,
    client: Client,
    scope: Collection[str],
    *,
    essential: str = "",
    wished: str = "",
) -> bool:
    """Whether the person has to show a second factor before the client is given anything.

    Raises ``OutOfReach`` where they never can.
    """
    methods = person.session.amr
    demanded = [essential, client.metadata.minimum_acr_value]
    if any(is_admin(each) for each in scope) and await is_required_of(person.user):
        # A remembered browser does for pages; a token that administers outlives it.
        demanded.append(TWO_FACTORS)
    # Whoever acts for somebody has not got what is theirs.
    can_show = is_open_to(person.user) and person.session.impersonator_id is None
    if not all(is_worth(methods, each) for each in demanded):
        if not can_show:
            raise OutOfReach
        return True
    if is_worth(methods, wished) or not can_show:
        return False
    return await has_any(person.user.id)


async def require_own_factor(*, then: str) -> None:
    """For what changes how somebody signs in. Raises ``StepUp`` where they have a second factor and
    have not shown it, and ``NotSignedIn``."""
    person = signed_in()
    is_shown = is_worth(person.session.amr, TWO_FACTORS)
    if is_offered() and not is_shown and await has_any(person.user.id):
        raise StepUp(then)
