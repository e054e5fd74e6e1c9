"""``authgate keys``."""

import asyncio
from typing import Annotated

import typer

from authgate.cli import installed
from authgate.cli.failures import Conflict, Misused
from authgate.cli.nouns import Noun
from authgate.cli.options import InTenant
from authgate.cli.output import Format, Output, Record, confirm, say, show, show_all
from authgate.storage.keys import signing_keys
from authgate.storage.sweep import data_keys
from authgate.tokens.algorithms import ALGORITHMS
from authgate.tokens.key_set import MAX_AGE
from authgate.tokens.keys import Rotation

app = Noun()

Algorithm = Annotated[
    str | None, typer.Option(help="Of which algorithm; the tenant's own where not given")
]
Kid = Annotated[str, typer.Argument(help="The key's id")]
Now = Annotated[bool, typer.Option("--now", help="Even if clients may not know the key yet")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]


@app.verb("list", example="keys list -t acme")
def list_(tenant: InTenant, output: Output = Format.TABLE) -> None:
    """List a tenant's signing keys, the newest first."""
    show_all(asyncio.run(_all(tenant)), output)


@app.verb(example="keys rotate -t acme")
def rotate(
    tenant: InTenant, algorithm: Algorithm = None, now: Now = False, output: Output = Format.TABLE
) -> None:
    """Let the waiting key sign from now on; what the former has signed stays valid."""
    rotation = asyncio.run(_rotate(tenant, algorithm, known_for=0 if now else MAX_AGE))
    show(
        {
            "active": rotation.active,
            "pending": rotation.pending,
            "retiring": rotation.retiring,
        },
        output,
    )


@app.verb(example="keys revoke -t acme 4f1c0a --yes")
def revoke(tenant: InTenant, kid: Kid, yes: Yes = False) -> None:
    """End a key at once: every token it has signed is refused from now on."""
    if not yes:
        confirm(f"Refuse every token that {kid} has signed?")
    asyncio.run(_revoke(tenant, kid))
    say(f"✓ {kid} is revoked.")


@app.verb(example="keys rewrap")
def rewrap() -> None:
    """Seal every tenant's data keys by the first key-encryption key, after it was replaced.

    Safe to repeat and to break off. Afterwards the former key can be taken out of the settings.
    """
    changed = asyncio.run(_rewrap())
    say(f"✓ {changed} data keys are sealed by the present key-encryption key.")


async def _rewrap() -> int:
    async with installed.opened() as parts:
        return await data_keys.rewrap(parts.settings.database, parts.encryption)


async def _all(slug: str) -> list[Record]:
    async with installed.inside(slug):
        return [
            {
                "kid": key.kid,
                "algorithm": key.algorithm,
                "state": key.state.value,
                "created": key.created_at,
                "activated": key.activated_at,
                "ends": key.revoked_at or key.expires_at,
            }
            for key in await signing_keys.every()
        ]


async def _rotate(slug: str, named: str | None, *, known_for: int) -> Rotation:
    async with installed.inside(slug) as (parts, tenant):
        wanted = named or tenant.settings.signing_algorithm
        found = [kind.algorithm for name, kind in ALGORITHMS.items() if name == wanted]
        if not found:
            raise Misused(f"There is no algorithm {wanted!r}; there are {', '.join(ALGORITHMS)}.")
        rotation = await parts.keys.rotate(
            found[0], actor=installed.operator(), known_for=known_for
        )
        if rotation is None:
            raise Conflict("Another rotation came first.")
        return rotation


async def _revoke(slug: str, kid: str) -> None:
    async with installed.inside(slug) as (parts, _):
        await parts.keys.revoke(kid, actor=installed.operator())
