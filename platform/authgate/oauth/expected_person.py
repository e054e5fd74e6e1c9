"""Whom a client expects (OpenID Connect Core 3.1.2.1 ``id_token_hint``, 5.5.1 ``sub``): it is
answered with this person or with nobody."""

from authgate.oauth.authorization_request import AuthorizationRequest
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.storage.people.users import User
from authgate.tokens.id_token import Hint, IdTokens
from authgate.tokens.jws import InvalidToken
from authgate.tokens.subjects import Subjects, is_pairwise


class ExpectedPerson:
    """Compares who is there with who is expected."""

    def __init__(self, *, id_tokens: IdTokens, subjects: Subjects) -> None:
        self._id_tokens = id_tokens
        self._subjects = subjects

    async def is_another(self, user: User, wanted: AuthorizationRequest, client: Client) -> bool:
        """Whether the client expects somebody else."""
        if not wanted.subject and not wanted.id_token_hint:
            return False
        subject = await self._subjects.of(user, client)
        if wanted.subject and wanted.subject != subject:
            return True
        if not wanted.id_token_hint:
            return False
        try:
            hint = await self._id_tokens.hint(wanted.id_token_hint)
        except InvalidToken:
            return False  # a hint that cannot be read tells nothing
        if not await _may_bring(client, hint):
            return False
        # A client may have been told everybody's subjects before it was told its own.
        return hint.subject not in (subject, user.subject)


async def _may_bring(client: Client, hint: Hint) -> bool:
    """Whether a client may learn whether an ID token is about the person who is there.

    With another's, where either is told people pairwise, two clients could find out together that
    they speak of one person.
    """
    if hint.client_id == client.client_id:
        return True
    given_to = await clients.find(hint.client_id)
    return given_to is not None and not is_pairwise(given_to) and not is_pairwise(client)
