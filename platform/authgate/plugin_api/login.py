"""Signing in at another identity provider by a round trip of the browser (RFC 6749 4.1)."""

import hashlib
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from authgate.plugin_api.config import parse_config
from authgate.plugin_api.documents import Documents, FetchedDocuments
from authgate.plugin_api.http import HttpClient
from authgate.plugin_api.streams import Network, NoNetwork

ConfigT = TypeVar("ConfigT")

_STANDS_IN = "What was read before counts, for a day at most."


class ConnectorError(Exception):
    """The sign-in cannot go on. The text is shown to the person who is signing in; ``cause`` says
    in a few words what was wrong, for the audit log and for who sets the connection up."""

    def __init__(self, text: str = "", *, cause: str = "") -> None:
        super().__init__(text)
        self.cause = cause


class SignInRefused(ConnectorError):
    """The provider refused, or its answer does not fit this sign-in."""


class ProviderUnavailable(ConnectorError):
    """The provider is at fault: enough of these, and it is left alone for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """One round trip: the same values when the browser leaves and when it comes back."""

    redirect_uri: str
    """Where the provider sends the browser back to; different for every connection."""

    state: str = field(repr=False)
    """Binds the answer to the browser that set out. The server checks it."""

    code_verifier: str = field(repr=False)
    """Proves that who redeems the code is who asked for it (RFC 7636 section 4.1)."""

    nonce: str = field(default="", repr=False)
    """Binds an ID token to this attempt (OpenID Connect Core section 3.1.2.1): the connector checks
    that it comes back in the token."""

    metadata_uri: str = ""
    """Where the connector's ``metadata`` are; different for every connection."""

    login_hint: str = ""
    """The address that the person has entered, for the provider to offer; possibly nothing."""

    max_age: int | None = None
    """How many seconds ago the person may have signed in at the provider at most (OpenID Connect
    Core section 3.1.2.1); 0 where they have to now, nothing where it does not matter. 1.1."""

    @property
    def code_challenge(self) -> str:
        """The verifier's S256 challenge (RFC 7636 section 4.2)."""
        digest = hashlib.sha256(self.code_verifier.encode("ascii")).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAnswer:
    """What the browser brought back."""

    code: str = field(repr=False)
    """The code to redeem at the provider, once (RFC 6749 section 4.1.2)."""

    issuer: str | None = None
    """``iss`` (RFC 9207): compare it with your provider's issuer where it is there."""

    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The form that the browser brought, where the connector has a ``form_state``; ``code`` is its
    field of that name then, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalIdentity:
    """Who the provider says is signing in."""

    issuer: str
    """The provider's ``https`` identifier, a directory's ``ldaps``, or whatever URI it has in SAML.
    A subject means something only together with it."""

    subject: str
    """The provider's own stable identifier: never a name or an address, which can change hands."""

    username: str = ""
    """What the person is called there; a wish for a name here."""

    email: str = ""
    """An address for mail; never what a user is found by."""

    email_verified: bool = False
    """Whether the provider itself has seen that this person reads mail sent there."""

    name: str = ""
    """The person's full name, as people write it."""

    picture: str = ""
    """Where a picture of the person is, by ``https``."""

    groups: tuple[str, ...] | None = None
    """The groups that they belong to there, by what cannot change hands where the provider tells
    it; nothing where the provider did not say, which is something else than none."""

    authenticated_at: datetime | None = None
    """When they have signed in there, with a time zone; nothing where the provider did not say.
    The server compares it with ``max_age`` of the attempt. 1.1."""

    said: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the provider said, by name: shown to the administrator who tries the connection, and
    kept nowhere. Never a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupStep:
    """One thing that was looked at before anybody has signed in."""

    name: str
    """What was looked at: a few words."""

    passed: bool
    """Whether it is as it should be."""

    said: str
    """What there was, or what to do. Shown to administrators, so never a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Something that a connection stands on, and that is not good for ever. 1.2."""

    name: str
    """What it is, a few words; of several of one name it is enough that one is good."""

    at: datetime
    """Until when it is good, with a time zone."""


class Connector(ABC, Generic[ConfigT]):
    """One way to sign in elsewhere: what all kinds of them have in common.

    Made anew for every call, with the settings of one tenant's connection. It never sees the
    tenant, the request, the session or the database.
    """

    name: ClassVar[str]
    """The connector's name: the plugin's name, or the plugin's name, a hyphen and more."""

    label: ClassVar[str]
    """The provider's name, as people know it."""

    icon: ClassVar[str] = "key-round"
    """A symbol of the server's icon sheet, shown beside the label."""

    config_type: type[ConfigT]
    """The frozen dataclass that declares the settings."""

    def __init__(self, *, config: ConfigT, http: HttpClient) -> None:
        self.config = config
        self.http = http
        self.documents: Documents = FetchedDocuments(http)
        """The provider's documents; the server puts its memory of them here."""
        self.network: Network = NoNetwork()
        """Streams to a provider that speaks no HTTP; the server puts its guarded ones here."""

    @classmethod
    def parse_config(cls, raw: Mapping[str, object]) -> ConfigT:
        """Check what a tenant's administrator entered. Raises ``ConnectorConfigError``."""
        return parse_config(cls.config_type, raw)

    async def examine(self) -> Sequence[SetupStep]:
        """Look at what can be looked at without a person, for the administrator who sets the
        connection up. Whatever it raises counts as a step that did not pass."""
        return ()

    async def endings(self) -> Sequence[Ending]:
        """What the connection stands on that ends, such as certificates: said to administrators
        before it does. The provider is not asked for it: documents are those that the server has
        read before, and requests raise ``HttpFailure``, which this may raise too. 1.2."""
        return ()

    def as_read(self, step: SetupStep, url: str) -> SetupStep:
        """The step about the document at this address: not passed where a former copy stands in
        for what is there now. 1.2."""
        fault = self.documents.fault(url)
        if not fault or not step.passed:
            return step
        return replace(step, passed=False, said=f"{fault} {_STANDS_IN}")


class LoginConnector(Connector[ConfigT]):
    """One way to sign in at another identity provider, to which the browser is sent."""

    form_state: ClassVar[str] = ""
    """The field with the state, where the provider answers by a form that the browser posts to the
    redirect URI (OAuth 2.0 Form Post Response Mode; SAML's HTTP POST binding); empty where the
    answer is in the address."""

    metadata_type: ClassVar[str] = ""
    """The media type of ``metadata``; empty where there are none."""

    @abstractmethod
    async def authorization_url(self, attempt: LoginAttempt) -> str:
        """Where to send the browser, with state, redirect URI and code challenge in it."""

    @abstractmethod
    async def identify(self, attempt: LoginAttempt, answer: ProviderAnswer) -> ExternalIdentity:
        """Turn the code that the provider sent back into an identity. Raises
        ``ConnectorError``."""

    async def metadata(self, *, redirect_uri: str, metadata_uri: str) -> str:
        """What providers read of this server at the second address, before anybody signs in: at
        most 40,000 characters. Asked for where there is a ``metadata_type``."""
        del redirect_uri, metadata_uri
        return ""
