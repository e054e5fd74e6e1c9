"""Which ways to sign in a tenant offers beside the password."""

from typing import NamedTuple, Protocol

from authgate.web.view_models import SignInOption


class Offer(NamedTuple):
    """What the sign-in page offers of them."""

    options: tuple[SignInOption, ...] = ()
    by_address_url: str = ""
    """Where an address leads to one of them; nothing where none does."""
    asks_directory: bool = False
    """Whether the sign-in form asks one of them for names that have no password here."""


class SignInOptions(Protocol):
    """The connections on the sign-in page."""

    async def offered(self, return_to: str) -> Offer:
        """The tenant's connections, each leading back to where the person wanted to go."""
