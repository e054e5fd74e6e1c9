"""``authgate operator``: how operators come into tenants."""

import sys
from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import operated
from authgate.cli.operator.found import Operators, Slug, path_of
from authgate.cli.output import Format, Output, Record, say, show, show_all

Reason = Annotated[str, typer.Option(help="Why; those in charge of the tenant read it")]
As = Annotated[str, typer.Option("--role", help="As what: auditor, client_manager or admin")]
Hours = Annotated[float, typer.Option(help="How long, eight at most")]
Emergency = Annotated[
    bool, typer.Option("--emergency", help="At once, for an hour, and CRITICAL in both logs")
]
AccessId = Annotated[str, typer.Argument(help="Id of the access: authgate operator accesses")]


def accesses(slug: Slug, operators: Operators = None, output: Output = Format.TABLE) -> None:
    """List operators who want to come into a tenant, or were there."""
    with operated(operators) as api:
        items = api.get(f"{path_of(api, slug)}/accesses")["items"]
    show_all(items if output is Format.JSON else [_access(each) for each in items], output)


def ask(
    slug: Slug,
    *,
    reason: Reason,
    role: As = "auditor",
    hours: Hours = 1,
    emergency: Emergency = False,
    operators: Operators = None,
    output: Output = Format.TABLE,
) -> None:
    """Ask a tenant to let you in; it decides how."""
    said = {"reason": reason, "role": role, "hours": hours, "emergency": emergency}
    with operated(operators) as api:
        show(_access(api.post(f"{path_of(api, slug)}/accesses", said)), output)


def enter(slug: Slug, access_id: AccessId, operators: Operators = None) -> None:
    """Print where you come into a tenant, in a browser, once and within a minute."""
    with operated(operators) as api:
        told = api.post(f"{path_of(api, slug)}{within('accesses', access_id, 'entry')}")
    sys.stdout.write(f"{told['url']}\n")


def leave(slug: Slug, access_id: AccessId, operators: Operators = None) -> None:
    """End an access to a tenant before its time."""
    with operated(operators) as api:
        api.post(f"{path_of(api, slug)}{within('accesses', access_id, 'end')}")
    say(f"✓ {access_id} has ended.")


def _access(told: dict[str, Any]) -> Record:
    names = ("id", "operator_name", "role", "state", "reason", "begins_at", "ends_at", "decided_by")
    return {name: told[name] for name in names}
