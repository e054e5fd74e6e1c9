"""``authgate client``."""

import asyncio
import sys
from dataclasses import asdict, dataclass
from typing import Annotated, Self

import typer

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.failures import Misused
from authgate.cli.output import Format, Output, Record, say, show, show_all
from authgate.oauth.grants.authorization_code import AuthorizationCodeGrant
from authgate.oauth.grants.client_credentials import ClientCredentialsGrant
from authgate.oauth.grants.device_code import DeviceCodeGrant
from authgate.oauth.grants.refresh_token import RefreshTokenGrant
from authgate.provisioning import NewClient, UnknownClient
from authgate.storage import clients
from authgate.storage.clients import (
    ApplicationType,
    Client,
    ClientChange,
    ClientStatus,
    ConsentPolicy,
)
from authgate.tokens import scopes

app = typer.Typer()

GRANTS = {
    "authorization_code": AuthorizationCodeGrant.grant_type,
    "client_credentials": ClientCredentialsGrant.grant_type,
    "device_code": DeviceCodeGrant.grant_type,
    "refresh_token": RefreshTokenGrant.grant_type,
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
Introspects = Annotated[
    bool, typer.Option("--introspects", help="An API: it may ask about tokens of every client")
]
NewRedirectUris = Annotated[
    list[str] | None,
    typer.Option("--redirect-uri", help="Where it may be answered from now on; repeatable"),
]
Grants = Annotated[
    list[str],
    typer.Option(
        help="authorization_code, device_code, client_credentials or refresh_token; repeatable"
    ),
]
RedirectUris = Annotated[
    list[str] | None,
    typer.Option("--redirect-uri", help="Where it may be answered, to the letter; repeatable"),
]
Type = Annotated[
    ApplicationType,
    typer.Option("--type", help="native: it runs on people's own machines, where ports vary"),
]
Consent = Annotated[ConsentPolicy, typer.Option(help="When people are asked what it may do")]
PkceOptional = Annotated[
    bool,
    typer.Option("--pkce-optional/--pkce-required", help="It may do without PKCE, with a secret"),
]
Scopes = Annotated[list[str] | None, typer.Option(help="What it may ask for; repeatable")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What has to go together."""

    grant_types: list[str]
    public: bool
    redirect_uris: list[str]
    consent: ConsentPolicy
    first_party: bool
    pkce_optional: bool
    introspects: bool
    unauthenticated_device_grant: bool

    @classmethod
    def after(cls, change: ClientChange, client: Client) -> Self:
        """What the client will be once it has been changed."""
        return cls(
            grant_types=list(change.grant_types or client.grant_types),
            public=client.is_public,
            redirect_uris=list(change.redirect_uris or client.redirect_uris),
            consent=change.consent or client.consent,
            first_party=_either(change.first_party, client.first_party),
            pkce_optional=_either(change.pkce_optional, client.pkce_optional),
            introspects=_either(change.introspects, client.introspects),
            unauthenticated_device_grant=_either(
                change.unauthenticated_device_grant, client.unauthenticated_device_grant
            ),
        )

    def refuse_unfit(self) -> None:
        """Raises ``Misused`` for what no client can be."""
        faults = {
            "A public client has no credentials for the grant client_credentials.": self.public
            and GRANTS["client_credentials"] in self.grant_types,
            "A public client has no secret that it could leave out.": self.public
            and self.unauthenticated_device_grant,
            "A public client proves by PKCE who it is.": self.public and self.pkce_optional,
            "A public client cannot prove that it may ask about tokens.": (
                self.public and self.introspects
            ),
            "The grant authorization_code needs a --redirect-uri.": (
                GRANTS["authorization_code"] in self.grant_types and not self.redirect_uris
            ),
            "Only the tenant's own applications (--first-party) do without consent.": (
                self.consent is ConsentPolicy.IMPLICIT and not self.first_party
            ),
        }
        for fault, is_so in faults.items():
            if is_so:
                raise Misused(fault)


@app.command()
def create(
    tenant: InTenant,
    name: Name,
    grant: Grants,
    scope: Scopes = None,
    public: Public = False,
    redirect_uri: RedirectUris = None,
    type_: Type = ApplicationType.WEB,
    consent: Consent = ConsentPolicy.REMEMBERED,
    pkce_optional: PkceOptional = False,
    introspects: Introspects = False,
    first_party: FirstParty = False,
    unauthenticated_device_grant: WithoutSecret = False,
    client_id: OwnId = None,
    secret_stdin: Given = False,
    output: Output = Format.TABLE,
) -> None:
    """Create a client. A secret that was made up is shown this once."""
    grant_types = [_grant_type(each) for each in grant]
    wanted = _Wanted(
        grant_types=grant_types,
        public=public,
        redirect_uris=redirect_uri or [],
        consent=consent,
        first_party=first_party,
        pkce_optional=pkce_optional,
        introspects=introspects,
        unauthenticated_device_grant=unauthenticated_device_grant,
    )
    wanted.refuse_unfit()
    secret = _given_secret(public=public) if secret_stdin else None
    created = asyncio.run(
        _create(
            tenant,
            wanted,
            name=name,
            scopes=_scopes(scope or []),
            application_type=type_,
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
    redirect_uri: NewRedirectUris = None,
    consent: Annotated[
        ConsentPolicy | None, typer.Option(help="When people are asked what it may do")
    ] = None,
    pkce_optional: Annotated[
        bool | None,
        typer.Option("--pkce-optional/--pkce-required", help="Whether it may do without PKCE"),
    ] = None,
    introspects: Annotated[
        bool | None, typer.Option(help="Whether it may ask about tokens of every client")
    ] = None,
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
        redirect_uris=redirect_uri,
        consent=consent,
        pkce_optional=pkce_optional,
        introspects=introspects,
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


def _either(new: bool | None, former: bool) -> bool:
    return former if new is None else new


async def _set_status(slug: str, client_id: str, status: ClientStatus) -> None:
    async with installed.inside(slug) as (parts, _):
        await provisioning.set_client_status(parts, client_id, status, actor=installed.operator())


async def _create(
    slug: str,
    wanted: _Wanted,
    *,
    name: str,
    scopes: list[str],
    application_type: ApplicationType,
    client_id: str | None,
    secret: str | None,
) -> NewClient:
    async with installed.inside(slug) as (parts, _):
        return await provisioning.add_client(
            parts,
            name=name,
            scopes=scopes,
            application_type=application_type,
            client_id=client_id,
            secret=secret,
            actor=installed.operator(),
            **asdict(wanted),
        )


async def _change(slug: str, client_id: str, change: ClientChange) -> None:
    async with installed.inside(slug) as (parts, _):
        _Wanted.after(change, await _found(client_id)).refuse_unfit()
        await provisioning.change_client(parts, client_id, change, actor=installed.operator())


async def _one(slug: str, client_id: str) -> Record:
    async with installed.inside(slug):
        client = await _found(client_id)
    return _summary(client) | {
        "type": client.application_type.value,
        "redirect_uris": list(client.redirect_uris),
        "consent": client.consent.value,
        "pkce_optional": client.pkce_optional,
        "introspects": client.introspects,
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
        *others, last = GRANTS
        raise Misused(f"There is no grant {typed!r}; there are {', '.join(others)} and {last}.")
    return GRANTS[typed]


def _short(grant_types: frozenset[str]) -> list[str]:
    names = {grant_type: name for name, grant_type in GRANTS.items()}
    return sorted(names.get(each, each) for each in grant_types)


def _scopes(typed: list[str]) -> list[str]:
    try:
        return list(scopes.parse(" ".join(typed)))
    except scopes.MalformedScope as error:
        raise Misused(str(error)) from error
