"""``authgate domain``: a tenant's own hosts, and by which of them it is called."""

import asyncio
from typing import Annotated, Any

import typer

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Failure, Misused, Unhealthy
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes
from authgate.cli.output import Format, Output, Record, confirm, say, show, show_all

app = Noun()

Host = Annotated[str, typer.Argument(help="Host name, such as login.acme.example")]
Stated = Annotated[
    bool, typer.Option("--without-proof", help="Do not look: you know that it is theirs")
]


@app.verb(example="domain add login.acme.example")
def add(host: Host, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Claim a host, and tell which DNS record or file proves the claim."""
    with administered(tenant) as api:
        domain = api.post("/domains", {"host": host})
    show({"host": domain["host"], "type": "TXT", **_proof(domain)}, output)
    say("Make this record, or a file with this line at the address, and keep it. Then look for it:")
    say(f"authgate domain verify {domain['host']}")


@app.verb(example="domain verify login.acme.example")
def verify(host: Host, tenant: OfTenant = None, without_proof: Stated = False) -> None:
    """Look for the proof now, and have the host answer for the tenant; its issuer stays."""
    if without_proof:
        _state(tenant, host)
    else:
        with administered(tenant) as api:
            found = api.post(within("domains", host) + "/check", {})
        for step in found["steps"]:
            say(f"  {step['kind']} {step['place']}: {step['detail']}")
        _end(found)
    say(f"✓ {host} is proven. To call the tenant by it: authgate domain make-canonical.")


@app.verb("list", example="domain list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List the hosts that a tenant has claimed, and which of them it is called by."""
    with administered(tenant) as api:
        found = api.get("/domains")["items"]
    show_all([_record(each) for each in found], output)


@app.verb("show", example="domain show login.acme.example")
def show_(host: Host, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show a host, its proof and when that was looked for last."""
    with administered(tenant) as api:
        show(api.get(within("domains", host)), output)


@app.verb(example="domain remove login.acme.example --yes")
def remove(host: Host, tenant: OfTenant = None, yes: Yes = False) -> None:
    """Have a host answer for a tenant no longer, and forget the claim."""
    if not yes:
        confirm(f"Have {host} answer for the tenant no longer?")
    with administered(tenant) as api:
        api.delete(within("domains", host))
    say(f"✓ {host} is removed.")


@app.verb(example="domain make-canonical login.acme.example")
def make_canonical(
    host: Annotated[str, typer.Argument(help="A proven host; none: the installation's")] = "",
    tenant: OfTenant = None,
    overlap: Annotated[
        int, typer.Option(help="Days for which the former issuer is taken as well", min=0)
    ] = provisioning.OVERLAP.days,
) -> None:
    """Call a tenant by a host: its issuer from now on, in metadata, tokens and cookies."""
    with administered(tenant) as api:
        issuer = api.post("/issuer", {"host": host or None, "overlap_days": overlap})
    say(f"✓ The issuer is {issuer['issuer']}.")
    if issuer["former_until"] is not None:
        until = issuer["former_until"].partition(".")[0]
        say(f"{issuer['former_issuer']} is taken until {until}, and can be made canonical again.")


@app.verb(example="domain issuer")
def issuer(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show what a tenant is called, and was until lately."""
    with administered(tenant) as api:
        show(api.get("/issuer"), output)


@app.verb(example="domain end-overlap --yes")
def end_overlap(tenant: OfTenant = None, yes: Yes = False) -> None:
    """Take the former issuer of a tenant, and what it has signed, no longer."""
    if not yes:
        confirm("Refuse clients that know the tenant by its former issuer?")
    with administered(tenant) as api:
        api.delete("/issuer/former")
    say("✓ The tenant goes by its canonical issuer alone.")


def _state(tenant: str | None, host: str) -> None:
    if tenant is None:
        raise Misused("Only operators of the installation do this: name the tenant by its slug.")

    async def stated() -> None:
        async with installed.inside(tenant) as (parts, _):
            await provisioning.verify_domain(parts, host, stated=True, actor=installed.operator())

    asyncio.run(stated())


def _end(found: dict[str, Any]) -> None:
    if found["outcome"] == "unreachable":
        raise Unhealthy("Nobody could be asked for the proof.")
    if found["outcome"] == "missing":
        domain = found["domain"]
        raise Failure(f"No TXT record {domain['record']} says {domain['value']!r}.")


def _proof(domain: dict[str, Any]) -> Record:
    return {name: domain[name] for name in ("record", "value", "address")}


def _record(domain: dict[str, Any]) -> Record:
    return {
        "host": domain["host"],
        "state": domain["state"],
        "since": domain["verified_at"],
        "missing": domain["missing_since"],
        **_proof(domain),
    }
