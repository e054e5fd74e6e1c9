"""Which ways to sign in a tenant offers beside the password."""

from typing import Protocol

from authgate.web.view_models import SignInOption


class SignInOptions(Protocol):
    """The connections on the sign-in page."""

    async def offered(self, return_to: str) -> tuple[SignInOption, ...]:
        """The tenant's connections, each leading back to where the person wanted to go."""
