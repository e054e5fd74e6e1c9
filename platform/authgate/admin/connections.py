"""``/connections``: ways to sign in with another identity provider."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPMethod, HTTPStatus
from typing import Any

from authgate.accounts import connection_standings
from authgate.accounts.connection_fitness import UnfitRules
from authgate.accounts.connection_setup import (
    BadConnectionSlug,
    ConnectionChange,
    ConnectionSetup,
    KnowsSuperior,
    LastConnection,
    UnknownConnection,
)
from authgate.accounts.pending_login import callback, metadata
from authgate.accounts.tenant_connections import TenantConnections, UsableConnection
from authgate.admin.connection_documents import (
    ConnectionCreation,
    ConnectionDocument,
    ConnectionList,
    ConnectionSettings,
    ConnectionTest,
    ConnectionTypes,
    StepDocument,
    told,
    type_of,
)
from authgate.admin.places import BASE
from authgate.api.bodies import Nothing
from authgate.api.operations import Answer, Call, MergePatch, operation
from authgate.api.problems import BeyondOwnRole, Conflict, Fault, Invalid, NotFound
from authgate.installation import Installation
from authgate.plugin_api import ConnectorConfigError, SetupStep
from authgate.plugin_manager import ConnectorType, NoConnector, PluginFailed
from authgate.storage.sign_in import connections, external_identities
from authgate.storage.sign_in.connection_standing import Ends
from authgate.storage.sign_in.connections import Connection, ConnectionExists
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import current_tenant
from authgate_tenants.encryption import SealBroken, UnknownKeyEncryptionKey


async def list_connection_types(call: Call[Nothing, Nothing]) -> Answer[ConnectionTypes]:
    """List what connections may be made of: the connectors of enabled plugins."""
    enabled = current_tenant().settings.enabled_plugins
    types = call.parts.plugins.connectors.offered(enabled)
    return Answer(ConnectionTypes(items=[type_of(each) for each in types]))


async def list_connections(call: Call[Nothing, Nothing]) -> Answer[ConnectionList]:
    """List the tenant's connections."""
    people = await external_identities.counts()
    found = await connections.every()
    items = [_told(call.parts, each, people.get(each.id, 0)) for each in found]
    return Answer(ConnectionList(items=items))


async def create_connection(call: Call[Nothing, ConnectionCreation]) -> Answer[ConnectionDocument]:
    """Set up a connection, which is offered at once if it is enabled.

    Register its `redirect_uri` at the provider, and have it tested.
    """
    call.caller.refuse_guest()
    said = call.body
    with _worded():
        made = await setup(call.parts).add(
            slug=said.slug,
            connector=said.connector,
            config=said.config,
            label=said.label,
            position=said.position,
            rules=said.rules.read(),
            enabled=said.enabled,
            actor=call.caller.actor,
        )
    place = f"{current_tenant().issuer}{BASE}/connections/{made.slug}"
    return Answer(_told(call.parts, made, 0), ((b"location", place.encode("ascii")),))


async def read_connection(call: Call[Nothing, Nothing]) -> Answer[ConnectionDocument]:
    """Read a connection, without its secrets."""
    return Answer(await _document(call, await _named(call)))


async def change_connection(
    call: Call[Nothing, MergePatch[ConnectionSettings]],
) -> Answer[ConnectionDocument]:
    """Change a connection; the next sign-in that begins goes by it.

    A setting that is `null` takes its default. Where a place changes that secrets are sent to, they
    have to be in the request. What says whose word counts for who people are is changed by nobody
    who may less than somebody whom the connection knows.
    """
    call.caller.refuse_guest()
    former = await _named(call)
    document = await _document(call, former)
    call.refuse_if_changed(document)
    shown = ConnectionSettings.model_validate(
        {name: getattr(document, name) for name in ConnectionSettings.model_fields}
    )
    after = call.body.applied(shown)
    said = call.body.members.get("config") or {}
    unset = _unset(call.body, former)
    with _worded():
        await setup(call.parts).change(
            former.slug,
            ConnectionChange(
                config={name: after.config[name] for name in said if name in after.config},
                unset=unset,
                label=after.label or None,
                position=after.position,
                enabled=after.enabled,
                rules=after.rules.read(),
            ),
            actor=call.caller.actor,
            role=call.caller.role,
        )
    return Answer(await _document(call, await _named(call)))


async def delete_connection(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Remove a connection. Who signed in through it stays a user, without this way in."""
    call.caller.refuse_guest()
    call.refuse_if_changed(await _document(call, await _named(call)), required=False)
    with _worded():
        await setup(call.parts).remove(call.path["slug"], actor=call.caller.actor)
    return Answer(None)


async def test_connection(call: Call[Nothing, Nothing]) -> Answer[ConnectionTest]:
    """Look at everything that can be told of a connection before anybody signs in.

    What its provider publishes is read. `trial_url` is for the rest: an administrator signs in
    there, and reads what the provider says.
    """
    connection = await _named(call)
    steps = await examined(call.parts, connection)
    return Answer(
        ConnectionTest(
            passed=all(each.passed for each in steps),
            steps=[StepDocument(name=s.name, passed=s.passed, said=s.said) for s in steps],
            redirect_uri=callback(connection.slug),
            metadata_uri=metadata_uri(_connector_of(call.parts, connection), connection.slug),
            trial_url=f"{current_tenant().issuer}/login/{connection.slug}/trial",
        )
    )


def metadata_uri(connector: ConnectorType | None, slug: str) -> str:
    """Where a provider reads of this server what such a connection says; empty for nowhere."""
    return metadata(slug) if connector and connector.metadata_type else ""


def setup(parts: Installation) -> ConnectionSetup:
    """What sets connections up."""
    return ConnectionSetup(connectors=parts.plugins.connectors, encryption=parts.encryption)


async def examined(parts: Installation, connection: Connection) -> Sequence[SetupStep]:
    """What can be told of a connection before anybody signs in."""
    tenants = TenantConnections(connectors=parts.plugins.connectors, encryption=parts.encryption)
    usable = await tenants.find(connection.slug, disabled=True)
    if usable is None:
        return [_step("Plugin", "The plugin that brings it is not enabled.")]
    try:
        return await _examined(parts, tenants, usable)
    except ConnectorConfigError as error:
        return [_step("Settings", str(error))]
    except PluginFailed as error:
        return [_step("Connector", f"It failed: {error.outcome}.")]


async def ends(parts: Installation, connection: Connection) -> Sequence[Ends]:
    """Until when what it stands on is good, as far as that is known without asking anybody."""
    connectors = parts.plugins.connectors
    tenants = TenantConnections(connectors=connectors, encryption=parts.encryption)
    usable = await tenants.find(connection.slug, disabled=True)
    if usable is None:
        return ()
    try:
        opened = await tenants.opened(usable)
    except (SealBroken, UnknownKeyEncryptionKey):
        return ()
    return await connection_standings.ends_of(connectors, usable.stored, opened)


async def _examined(
    parts: Installation, tenants: TenantConnections, usable: UsableConnection
) -> Sequence[SetupStep]:
    opened = await tenants.opened(usable)
    connectors = parts.plugins.connectors
    try:
        steps = await connectors.examine(opened)
    finally:
        await connection_standings.note(connectors, usable.stored, opened, now=parts.clock())
    return [SetupStep(name="Settings", passed=True, said="They can be."), *steps]


def _connector_of(parts: Installation, connection: Connection) -> ConnectorType | None:
    enabled = current_tenant().settings.enabled_plugins
    try:
        return parts.plugins.connectors.find(connection.connector, enabled=enabled)
    except NoConnector:
        return None


def _step(name: str, said: str) -> SetupStep:
    return SetupStep(name=name, passed=False, said=said)


def _unset(patch: MergePatch[Any], former: Connection) -> list[str]:
    said = patch.members.get("config")
    if said is None and "config" in patch.members:
        return list(former.config)
    return [name for name, value in (said or {}).items() if value is None]


async def _named(call: Call[Any, Any]) -> Connection:
    connection = await connections.find(call.path["slug"])
    if connection is None:
        raise NotFound
    return connection


async def _document(call: Call[Any, Any], connection: Connection) -> ConnectionDocument:
    return _told(call.parts, connection, await external_identities.count(connection.id))


def _told(parts: Installation, connection: Connection, people: int) -> ConnectionDocument:
    found = parts.plugins.connectors.types.get(connection.connector)
    return told(connection, people, secrets=found.secrets if found else ())


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except UnknownConnection as error:
        raise NotFound from error
    except BadConnectionSlug as error:
        raise Invalid(faults=[Fault(str(error), pointer="/slug")]) from error
    except NoConnector as error:
        said = "No enabled plugin brings this connector."
        raise Invalid(faults=[Fault(said, pointer="/connector")]) from error
    except ConnectorConfigError as error:
        raise Invalid(faults=[Fault(error.fault, pointer=f"/config/{error.field}")]) from error
    except UnfitRules as error:
        raise Invalid(faults=[Fault(str(error), pointer=f"/rules/{error.field}")]) from error
    except KnowsSuperior as error:
        raise BeyondOwnRole(str(error)) from error
    except (LastConnection, ConnectionExists) as error:
        exists = isinstance(error, ConnectionExists)
        raise Conflict("There is a connection of this name." if exists else str(error)) from error


_READ, _WRITE = Scope.CONNECTIONS_READ, Scope.CONNECTIONS_WRITE
_ONE = "/connections/{slug}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/connection-types", list_connection_types, scope=_READ),
    operation(HTTPMethod.GET, "/connections", list_connections, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/connections",
        create_connection,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_connection, scope=_READ),
    operation(HTTPMethod.PATCH, _ONE, change_connection, scope=_WRITE, problems=[Conflict]),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        delete_connection,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[Conflict],
    ),
    operation(HTTPMethod.POST, f"{_ONE}/test", test_connection, scope=_WRITE),
]
