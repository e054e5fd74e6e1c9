"""``authgate domain``."""

import asyncio
from typing import Annotated

import typer

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.nouns import Noun
from authgate.cli.options import InTenant
from authgate.cli.output import Format, Output, Record, confirm, say, show, show_all
from authgate.clock import utc_now
from authgate.provisioning import domain_proof
from authgate.provisioning.domain_proof import DomainProof
from authgate_tenants import domains
from authgate_tenants.domains import Domain

app = Noun()

Host = Annotated[str, typer.Argument(help="Host name, such as login.acme.example")]
Stated = Annotated[
    bool, typer.Option("--without-proof", help="Do not look: you know that it is theirs")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]


@app.verb(example="domain add -t acme login.acme.example")
def add(tenant: InTenant, host: Host, output: Output = Format.TABLE) -> None:
    """Claim a host for a tenant, and tell which DNS record proves the claim."""

    async def added() -> Domain:
        async with installed.inside(tenant) as (parts, _):
            return await provisioning.add_domain(parts, host, actor=installed.operator())

    domain = asyncio.run(added())
    show(_challenge(domain), output)
    say(f"Make this record, keep it, and run: authgate domain verify {domain.host} -t {tenant}")


@app.verb(example="domain verify -t acme login.acme.example")
def verify(tenant: InTenant, host: Host, without_proof: Stated = False) -> None:
    """Look for the record, and serve the tenant at the host; it may become the issuer."""

    async def verified() -> str:
        async with installed.inside(tenant) as (parts, _):
            await provisioning.verify_domain(
                parts,
                host,
                proof=None if without_proof else DomainProof(parts.settings.egress.nameservers),
                now=utc_now(),
                actor=installed.operator(),
            )
            return (await installed.tenant(parts, tenant)).issuer

    issuer = asyncio.run(verified())
    say(f"✓ {host} is {tenant}'s. Its issuer is {issuer}: clients have to know that one.")


@app.verb("list", example="domain list -t acme")
def list_(tenant: InTenant, output: Output = Format.TABLE) -> None:
    """List the hosts that a tenant has claimed; of the proven ones the first is its issuer."""

    async def every() -> list[Record]:
        async with installed.inside(tenant):
            return [
                {
                    "host": each.host,
                    "state": "proven" if each.verified_at else "claimed",
                    "since": each.verified_at,
                    **_record(each),
                }
                for each in await domains.every()
            ]

    show_all(asyncio.run(every()), output)


@app.verb(example="domain remove -t acme login.acme.example --yes")
def remove(tenant: InTenant, host: Host, yes: Yes = False) -> None:
    """Serve a tenant at a host no longer, and forget the claim."""
    if not yes:
        confirm(f"Stop serving {tenant} at {host}?")

    async def removed() -> str:
        async with installed.inside(tenant) as (parts, _):
            await provisioning.remove_domain(parts, host, actor=installed.operator())
            return (await installed.tenant(parts, tenant)).issuer

    issuer = asyncio.run(removed())
    say(f"✓ {host} is removed. The issuer of {tenant} is {issuer}.")


def _challenge(domain: Domain) -> Record:
    return {"host": domain.host, "type": "TXT", **_record(domain)}


def _record(domain: Domain) -> dict[str, str]:
    return {"record": domain_proof.record(domain.host), "value": domain_proof.value(domain)}
