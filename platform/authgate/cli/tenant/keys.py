"""``authgate keys``: what a tenant signs with, and what seals what all tenants keep."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Conflict, Misused, Unhealthy
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes, given
from authgate.cli.output import (
    Format,
    Output,
    Record,
    ask_secret,
    confirm,
    say,
    show,
    show_all,
)

app = Noun()

ALGORITHMS = ("ES256", "RS256", "EdDSA", "HS256")

Algorithm = Annotated[
    str | None, typer.Option(help="Of which algorithm; the tenant's own where not given")
]
Wanted = Annotated[str, typer.Argument(metavar="ALGORITHM", help=", ".join(ALGORITHMS))]
Kid = Annotated[str, typer.Argument(help="The key's id")]
File = Annotated[Path, typer.Argument(help="PEM or JWK; - for standard input")]
Called = Annotated[
    str | None, typer.Option("--kid", help="What tokens call it that it has signed elsewhere")
]
Kek = Annotated[Path, typer.Argument(help="The key: base64 or hex; - for standard input")]
Provider = Annotated[str, typer.Option(help="The plugin that is to keep it")]
Now = Annotated[bool, typer.Option("--now", help="Even if clients may not know the key yet")]


@app.verb("list", example="keys list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List a tenant's signing keys, the newest first."""
    with administered(tenant) as api:
        show_all([_record(each) for each in api.get("/signing-keys")["items"]], output)


@app.verb("show", example="keys show 4f1c0a")
def show_(kid: Kid, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show a signing key, without its private part."""
    with administered(tenant) as api:
        show(_record(api.get(within("signing-keys", kid))), output)


@app.verb(example="keys rotate")
def rotate(
    tenant: OfTenant = None,
    algorithm: Algorithm = None,
    now: Now = False,
    output: Output = Format.TABLE,
) -> None:
    """Let the waiting key sign from now on; what the former has signed stays valid."""
    said = given({"algorithm": _known(algorithm) if algorithm else None})
    with administered(tenant) as api:
        show(api.post("/signing-key-rotations", {**said, "now": now}), output)


@app.verb(example="keys revoke 4f1c0a --yes")
def revoke(kid: Kid, tenant: OfTenant = None, yes: Yes = False) -> None:
    """End a key at once: every token it has signed is refused from now on."""
    if not yes:
        confirm(f"Refuse every token that {kid} has signed?")
    with administered(tenant) as api:
        api.post(f"{within('signing-keys', kid)}/revoke")
    say(f"✓ {kid} is revoked.")


@app.verb("import", example="keys import signing.pem")
def import_(
    file: File, tenant: OfTenant = None, kid: Called = None, output: Output = Format.TABLE
) -> None:
    """Bring a private key: it waits, and signs after the next rotation.

    The passphrase of one that is encrypted is asked for. It opens the key here, and goes nowhere.
    """
    key = sys.stdin.read() if str(file) == "-" else file.read_text()
    if "ENCRYPTED" in key:
        key = _opened(key, ask_secret("Passphrase"))
    said = {"key": key, **given({"kid": kid})}
    with administered(tenant) as api:
        show(_record(api.post("/signing-keys", said)), output)


@app.verb("change-algorithm", example="keys change-algorithm EdDSA")
def change_algorithm(algorithm: Wanted, tenant: OfTenant = None, now: Now = False) -> None:
    """Sign by another algorithm, once clients know its keys: the first time makes these known."""
    with administered(tenant) as api:
        told = api.post("/signing-algorithm", {"algorithm": _known(algorithm), "now": now})
    if told["known_at"] is not None:
        known_at = datetime.fromisoformat(told["known_at"])
        raise Conflict(
            f"The keys of {algorithm} are in the JWKS. Clients know them by"
            f" {known_at:%Y-%m-%d %H:%M:%S} UTC: say so again then, or use --now."
            f" Until then {told['algorithm']} signs."
        )
    say(f"✓ {algorithm} signs from now on.")


@app.verb(example="keys rewrap")
def rewrap() -> None:
    """Seal every tenant's data keys by the first key-encryption key, after it was replaced.

    Safe to repeat and to break off. Afterwards the former key can be taken out of the settings.
    """
    changed = asyncio.run(_rewrap())
    say(f"✓ {changed} data keys are sealed by the present key-encryption key.")


@app.verb("wrap-kek", example="keys wrap-kek kek --provider vault")
def wrap_kek(file: Kek, provider: Provider) -> None:
    """Print a key-encryption key as a plugin keeps it, for keys.kek_file beside keys.provider.

    It stays the same key: nothing has to be sealed anew. Destroy the file afterwards.
    """
    from base64 import b64encode

    from authgate.plugin_manager import key_providers
    from authgate_tenants import key_encryption

    text = sys.stdin.read() if str(file) == "-" else file.read_text()
    try:
        kept = key_providers.wrapped(provider, key_encryption.material(text))
    except key_providers.ProviderFailed as error:
        raise Unhealthy(str(error)) from error
    sys.stdout.write(f"{b64encode(kept).decode()}\n")


async def _rewrap() -> int:
    from authgate.cli import installed
    from authgate.sealing import folding
    from authgate.sealing.sealer import Sealer
    from authgate.storage.sweep import data_keys
    from authgate_tenants import use_tenant
    from authgate_tenants.lifecycle import all_tenants

    async with installed.opened() as parts:
        sealer = Sealer(parts)
        for slug in [row.slug async for row in all_tenants()]:
            with use_tenant(await installed.tenant(parts, slug)):
                await sealer.take_over()
                await folding.sign_anew(parts)
        return await data_keys.rewrap(parts.settings.database, parts.encryption)


def _opened(key: str, passphrase: str) -> str:
    from authgate.tokens import imported_key

    try:
        return imported_key.opened(key, passphrase=passphrase)
    except imported_key.UnfitKey as error:
        raise Misused(str(error)) from error


def _known(algorithm: str) -> str:
    if algorithm not in ALGORITHMS:
        raise Misused(f"There is no algorithm {algorithm!r}; there are {', '.join(ALGORITHMS)}.")
    return algorithm


def _record(key: dict[str, Any]) -> Record:
    return {
        "kid": key["kid"],
        "algorithm": key["algorithm"],
        "state": key["state"],
        "created": key["created_at"],
        "activated": key["activated_at"],
        "next": key["rotates_at"],
        "ends": key["revoked_at"] or key["expires_at"],
    }
