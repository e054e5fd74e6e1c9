"""The connector that is tested: which it is, what is at its other end, and how it is asked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from secrets import token_urlsafe
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pluggy

from authgate.plugin_api import (
    ConnectorConfigError,
    ExternalIdentity,
    LoginAttempt,
    LoginConnector,
    ProviderAnswer,
    SignInRefused,
    config_fields,
    hookimpl,
    hookspecs,
)
from authgate.plugin_manager import (
    ConnectorType,
    Isolation,
    LoginConnectors,
    OpenConnection,
    PluginFailed,
)
from authgate.pretend.provider import PretendProvider, Provider
from authgate.testing.fake_http import FakeHttp, no_network

NEVER_GIVEN = "never-given"
"""A code that no provider has given anybody."""


class ConnectorSubject:
    """Say which connector it is; the rest may stay as it is where it speaks OAuth 2.0."""

    connector: ClassVar[type[LoginConnector[Any]]]
    """The class that is tested."""

    def provider(self, host: str) -> Provider:
        """What answers at the other end: a provider of the kind that the connector signs in at."""
        return PretendProvider(host)

    def settings(self, provider: Provider) -> dict[str, object]:
        """What an administrator enters to connect a tenant with this provider."""
        return {
            "host": provider.host,
            "client_id": provider.client_id,
            "client_secret": provider.client_secret,
        }

    def secrets_in(self, settings: dict[str, object]) -> list[str]:
        """The values that nobody may see."""
        secret = {each.name for each in config_fields(self.connector.config_type) if each.secret}
        return [str(value) for name, value in settings.items() if name in secret]


@dataclass(frozen=True, slots=True)
class Side:
    """One tenant's connection, and the provider at its other end."""

    tenant: str
    tenant_id: UUID
    provider: Provider
    settings: dict[str, object]
    secrets: list[str]


def new_attempt(tenant: str = "acme") -> LoginAttempt:
    """A round trip that begins."""
    return LoginAttempt(
        redirect_uri=f"https://sso.example/t/{tenant}/login/contract/callback",
        metadata_uri=f"https://sso.example/t/{tenant}/login/contract/metadata",
        state=token_urlsafe(32),
        code_verifier=token_urlsafe(32),
        nonce=token_urlsafe(32),
    )


class ConnectorBench:
    """Asks a connector as the server does, for two tenants, without a network."""

    def __init__(self, subject: ConnectorSubject) -> None:
        self.http = FakeHttp()
        self.acme = self._side(subject, "acme")
        self.globex = self._side(subject, "globex")
        self._made_by = subject.connector
        self._connectors = LoginConnectors(
            _bringing(subject.connector), isolation=Isolation(), http=self.http
        )
        self._type: ConnectorType = self._connectors.types[subject.connector.name]

    def _side(self, subject: ConnectorSubject, tenant: str) -> Side:
        provider = subject.provider(f"{tenant}.provider.example")
        self.http.serve(provider.host, provider)
        settings = subject.settings(provider)
        return Side(tenant, uuid4(), provider, settings, subject.secrets_in(settings))

    async def begin(self, side: Side, attempt: LoginAttempt) -> str:
        """Where the browser goes, as the server takes it."""
        return await self._connectors.authorization_url(self._opened(side), attempt)

    async def approved(self, side: Side, attempt: LoginAttempt) -> ProviderAnswer:
        """What the browser brings back from somebody who agreed."""
        back = side.provider.approve(await self.begin(side, attempt))
        named = self._made_by.form_state or "state"
        assert back[named] == attempt.state, "the provider was given another state"
        return self._answer(back)

    async def never_given(self, side: Side, attempt: LoginAttempt) -> ProviderAnswer:
        """What no provider has said."""
        named = self._made_by.form_state
        if not named:
            return ProviderAnswer(code=NEVER_GIVEN)
        back = side.provider.approve(await self.begin(side, new_attempt()))
        return self._answer({**dict.fromkeys(back, NEVER_GIVEN), named: attempt.state})

    async def of_another(self, attempt: LoginAttempt) -> ProviderAnswer:
        """What another provider says than the one that Acme's connection asked."""
        if not self._made_by.form_state:
            return ProviderAnswer(code="the-code-of-another", issuer="https://evil.example")
        return await self.approved(self.globex, attempt)

    def told_in(self, answer: ProviderAnswer) -> list[str]:
        """What of an answer nobody else may hear."""
        named = self._made_by.form_state
        fields = [text for name, text in answer.form.items() if name != named]
        return [each for each in (answer.code, *fields) if each]

    def _answer(self, back: Mapping[str, str]) -> ProviderAnswer:
        form = back if self._made_by.form_state else {}
        return ProviderAnswer(code=back.get("code", ""), issuer=back.get("iss"), form=dict(form))

    async def finish(
        self, side: Side, attempt: LoginAttempt, answer: ProviderAnswer
    ) -> ExternalIdentity:
        """Who came back, as the server takes it."""
        return await self._connectors.identify(self._opened(side), attempt, answer)

    async def identified(self, side: Side) -> ExternalIdentity:
        """Who signs in, by a whole round trip."""
        attempt = new_attempt(side.tenant)
        return await self.finish(side, attempt, await self.approved(side, attempt))

    async def asked_with(self, setting: str) -> set[str]:
        """The hosts that are asked, whatever comes of it, where one setting of Acme's connection is
        that of Globex's."""
        config = dict(self.acme.settings)
        if setting in self.globex.settings:
            config[setting] = self.globex.settings[setting]
        moved, attempt = replace(self.acme, settings=config), new_attempt()
        with suppress(ConnectorConfigError, PluginFailed, SignInRefused):
            url = await self.begin(moved, attempt)
            answer = ProviderAnswer(code=NEVER_GIVEN)
            if urlsplit(url).netloc == moved.provider.host:
                answer = self._answer(moved.provider.approve(url))
            await self.finish(moved, attempt, answer)
        return {host for host, _ in self.http.asked}

    def made(self, side: Side) -> LoginConnector[Any]:
        """The connector by itself, whose errors arrive as it raises them."""
        return self._made_by(config=self._made_by.parse_config(side.settings), http=self.http)

    def _opened(self, side: Side) -> OpenConnection:
        return OpenConnection(
            tenant_id=side.tenant_id,
            name="contract",
            connector=self._type,
            config=side.settings,
        )


@contextmanager
def bench(subject: ConnectorSubject) -> Iterator[ConnectorBench]:
    """A bench; whatever the connector asks not by ``self.http`` fails the test."""
    with no_network() as tried:
        yield ConnectorBench(subject)
    assert not tried, f"the connector called socket.{tried[0]}: it asks by self.http alone"


class _Bringing:
    """A plugin that brings one connector."""

    def __init__(self, connector: type[LoginConnector[Any]]) -> None:
        self._connector = connector

    @hookimpl
    def register_login_connectors(self) -> list[type[LoginConnector[Any]]]:
        """That one."""
        return [self._connector]


def _bringing(connector: type[LoginConnector[Any]]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager("authgate")
    manager.add_hookspecs(hookspecs)
    manager.register(_Bringing(connector), name=connector.name)
    return manager
