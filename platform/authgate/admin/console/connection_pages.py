"""``/admin/connections``: ways to sign in with other providers, set up and tested by whoever is in
charge."""

from collections.abc import Mapping, Sequence

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.connection_fitness import UnfitRules
from authgate.accounts.connection_setup import (
    BadConnectionSlug,
    ConnectionChange,
    KnowsSuperior,
    LastConnection,
)
from authgate.accounts.connection_standings import SOON
from authgate.accounts.pending_login import callback
from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.admin import connections as api
from authgate.admin.console import connection_form, frame
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.connection_form import Form, UnknownGroupName
from authgate.admin.console.frame import ROOT, Console, done
from authgate.languages import by_plugin, text
from authgate.permissions import Area, reads, writes
from authgate.plugin_api import ConnectorConfigError
from authgate.plugin_manager import ConnectorType, NoConnector
from authgate.storage.sign_in import connections, external_identities
from authgate.storage.sign_in.connection_rules import ConnectionRules
from authgate.storage.sign_in.connections import Connection, ConnectionExists
from authgate.web.connection_view_models import (
    ConnectionFields,
    ConnectionFormPage,
    ConnectionLine,
    ConnectionPage,
    ConnectionsPage,
    ConnectorLine,
    ConnectorsPage,
    EndingLine,
    SettingField,
    TestedStep,
)
from authgate.web.console_view_models import Done
from authgate_tenants import current_tenant

_HERE = "/connections"
_NEW = f"{_HERE}/_new"
"""No connection is called so: their names have no underscore."""
_SHOWN = 200
_ONE = f"{ROOT}{_HERE}/<slug>"


class ConnectionPages:
    """The tenant's connections."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("connections")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.CONNECTIONS))
        routes.get(f"{ROOT}{_NEW}", self.begin, writes(Area.CONNECTIONS))
        routes.post(f"{ROOT}{_NEW}", self.create, writes(Area.CONNECTIONS))
        routes.get(_ONE, self.look, reads(Area.CONNECTIONS))
        routes.get(f"{_ONE}/edit", self.edit, writes(Area.CONNECTIONS))
        routes.post(f"{_ONE}/edit", self.change, writes(Area.CONNECTIONS))
        routes.post(f"{_ONE}/test", self.test, writes(Area.CONNECTIONS))
        routes.post(f"{_ONE}/switch", self.switch, writes(Area.CONNECTIONS))
        routes.post(f"{_ONE}/delete", self.delete, writes(Area.CONNECTIONS))
        return routes.blueprint

    async def show(self) -> Response:
        """All of them, in the order of the sign-in page."""
        people = await external_identities.counts()
        content = ConnectionsPage(
            frame=await self._console.frame(),
            new_url=frame.url(_NEW),
            connections=[
                self._line(each, people.get(each.id, 0)) for each in await connections.every()
            ],
        )
        return self._console.show("connections.html", content)

    async def begin(self) -> Response:
        """What a new one is to be made of, and then its form."""
        refuse_guest()
        name = request.args.get("connector", "")
        if not name:
            content = ConnectorsPage(
                frame=await self._console.frame(),
                list_url=frame.url(_HERE),
                connectors=[_connector_line(each) for each in self._offered()],
            )
            return self._console.show("connectors.html", content)
        connector = self._found(name)
        fields = ConnectionFields(slug=connector.name, label=connector.label)
        settings = connection_form.settings_of(connector, {}, is_new=True)
        return await self._form(connector, fields, settings, {})

    async def create(self) -> Response:
        """Set it up, or show again what was typed."""
        refuse_guest()
        form = await request.form
        connector = self._found(form.get("connector", ""))
        said = connection_form.typed(form)
        try:
            wanted = await _wanted(connector, form)
            await api.setup(self._console.parts).add(
                slug=said.slug,
                connector=connector.name,
                config=wanted.config,
                label=wanted.label or "",
                position=wanted.position or 0,
                rules=wanted.rules or ConnectionRules(),
                enabled=said.enabled,
                actor=actor(),
            )
        except _FAULTS as error:
            settings = connection_form.settings_typed(connector, form, is_new=True)
            return await self._form(connector, said, settings, _worded(error))
        return done(f"{_HERE}/{said.slug}", Done.CONNECTION_SAVED)

    async def look(self, slug: str) -> Response:
        """A connection, without its secrets."""
        return await self._page(await _named(slug))

    async def test(self, slug: str) -> Response:
        """The same, with what was found just now."""
        connection = await _named(slug)
        steps = await api.examined(self._console.parts, connection)
        return await self._page(
            await _named(slug),
            [TestedStep(by_plugin(each.name), each.passed, by_plugin(each.said)) for each in steps],
        )

    async def edit(self, slug: str) -> Response:
        """A connection as it is."""
        refuse_guest()
        return await self._as_it_is(await _named(slug))

    async def change(self, slug: str) -> Response:
        """Have it be so, or show again what was typed; nothing over what somebody else has stored
        since it was shown."""
        refuse_guest()
        connection, form = await _named(slug), await request.form
        connector = self._found(connection.connector)
        if form.get("version") != connection_form.version_of(connection):
            return await self._as_it_is(connection, changed_meanwhile=True)
        try:
            wanted = await _wanted(connector, form)
            await api.setup(self._console.parts).change(
                slug, wanted, actor=actor(), role=signed_in().user.role
            )
        except _FAULTS as error:
            said = connection_form.typed(form)
            settings = connection_form.settings_typed(connector, form, is_new=False)
            return await self._form(connector, said, settings, _worded(error), connection)
        return done(f"{_HERE}/{slug}", Done.CONNECTION_SAVED)

    async def switch(self, slug: str) -> Response:
        """Offer it, or no longer."""
        refuse_guest()
        connection = await _named(slug)
        enabled = bool((await request.form).get("enabled"))
        change = ConnectionChange(enabled=enabled)
        try:
            await api.setup(self._console.parts).change(connection.slug, change, actor=actor())
        except LastConnection:
            return done(f"{_HERE}/{slug}", Done.CONNECTION_IS_LAST)
        return done(f"{_HERE}/{slug}", Done.CONNECTION_SAVED)

    async def delete(self, slug: str) -> Response:
        """Remove it, once who does so has signed in lately: it cannot be undone."""
        refuse_guest()
        connection = await _named(slug)
        self._console.require_recent_sign_in(f"{ROOT}{_HERE}/{slug}")
        try:
            await api.setup(self._console.parts).remove(connection.slug, actor=actor())
        except LastConnection:
            return done(f"{_HERE}/{slug}", Done.CONNECTION_IS_LAST)
        return done(_HERE, Done.CONNECTION_DELETED)

    async def _as_it_is(
        self, connection: Connection, *, changed_meanwhile: bool = False
    ) -> Response:
        connector = self._found(connection.connector)
        return await self._form(
            connector,
            connection_form.fields_of(connection, await connection_form.group_names()),
            connection_form.settings_of(connector, connection.config, is_new=False),
            {},
            connection,
            changed_meanwhile=changed_meanwhile,
        )

    async def _form(
        self,
        connector: ConnectorType,
        fields: ConnectionFields,
        settings: Sequence[SettingField],
        faults: Mapping[str, str],
        connection: Connection | None = None,
        *,
        changed_meanwhile: bool = False,
    ) -> Response:
        one = f"{_HERE}/{connection.slug}" if connection else ""
        content = ConnectionFormPage(
            frame=await self._console.frame(),
            action=frame.url(f"{one}/edit" if one else _NEW),
            list_url=frame.url(_HERE),
            cancel_url=frame.url(one or _HERE),
            name=connection.label if connection else "",
            connector=connector.name,
            connector_label=connector.label,
            redirect_uri=callback(connection.slug if connection else "…"),
            metadata_uri=api.metadata_uri(connector, connection.slug if connection else "…"),
            settings=settings,
            takes_passwords=connector.takes_passwords,
            version=connection_form.version_of(connection) if connection else "",
            fields=fields,
            faults=faults,
            changed_meanwhile=changed_meanwhile,
        )
        return self._console.show("connection_form.html", content, 400 if faults else 200)

    async def _page(self, connection: Connection, steps: Sequence[TestedStep] = ()) -> Response:
        one, people = f"{_HERE}/{connection.slug}", await external_identities.count(connection.id)
        line = self._line(connection, people)
        content = ConnectionPage(
            frame=await self._console.frame(),
            list_url=frame.url(_HERE),
            edit_url=frame.url(f"{one}/edit"),
            test_action=frame.url(f"{one}/test"),
            trial_url=f"{current_tenant().prefix}/login/{connection.slug}/trial",
            switch_action=frame.url(f"{one}/switch"),
            delete_action=frame.url(f"{one}/delete"),
            label=connection.label,
            slug=connection.slug,
            connector=line.connector,
            enabled=connection.enabled,
            people=line.people,
            redirect_uri="" if line.takes_passwords else callback(connection.slug),
            metadata_uri=api.metadata_uri(self._type(connection), connection.slug),
            facts=self._facts(connection),
            endings=await self._endings(connection),
            fault=by_plugin(connection.standing.fault),
            fault_since=connection.standing.fault_since,
            steps=steps,
        )
        return self._console.show("connection.html", content)

    async def _endings(self, connection: Connection) -> list[EndingLine]:
        now = self._console.parts.clock()
        return [
            EndingLine(by_plugin(each.name), each.at, each.at <= now, each.at <= now + SOON)
            for each in await api.ends(self._console.parts, connection)
        ]

    def _facts(self, connection: Connection) -> list[tuple[str, str]]:
        connector = self._type(connection)
        if connector is None:
            return []
        settings = connection_form.settings_of(connector, connection.config, is_new=False)
        return [(by_plugin(each.label), _shortened(each.value)) for each in settings if each.value]

    def _line(self, connection: Connection, people: int) -> ConnectionLine:
        connector = self._type(connection)
        return ConnectionLine(
            url=frame.url(f"{_HERE}/{connection.slug}"),
            label=connection.label,
            slug=connection.slug,
            connector=connector.label if connector else "",
            icon=connector.icon if connector else "key-round",
            enabled=connection.enabled,
            people=people,
            takes_passwords=connector is not None and connector.takes_passwords,
        )

    def _type(self, connection: Connection) -> ConnectorType | None:
        try:
            return self._find(connection.connector)
        except NoConnector:
            return None

    def _found(self, name: str) -> ConnectorType:
        try:
            return self._find(name)
        except NoConnector as error:
            raise NotFound from error

    def _find(self, name: str) -> ConnectorType:
        enabled = current_tenant().settings.enabled_plugins
        return self._console.parts.plugins.connectors.find(name, enabled=enabled)

    def _offered(self) -> list[ConnectorType]:
        enabled = current_tenant().settings.enabled_plugins
        return self._console.parts.plugins.connectors.offered(enabled)


_FAULTS = (
    BadConnectionSlug,
    ConnectionExists,
    ConnectorConfigError,
    UnfitRules,
    UnknownGroupName,
    ValueError,
)


def _worded(error: Exception) -> dict[str, str]:
    """The field that would have to be another, and what is wrong with it."""
    match error:
        case ConnectorConfigError():
            return {connection_form.PREFIX + error.field: by_plugin(error.fault)}
        case KnowsSuperior():
            return {connection_form.PREFIX + error.field: str(error)}
        case UnfitRules():
            return {error.field: str(error)}
        case BadConnectionSlug():
            return {"slug": text("1 to 40 small letters and digits, with single dashes between.")}
        case ConnectionExists():
            return {"slug": text("There is a connection of this name.")}
        case LastConnection():
            return {"enabled": str(error)}
        case UnknownGroupName():
            return {"groups": str(error)}
        case _:
            return {"position": text("A whole number that is not too large, or nothing.")}


async def _wanted(connector: ConnectorType, form: Form) -> ConnectionChange:
    return connection_form.change(connector, form, await connection_form.rules_of(form))


async def _named(slug: str) -> Connection:
    connection = await connections.find(slug)
    if connection is None:
        raise NotFound
    return connection


def _shortened(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"


def _connector_line(connector: ConnectorType) -> ConnectorLine:
    return ConnectorLine(
        url=frame.url(f"{_NEW}?connector={connector.name}"),
        label=connector.label,
        icon=connector.icon,
    )
