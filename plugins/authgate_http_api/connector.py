"""A service of one's own that is asked whether a password is right, by the contract of AuthGate
(Go): ``{"username", "password"}`` as JSON, and who it is in the answer.

It is asked once; once more only where it cannot have looked at the password, since no connection
came about or it says that it is not there for now. A wrong password that is sent twice would count
twice in a service that locks accounts.
"""

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from authgate.plugin_api import (
    ConnectorConfigError,
    ExternalIdentity,
    HttpResponse,
    NoConnection,
    PasswordAttempt,
    PasswordConnector,
    ProviderUnavailable,
    Secret,
    Setting,
    SetupStep,
    WrongPassword,
)
from authgate.plugin_api.answers import groups_in, said_in, text_in, value_at
from authgate.plugin_api.hosts import check_https
from authgate_http_api.signing import HMAC, MODES, NONE, SIMPLE, signed

_NOT_SENT = frozenset("authorization connection content-length content-type cookie host".split())
_LONGEST_SUBJECT = 255
_NO_SECRET = Secret("")
_PAUSES = (0.2, 0.5)
"""Seconds before it is asked once more."""
_NOT_NOW = 503
_SAYS_NO = (400, 401, 403, 404, 422, 423, 429)
"""Whatever else is said: a service that the former server asked may say it by the status alone.
One that hears no more guesses at a name is not away for the others."""

_OF_WHO_ASKS = (401, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpApiConfig:
    """What a tenant's administrator enters, from the service's own documentation."""

    url: Annotated[
        str,
        Setting(
            "Where name and password are sent by POST, as JSON. Another host makes everybody a "
            "stranger; another path there does not.",
            label="Address",
            place=True,
        ),
    ]
    auth_mode: Annotated[
        str,
        Setting(
            "How the service knows this server: none; simple (the secret in a header); hmac "
            "(requests are signed with it).",
            label="Authentication",
        ),
    ] = NONE
    secret: Annotated[Secret, Setting("Shared with the service.", label="Secret")] = _NO_SECRET
    header: Annotated[
        str,
        Setting("The header that holds the secret in the mode simple.", label="Header"),
    ] = "X-API-Secret"
    username_field: Annotated[
        str,
        Setting(
            "The field of the answer that wishes for a username; without one it is what was typed.",
            label="Username",
        ),
    ] = "username"
    email_field: Annotated[str, Setting("The field with the address.", label="Email")] = "email"
    confirms_addresses: Annotated[
        bool,
        Setting(
            "Whether the service knows that its people read mail at their addresses. Without it an "
            "address counts where the answer says email_verified.",
            label="Addresses are verified",
        ),
    ] = False
    name_field: Annotated[str, Setting("The field with the full name.", label="Full name")] = (
        "full_name"
    )
    groups_field: Annotated[str, Setting("The field that lists groups.", label="Groups")] = "groups"

    def __post_init__(self) -> None:
        check_https("url", self.url.partition("?")[0])
        if not self.url.isascii() or " " in self.url or "#" in self.url:
            raise ConnectorConfigError("url", "must be ASCII, without blanks and #")
        if self.auth_mode not in MODES:
            raise ConnectorConfigError("auth_mode", f"must be {' or '.join(MODES)}")
        if self.auth_mode != NONE and not self.secret.reveal():
            raise ConnectorConfigError("secret", f"is missing for {self.auth_mode}")
        if not self.secret.reveal().isascii() and self.auth_mode == SIMPLE:
            raise ConnectorConfigError("secret", "must be ASCII to be sent in a header")
        named = self.header.replace("-", "")
        if not (named.isascii() and named.isalnum()) or self.header.lower() in _NOT_SENT:
            raise ConnectorConfigError("header", "is no header of your own")

    @property
    def issuer(self) -> str:
        """What makes an identifier mean one person: the host that told it, wherever it is asked
        there."""
        return f"https://{urlsplit(self.url).netloc.lower()}"


class HttpApiConnector(PasswordConnector[HttpApiConfig]):
    """Asks the service, and reads who it is."""

    name = "http-api"
    label = "HTTP API"
    icon = "key-round"
    config_type = HttpApiConfig

    async def check_password(self, attempt: PasswordAttempt) -> ExternalIdentity:
        """Ask whether it is right."""
        answer = await self._asked(attempt.login, attempt.password.reveal())
        return self._identity(_who(answer), attempt.login)

    async def examine(self) -> Sequence[SetupStep]:
        """Ask for a name that nobody has: a service that lets it in would let in everybody."""
        name = f"authgate-{secrets.token_hex(8)}"
        answer = await self._asked(name, secrets.token_urlsafe(24))
        try:
            _who(answer)
        except WrongPassword:
            said = f"It was asked for a name that nobody has, and said no, with {answer.status}."
            if answer.status in _OF_WHO_ASKS:
                said += " Whether to the name, or to the secret of this connection, only it knows."
            return [SetupStep(name="Answer", passed=True, said=said)]
        except ProviderUnavailable as error:
            return [SetupStep(name="Answer", passed=False, said=str(error))]
        said = "It lets in a name that nobody has, with any password."
        return [SetupStep(name="Answer", passed=False, said=said)]

    async def _asked(self, login: str, password: str) -> HttpResponse:
        for pause in _PAUSES:
            with suppress(NoConnection):
                answer = await self._asked_once(login, password)
                if answer.status != _NOT_NOW:
                    return answer
            await asyncio.sleep(pause)
        return await self._asked_once(login, password)

    async def _asked_once(self, login: str, password: str) -> HttpResponse:
        url = self.config.url
        content = json.dumps(
            {"username": login, "password": password}, ensure_ascii=False, separators=(",", ":")
        ).encode("utf-8", "surrogatepass")
        return await self.http.post_bytes(
            url, content=content, headers={"Accept": "application/json", **self._shown(content)}
        )

    def _shown(self, content: bytes) -> Mapping[str, str]:
        secret = self.config.secret.reveal()
        if self.config.auth_mode == HMAC:
            return signed(self.config.url, content, secret=secret)
        return {self.config.header: secret} if self.config.auth_mode == SIMPLE else {}

    def _identity(self, said: Mapping[str, Any], login: str) -> ExternalIdentity:
        config, subject = self.config, text_in(said, "user_id")
        if not 0 < len(subject) <= _LONGEST_SUBJECT:
            raise ProviderUnavailable("The answer says success, and not who it is.")
        email = text_in(said, config.email_field)
        checked = config.confirms_addresses or value_at(said, "email_verified") is True
        return ExternalIdentity(
            issuer=config.issuer,
            subject=subject,
            username=text_in(said, config.username_field) or login,
            email=email,
            email_verified=checked and bool(email),
            name=text_in(said, config.name_field),
            groups=groups_in(said, config.groups_field),
            said=said_in(said),
        )


def _who(answer: HttpResponse) -> Mapping[str, Any]:
    """What the service says of who it is. Raises ``WrongPassword`` and ``ProviderUnavailable``."""
    if answer.status in _SAYS_NO:
        raise WrongPassword(cause=f"the service said no, with {answer.status}")
    if not answer.ok:
        raise ProviderUnavailable(f"The service answered {answer.status}.")
    said = answer.json()
    if not isinstance(said, dict):
        raise ProviderUnavailable("The answer is no object.")
    if said.get("success") is True:
        return said
    if said.get("success") is False:
        raise WrongPassword(cause=f"the service said no, with {answer.status}")
    raise ProviderUnavailable(f"The service answered {answer.status}, without success.")
