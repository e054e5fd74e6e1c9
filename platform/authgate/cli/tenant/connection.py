"""``authgate connection``."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Annotated

import typer

from authgate import plugin_manager
from authgate.accounts.connection_setup import ConnectionChange, ConnectionSetup, UnknownConnection
from authgate.cli import installed
from authgate.cli.failures import Misused, NotFound
from authgate.cli.nouns import Noun
from authgate.cli.options import InTenant
from authgate.cli.output import Format, Output, Record, ask_secret, confirm, say, show, show_all
from authgate.installation import Installation
from authgate.plugin_api import ConfigField
from authgate.plugin_manager import ConnectorType, ConnectorTypes
from authgate.storage.sign_in import connections
from authgate.storage.sign_in.connections import Connection
from authgate_tenants import Tenant

app = Noun()

_SEALED = "***"

Slug = Annotated[str, typer.Argument(help="Its name in addresses: a-z, 0-9 and inner dashes")]
Connector = Annotated[str, typer.Option(help="What it signs in with: authgate connection types")]
Label = Annotated[str, typer.Option(help="Its name for people; the connector's where not given")]
NewLabel = Annotated[str | None, typer.Option("--label", help="Another name for people")]
Position = Annotated[int, typer.Option(help="Its place on the sign-in page, the smallest first")]
NewPosition = Annotated[int | None, typer.Option("--position", help="Another place on the page")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting that is no secret; repeatable"),
]
Unset = Annotated[
    list[str] | None, typer.Option(metavar="KEY", help="A setting to take the default of")
]
Renewed = Annotated[
    list[str] | None,
    typer.Option("--secret", metavar="KEY", help="A secret to be asked for anew; repeatable"),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]


@app.verb(example="connection types")
def types(output: Output = Format.TABLE) -> None:
    """List the connectors that plugins bring, with the settings that each needs."""
    records = [
        {
            "connector": each.name,
            "plugin": each.plugin,
            "setting": setting.name,
            "kind": _kind(setting),
            "required": setting.required,
            "meaning": setting.help,
        }
        for each in _connectors().types.values()
        for setting in each.fields
    ]
    show_all(records, output)


@app.verb(example="connection create -t acme github --connector github --set client_id=abc")
def create(
    tenant: InTenant,
    slug: Slug,
    connector: Connector,
    set_: Settings = None,
    label: Label = "",
    position: Position = 0,
    output: Output = Format.TABLE,
) -> None:
    """Set up a way to sign in elsewhere.

    Its secrets are asked for, or read from standard input, a line each in the order of their list.
    """
    found = _type(connector)
    config = _typed(found, set_ or []) | _asked(each for each in found.fields if each.secret)

    async def created() -> Record:
        async with installed.inside(tenant) as (parts, its_tenant):
            connection = await _setup(parts).add(
                slug=slug,
                connector=connector,
                config=config,
                label=label,
                position=position,
                actor=installed.operator(),
            )
            return _summary(its_tenant, connection)

    show(asyncio.run(created()), output)


@app.verb("list", example="connection list -t acme")
def list_(tenant: InTenant, output: Output = Format.TABLE) -> None:
    """List a tenant's connections in the order of its sign-in page."""

    async def every() -> list[Record]:
        async with installed.inside(tenant) as (_, its_tenant):
            return [_summary(its_tenant, each) for each in await connections.every()]

    show_all(asyncio.run(every()), output)


@app.verb("show", example="connection show -t acme github")
def show_(tenant: InTenant, slug: Slug, output: Output = Format.TABLE) -> None:
    """Show a connection with its settings; its secrets are not shown again."""

    async def found() -> tuple[Record, Record]:
        async with installed.inside(tenant) as (_, its_tenant):
            connection = await _found(slug)
            return _summary(its_tenant, connection), _settings(connection)

    summary, config = asyncio.run(found())
    show({**summary, **({"config": config} if output is Format.JSON else config)}, output)


@app.verb(example="connection update -t acme github --set client_id=abc")
def update(
    tenant: InTenant,
    slug: Slug,
    set_: Settings = None,
    unset: Unset = None,
    secret: Renewed = None,
    label: NewLabel = None,
    position: NewPosition = None,
) -> None:
    """Change a connection; what is not given stays as it is."""
    if not (set_ or unset or secret or label) and position is None:
        raise Misused("Say what to change.")

    async def typed() -> dict[str, object]:
        async with installed.inside(tenant):
            connector = _type((await _found(slug)).connector)
            return _typed(connector, set_ or []) | _asked(_secrets(connector, secret or []))

    config = asyncio.run(typed())
    _change(
        tenant,
        slug,
        ConnectionChange(config=config, unset=unset or [], label=label, position=position),
    )
    say(f"✓ {slug} is changed.")


@app.verb(example="connection disable -t acme github")
def disable(tenant: InTenant, slug: Slug) -> None:
    """Offer a connection no longer: nobody signs in through it."""
    _change(tenant, slug, ConnectionChange(enabled=False))
    say(f"✓ {slug} is disabled.")


@app.verb(example="connection enable -t acme github")
def enable(tenant: InTenant, slug: Slug) -> None:
    """Offer a connection again."""
    _change(tenant, slug, ConnectionChange(enabled=True))
    say(f"✓ {slug} is enabled.")


@app.verb(example="connection delete -t acme github --yes")
def delete(tenant: InTenant, slug: Slug, yes: Yes = False) -> None:
    """Remove a connection. Who signed in through it stays a user, without this way in."""
    if not yes:
        confirm(f"Forget {slug}, its secrets, and who is known by it?")

    async def deleted() -> None:
        async with installed.inside(tenant) as (parts, _):
            await _setup(parts).remove(slug, actor=installed.operator())

    asyncio.run(deleted())
    say(f"✓ {slug} is deleted.")


def _change(tenant: str, slug: str, change: ConnectionChange) -> None:
    async def changed() -> None:
        async with installed.inside(tenant) as (parts, _):
            await _setup(parts).change(slug, change, actor=installed.operator())

    asyncio.run(changed())


def _setup(parts: Installation) -> ConnectionSetup:
    return ConnectionSetup(connectors=_connectors(), encryption=parts.encryption)


def _connectors() -> ConnectorTypes:
    return ConnectorTypes(plugin_manager.load())


def _type(connector: str) -> ConnectorType:
    found = _connectors().types.get(connector)
    if found is None:
        raise NotFound(f"No installed plugin brings {connector!r}: authgate connection types.")
    return found


async def _found(slug: str) -> Connection:
    connection = await connections.find(slug)
    if connection is None:
        raise UnknownConnection(slug)
    return connection


def _summary(tenant: Tenant, connection: Connection) -> dict[str, object]:
    return {
        "slug": connection.slug,
        "label": connection.label,
        "connector": connection.connector,
        "enabled": connection.enabled,
        "position": connection.position,
        "callback": f"{tenant.issuer}/login/{connection.slug}/callback",
    }


def _settings(connection: Connection) -> dict[str, object]:
    fields = _type(connection.connector).fields
    default = {each.name: _SEALED if each.secret else each.default for each in fields}
    return {**default, **connection.config}


def _secrets(connector: ConnectorType, names: Collection[str]) -> list[ConfigField]:
    known = {each.name: each for each in connector.fields if each.secret}
    for name in names:
        if name not in known:
            raise Misused(f"{name!r} is no secret of {connector.name}.")
    return [known[name] for name in names]


def _asked(secrets: Iterable[ConfigField]) -> dict[str, object]:
    answers = {each.name: ask_secret(each.label) for each in secrets}
    return {name: answer for name, answer in answers.items() if answer}


def _typed(connector: ConnectorType, pairs: list[str]) -> dict[str, object]:
    known = {each.name: each for each in connector.fields}
    values: dict[str, object] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise Misused(f"{pair!r} is not KEY=VALUE.")
        if name in known and known[name].secret:
            raise Misused(f"{name} is a secret: it is asked for, or read from standard input.")
        values[name] = _value(known[name], text) if name in known else text
    return values


def _value(setting: ConfigField, text: str) -> object:
    if setting.type is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if setting.type is int and text.removeprefix("-").isdecimal():
        return int(text)
    return [each for each in text.split(",") if each] if setting.type == tuple[str, ...] else text


def _kind(setting: ConfigField) -> str:
    kinds = {str: "text", int: "whole number", bool: "true or false"}
    if setting.secret:
        return "secret"
    return next((kinds[each] for each in kinds if setting.type is each), "list")
