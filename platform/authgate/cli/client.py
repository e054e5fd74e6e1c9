"""``authgate client``."""

import asyncio
import sys
from collections.abc import Collection
from typing import Annotated

import typer

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.failures import Misused
from authgate.cli.output import Format, Output, Record, say, show, show_all
from authgate.oauth.grants.client_credentials import ClientCredentialsGrant
from authgate.oauth.grants.device_code import DeviceCodeGrant
from authgate.provisioning import NewClient, UnknownClient
from authgate.storage import clients
from authgate.storage.clients import Client, ClientChange, ClientStatus
from authgate.tokens import scopes

app = typer.Typer()

GRANTS = {
    "client_credentials": ClientCredentialsGrant.grant_type,
    "device_code": DeviceCodeGrant.grant_type,
}
"""Grants by the names that are typed."""

ONCE = "Shown this once: only a hash is kept."

InTenant = Annotated[str, typer.Option("--tenant", "-t", help="Slug of the tenant")]
Name = Annotated[str, typer.Option(help="Its name for people, who see it before they approve")]
Public = Annotated[bool, typer.Option("--public", help="It keeps no secret: a CLI, a TV, an app")]
FirstParty = Annotated[bool, typer.Option("--first-party", help="It is the tenant's own")]
OwnId = Annotated[str | None, typer.Option("--id", help="client_id; a random one where not given")]
Given = Annotated[
    bool,
    typer.Option("--secret-stdin", help="Read the secret that it has already from standard input"),
]
ClientId = Annotated[str, typer.Argument(help="client_id")]
WithoutSecret = Annotated[
    bool,
    typer.Option(
        "--unauthenticated-device-grant/--authenticated-device-grant",
        help="It may poll for its device's token without its secret, as AuthGate's SDKs do",
    ),
]
NewName = Annotated[str | None, typer.Option("--name", help="Another name for people")]
NewGrants = Annotated[
    list[str] | None,
    typer.Option("--grant", help="What it may use from now on, and nothing else; repeatable"),
]
NewScopes = Annotated[
    list[str] | None,
    typer.Option("--scope", help="What it may ask for from now on, and nothing else; repeatable"),
]
Grants = Annotated[list[str], typer.Option(help="device_code or client_credentials; repeatable")]
Scopes = Annotated[list[str] | None, typer.Option(help="What it may ask for; repeatable")]


@app.command()
def create(
    tenant: InTenant,
    name: Name,
    grant: Grants,
    scope: Scopes = None,
    public: Public = False,
    first_party: FirstParty = False,
    unauthenticated_device_grant: WithoutSecret = False,
    client_id: OwnId = None,
    secret_stdin: Given = False,
    output: Output = Format.TABLE,
) -> None:
    """Create a client. A secret that was made up is shown this once."""
    grant_types = [_grant_type(each) for each in grant]
    _refuse_unfit(grant_types, public=public, without_secret=unauthenticated_device_grant)
    secret = _given_secret(public=public) if secret_stdin else None
    created = asyncio.run(
        _create(
            tenant,
            name=name,
            grant_types=grant_types,
            scopes=_scopes(scope or []),
            public=public,
            first_party=first_party,
            unauthenticated_device_grant=unauthenticated_device_grant,
            client_id=client_id,
            secret=secret,
        )
    )
    show(_told(created, known=secret_stdin), output)
    if created.secret and not secret_stdin:
        say(ONCE)


@app.command("list")
def list_(tenant: InTenant, output: Output = Format.TABLE) -> None:
    """List a tenant's clients."""
    show_all(asyncio.run(_all(tenant)), output)


@app.command("show")
def show_(tenant: InTenant, client_id: ClientId, output: Output = Format.TABLE) -> None:
    """Show a client."""
    show(asyncio.run(_one(tenant, client_id)), output)


@app.command()
def update(
    tenant: InTenant,
    client_id: ClientId,
    name: NewName = None,
    grant: NewGrants = None,
    scope: NewScopes = None,
    first_party: Annotated[bool | None, typer.Option(help="Whether it is the tenant's own")] = None,
    unauthenticated_device_grant: Annotated[
        bool | None,
        typer.Option(
            "--unauthenticated-device-grant/--authenticated-device-grant",
            help="Whether it may poll for its device's token without its secret",
        ),
    ] = None,
) -> None:
    """Change a client; what is not given stays as it is."""
    change = ClientChange(
        name=name,
        grant_types=[_grant_type(each) for each in grant] if grant else None,
        scopes=_scopes(scope) if scope else None,
        first_party=first_party,
        unauthenticated_device_grant=unauthenticated_device_grant,
    )
    if not change.values():
        raise Misused("Say what to change.")
    asyncio.run(_change(tenant, client_id, change))
    say(f"✓ {client_id} is changed.")


@app.command()
def rotate_secret(tenant: InTenant, client_id: ClientId, output: Output = Format.TABLE) -> None:
    """Give a client a new secret, shown this once. The old one ends at once."""
    secret = asyncio.run(_rotate(tenant, client_id))
    show({"client_id": client_id, "client_secret": secret}, output)
    say(ONCE)


@app.command()
def disable(tenant: InTenant, client_id: ClientId) -> None:
    """Stop serving a client: its tokens end at once."""
    asyncio.run(_set_status(tenant, client_id, ClientStatus.INACTIVE))
    say(f"✓ {client_id} is disabled.")


@app.command()
def enable(tenant: InTenant, client_id: ClientId) -> None:
    """Serve a client again."""
    asyncio.run(_set_status(tenant, client_id, ClientStatus.ACTIVE))
    say(f"✓ {client_id} is enabled.")


async def _set_status(slug: str, client_id: str, status: ClientStatus) -> None:
    async with installed.inside(slug) as (parts, _):
        await provisioning.set_client_status(parts, client_id, status, actor=installed.operator())


async def _create(
    slug: str,
    *,
    name: str,
    grant_types: list[str],
    scopes: list[str],
    public: bool,
    first_party: bool,
    unauthenticated_device_grant: bool,
    client_id: str | None,
    secret: str | None,
) -> NewClient:
    async with installed.inside(slug) as (parts, _):
        return await provisioning.add_client(
            parts,
            name=name,
            grant_types=grant_types,
            scopes=scopes,
            public=public,
            first_party=first_party,
            unauthenticated_device_grant=unauthenticated_device_grant,
            client_id=client_id,
            secret=secret,
            actor=installed.operator(),
        )


async def _change(slug: str, client_id: str, change: ClientChange) -> None:
    async with installed.inside(slug) as (parts, _):
        client = await _found(client_id)
        _refuse_unfit(
            change.grant_types or client.grant_types,
            public=client.is_public,
            without_secret=bool(change.unauthenticated_device_grant),
        )
        await provisioning.change_client(parts, client_id, change, actor=installed.operator())


async def _one(slug: str, client_id: str) -> Record:
    async with installed.inside(slug):
        client = await _found(client_id)
    return _summary(client) | {
        "first_party": client.first_party,
        "unauthenticated_device_grant": client.unauthenticated_device_grant,
        "authentication_methods": sorted(client.authentication_methods),
    }


async def _found(client_id: str) -> Client:
    client = await clients.find(client_id)
    if client is None:
        raise UnknownClient(client_id)
    return client


async def _all(slug: str) -> list[Record]:
    async with installed.inside(slug):
        return [_summary(client) for client in await clients.all_clients()]


async def _rotate(slug: str, client_id: str) -> str:
    async with installed.inside(slug) as (parts, _):
        return await provisioning.rotate_client_secret(parts, client_id, actor=installed.operator())


def _summary(client: Client) -> dict[str, object]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "kind": "public" if client.is_public else "confidential",
        "status": client.status.value,
        "grants": _short(client.grant_types),
        "scopes": list(client.scopes),
    }


def _refuse_unfit(grant_types: Collection[str], *, public: bool, without_secret: bool) -> None:
    if public and GRANTS["client_credentials"] in grant_types:
        raise Misused("A public client has no credentials for the grant client_credentials.")
    if public and without_secret:
        raise Misused("A public client has no secret that it could leave out.")


def _given_secret(*, public: bool) -> str:
    if public:
        raise Misused("A public client has no secret.")
    secret = sys.stdin.readline().rstrip("\r\n")
    clients.check_secret(secret)
    return secret


def _told(created: NewClient, *, known: bool) -> Record:
    record = {"client_id": created.client.client_id}
    is_told = created.secret and not known
    return record | ({"client_secret": created.secret} if is_told else {})


def _grant_type(typed: str) -> str:
    if typed in GRANTS.values():
        return typed
    if typed not in GRANTS:
        raise Misused(f"There is no grant {typed!r}; there are {' and '.join(GRANTS)}.")
    return GRANTS[typed]


def _short(grant_types: frozenset[str]) -> list[str]:
    names = {grant_type: name for name, grant_type in GRANTS.items()}
    return sorted(names.get(each, each) for each in grant_types)


def _scopes(typed: list[str]) -> list[str]:
    try:
        return list(scopes.parse(" ".join(typed)))
    except scopes.MalformedScope as error:
        raise Misused(str(error)) from error
