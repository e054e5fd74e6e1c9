"""A tenant's connections, opened: settings from storage, secrets unsealed, connector found.

A connection is there only while the tenant has its plugin enabled; without it, it is as if it had
never been set up.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from quart import Response

from authgate import storage
from authgate.accounts.answers import see_other
from authgate.accounts.connection_secrets import ConnectionSecrets
from authgate.accounts.connections import Offer
from authgate.accounts.pending_login import Purpose
from authgate.plugin_manager import ConnectorType, ConnectorTypes, NoConnector, OpenConnection
from authgate.storage.sign_in import connections
from authgate.storage.sign_in.connections import LONGEST_SLUG, Connection
from authgate.web.view_models import SignInOption
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

BY_ADDRESS = "/login/by_address"
"""Where an address leads to a connection. None is called so: their names have no underscore."""
PASSWORD = "password"
"""What follows a connection's slug where people type the password that it asks about."""
IN_PATH = f"<string(maxlength={LONGEST_SLUG}):connection>"
"""What stands for a connection's slug in a route."""
CALLBACK = f"/login/{IN_PATH}/callback"
"""Where providers send browsers back to."""


@dataclass(frozen=True, slots=True)
class UsableConnection:
    """A connection whose plugin is enabled."""

    stored: Connection
    connector: ConnectorType


@dataclass(frozen=True, slots=True)
class PasswordPlace:
    """A connection that keeps passwords."""

    stored: Connection
    usable: UsableConnection | None
    """The same, while people may use it."""


class TenantConnections:
    """The connections of whichever tenant is in scope."""

    def __init__(self, *, connectors: ConnectorTypes, encryption: TenantEncryption) -> None:
        self._connectors = connectors
        self._secrets = ConnectionSecrets(encryption)

    async def offered(self, return_to: str) -> Offer:
        """What the sign-in page shows, in the order that the tenant chose."""
        usable, query = await self.usable(), f"?return_to={quote(return_to)}"
        options = tuple(option_of(each, query) for each in usable)
        leads = any(each.stored.rules.email_domains for each in usable)
        by_address = f"{current_tenant().prefix}{BY_ADDRESS}{query}" if leads else ""
        asks = any(
            each.connector.takes_passwords
            and (each.stored.rules.sign_in_form or each.stored.rules.email_domains)
            for each in usable
        )
        return Offer(options, by_address, asks)

    async def find(self, slug: str, *, disabled: bool = False) -> UsableConnection | None:
        """The connection of this slug; one that is not offered too where ``disabled`` says so."""
        stored = await (connections.find if disabled else connections.find_offered)(slug)
        return self._usable(stored) if stored else None

    async def for_address(self, address: str) -> UsableConnection | None:
        """The connection that people with an address of this domain are sent to."""
        stored = await connections.offered_to(address)
        return self._usable(stored) if stored else None

    async def usable(self) -> list[UsableConnection]:
        """All that people may use, in the order that the tenant chose."""
        if not current_tenant().settings.running_plugins:
            return []
        found = [self._usable(stored) for stored in await connections.offered()]
        return [each for each in found if each]

    async def keeping_passwords(self) -> list[PasswordPlace]:
        """All that people type their password for here, in the same order, those that they may not
        use now among them; nothing while they may use none."""
        running = current_tenant().settings.running_plugins
        # Nothing is read where there can be none: everybody's sign-in asks.
        if not any(each.takes_passwords for each in self._connectors.offered(running)):
            return []
        return [
            PasswordPlace(each, self._usable(each) if each.enabled else None)
            for each in await connections.every()
            if self._may_keep_passwords(each)
        ]

    async def taking_passwords(self) -> list[UsableConnection]:
        """Those of them that people may use."""
        return [each.usable for each in await self.keeping_passwords() if each.usable]

    def _may_keep_passwords(self, stored: Connection) -> bool:
        connector = self._connectors.types.get(stored.connector)
        if connector is None:
            # Its plugin is no longer installed: only one that kept them may be behind the form.
            return stored.rules.sign_in_form
        return connector.takes_passwords

    async def opened(self, connection: UsableConnection) -> OpenConnection:
        """The connection with its secrets, for the length of a request. What its connector has
        declared a secret since it was stored is sealed by that."""
        stored, connector = connection.stored, connection.connector
        if not connector.secrets.isdisjoint(stored.config):
            stored = await self._sealed(stored, connector.secrets)
        return OpenConnection(
            tenant_id=current_tenant().id,
            name=stored.slug,
            connector=connector,
            config=connector.known({**stored.config, **await self._secrets.open(stored)}),
        )

    async def _sealed(self, stored: Connection, names: Collection[str]) -> Connection:
        async with storage.savepoint():
            held = await connections.locked(stored.slug)
            if held is None:
                return stored
            exposed = {name: value for name, value in held.config.items() if name in names}
            secrets = {**exposed, **await self._secrets.open(held)}
            sealed = replace(
                held,
                config={name: it for name, it in held.config.items() if name not in names},
                sealed_secrets=await self._secrets.seal(held.id, secrets),
            )
            await connections.change(sealed)
        return sealed

    def _usable(self, stored: Connection) -> UsableConnection | None:
        enabled = current_tenant().settings.running_plugins
        try:
            return UsableConnection(
                stored, self._connectors.find(stored.connector, enabled=enabled)
            )
        except NoConnector:
            return None


def to_password_form(
    usable: UsableConnection,
    *,
    target: str = "",
    login_hint: str = "",
    purpose: Purpose = Purpose.SIGN_IN,
) -> Response:
    """Where people type the password that the connection asks about."""
    query = {"return_to": target, "login_hint": login_hint}
    if purpose is not Purpose.SIGN_IN:
        query["purpose"] = purpose
    said = urlencode({name: value for name, value in query.items() if value})
    return see_other(f"/login/{usable.stored.slug}/{PASSWORD}{'?' if said else ''}{said}")


def option_of(usable: UsableConnection, query: str) -> SignInOption:
    """A connection as the sign-in page shows it."""
    stored = usable.stored
    return SignInOption(
        name=stored.label,
        url=f"{current_tenant().prefix}/login/{stored.slug}{query}",
        icon=usable.connector.icon,
    )
