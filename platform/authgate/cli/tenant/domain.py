"""``authgate domain``."""

import asyncio
from datetime import datetime, timedelta
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
    """Look for the record, and have the host answer for the tenant; its issuer stays."""

    async def verified() -> None:
        async with installed.inside(tenant) as (parts, _):
            await provisioning.verify_domain(
                parts,
                host,
                proof=None if without_proof else DomainProof(parts.settings.egress.nameservers),
                now=utc_now(),
                actor=installed.operator(),
            )

    asyncio.run(verified())
    say(f"✓ {host} is {tenant}'s. To call it by that: authgate domain make-canonical.")


@app.verb(example="domain make-canonical -t acme login.acme.example")
def make_canonical(
    tenant: InTenant,
    host: Annotated[str, typer.Argument(help="A proven host; none: the installation's")] = "",
    overlap: Annotated[
        int, typer.Option(help="Days for which the former issuer is taken as well", min=0)
    ] = provisioning.OVERLAP.days,
) -> None:
    """Call a tenant by a host: its issuer from now on, in metadata, tokens and cookies."""

    async def made() -> tuple[str, datetime | None]:
        async with installed.inside(tenant) as (parts, _):
            until = await provisioning.make_canonical(
                parts, host, overlap=timedelta(days=overlap), actor=installed.operator()
            )
            return (await installed.tenant(parts, tenant)).issuer, until

    issuer, until = asyncio.run(made())
    say(f"✓ The issuer of {tenant} is {issuer}.")
    if until is not None:
        say(f"The former one is taken until {until:%Y-%m-%d %H:%M} UTC, and can be made canonical.")


@app.verb(example="domain end-overlap -t acme --yes")
def end_overlap(tenant: InTenant, yes: Yes = False) -> None:
    """Take the former issuer of a tenant, and what it has signed, no longer."""
    if not yes:
        confirm(f"Refuse clients that know {tenant} by its former issuer?")
    installed.do(tenant, lambda parts: provisioning.end_overlap(parts, actor=installed.operator()))
    say(f"✓ {tenant} goes by its canonical issuer alone.")


@app.verb("list", example="domain list -t acme")
def list_(tenant: InTenant, output: Output = Format.TABLE) -> None:
    """List the hosts that a tenant has claimed, and which of them it is called by."""

    async def every() -> list[Record]:
        async with installed.inside(tenant) as (parts, _):
            states = await provisioning.domain_states(parts)
            return [
                {
                    "host": each.host,
                    "state": states[each.host],
                    "since": each.verified_at,
                    **_record(each),
                }
                for each in await domains.every()
            ]

    show_all(asyncio.run(every()), output)


@app.verb(example="domain remove -t acme login.acme.example --yes")
def remove(tenant: InTenant, host: Host, yes: Yes = False) -> None:
    """Have a host answer for a tenant no longer, and forget the claim."""
    if not yes:
        confirm(f"Have {host} answer for {tenant} no longer?")
    installed.do(
        tenant, lambda parts: provisioning.remove_domain(parts, host, actor=installed.operator())
    )
    say(f"✓ {host} is removed.")


def _challenge(domain: Domain) -> Record:
    return {"host": domain.host, "type": "TXT", **_record(domain)}


def _record(domain: Domain) -> dict[str, str]:
    return {"record": domain_proof.record(domain.host), "value": domain_proof.value(domain)}
