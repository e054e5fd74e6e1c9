"""``authgate tenant``."""

import asyncio
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from authgate import mail_addresses, provisioning
from authgate.cli import installed
from authgate.cli.declaration import commands as declaration
from authgate.cli.failures import Misused
from authgate.cli.nouns import Noun
from authgate.cli.output import ONCE, Format, Output, Record, say, show, show_all
from authgate.cli.tenant import (
    deletions,
    portability,
    settings_history,
    takeover,
    user_accounts,
)
from authgate.cli.tenant.settings import changed
from authgate.storage.people import usernames
from authgate_tenants import Tenant, TenantSettings, TenantStatus
from authgate_tenants.lifecycle import all_tenants

app = Noun()
app.add_typer(settings_history.app, name="settings")

Slug = Annotated[str, typer.Argument(help="Its name in addresses: a-z, 0-9 and inner dashes")]
Name = Annotated[str, typer.Option(help="Its name for people; the slug where not given")]
Choices = Annotated[
    list[str] | None,
    typer.Option("--setting", metavar="KEY=VALUE", help="What it chooses for itself; repeatable"),
]
Changes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="What it chooses; lists with commas, a limit as login_limits.<name>=<limit>",
    ),
]
Owner = Annotated[
    str | None, typer.Option(metavar="USERNAME", help="Its first owner, who is made with it")
]
OwnerEmail = Annotated[str | None, typer.Option(help="Their address, taken as verified")]
NewName = Annotated[str | None, typer.Option("--name", help="Another name for people")]
Unset = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY", help="A setting to take the default of; repeatable"),
]


@app.verb(example='tenant create acme --name "Acme" --owner mira')
def create(
    slug: Slug,
    name: Name = "",
    setting: Choices = None,
    owner: Owner = None,
    owner_email: OwnerEmail = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a tenant with its signing keys. Its owner's password is shown this once."""
    if owner_email and not owner:
        raise Misused("--owner-email is the address of whom --owner names.")
    if owner:
        usernames.check(owner)
    if owner_email:
        mail_addresses.checked(owner_email)
    settings = changed(TenantSettings(), setting or [])
    tenant = asyncio.run(_create(slug, name or slug.capitalize(), settings))
    told: Record = {
        "id": tenant.id, "slug": tenant.slug, "name": tenant.name, "issuer": tenant.issuer,
    }  # fmt: skip
    if not owner:
        show(told, output)
        return
    password = user_accounts.random_password()
    made = user_accounts.create(
        slug, owner, password, email=owner_email, name="", role="owner", user_id=None
    )
    show({**told, "owner": made["username"], "password": password}, output)
    say(ONCE)


@app.verb("list", example="tenant list")
def list_(output: Output = Format.TABLE) -> None:
    """List all tenants."""
    show_all(asyncio.run(_all()), output)


@app.verb("show", example="tenant show acme --json")
def show_(slug: Slug, output: Output = Format.TABLE) -> None:
    """Show a tenant with all that it chooses for itself."""
    tenant = asyncio.run(_found(slug))
    record = {
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status.value,
        "issuer": tenant.issuer,
        "plan": tenant.plan.name,
        "id": tenant.id,
    }
    settings = asdict(tenant.settings)
    show(record | ({"settings": settings} if output is Format.JSON else settings), output)


@app.verb("set", example="tenant set acme brand_color=#0b7a75")
def set_(slug: Slug, changes: Changes = None, name: NewName = None, unset: Unset = None) -> None:
    """Change what a tenant chooses for itself; every process follows within a second."""
    if not (changes or unset or name):
        raise Misused("Say what to change: KEY=VALUE, --unset or --name.")
    asyncio.run(_change(slug, changes or [], unset or [], name))
    say(f"✓ {slug} is changed.")


@app.verb(example="tenant suspend acme")
def suspend(slug: Slug) -> None:
    """Stop serving a tenant within a second. Its data stays."""
    asyncio.run(_set_status(slug, TenantStatus.SUSPENDED))
    say(f"✓ {slug} is suspended.")


@app.verb(example="tenant resume acme")
def resume(slug: Slug) -> None:
    """Serve a suspended tenant again."""
    asyncio.run(_set_status(slug, TenantStatus.ACTIVE))
    say(f"✓ {slug} is served.")


app.verb("delete", example="tenant delete acme --confirm acme")(deletions.delete)
app.verb("restore", example="tenant restore acme")(deletions.restore)
app.verb("deletions", example="tenant deletions --state waiting")(deletions.list_)
app.verb("deletion-certificate", example="tenant deletion-certificate acme")(deletions.certificate)
app.verb("verify-certificate", example="tenant verify-certificate acme.jwt")(
    deletions.verify_certificate
)
app.verb(example="tenant export acme acme.authgate --signing-keys")(portability.export)
app.verb("import", example="tenant import acme.authgate --dry-run")(portability.import_)
app.verb("import-authgate", example="tenant import-authgate --sqlite oauth.db --slug main")(
    takeover.import_authgate
)
app.verb(example="tenant plan acme.yaml --exit-code")(declaration.plan)
app.verb(example="tenant apply acme.yaml --yes --secrets secrets.json")(declaration.apply)
app.verb(example="tenant pull acme.yaml")(declaration.pull)
app.verb(example="tenant schema")(declaration.schema)


async def _set_status(slug: str, status: TenantStatus) -> None:
    async with installed.opened() as parts:
        tenant = await installed.tenant(parts, slug)
        await provisioning.set_tenant_status(parts, tenant, status, actor=installed.operator())


async def _found(slug: str) -> Tenant:
    async with installed.inside(slug) as (_, tenant):
        return tenant


async def _change(slug: str, pairs: list[str], unset: list[str], name: str | None) -> None:
    async with installed.opened() as parts:
        await provisioning.change_tenant(
            parts,
            await installed.tenant(parts, slug),
            change=partial(changed, pairs=pairs, unset=unset),
            name=name,
            actor=installed.operator(),
        )


async def _create(slug: str, name: str, settings: TenantSettings) -> Tenant:
    async with installed.opened() as parts:
        return await provisioning.add_tenant(
            parts, slug=slug, name=name, settings=settings, actor=installed.operator()
        )


async def _all() -> list[Record]:
    async with installed.opened():
        return [
            {
                "slug": row.slug,
                "name": row.name,
                "status": row.status.value,
                "created": row.created_at,
                "id": row.id,
            }
            async for row in all_tenants()
        ]
