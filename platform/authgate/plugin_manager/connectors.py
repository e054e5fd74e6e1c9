"""The ways to sign in that plugins bring, opened with one tenant's settings."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit
from uuid import UUID

import pluggy
import structlog

from authgate.plugin_api import (
    ConfigField,
    Connector,
    ConnectorConfigError,
    Documents,
    Ending,
    ExternalIdentity,
    HttpClient,
    LoginAttempt,
    LoginConnector,
    Network,
    NoNetwork,
    PasswordAttempt,
    PasswordConnector,
    ProviderAnswer,
    SetupStep,
    SignInRefused,
    config_fields,
    hookspecs,
)
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager.containment import Fault, WrongResult, at_start
from authgate.plugin_manager.endings import endings_of
from authgate.plugin_manager.identities import checked_identity, checked_metadata, checked_steps
from authgate.plugin_manager.implementations import implementations
from authgate.plugin_manager.isolation import Isolation, Target, place_of
from authgate.plugin_manager.loading import PluginRefused
from authgate.plugin_manager.provider_documents import ConnectionDocuments, ProviderDocuments

T = TypeVar("T")

LOGIN_BUDGET = 5.5
"""Seconds that a connector may take for one half of the round trip, or for a password, its requests
included."""

_KINDS: Mapping[str, type[Connector[Any]]] = {
    "register_login_connectors": LoginConnector,
    "register_password_connectors": PasswordConnector,
}
"""By the hook that brings them."""

_log = structlog.get_logger(__name__)


class NoConnector(Exception):
    """No installed and enabled plugin brings this way to sign in."""


@dataclass(frozen=True, slots=True)
class ConnectorType:
    """One way to sign in, and the plugin that brings it."""

    plugin: str
    made_by: type[Connector[Any]]

    @property
    def name(self) -> str:
        """What a connection calls it."""
        return self.made_by.name

    @property
    def label(self) -> str:
        """The provider's name, as people know it."""
        return self.made_by.label

    @property
    def icon(self) -> str:
        """A symbol of the server's icon sheet."""
        return self.made_by.icon

    @property
    def form_state(self) -> str:
        """The field with the state of an answer that comes by a form; empty where none does."""
        made_by = self.made_by
        return made_by.form_state if issubclass(made_by, LoginConnector) else ""

    @property
    def takes_passwords(self) -> bool:
        """Whether people type their password here, and are not sent elsewhere."""
        return issubclass(self.made_by, PasswordConnector)

    @property
    def metadata_type(self) -> str:
        """The media type of what providers read of this server; empty where they read nothing."""
        made_by = self.made_by
        return made_by.metadata_type if issubclass(made_by, LoginConnector) else ""

    @property
    def fields(self) -> tuple[ConfigField, ...]:
        """The settings that a connection of this type needs."""
        return config_fields(self.made_by.config_type)

    @property
    def secrets(self) -> frozenset[str]:
        """The names of those that are shown to nobody."""
        return frozenset(each.name for each in self.fields if each.secret)

    def known(self, raw: Mapping[str, object]) -> dict[str, object]:
        """What of this is a setting of it: another version may have had others."""
        names = {each.name for each in self.fields}
        return {name: value for name, value in raw.items() if name in names}

    def check_config(self, raw: Mapping[str, object]) -> None:
        """Raises ``ConnectorConfigError`` where a connection could not work with this."""
        self.made_by.parse_config(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConnection:
    """A tenant's connection, its secrets unsealed: for the length of one request."""

    tenant_id: UUID
    name: str
    connector: ConnectorType
    config: Mapping[str, object]
    read: set[str] = field(default_factory=set, repr=False)
    """The addresses of documents that its connector has read."""


class Learned(NamedTuple):
    """What a provider's documents have come to."""

    fault: str
    """Why a former copy counts; empty where the newest does."""
    endings: Sequence[Ending] | None
    """``None`` where they are not known."""


class ConnectorTypes:
    """What the plugins registered."""

    def __init__(
        self, installed: pluggy.PluginManager, *, isolation: Isolation | None = None
    ) -> None:
        self.types: Mapping[str, ConnectorType] = MappingProxyType(_registered(installed))
        self._isolation = isolation or Isolation()

    def offered(self, enabled: Collection[str]) -> list[ConnectorType]:
        """Those whose plugin is enabled."""
        return [each for each in self.types.values() if each.plugin in enabled]

    def find(self, connector: str, *, enabled: Collection[str]) -> ConnectorType:
        """The type of this name. Raises ``NoConnector`` where its plugin is not enabled."""
        found = self.types.get(connector)
        if found is None or found.plugin not in enabled:
            raise NoConnector(connector)
        return found

    async def endings(
        self, connection: OpenConnection, documents: Documents | None = None
    ) -> Sequence[Ending] | None:
        """What the connection stands on that ends, by its settings and these documents; ``None``
        where they do not tell."""
        return await endings_of(
            connection.connector.made_by,
            connection.config,
            isolation=self._isolation,
            target=replace(_target(connection, "endings"), part="endings"),
            documents=documents,
        )


class LoginConnectors(ConnectorTypes):
    """The same, and the way to call it."""

    def __init__(
        self,
        installed: pluggy.PluginManager,
        *,
        isolation: Isolation,
        http: HttpClient,
        network: Network = NoNetwork(),  # noqa: B008 - it holds nothing
    ) -> None:
        super().__init__(installed, isolation=isolation)
        self._http = http
        self._network = network
        self._documents = ProviderDocuments(http)

    async def authorization_url(self, connection: OpenConnection, attempt: LoginAttempt) -> str:
        """Where the browser goes. Raises ``PluginFailed`` or ``ConnectorConfigError``."""
        target = _target(connection, "authorization_url")
        return await self._run(
            lambda: self._login(connection).authorization_url(attempt), target, _checked_url
        )

    async def identify(
        self, connection: OpenConnection, attempt: LoginAttempt, answer: ProviderAnswer
    ) -> ExternalIdentity:
        """Who came back. Raises ``SignInRefused``, ``PluginFailed`` or
        ``ConnectorConfigError``."""
        return await self._run(
            lambda: self._login(connection).identify(attempt, answer),
            _target(connection, "identify"),
            checked_identity,
            SignInRefused,
        )

    async def check_password(
        self, connection: OpenConnection, attempt: PasswordAttempt
    ) -> ExternalIdentity:
        """Whose password it is. Raises ``SignInRefused``, ``PluginFailed`` or
        ``ConnectorConfigError``."""
        return await self._run(
            lambda: cast("PasswordConnector[Any]", self._opened(connection)).check_password(
                attempt
            ),
            _target(connection, "check_password"),
            checked_identity,
            SignInRefused,
        )

    async def examine(self, connection: OpenConnection) -> Sequence[SetupStep]:
        """What can be told of the provider before anybody signs in. Raises ``PluginFailed`` or
        ``ConnectorConfigError``."""
        target = _target(connection, "examine")
        return await self._run(lambda: self._opened(connection).examine(), target, checked_steps)

    async def learned(self, connection: OpenConnection, *, anew: bool = False) -> Learned | None:
        """What the documents that were read for this connection have come to, where they say
        something else than when this was asked before; ``None`` where they don't, unless it is
        asked for anew."""
        are_news = self._documents.take_news(connection.tenant_id, connection.name)
        if not (are_news or anew):
            return None
        kept = self._kept(connection).kept()
        return Learned("".join(kept.faults[:1]), await self.endings(connection, kept))

    def forget_learned(self, connection: OpenConnection) -> None:
        """Have what was learned just now be news to whoever asks next."""
        self._documents.put_back_news(connection.tenant_id, connection.name)

    async def metadata(
        self, connection: OpenConnection, *, redirect_uri: str, metadata_uri: str
    ) -> str:
        """What the provider reads of this server. Raises ``PluginFailed`` or
        ``ConnectorConfigError``."""
        # The provider has no part in it.
        target = replace(_target(connection, "metadata"), part="metadata")
        return await self._run(
            lambda: self._login(connection).metadata(
                redirect_uri=redirect_uri, metadata_uri=metadata_uri
            ),
            target,
            checked_metadata,
        )

    async def _run(
        self,
        ask: Callable[[], Awaitable[object]],
        target: Target,
        accept: Callable[[object], T],
        *answers: type[Exception],
    ) -> T:
        async def work() -> object:
            # Work that is no coroutine function is given a thread.
            return await ask()

        return await self._isolation.run(
            work,
            target,
            budget=LOGIN_BUDGET,
            accept=accept,
            answers=(*answers, ConnectorConfigError),
        )

    def _login(self, connection: OpenConnection) -> LoginConnector[Any]:
        return cast("LoginConnector[Any]", self._opened(connection))

    def _opened(self, connection: OpenConnection) -> Connector[Any]:
        made_by = connection.connector.made_by
        opened = made_by(config=made_by.parse_config(connection.config), http=self._http)
        # Not by its __init__, which a plugin of an earlier minor version may have made its own.
        opened.documents = self._kept(connection)
        opened.network = self._network
        return opened

    def _kept(self, connection: OpenConnection) -> ConnectionDocuments:
        return self._documents.of(connection.tenant_id, connection.name, connection.read)


def _target(connection: OpenConnection, call: str) -> Target:
    return Target(
        tenant_id=connection.tenant_id,
        plugin=connection.connector.plugin,
        call=call,
        connection=connection.name,
    )


def _registered(installed: pluggy.PluginManager) -> dict[str, ConnectorType]:
    types: dict[str, ConnectorType] = {}
    for hook, kind in _KINDS.items():
        for plugin, implementation in implementations(installed, hook):
            for made_by in _asked(plugin, hook, kind, implementation({})):
                connector = ConnectorType(plugin, made_by)
                _check_declaration(connector)
                # A second claim to a name would be handed the first one's client secrets.
                if connector.name in types:
                    raise PluginRefused(
                        plugin, f"{connector.name!r} is another plugin's connector."
                    )
                types[connector.name] = connector
    return types


def _asked(
    plugin: str, hook: str, kind: type[Connector[Any]], work: Any
) -> list[type[Connector[Any]]]:
    try:
        found = at_start(work, budget=rules_of(getattr(hookspecs, hook)).budget)
        return _checked_types(found, kind)
    except Fault as fault:
        _log.error(
            "plugin failed", plugin=plugin, call=hook, outcome=fault.outcome, fault=place_of(fault)
        )
        return []


def _checked_types(found: object, kind: type[Connector[Any]]) -> list[type[Connector[Any]]]:
    if not isinstance(found, (list, tuple)):
        raise WrongResult(f"{type(found).__name__} instead of a list of connector classes")
    classes: list[type[Connector[Any]]] = []
    for each in found:
        if not (isinstance(each, type) and issubclass(each, kind)):
            raise WrongResult(f"something that is not a class of {kind.__name__}")
        classes.append(each)
    return classes


def _check_declaration(connector: ConnectorType) -> None:
    try:
        named, _ = connector.name, connector.fields
        complete = not getattr(connector.made_by, "__abstractmethods__", ()) and connector.label
    except (AttributeError, TypeError) as error:
        raise PluginRefused(connector.plugin, f"{connector.made_by.__name__}: {error}") from error
    if not complete:
        raise PluginRefused(connector.plugin, f"{connector.made_by.__name__} is not complete.")
    if named != connector.plugin and not named.startswith(f"{connector.plugin}-"):
        raise PluginRefused(
            connector.plugin, f"its connectors are named {connector.plugin!r}, not {named!r}."
        )


def _checked_url(result: object) -> str:
    if type(result) is not str or len(result) > 4096 or not result.isascii():
        raise WrongResult("no URL")
    try:
        parts = urlsplit(result)
    except ValueError:
        raise WrongResult("no URL") from None
    printable = result.isprintable() and " " not in result
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or not printable:
        raise WrongResult("no https URL")
    return result
