"""A plugin with what no bundled one has, or does without a provider that answers: a provider that
has browsers post its answers and reads metadata, a directory, and pages of the console.

Whatever it says has in it what its household has told it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from authgate.plugin_api import (
    ConsoleFacts,
    ConsoleForm,
    ConsoleNotice,
    ConsolePage,
    ConsolePart,
    ConsoleRequest,
    ExternalIdentity,
    LoginAttempt,
    LoginConnector,
    PasswordAttempt,
    PasswordConnector,
    ProviderAnswer,
    Setting,
    WrongPassword,
    hookimpl,
)

plugin_api_version = "1.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a household sets, for the plugin and for each of its connections."""

    word: Annotated[str, Setting("The household's word.", label="Word")]

    def identity(self, subject: str) -> ExternalIdentity:
        """Somebody whom the household's provider knows by this."""
        issuer = f"https://idp.{self.word}.example"
        return ExternalIdentity(issuer=issuer, subject=subject, username=subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the form of a page takes."""

    note: Annotated[str, Setting("What is to be said.", label="Note")]


class Posting(LoginConnector[Told]):
    """A provider that has browsers post its answers: the code says who has signed in."""

    name = "household-posting"
    label = "Posting"
    config_type = Told
    form_state = "state"
    metadata_type = "application/samlmetadata+xml"

    async def authorization_url(self, attempt: LoginAttempt) -> str:
        """An address of its own."""
        asked = {"state": attempt.state, "redirect_uri": attempt.redirect_uri}
        return f"https://idp.{self.config.word}.example/?{urlencode(asked)}"

    async def identify(self, attempt: LoginAttempt, answer: ProviderAnswer) -> ExternalIdentity:
        """Whoever the code is of."""
        return self.config.identity(answer.code)

    async def metadata(self, *, redirect_uri: str, metadata_uri: str) -> str:
        """All that it is told."""
        return f"<md>{self.config.word} {redirect_uri} {metadata_uri}</md>"


class Directory(PasswordConnector[Told]):
    """A place where the household's word is everybody's password."""

    name = "household-directory"
    label = "Directory"
    config_type = Told

    async def check_password(self, attempt: PasswordAttempt) -> ExternalIdentity:
        """Whoever has typed it."""
        if attempt.password.reveal() != self.config.word:
            raise WrongPassword
        return self.config.identity(attempt.login)


@hookimpl
def register_config() -> type[Told]:
    """Which settings there are."""
    return Told


@hookimpl
def register_login_connectors() -> list[type[LoginConnector[Any]]]:
    """Ways to sign in elsewhere."""
    return [Posting]


@hookimpl
def register_password_connectors() -> list[type[PasswordConnector[Any]]]:
    """Places that keep passwords."""
    return [Directory]


@hookimpl
def register_console_pages() -> list[ConsolePage]:
    """One in each area."""
    return [
        ConsolePage(name="settings-page", title="Household", area="settings"),
        ConsolePage(name="clients-page", title="Its clients", area="clients"),
        ConsolePage(name="users-page", title="Its people", area="users"),
    ]


@hookimpl
def console_page(request: ConsoleRequest, config: Told) -> Sequence[ConsolePart]:
    """What it was told and sent, and a form."""
    if isinstance(request.values, Said):
        return [ConsoleNotice(title=f"{config.word}: {request.values.note}")]
    facts = (("Word", config.word), ("Slug", request.tenant), ("Reader", request.subject))
    form = ConsoleForm(
        action="say", title="Say it", button="Say", takes=Said, values={"note": config.word}
    )
    return [ConsoleFacts(title="Household", facts=facts), form]
