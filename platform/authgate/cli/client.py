"""``authgate client``."""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import typer

from authgate import provisioning
from authgate.cli import client_metadata, client_records, installed, registration_token
from authgate.cli import client_options as options
from authgate.cli.client_logouts import logouts
from authgate.cli.failures import Misused
from authgate.cli.output import ONCE, Format, Output, Record, confirm, say, show, show_all
from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.provisioning import NewClient, UnknownClient, client_fitness
from authgate.storage import client_secrets, clients
from authgate.storage.client_drafts import ClientChange, ClientDraft
from authgate.storage.client_metadata import ClientMetadata
from authgate.storage.client_rows import ApplicationType, Client, ClientStatus, ConsentPolicy
from authgate.tokens import scopes

app = typer.Typer()
app.command()(logouts)
app.add_typer(registration_token.app, name="registration-token")


@app.command()
def create(
    tenant: options.InTenant,
    name: options.Name,
    grant: options.Grants,
    scope: options.Scopes = None,
    public: options.Public = False,
    redirect_uri: options.RedirectUris = None,
    type_: options.Type = ApplicationType.WEB,
    consent: options.Consent = ConsentPolicy.REMEMBERED,
    pkce_optional: options.PkceOptional = False,
    introspects: options.Introspects = False,
    first_party: options.FirstParty = False,
    unauthenticated_device_grant: options.WithoutSecret = False,
    allowed_origin: options.AllowedOrigins = None,
    post_logout_redirect_uri: options.PostLogoutRedirectUris = None,
    backchannel_logout_uri: options.BackchannelLogoutUri = None,
    frontchannel_logout_uri: options.FrontchannelLogoutUri = None,
    project: options.Project = "",
    service_account: options.ServiceAccount = "",
    description: options.Description = "",
    client_id: options.OwnId = None,
    secret_stdin: options.Given = False,
    secret_days: options.SecretDays = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a client. A secret that was made up is shown this once."""
    draft = ClientDraft(
        name=name,
        grant_types=[client_records.grant_type(each) for each in grant],
        scopes=_scopes(scope or []),
        public=public,
        client_id=client_id,
        description=description,
        redirect_uris=redirect_uri or [],
        application_type=type_,
        consent=consent,
        pkce_optional=pkce_optional,
        introspects=introspects,
        first_party=first_party,
        unauthenticated_device_grant=unauthenticated_device_grant,
        project=project,
        service_account=service_account,
        metadata=ClientMetadata(
            **options.metadata(
                allowed_origins=allowed_origin,
                post_logout_redirect_uris=post_logout_redirect_uri,
                backchannel_logout_uri=backchannel_logout_uri,
                frontchannel_logout_uri=frontchannel_logout_uri,
            )
        ),
    )
    client_fitness.check(draft)
    secret = _given_secret(public=public) if secret_stdin else None
    created = asyncio.run(_create(tenant, draft, secret=secret, secret_days=secret_days))
    show(_told(created, known=secret_stdin), output)
    if created.secret and not secret_stdin:
        say(ONCE)


@app.command("list")
def list_(tenant: options.InTenant, output: Output = Format.TABLE) -> None:
    """List a tenant's clients."""
    show_all(asyncio.run(_all(tenant)), output)


@app.command("show")
def show_(
    tenant: options.InTenant, client_id: options.ClientId, output: Output = Format.TABLE
) -> None:
    """Show a client."""
    show(asyncio.run(_one(tenant, client_id)), output)


@app.command()
def update(
    tenant: options.InTenant,
    client_id: options.ClientId,
    name: options.NewName = None,
    grant: options.NewGrants = None,
    scope: options.NewScopes = None,
    redirect_uri: options.NewRedirectUris = None,
    consent: options.NewConsent = None,
    pkce_optional: options.NewPkce = None,
    introspects: options.NewIntrospects = None,
    first_party: options.NewFirstParty = None,
    unauthenticated_device_grant: options.NewWithoutSecret = None,
    allowed_origin: options.AllowedOrigins = None,
    post_logout_redirect_uri: options.PostLogoutRedirectUris = None,
    backchannel_logout_uri: options.BackchannelLogoutUri = None,
    frontchannel_logout_uri: options.FrontchannelLogoutUri = None,
    project: options.NewProject = None,
    service_account: options.NewServiceAccount = None,
    description: options.NewDescription = None,
) -> None:
    """Change a client; what is not given stays as it is."""
    change = ClientChange(
        name=name,
        description=description,
        grant_types=[client_records.grant_type(each) for each in grant] if grant else None,
        scopes=_scopes(scope) if scope else None,
        redirect_uris=redirect_uri,
        consent=consent,
        pkce_optional=pkce_optional,
        introspects=introspects,
        first_party=first_party,
        unauthenticated_device_grant=unauthenticated_device_grant,
        project=project,
        service_account=service_account,
    )
    said = options.metadata(
        allowed_origins=allowed_origin,
        post_logout_redirect_uris=post_logout_redirect_uri,
        backchannel_logout_uri=backchannel_logout_uri,
        frontchannel_logout_uri=frontchannel_logout_uri,
    )
    if not change.given() and not said:
        raise Misused("Say what to change.")
    installed.do(tenant, lambda parts: _changed(parts, client_id, change, said))
    say(f"✓ {client_id} is changed.")


@app.command("set")
def set_(
    tenant: options.InTenant,
    client_id: options.ClientId,
    pairs: options.Pairs = None,
    unset: options.Unset = None,
) -> None:
    """Change what a client says of itself: its keys, how it proves itself, what it asks for."""
    if not pairs and not unset:
        raise Misused("Say what to change.")
    installed.do(tenant, lambda parts: _set(parts, client_id, pairs or [], unset or []))
    say(f"✓ {client_id} is changed.")


@app.command()
def rotate_secret(
    tenant: options.InTenant,
    client_id: options.ClientId,
    keep_former_hours: options.KeptHours = 0,
    secret_days: options.SecretDays = None,
    output: Output = Format.TABLE,
) -> None:
    """Give a client a new secret, shown this once. The old one ends at once, or when you say."""
    secret = asyncio.run(_rotate(tenant, client_id, keep_former_hours, secret_days))
    show({"client_id": client_id, "client_secret": secret}, output)
    say(ONCE)


@app.command()
def end_former_secret(tenant: options.InTenant, client_id: options.ClientId) -> None:
    """Let only a client's current secret count from now on."""
    installed.do(
        tenant,
        lambda parts: provisioning.end_former_client_secret(
            parts, client_id, actor=installed.operator()
        ),
    )
    say(f"✓ {client_id} has one secret.")


@app.command()
def disable(tenant: options.InTenant, client_id: options.ClientId) -> None:
    """Stop serving a client: its tokens end at once."""
    _set_status(tenant, client_id, ClientStatus.INACTIVE)
    say(f"✓ {client_id} is disabled.")


@app.command()
def enable(tenant: options.InTenant, client_id: options.ClientId) -> None:
    """Serve a client again."""
    _set_status(tenant, client_id, ClientStatus.ACTIVE)
    say(f"✓ {client_id} is enabled.")


@app.command()
def approve(tenant: options.InTenant, client_id: options.ClientId) -> None:
    """Serve a client that waits for it."""
    _review(tenant, client_id, approved=True)
    say(f"✓ {client_id} is approved.")


@app.command()
def reject(tenant: options.InTenant, client_id: options.ClientId) -> None:
    """Turn down a client that waits to be served."""
    _review(tenant, client_id, approved=False)
    say(f"✓ {client_id} is rejected.")


@app.command()
def revoke_tokens(tenant: options.InTenant, client_id: options.ClientId) -> None:
    """End whatever a client was given, at once. People's consents stay."""
    ended = installed.do(
        tenant,
        lambda parts: provisioning.revoke_client_tokens(
            parts, client_id, actor=installed.operator()
        ),
    )
    say(f"✓ {client_id}: {ended} tokens ended.")


@app.command()
def delete(
    tenant: options.InTenant,
    client_id: options.ClientId,
    yes: options.Yes = False,
) -> None:
    """Remove a client with its tokens and consents. There is no way back."""
    if not yes:
        confirm(f"Remove {client_id} and all that it was given?")
    installed.do(
        tenant,
        lambda parts: provisioning.delete_client(parts, client_id, actor=installed.operator()),
    )
    say(f"✓ {client_id} is gone.")


def _set_status(slug: str, client_id: str, status: ClientStatus) -> None:
    installed.do(
        slug,
        lambda parts: provisioning.set_client_status(
            parts, client_id, status, actor=installed.operator()
        ),
    )


def _review(slug: str, client_id: str, *, approved: bool) -> None:
    installed.do(
        slug,
        lambda parts: provisioning.review_client(
            parts, client_id, approved=approved, actor=installed.operator()
        ),
    )


async def _changed(
    parts: Installation, client_id: str, change: ClientChange, said: dict[str, Any]
) -> None:
    if said:
        metadata = replace((await _found(client_id)).metadata, **said)
        change = replace(change, metadata=metadata)
    await provisioning.change_client(parts, client_id, change, actor=installed.operator())


async def _set(parts: Installation, client_id: str, pairs: list[str], unset: list[str]) -> None:
    metadata = (await _found(client_id)).metadata
    change = client_metadata.changed(metadata, pairs, unset=unset)
    await provisioning.change_client(parts, client_id, change, actor=installed.operator())


async def _create(
    slug: str, draft: ClientDraft, *, secret: str | None, secret_days: int | None
) -> NewClient:
    async with installed.inside(slug) as (parts, _):
        return await provisioning.add_client(
            parts,
            draft,
            secret=secret,
            secret_expires_at=utc_now() + timedelta(days=secret_days) if secret_days else None,
            actor=installed.operator(),
        )


async def _rotate(slug: str, client_id: str, kept_hours: int, days: int | None) -> str:
    now = utc_now()
    async with installed.inside(slug) as (parts, _):
        return await provisioning.rotate_client_secret(
            parts,
            client_id,
            expires_at=now + timedelta(days=days) if days else None,
            former_until=now + timedelta(hours=kept_hours) if kept_hours else None,
            actor=installed.operator(),
        )


async def _one(slug: str, client_id: str) -> Record:
    async with installed.inside(slug):
        return client_records.whole(await _found(client_id))


async def _found(client_id: str) -> Client:
    client = await clients.find(client_id)
    if client is None:
        raise UnknownClient(client_id)
    return client


async def _all(slug: str) -> list[Record]:
    async with installed.inside(slug):
        return [client_records.summary(client) for client in await clients.all_clients()]


def _given_secret(*, public: bool) -> str:
    if public:
        raise Misused("A public client has no secret.")
    secret = sys.stdin.readline().rstrip("\r\n")
    client_secrets.check(secret)
    return secret


def _told(created: NewClient, *, known: bool) -> Record:
    record = {"client_id": created.client.client_id}
    is_told = created.secret and not known
    return record | ({"client_secret": created.secret} if is_told else {})


def _scopes(typed: list[str]) -> list[str]:
    try:
        return list(scopes.parse(" ".join(typed)))
    except scopes.MalformedScope as error:
        raise Misused(str(error)) from error
