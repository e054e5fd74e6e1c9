"""What a sign-in has to be worth for a client, held wherever a token is made."""

from collections.abc import Collection

from authgate.oauth.errors import InvalidGrant
from authgate.storage.clients.rows import Client
from authgate.tokens.authentication import is_worth


def refuse_less(methods: Collection[str], client: Client) -> None:
    """Nothing is given a client for a sign-in that is worth less than it is registered for, however
    that came about. Raises ``InvalidGrant``."""
    if not is_worth(methods, client.metadata.minimum_acr_value):
        raise InvalidGrant("The sign-in is worth less than the client needs: sign in once more.")
