"""``authgate tenant export`` and ``import``."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from authgate import portable
from authgate.cli import installed
from authgate.cli.failures import Conflict, Misused
from authgate.cli.moving import DryRun, Hosts, OtherSlug, say_brought
from authgate.cli.output import Format, Output, Record, ask_secret, say, show
from authgate.cli.tenant.whole_file import written
from authgate.portable import Brought, Choice, Wanted

Slug = Annotated[str, typer.Argument(help="Its name in addresses")]
Written = Annotated[Path, typer.Argument(help="The file to write, which is there once it is whole")]
Read = Annotated[Path, typer.Argument(help="The file of a tenant")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="A file whose first line is the passphrase; asked for where not given"),
]
SigningKeys = Annotated[
    bool,
    typer.Option(
        "--signing-keys", help="With its signing keys: tokens that were signed are good there too"
    ),
]
WithoutSecrets = Annotated[
    bool,
    typer.Option("--without-secrets", help="For reading only: no hashes, no keys, no passphrase"),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there")]

_TELL_EVERY = 50_000


def export(
    slug: Slug,
    file: Written,
    passphrase_file: PassphraseFile = None,
    signing_keys: SigningKeys = False,
    without_secrets: WithoutSecrets = False,
    force: Force = False,
) -> None:
    """Write all that a tenant has into a file, for another installation. It goes on as before."""
    if without_secrets and (signing_keys or passphrase_file):
        raise Misused("Without secrets there are no signing keys and no passphrase.")
    if file.exists() and not force:
        raise Conflict(f"{file} is there already: --force replaces it.")
    passphrase = None if without_secrets else _passphrase(passphrase_file)
    size = asyncio.run(_export(slug, file, Choice(passphrase, signing_keys)))
    say(f"✓ {slug} is in {file} ({size} bytes).")


def import_(
    file: Read,
    passphrase_file: PassphraseFile = None,
    slug: OtherSlug = None,
    hosts: Hosts = False,
    dry_run: DryRun = False,
    output: Output = Format.TABLE,
) -> None:
    """Add the tenant of a file, all of it or nothing. What is here already is never changed."""
    wanted = Wanted(_passphrase(passphrase_file), slug, hosts)
    brought = asyncio.run(_import(file, wanted, dry_run=dry_run))
    show(_record(brought), output)
    say_brought(
        slug=brought.slug, issuer=brought.issuer, unproven=brought.unproven, dry_run=dry_run
    )


def _passphrase(file: Path | None) -> str:
    if file is None:
        return ask_secret("Passphrase")
    return file.read_text().partition("\n")[0].rstrip("\r")


async def _export(slug: str, file: Path, choice: Choice) -> int:
    async with installed.opened() as parts:
        tenant = await installed.tenant(parts, slug)
        pieces = portable.export(parts, tenant, choice, actor=installed.operator())
        return await write(pieces, file)


async def write(pieces: AsyncIterator[bytes], file: Path) -> int:
    """Under its name the file is whole. Answers how large it is."""
    size = 0
    with written(file) as stream:
        async for piece in pieces:
            size += stream.write(piece)
    return size


async def _import(file: Path, wanted: Wanted, *, dry_run: bool) -> Brought:
    async with installed.opened() as parts:
        if dry_run:
            return await portable.examine(parts, file, wanted)
        return await portable.bring_in(
            parts, file, wanted, actor=installed.operator(), progress=_told
        )


def _told(rows: int) -> None:
    if rows % _TELL_EVERY == 0:
        say(f"{rows} rows …")


def _record(brought: Brought) -> Record:
    return {
        "id": brought.tenant_id,
        "slug": brought.slug,
        "name": brought.name,
        "status": brought.status.value,
        "issuer": brought.issuer,
        "signing_keys": brought.signing_keys,
        "rows": brought.rows,
        "sha256": brought.sha256,
    }
