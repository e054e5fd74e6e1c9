"""Setting up the ways to sign in elsewhere that a tenant offers, with an audit event each time."""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from uuid_utils.compat import uuid7

from authgate import audit, storage
from authgate.accounts import connection_fitness
from authgate.accounts.connection_secrets import ConnectionSecrets
from authgate.audit import SYSTEM, Actor, Event
from authgate.languages import text
from authgate.permissions import ROLES, UserRole, covers
from authgate.plugin_manager import ConnectorType, ConnectorTypes, other_voucher, refuse_moved
from authgate.storage.people import users
from authgate.storage.sign_in import connections, external_identities
from authgate.storage.sign_in.connection_rules import ConnectionRules
from authgate.storage.sign_in.connection_standing import NOT_NOTED
from authgate.storage.sign_in.connections import LONGEST_SLUG, Connection
from authgate_tenants import TenantSettings, current_tenant, lifecycle
from authgate_tenants.encryption import TenantEncryption

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CHOSEN = ("label", "position", "enabled", "rules")
"""What of a connection is chosen beside its settings."""


class BadConnectionSlug(ValueError):
    """A connection's slug is part of an address: small letters, digits and single hyphens."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            text(
                "%(slug)r is not 1 to %(most)s of a-z, 0-9 and single inner dashes.",
                slug=slug,
                most=LONGEST_SLUG,
            )
        )


class LastConnection(ValueError):
    """Without this connection nobody could sign in. The text may be told."""

    def __init__(self) -> None:
        super().__init__(
            text(
                "Nobody could sign in without it: passwords are off, and no other connection is"
                " offered. Offer another one, or turn passwords on, first."
            )
        )


class KnowsSuperior(ValueError):
    """Somebody is known by the connection who may more than the one who would change who vouches
    for them. The text may be told."""

    def __init__(self, field: str) -> None:
        super().__init__(
            text(
                "Somebody signs in by this connection who may more than you: only who may as much"
                " changes this."
            )
        )
        self.field = field
        """Of the connector's settings."""


class UnknownConnection(LookupError):
    """The tenant has no connection with this slug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChange:
    """What of a connection becomes different; what is not given stays as it is."""

    config: Mapping[str, object] = field(default_factory=dict, repr=False)
    """Settings with a new value, secret ones among them."""
    unset: Collection[str] = ()
    """Settings that take their default again."""
    label: str | None = None
    position: int | None = None
    enabled: bool | None = None
    rules: ConnectionRules | None = None

    @property
    def names(self) -> list[str]:
        """What is different, for the audit log: never the values."""
        return [
            *sorted({*self.config, *self.unset}),
            *(name for name in _CHOSEN if getattr(self, name) is not None),
        ]

    def from_former(self, former: Connection, secrets: Collection[str]) -> "ConnectionChange":
        """The same without what the connection is already: rules that were fit when they were
        chosen, and are not any more, stand in the way of no other change."""
        same = [name for name in _CHOSEN if getattr(self, name) == getattr(former, name)]
        plain = former.config
        return replace(
            self,
            config={
                name: value
                for name, value in self.config.items()
                if name not in plain or plain[name] != value
            },
            unset=[name for name in self.unset if name in plain or name in secrets],
            **dict.fromkeys(same),
        )


class ConnectionSetup:
    """Sets up the connections of whichever tenant is in scope."""

    def __init__(self, *, connectors: ConnectorTypes, encryption: TenantEncryption) -> None:
        self._connectors = connectors
        self._secrets = ConnectionSecrets(encryption)

    async def add(
        self,
        *,
        slug: str,
        connector: str,
        config: Mapping[str, object],
        label: str = "",
        position: int = 0,
        rules: ConnectionRules = ConnectionRules(),  # noqa: B008  # frozen
        enabled: bool = True,
        actor: Actor = SYSTEM,
    ) -> Connection:
        """Set up a connection, which is offered at once unless it is not ``enabled``.

        Raises ``NoConnector``, ``BadConnectionSlug``, ``ConnectionExists``, ``UnfitRules``, and
        ``ConnectorConfigError`` for the setting that is wrong.
        """
        if len(slug) > LONGEST_SLUG or not _SLUG.fullmatch(slug):
            raise BadConnectionSlug(slug)
        found = self._found(connector)
        found.check_config(config)
        plain, secret = _parted(found, config)
        connection_id = uuid7()
        async with storage.transaction():
            created = await connections.create(
                connection_id=connection_id,
                slug=slug,
                connector=connector,
                label=label or found.label,
                config=plain,
                sealed_secrets=await self._secrets.seal(connection_id, secret),
                position=position,
                rules=await connection_fitness.fit(
                    slug, rules, takes_passwords=found.takes_passwords
                ),
                enabled=enabled,
            )
            told = {"connector": connector, "rules": created.rules.written(), "enabled": enabled}
            await _record(Event.CONNECTION_CREATED, created, told, actor)
        return created

    async def change(
        self,
        slug: str,
        change: ConnectionChange,
        *,
        actor: Actor = SYSTEM,
        role: UserRole = UserRole.OWNER,
    ) -> None:
        """Change a connection, as somebody of this role; the next sign-in that begins goes by it.

        Raises ``UnknownConnection``, ``NoConnector``, ``UnfitRules``, ``ConnectorConfigError``,
        ``KnowsSuperior`` and ``LastConnection``.
        """
        async with self._some_left():
            former = connection = await _locked(slug)
            kept = await self._secrets.open(former) if change.unset else ()
            change = change.from_former(former, kept)
            if change.rules is not None:
                fit = await connection_fitness.fit(
                    slug, change.rules, takes_passwords=self._takes_passwords(former)
                )
                connection = replace(connection, rules=fit)
            if change.config or change.unset:
                connection = await self._configured(connection, change)
                await self._refuse_superior(former, connection, role)
            chosen = {"label": change.label, "position": change.position, "enabled": change.enabled}
            given = {name: value for name, value in chosen.items() if value is not None}
            connection = replace(connection, **given)  # type: ignore[arg-type]  # by their names
            await connections.change(connection)
            details = {"changed": change.names, **_told(former, connection)}
            await _record(Event.CONNECTION_UPDATED, connection, details, actor)

    async def remove(self, slug: str, *, actor: Actor = SYSTEM) -> None:
        """Remove a connection. Who signed in through it stays a user, and is known by it no more.

        Raises ``UnknownConnection`` and ``LastConnection``.
        """
        async with self._some_left():
            connection = await _locked(slug)
            await connections.delete(connection.id)
            details = {"connector": connection.connector}
            await _record(Event.CONNECTION_DELETED, connection, details, actor)

    @asynccontextmanager
    async def _some_left(self) -> AsyncIterator[None]:
        """A unit of work after which people can sign in if they could before. Raises
        ``LastConnection``, and leaves nothing behind then."""
        async with storage.savepoint():
            # Of two that go at once, one would be the last; and passwords may have been switched
            # off since the request came.
            row = await lifecycle.locked(current_tenant().id)
            settings = TenantSettings.from_json(row.settings)
            if settings.password_sign_in:
                yield
                return
            could = await self._any_usable(settings)
            yield
            if could and not await self._any_usable(settings):
                raise LastConnection

    async def _any_usable(self, settings: TenantSettings) -> bool:
        names = {each.name for each in self._connectors.offered(settings.running_plugins)}
        return any(each.connector in names for each in await connections.offered())

    async def _configured(self, connection: Connection, change: ConnectionChange) -> Connection:
        found = self._found(connection.connector)
        former = {**connection.config, **await self._secrets.open(connection)}
        # A setting that the connector has no more goes with the next change.
        known = {**found.known(former), **change.config}
        config = {name: value for name, value in known.items() if name not in change.unset}
        found.check_config(config)
        refuse_moved(found.fields, was=connection.config, becomes=config, entered=change.config)
        plain, secret = _parted(found, config)
        sealed = await self._secrets.seal(connection.id, secret)
        return replace(connection, config=plain, sealed_secrets=sealed, standing=NOT_NOTED)

    async def _refuse_superior(
        self, former: Connection, connection: Connection, role: UserRole
    ) -> None:
        found = self._found(connection.connector)
        other = other_voucher(found.fields, was=former.config, becomes=connection.config)
        beyond = [each for each in ROLES if not covers(role, each)]
        if other is None or not beyond:
            return
        if await external_identities.knows_any(connection.id, await users.with_role(*beyond)):
            raise KnowsSuperior(other.name)

    def _takes_passwords(self, connection: Connection) -> bool:
        found = self._connectors.types.get(connection.connector)
        return found is not None and found.takes_passwords

    def _found(self, connector: str) -> ConnectorType:
        enabled = current_tenant().settings.enabled_plugins
        return self._connectors.find(connector, enabled=enabled)


def _told(former: Connection, now: Connection) -> dict[str, object]:
    """What may be told of a change: of settings only their names are."""
    was, becomes = _open(former), _open(now)
    changed = [name for name in was if was[name] != becomes[name]]
    return {
        "enabled": now.enabled,
        "was": {name: was[name] for name in changed},
        "is": {name: becomes[name] for name in changed},
    }


def _open(connection: Connection) -> dict[str, object]:
    return {
        "label": connection.label,
        "position": connection.position,
        "enabled": connection.enabled,
        **connection.rules.written(),
    }


async def _locked(slug: str) -> Connection:
    connection = await connections.locked(slug)
    if connection is None:
        raise UnknownConnection(slug)
    return connection


def _parted(
    connector: ConnectorType, config: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """What may be shown again, and what is sealed."""
    sealed = connector.secrets
    plain = {name: value for name, value in config.items() if name not in sealed}
    return plain, {name: value for name, value in config.items() if name in sealed}


async def _record(
    event: Event, connection: Connection, details: Mapping[str, object], actor: Actor
) -> None:
    await audit.record(
        event,
        actor=actor,
        resource=("connection", str(connection.id)),
        details={"connection": connection.slug, **details},
    )
