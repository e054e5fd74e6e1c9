"""``authgate tenant``."""

import asyncio
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.failures import Misused
from authgate.cli.output import Format, Output, Record, say, show, show_all
from authgate_tenants import Tenant, TenantSettings, TenantStatus
from authgate_tenants.lifecycle import all_tenants

app = typer.Typer()

Slug = Annotated[str, typer.Argument(help="Its name in addresses: a-z, 0-9 and inner dashes")]
Name = Annotated[str, typer.Option(help="Its name for people; the slug where not given")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--setting", metavar="KEY=VALUE", help="What it chooses for itself; repeatable"),
]


@app.command()
def create(
    slug: Slug, name: Name = "", setting: Changes = None, output: Output = Format.TABLE
) -> None:
    """Create a tenant with its signing keys."""
    tenant = asyncio.run(_create(slug, name or slug.capitalize(), tenant_settings(setting or [])))
    show(
        {"id": tenant.id, "slug": tenant.slug, "name": tenant.name, "issuer": tenant.issuer}, output
    )


@app.command("list")
def list_(output: Output = Format.TABLE) -> None:
    """List all tenants."""
    show_all(asyncio.run(_all()), output)


@app.command()
def suspend(slug: Slug) -> None:
    """Stop serving a tenant within five seconds. Its data stays."""
    asyncio.run(_set_status(slug, TenantStatus.SUSPENDED))
    say(f"✓ {slug} is suspended.")


@app.command()
def resume(slug: Slug) -> None:
    """Serve a suspended tenant again."""
    asyncio.run(_set_status(slug, TenantStatus.ACTIVE))
    say(f"✓ {slug} is served.")


async def _set_status(slug: str, status: TenantStatus) -> None:
    async with installed.opened() as parts:
        tenant = await installed.tenant(parts, slug)
        await provisioning.set_tenant_status(parts, tenant, status, actor=installed.operator())


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


def tenant_settings(pairs: list[str]) -> TenantSettings:
    """Settings from ``key=value`` pairs; lists are given with commas. Raises ``Misused``."""
    defaults = TenantSettings()
    changes: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Misused(f"--setting {pair!r} is not KEY=VALUE.")
        is_list = isinstance(getattr(defaults, key, None), tuple)
        changes[key] = [each for each in value.split(",") if each] if is_list else value
    try:
        return TypeAdapter(TenantSettings).validate_python(
            {name: getattr(defaults.changed(changes), name) for name in changes}
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise Misused(f"--setting {first['loc'][0]}: {first['msg']}.") from error
