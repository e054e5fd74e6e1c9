"""What a client asks of the end session endpoint (OpenID Connect RP-Initiated Logout section 2).

Nothing of it is stored: looking at a request changes nothing. It is sealed into the address that
the browser is sent on to, so that it comes back as it was understood.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Self

from authgate.languages import Text, text
from authgate.languages.accepted import MOST
from authgate.oauth.authorization_request import Parameters
from authgate.storage.clients import clients, ids
from authgate.storage.clients.rows import Client
from authgate.tokens.id_token import Hint, IdTokens
from authgate.tokens.jws import InvalidToken
from authgate.web import sealed_text
from authgate_tenants.encryption import TenantCipher

LIFETIME = timedelta(hours=1)

_KIND = "logout-request"
_LONGEST_STATE = 2048
_LONGEST_LOCALES = 200


class UnprovenLogout(ValueError):
    """A request of which nothing is believed: nobody is sent anywhere. The text may be told."""


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A request, as far as it was proven."""

    client_id: str = ""
    redirect_uri: str = ""
    """Where the client has registered to take people back; empty where they stay here."""
    state: str = ""
    subject: str = ""
    """Whom the client says that it has signed in, by an ID token of ours; empty without one."""
    session_id: str = ""
    fault: str = ""
    """Why nothing of it is believed."""
    ui_locales: tuple[str, ...] = ()
    """Languages for the pages, the best first."""

    @classmethod
    async def read(cls, parameters: Parameters, id_tokens: IdTokens) -> Self:
        """What the parameters ask for."""
        try:
            return await cls._believed(parameters, id_tokens)
        except UnprovenLogout as fault:
            return cls(fault=str(fault), ui_locales=_ui_locales(parameters))

    @classmethod
    async def _believed(cls, parameters: Parameters, id_tokens: IdTokens) -> Self:
        if parameters.repeated:
            raise UnprovenLogout(text("The application named something twice."))
        hint = await _hint(parameters.get("id_token_hint"), id_tokens)
        client = await _client(parameters.get("client_id"), hint)
        return cls(
            client_id=client.client_id if client else "",
            redirect_uri=_redirect_uri(parameters.get("post_logout_redirect_uri"), client),
            state=_state(parameters.get("state")),
            subject=hint.subject if hint else "",
            session_id=hint.session_id if hint else "",
            ui_locales=_ui_locales(parameters),
        )

    def sealed(self, cipher: TenantCipher, *, now: datetime) -> str:
        """All of it, for an address; it opens in its tenant only."""
        said = [int(now.timestamp()), asdict(self)]
        return sealed_text.sealed(said, cipher=cipher, kind=_KIND)

    @classmethod
    def unsealed(cls, text: str, cipher: TenantCipher, *, now: datetime) -> Self:
        """What was sealed here; an empty request where it was not, or long ago."""
        try:
            at, said = sealed_text.opened(text, cipher=cipher, kind=_KIND)
        except ValueError:
            return cls()
        said["fault"] = Text.of(said["fault"], "", {})
        return cls(**said) if now.timestamp() < at + LIFETIME.total_seconds() else cls()


async def _hint(id_token: str, id_tokens: IdTokens) -> Hint | None:
    if not id_token:
        return None
    try:
        return await id_tokens.hint(id_token)
    except InvalidToken as error:
        raise UnprovenLogout(
            text("The application's proof of who is signed in is not ours.")
        ) from error


async def _client(client_id: str, hint: Hint | None) -> Client | None:
    if client_id and hint and hint.client_id != client_id:
        raise UnprovenLogout(text("The application came with the proof of another."))
    named = client_id or (hint.client_id if hint else "")
    if not named:
        return None
    client = await clients.find(named) if len(named) <= ids.LONGEST else None
    if client is None or not client.is_active:
        raise UnprovenLogout(text("No such application is registered here."))
    return client


def _redirect_uri(uri: str, client: Client | None) -> str:
    # To the letter, and never without a client: anything else makes us anybody's redirector.
    if uri and (client is None or uri not in client.metadata.post_logout_redirect_uris):
        raise UnprovenLogout(text("The application asks to go on to where it is not registered."))
    return uri


def _ui_locales(parameters: Parameters) -> tuple[str, ...]:
    # RP-Initiated Logout section 2; it travels in an address.
    return tuple(parameters.get("ui_locales")[:_LONGEST_LOCALES].split()[:MOST])


def _state(state: str) -> str:
    if len(state) > _LONGEST_STATE:
        raise UnprovenLogout(text("What the application wants back (state) is too long."))
    return state
