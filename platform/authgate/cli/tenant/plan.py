"""``authgate plan``: how much of the installation tenants may use."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.failures import Misused
from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, say, show, show_all
from authgate_tenants import Plan, plans
from authgate_tenants.plan import BUILT_IN, DEFAULT

app = Noun()

_PLAN = TypeAdapter(Plan)

Name = Annotated[str, typer.Argument(metavar="PLAN", help="Its name: a-z, 0-9 and inner dashes")]
Slug = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's slug")]
Choices = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY=VALUE...",
        help="What it allows; nothing after = is as much as a tenant wants, a limit is"
        " limits.<name>=<limit>",
    ),
]


@app.verb("list", example="plan list")
def list_(output: Output = Format.TABLE) -> None:
    """List the plans."""
    shown = ("name", "clients", "users", "groups", "monthly_active_users")
    told = [asdict(plan) for plan in asyncio.run(_every())]
    brief = [{name: each[name] for name in shown} for each in told]
    show_all(told if output is Format.JSON else brief, output)


@app.verb("show", example="plan show free")
def show_(plan: Name, output: Output = Format.TABLE) -> None:
    """Show all that a plan allows."""
    show(asdict(asyncio.run(_found(plan))), output)


@app.verb("set", example="plan set team clients=50 users=5000")
def set_(plan: Name, changes: Choices) -> None:
    """Make a plan or change it, for all tenants that have it, within a second."""
    asyncio.run(_put(plan, changes))
    say(f"✓ The plan {plan} is set.")


@app.verb("remove", example="plan remove team")
def remove(plan: Name) -> None:
    """Remove a plan that no tenant has; a built-in one is then as it was."""
    asyncio.run(_remove(plan))
    say(f"✓ The plan {plan} is {'as it was' if plan in BUILT_IN else 'removed'}.")


@app.verb("assign", example="plan assign free acme")
def assign(plan: Name, tenant: Slug) -> None:
    """Give a tenant a plan. What it has beyond it stays."""
    asyncio.run(_assign(plan, tenant))
    say(f"✓ {tenant} has the plan {plan}.")


async def _every() -> list[Plan]:
    async with installed.opened():
        return await plans.every()


async def _found(name: str) -> Plan:
    async with installed.opened():
        return await plans.find(name)


async def _put(name: str, pairs: list[str]) -> None:
    async with installed.opened() as parts:
        found = {each.name: each for each in await plans.every()}.get(name)
        plan = _changed({**asdict(found or BUILT_IN[DEFAULT]), "name": name}, pairs)
        await provisioning.put_plan(
            parts, plan, over=lambda was: was == found, actor=installed.operator()
        )


async def _remove(name: str) -> None:
    async with installed.opened() as parts:
        await provisioning.remove_plan(parts, name, actor=installed.operator())


async def _assign(name: str, slug: str) -> None:
    async with installed.opened() as parts:
        tenant = await installed.tenant(parts, slug)
        await provisioning.give_plan(parts, tenant, name, actor=installed.operator())


def _changed(chosen: dict[str, Any], pairs: list[str]) -> Plan:
    for pair in pairs:
        key, equals, value = pair.partition("=")
        name, dot, limit = key.partition(".")
        if not equals or key == "name" or name not in chosen:
            raise Misused(f"{pair!r} is not KEY=VALUE of something that a plan has.")
        if dot:
            chosen[name] = {**chosen[name], limit: value}
            if not value:
                del chosen[name][limit]
        else:
            chosen[key] = value or None
    try:
        return _PLAN.validate_python(chosen)
    except ValidationError as error:
        first = error.errors()[0]
        raise Misused(f"{first['loc'][0]}: {first['msg']}.") from error
