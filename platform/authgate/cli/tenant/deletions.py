"""``authgate tenant delete`` and what goes with it."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.output import Format, Output, Record, say, show, show_all
from authgate.provisioning import deletions as provisioned
from authgate.tokens import signed_statement
from authgate.tokens.deletion_certificate import DELETION
from authgate_tenants import deletions as stored
from authgate_tenants.models import DeletionState, TenantDeletion

Slug = Annotated[str, typer.Argument(help="Its name in addresses")]
Named = Annotated[str, typer.Argument(help="The slug that the tenant had, or its id")]
Confirm = Annotated[
    str, typer.Option("--confirm", metavar="SLUG", help="The slug once more; asked for if missing")
]
State = Annotated[DeletionState | None, typer.Option(help="Of this state only")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first")]
File = Annotated[Path, typer.Argument(help="The certificate, or - for standard input")]
Key = Annotated[
    str,
    typer.Option(
        metavar="THUMBPRINT",
        help="The key that has to have signed it; this installation's where not given",
    ),
]


def delete(slug: Slug, confirm: Confirm = "", output: Output = Format.TABLE) -> None:
    """Serve a tenant no longer, and erase it once its time to be restored is over."""
    show(asyncio.run(_request(slug, confirm or _typed(slug))), output)
    say(f"✓ {slug} is refused from now on. Until it is due: authgate tenant restore {slug}")


def restore(slug: Slug) -> None:
    """Make a tenant that waits to be deleted what it was before."""

    async def restored() -> None:
        async with installed.opened() as parts:
            tenant = await installed.tenant(parts, slug)
            await provisioning.restore_tenant(parts, tenant, actor=installed.operator())

    asyncio.run(restored())
    say(f"✓ {slug} is restored.")


def list_(state: State = None, limit: Limit = 100, output: Output = Format.TABLE) -> None:
    """List tenants that wait to be deleted, are being erased, or are gone."""

    async def found() -> list[Record]:
        async with installed.opened():
            return [_record(each) for each in await stored.newest(limit=limit, state=state)]

    show_all(asyncio.run(found()), output)


def certificate(named: Named) -> None:
    """Print the certificate of a tenant that is gone."""

    async def kept() -> str:
        async with installed.opened():
            deletion = await stored.of(named)
            if not deletion.certificate:
                raise stored.UnknownDeletion(named)
            return deletion.certificate

    sys.stdout.write(f"{asyncio.run(kept())}\n")


def verify_certificate(file: File, key: Key = "", output: Output = Format.TABLE) -> None:
    """Check a certificate of a deletion, and show what it states.

    With --key no database is asked: whoever noted the thumbprint can check it anywhere.
    """
    text = (sys.stdin.read() if str(file) == "-" else file.read_text()).strip()
    if key:
        stated = signed_statement.read(DELETION, text, trusted=[key])
    else:
        stated = asyncio.run(_verified(text))
    show(stated | {"signed_by": signed_statement.signer_of(DELETION, text)}, output)
    say("✓ It is genuine.")


async def _verified(text: str) -> dict[str, Any]:
    async with installed.opened() as parts:
        return await provisioned.verified(parts, text)


async def _request(slug: str, confirmation: str) -> Record:
    async with installed.opened() as parts:
        deletion = await provisioning.request_deletion(
            parts,
            await installed.tenant(parts, slug),
            confirmation=confirmation,
            actor=installed.operator(),
        )
        key = provisioned.certificate_key(parts)
        return {
            "id": deletion.id,
            "slug": deletion.slug,
            "tenant": deletion.tenant_id,
            "due": deletion.due_at,
            "certificate_key": key.thumbprint,
        }


def _typed(slug: str) -> str:
    sys.stderr.write(f"Everything of {slug} will be gone. Type its slug to delete it: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _record(deletion: TenantDeletion) -> Record:
    return {
        "slug": deletion.slug,
        "state": deletion.state.value,
        "requested": deletion.requested_at,
        "by": deletion.requested_by,
        "due": deletion.due_at,
        "ended": deletion.ended_at,
        "tenant": deletion.tenant_id,
        "id": deletion.id,
    }
